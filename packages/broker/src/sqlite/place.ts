// Can a store be where it was asked for? What SQLite would only call "unable to open database file" is named here, and
// what it would read as zeros is refused. It looks, and changes nothing.

import { accessSync, constants, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { StoreOpenError } from './failure.ts'
import { readSidecar } from './lineage.ts'
import { pragma } from './schema.ts'

/** Before anything is opened. @throws StoreOpenError */
export function checkPlace(file: string): void {
  if (file === '' || file === ':memory:' || file.startsWith('file:')) {
    throw new StoreOpenError(
      'no-access',
      file,
      `a SQLite store needs the path of a file, not ${JSON.stringify(file)}: use MemoryBroker for one in memory.`,
    )
  }
  const directory = dirname(file)
  const found = statSync(directory, { throwIfNoEntry: false })
  if (found === undefined) {
    throw new StoreOpenError(
      'missing-directory',
      file,
      `the directory ${JSON.stringify(directory)} does not exist: create it, or name a file in another one.`,
    )
  }
  const there = statSync(file, { throwIfNoEntry: false })
  if (there?.isDirectory() === true) {
    throw new StoreOpenError('not-a-database', file, `${JSON.stringify(file)} is a directory: name a file in it.`)
  }
  if (there?.size === 0 && readSidecar(file) !== null) {
    const what = `${JSON.stringify(file)} is empty, but a store was here`
    throw new StoreOpenError('corrupt', file, `${what}: put a backup in its place, or remove it to begin anew.`)
  }
  if (there !== undefined && !may(file, constants.R_OK | constants.W_OK)) {
    const [code, right] = may(file, constants.R_OK)
      ? (['read-only', 'write'] as const)
      : (['no-access', 'read and write'] as const)
    throw new StoreOpenError(code, file, `this process may not ${right} ${JSON.stringify(file)}: give it the right to.`)
  }
  if (!may(directory, constants.W_OK | constants.X_OK)) {
    throw new StoreOpenError(
      'read-only',
      file,
      `this process may not write the directory ${JSON.stringify(directory)}: give it the right to, for a store has files beside it.`,
    )
  }
}

function may(path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch {
    return false
  }
}

/** A last page that is there in part would be read as zeros: as if there had never been anything in it. */
export function checkLength(db: DatabaseSync, file: string): void {
  const [busy, frames, moved] = Object.values(db.prepare('PRAGMA wal_checkpoint(PASSIVE)').get() ?? {})
  if (busy !== 0 || frames !== moved) return
  const length = pragma(db, 'page_count') * pragma(db, 'page_size')
  if (statSync(file).size >= length) return
  throw new StoreOpenError(
    'corrupt',
    file,
    `${JSON.stringify(file)} was cut short, it should have ${length} bytes: restore a backup (subscribers are then told what is missing), or move the file away to begin anew.`,
  )
}
