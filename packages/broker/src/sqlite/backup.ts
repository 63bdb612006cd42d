// Copies a store into another file while it is written. It knows nothing of lineages.

import type { DatabaseSync } from 'node:sqlite'
import * as sqlite from 'node:sqlite'

/** Pages that are copied at a time: the copying holds the connection meanwhile. */
const PAGES = 256
/** A copy whose first step meets a commit has to begin again: one of five does on a store that is never idle. */
const ATTEMPTS = 200

/** Copies what is committed into a file, a few pages at a time. */
export async function copyTo(db: DatabaseSync, file: string): Promise<void> {
  // Absent before Node 22.16.
  const { backup } = sqlite as Partial<Pick<typeof sqlite, 'backup'>>
  if (backup === undefined) throw new TypeError('a backup of a running store needs Node 22.16 or later')
  for (let attempt = 1; ; attempt++) {
    try {
      await backup(db, file, { rate: PAGES })
      return
    } catch (error) {
      if (attempt === ATTEMPTS || !metACommit(error)) throw error
    }
  }
}

/**
 * node:sqlite says "not an error" when the first step meets a commit of this process. Nothing was copied then, and nothing
 * is wrong. (Where a later step does, it goes on by itself.)
 */
function metACommit(error: unknown): boolean {
  const { code, errcode } = (error ?? {}) as { readonly code?: unknown; readonly errcode?: unknown }
  return code === 'ERR_SQLITE_ERROR' && errcode === 0
}
