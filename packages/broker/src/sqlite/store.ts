// An open store: one connection that holds the file alone, its statements, its base and its lineage. Opening and closing
// are here; what is stored in it is not known here.

import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Random } from '@tautline/wire'
import { randomName } from '../ids.ts'
import { openFailure, StoreOpenError } from './failure.ts'
import {
  bootId,
  type FileMark,
  fileMark,
  judgeLineage,
  openerName,
  readSidecar,
  type Sidecar,
  writeSidecar,
} from './lineage.ts'
import { pragma, prepareSchema } from './schema.ts'
import { prepareStatements, type Statements } from './statements.ts'

export interface StoreOptions {
  readonly file: string
  /** 'process': commits survive a crash of the process and not a power cut, and cost no fsync. */
  readonly durability: 'fsync' | 'process'
  readonly random: Random
  readonly wall: () => number
  /** Bytes of pages kept in memory. */
  readonly cache: number
}

/** Called between the steps of an opening, for tests of what a crash there leaves. */
export type OpeningStep = 'announced' | 'marked' | 'settled'

export class Store {
  readonly file: string
  readonly sql: Statements
  /** The random id of the store, drawn when it was created. */
  readonly base: string
  /** Drawn anew whenever the file was not the one that was written last. */
  readonly lineage: string
  /** Store time when the lineage last changed; 0: never. */
  readonly lineageChanged: number
  readonly #db: DatabaseSync
  readonly #mark: Omit<FileMark, 'nonce'>
  readonly #settled: Sidecar
  #slot: number

  private constructor(options: StoreOptions, db: DatabaseSync, onStep: (step: OpeningStep) => void) {
    this.file = options.file
    this.#db = db
    this.sql = prepareStatements(db)
    const random = options.random
    const recorded = { nonce: this.#meta('nonce'), inode: this.#meta('inode'), birth: this.#meta('birth') }
    const created = recorded.nonce === ''
    const sidecar = readSidecar(this.file)
    const boot = bootId()
    this.#mark = fileMark(this.file)
    const same = created || judgeLineage(sidecar, recorded, this.#mark, boot) === 'same'
    this.base = created ? randomName(random) : this.#meta('base')
    this.lineage = same && !created ? this.#meta('lineage') : randomName(random)
    this.lineageChanged = same ? Number(this.#meta('lineageChanged') || 0) : options.wall()
    this.#slot = Number(this.#meta('slot') || 0)
    const nonce = randomName(random)
    const by = openerName(options.wall())
    // The order is that of `judgeLineage`: what is not the same must not be announced as known before the file says so.
    if (same) {
      writeSidecar(this.file, created ? { settled: nonce } : { ...sidecar, settled: recorded.nonce, next: nonce })
      onStep('announced')
    }
    this.#writeMarks({
      base: this.base,
      lineage: this.lineage,
      lineageChanged: this.lineageChanged,
      nonce,
      ...this.#mark,
    })
    onStep('marked')
    this.#settled = { settled: nonce, by }
    writeSidecar(this.file, { ...this.#settled, ...(options.durability === 'process' && { boot }) })
    onStep('settled')
  }

  /** Opens a file, creates it where it is missing. @throws StoreOpenError, with a message that says what to do */
  static open(options: StoreOptions, onStep: (step: OpeningStep) => void = () => {}): Store {
    const { file } = options
    let db: DatabaseSync | undefined
    try {
      checkPlace(file)
      db = new DatabaseSync(file, { timeout: 0 })
      configure(db, options)
      return new Store(options, db, onStep)
    } catch (error) {
      close(db)
      throw openFailure(file, error, readSidecar(file)?.by ?? null)
    }
  }

  /** Runs `work` in a transaction; when it returns what was done has the durability in force. Rolls back if it throws. */
  transaction<T>(work: () => T): T {
    this.sql.begin.run()
    let result: T
    try {
      result = work()
    } catch (error) {
      this.#rollback()
      throw error
    }
    try {
      this.sql.commit.run()
    } catch (error) {
      this.#rollback()
      throw new CommitError(error)
    }
    return result
  }

  /** The slot of unwritten positions never goes back, whatever the clock does, over restarts too. */
  slot(now: number): number {
    if (now > this.#slot) {
      this.sql.setMeta.run('slot', now)
      this.#slot = now
    }
    return this.#slot
  }

  /** Is the file that is open still the one that its name leads to? */
  inPlace(): boolean {
    try {
      return `${statSync(this.file, { bigint: true }).ino}` === this.#mark.inode
    } catch {
      return false
    }
  }

  /** Moves what the WAL holds into the file. @param truncate gives the WAL's space back too */
  checkpoint(truncate = false): void {
    ;(truncate ? this.sql.truncate : this.sql.checkpoint).get()
  }

  /** Ends the connection. Everything committed is synced into the file first, so that the sidecar may say so. */
  close(): void {
    let synced = false
    try {
      this.checkpoint(true)
      synced = true
    } finally {
      close(this.#db)
      if (synced) writeSidecar(this.file, this.#settled)
    }
  }

  /** Drops the connection after a failure; what is in the file decides at the next opening. */
  abandon(): void {
    close(this.#db)
  }

  #rollback(): void {
    try {
      // After some failures SQLite has rolled back by itself.
      if (this.#db.isTransaction) this.sql.rollback.run()
    } catch {
      // The connection is beyond use: the next statement says so.
    }
  }

  #meta(name: string): string {
    return String((this.sql.getMeta.get(name) as { value: unknown } | undefined)?.value ?? '')
  }

  #writeMarks(marks: Readonly<Record<string, string | number>>): void {
    this.transaction(() => {
      for (const [name, value] of Object.entries(marks)) this.sql.setMeta.run(name, value)
    })
  }
}

/** COMMIT itself failed; `cause` is SQLite's error. */
export class CommitError extends Error {
  constructor(cause: unknown) {
    super('the commit failed', { cause })
    this.name = 'CommitError'
  }
}

/** Names what SQLite would only call "unable to open database file". */
function checkPlace(file: string): void {
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
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true) {
    throw new StoreOpenError('not-a-database', file, `${JSON.stringify(file)} is a directory: name a file in it.`)
  }
}

function configure(db: DatabaseSync, options: StoreOptions): void {
  // Before the first access: it makes SQLite hold the file from then on, and keep the index of the WAL in memory.
  db.exec('PRAGMA locking_mode=EXCLUSIVE')
  const mode = db.prepare('PRAGMA journal_mode=WAL').get()
  if (mode?.['journal_mode'] !== 'wal') {
    throw new StoreOpenError(
      'io',
      options.file,
      `the file system of ${JSON.stringify(options.file)} cannot hold a write-ahead log: use a local disk.`,
    )
  }
  db.exec(`PRAGMA synchronous=${options.durability === 'fsync' ? 'FULL' : 'NORMAL'}`)
  // Checkpoints are run behind the answers, not within a commit.
  db.exec('PRAGMA wal_autocheckpoint=0')
  db.exec(`PRAGMA cache_size=-${Math.ceil(options.cache / 1024)}`)
  db.exec('PRAGMA temp_store=MEMORY')
  db.exec('PRAGMA cell_size_check=ON')
  prepareSchema(db, options.file)
  const synchronous = pragma(db, 'synchronous')
  if (synchronous !== (options.durability === 'fsync' ? 2 : 1)) {
    throw new StoreOpenError(
      'io',
      options.file,
      `SQLite did not take the setting synchronous: it stands at ${synchronous}.`,
    )
  }
}

function close(db: DatabaseSync | undefined): void {
  try {
    db?.close()
  } catch {
    // It was closed already, or cannot be.
  }
}
