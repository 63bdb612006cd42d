// An open store: one connection that holds the file alone, its statements, its base and its lineage. Opening and closing
// are here; what is stored in it is not known here.

import { closeSync, fdatasync, openSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { Random } from '@tautline/wire'
import { randomName } from '../ids.ts'
import { copyTo } from './backup.ts'
import { openFailure, StoreOpenError } from './failure.ts'
import {
  bootId,
  type FileMark,
  fileMark,
  judgeLineage,
  openerName,
  readSidecar,
  type Sidecar,
  walExists,
  writeSidecar,
} from './lineage.ts'
import { checkLength, checkPlace } from './place.ts'
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

type SidecarState = Omit<Sidecar, 'settled' | 'next'>

/** Called between the steps of a renewal, for tests of what a crash there leaves. */
export type RenewalStep = 'announced' | 'marked' | 'settled'

export class Store {
  readonly file: string
  readonly sql: Statements
  /** The random id of the store, drawn when it was created. */
  readonly base: string
  /** Drawn anew whenever the file was not the one that was written last. */
  readonly lineage: string
  /** Store time when the lineage last changed; 0: never. */
  readonly lineageChanged: number
  /** Did this opening find another state of the file than the last one left? */
  readonly changed: boolean
  readonly #db: DatabaseSync
  readonly #random: Random
  readonly #mark: Omit<FileMark, 'nonce'>
  /** What the sidecar says beside the nonces while the store is open. */
  readonly #opened: SidecarState
  readonly #by: string
  /** The WAL, for `sync`; null: commits are not synced. Closing it ends no lock: those are on the file itself. */
  #wal: number | null
  readonly #onStep: (step: RenewalStep) => void
  #nonce: string
  #slot: number
  #keptSlot: number

  private constructor(options: StoreOptions, db: DatabaseSync, wal: boolean, onStep: (step: RenewalStep) => void) {
    this.file = options.file
    this.#db = db
    this.sql = prepareStatements(db)
    this.#random = options.random
    this.#onStep = onStep
    const recorded = { nonce: this.#meta('nonce'), inode: this.#meta('inode'), birth: this.#meta('birth') }
    const created = recorded.nonce === ''
    const boot = bootId()
    this.#mark = fileMark(this.file)
    const sidecar = readSidecar(this.file)
    const same = created || judgeLineage(sidecar, recorded, { ...this.#mark, wal, boot }) === 'same'
    this.base = created ? randomName(this.#random) : this.#meta('base')
    this.lineage = same && !created ? this.#meta('lineage') : randomName(this.#random)
    this.lineageChanged = same ? Number(this.#meta('lineageChanged') || 0) : options.wall()
    this.changed = !same
    this.#slot = Number(this.#meta('slot') || 0)
    this.#keptSlot = this.#slot
    this.#nonce = created ? randomName(this.#random) : recorded.nonce
    this.#by = openerName(options.wall())
    this.#opened = { open: '1', by: this.#by, ...(options.durability === 'process' && { boot }) }
    const marks = { base: this.base, lineage: this.lineage, lineageChanged: this.lineageChanged, ...this.#mark }
    // The commits of a session before may still wait for their sync.
    const before: SidecarState = { by: this.#by, ...(sidecar?.boot !== undefined && { boot: sidecar.boot }) }
    // What is not the same must not be announced as known before the file itself says so.
    this.#settle(this.#advance(marks, same ? before : null), this.#opened)
    this.#wal = options.durability === 'fsync' ? openSync(`${this.file}-wal`, 'r+') : null
  }

  /** Opens a file, creates it where it is missing. @throws StoreOpenError, with a message that says what to do */
  static open(options: StoreOptions, onStep: (step: RenewalStep) => void = () => {}): Store {
    const { file } = options
    let db: DatabaseSync | undefined
    try {
      checkPlace(file)
      const wal = walExists(file)
      db = new DatabaseSync(file, { timeout: 0 })
      configure(db, options)
      checkLength(db, file)
      return new Store(options, db, wal, onStep)
    } catch (error) {
      close(db)
      throw openFailure(file, error instanceof CommitError ? error.cause : error, readSidecar(file)?.by ?? null)
    }
  }

  /**
   * Draws a new nonce: whatever was copied from the file before is recognised as a backup from now on, also beside a WAL
   * that outlived it, which therefore must not bear the nonce.
   */
  renew(): void {
    this.#settle(this.#advance({}, this.#opened), this.#opened)
  }

  /** Copies what is committed into another file, a few pages at a time, and is itself another store from then on. */
  async backup(to: string): Promise<void> {
    await copyTo(this.#db, to)
    this.renew()
  }

  /**
   * Resolves when everything that is committed now is on the disk, as SQLite's own synchronous=FULL would have it, but
   * without blocking the loop. null: it need not be.
   */
  sync(): Promise<void> | null {
    const wal = this.#wal
    if (wal === null) return null
    return new Promise((resolve, reject) => fdatasync(wal, (error) => (error === null ? resolve() : reject(error))))
  }

  /** Runs `work` in a transaction, and rolls back if it throws. What was done is durable behind the next `sync`. */
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

  /** The slot of unwritten positions: it never goes back, whatever the clock does. */
  slot(now: number): number {
    this.#slot = Math.max(this.#slot, now)
    return this.#slot
  }

  /** Keeps the slot over restarts; inside the transaction that drops records by it. */
  keepSlot(): void {
    if (this.#slot === this.#keptSlot) return
    this.sql.setMeta.run('slot', this.#slot)
    this.#keptSlot = this.#slot
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

  /** Ends the connection in good order: all that was committed is in the file, and synced. */
  close(): void {
    try {
      this.#settle(this.#advance({}, this.#opened), { by: this.#by })
      this.#end()
    } catch (error) {
      this.abandon()
      throw error
    }
  }

  /** Drops the connection after a failure; what is in the file decides at the next opening. */
  abandon(): void {
    this.#end()
    // SQLite has removed the WAL: then it was able to move everything into the file.
    if (walExists(this.file) || !this.inPlace()) return
    try {
      this.#settle(this.#nonce, { by: this.#by })
    } catch {
      // Then the next opening finds that the WAL is missing, and says that entries may be.
    }
  }

  /** Steps 1 and 2 of `judgeLineage`: a new nonce in the file. `announced`: null, where it must not be announced. */
  #advance(marks: Readonly<Record<string, string | number>>, announced: SidecarState | null): string {
    const nonce = randomName(this.#random)
    if (announced !== null) {
      writeSidecar(this.file, { ...announced, settled: this.#nonce, next: nonce })
      this.#onStep('announced')
    }
    this.transaction(() => {
      for (const [name, value] of Object.entries({ ...marks, nonce })) this.sql.setMeta.run(name, value)
    })
    this.#nonce = nonce
    // Syncs it, and leaves a WAL that does not bear it.
    this.checkpoint(true)
    this.#onStep('marked')
    return nonce
  }

  /** Step 3. */
  #settle(nonce: string, state: SidecarState): void {
    writeSidecar(this.file, { ...state, settled: nonce })
    this.#onStep('settled')
  }

  #end(): void {
    close(this.#db)
    if (this.#wal !== null) closeSync(this.#wal)
    this.#wal = null
  }

  #rollback(): void {
    try {
      this.sql.rollback.run()
    } catch {
      // After some failures SQLite has rolled back by itself. If the connection is beyond use the next statement says so.
    }
  }

  #meta(name: string): string {
    return String((this.sql.getMeta.get(name) as { value: unknown } | undefined)?.value ?? '')
  }
}

/** COMMIT itself failed; `cause` is SQLite's error. */
export class CommitError extends Error {
  constructor(cause: unknown) {
    super('the commit failed', { cause })
    this.name = 'CommitError'
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
  // The WAL is synced by SQLite where its own order needs that, and by `sync` before anything is acknowledged.
  db.exec('PRAGMA synchronous=NORMAL')
  // Checkpoints are run behind the answers, not within a commit.
  db.exec('PRAGMA wal_autocheckpoint=0')
  db.exec(`PRAGMA cache_size=-${Math.ceil(options.cache / 1024)}`)
  db.exec('PRAGMA temp_store=MEMORY')
  db.exec('PRAGMA cell_size_check=ON')
  prepareSchema(db, options.file)
  const synchronous = pragma(db, 'synchronous')
  if (synchronous !== 1) {
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
