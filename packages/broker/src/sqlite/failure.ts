// What SQLite's error numbers mean here: which opening fails for good and what to do about it, and which failed commit
// may have reached the file all the same. It never decides by an error's text.

/** Why a store could not be opened; each comes with a message that says what to do. */
export type OpenFailure =
  | 'locked'
  | 'missing-directory'
  | 'no-access'
  | 'read-only'
  | 'not-a-database'
  | 'foreign-database'
  | 'newer-schema'
  | 'corrupt'
  | 'full'
  | 'io'

/** The store cannot be opened. Nothing in it was changed. */
export class StoreOpenError extends Error {
  readonly code: OpenFailure
  readonly file: string

  constructor(code: OpenFailure, file: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'StoreOpenError'
    this.code = code
    this.file = file
  }
}

/** Primary result codes of SQLite (sqlite.org/rescode.html). */
const BUSY = 5
const READONLY = 8
const IOERR = 10
const CORRUPT = 11
const FULL = 13
const CANTOPEN = 14
const NOTADB = 26

/** What the sidecar's writing fails with, as SQLite calls it. */
const SYSTEM: Readonly<Record<string, number>> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  EROFS: READONLY,
  EACCES: READONLY,
  EPERM: READONLY,
}

/** The primary result code of an error of node:sqlite; 0: it is none. */
export function primaryCode(error: unknown): number {
  const { errcode } = (error ?? {}) as { errcode?: unknown }
  return typeof errcode === 'number' ? errcode & 0xff : 0
}

/** Is it the medium that failed (space, permissions, I/O, damage), rather than what was asked of it? */
export function isMediumFailure(error: unknown): boolean {
  return [BUSY, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB].includes(primaryCode(error))
}

/** Is there no space left? SQLite has rolled back then, and the connection goes on. */
export function isFull(error: unknown): boolean {
  return primaryCode(error) === FULL
}

/**
 * May a COMMIT that failed so be found in the file after a crash? A full disk ends the write before the frame that
 * commits is whole; a failed fsync comes after it.
 */
export function mayHaveCommitted(error: unknown): boolean {
  const code = primaryCode(error)
  return code !== FULL && code !== READONLY
}

/** The error that an opener sees. `holder`: who held the file last, as its sidecar says. */
export function openFailure(file: string, error: unknown, holder: string | null): StoreOpenError {
  if (error instanceof StoreOpenError) return error
  const shown = JSON.stringify(file)
  const make = (code: OpenFailure, text: string): StoreOpenError => new StoreOpenError(code, file, text, error)
  switch (primaryCode(error) || SYSTEM[(error as NodeJS.ErrnoException | null)?.code ?? '']) {
    case BUSY:
      return make(
        'locked',
        `${shown} is in use: a SQLite store belongs to one process. ` +
          `${holder === null ? 'Most likely a second server runs on it, or a sqlite3 shell has it open.' : `It was last opened by ${holder}.`} ` +
          'Stop that process, or give this server a file of its own; several nodes need Redis, NATS or Kafka.',
      )
    case READONLY:
      return make(
        'read-only',
        `${shown} cannot be written: give this process the right to write the file and its directory.`,
      )
    case CANTOPEN:
      return make(
        'no-access',
        `${shown} cannot be opened: is it a file, and may this process read and write it and its directory?`,
      )
    case NOTADB:
      return make('not-a-database', `${shown} is not a SQLite database: name another file, or move this one away.`)
    case CORRUPT:
      return make(
        'corrupt',
        `${shown} is damaged: restore a backup (subscribers are then told what is missing), or move the file and its -wal away to begin anew.`,
      )
    case FULL:
      return make('full', `There is no space left for ${shown}: free some, then start again.`)
    default:
      return make('io', `${shown} cannot be opened: ${error instanceof Error ? error.message : 'unknown failure'}.`)
  }
}
