// The connection to the file, over its failures: given up when SQLite cannot be trusted to go on with it, opened again
// when it is next needed. While there is none, nothing is appended and nothing read.

import type { Clock } from '@tautline/wire'
import { Channels } from './channels.ts'
import { isFull } from './failure.ts'
import { Store, type StoreOptions } from './store.ts'

/** Hears of what an operator should know. Fields hold nothing that a client has sent. */
export type StoreLog = (event: string, fields: Readonly<Record<string, unknown>>) => void

/** A store and the channels of it that are in memory. */
export interface Opened {
  readonly store: Store
  readonly channels: Channels
}

/** ms between attempts to open the file again after a failure. */
const REOPEN_EVERY = 500

export class Connection {
  readonly #options: StoreOptions
  readonly #clock: Clock
  readonly #maxChannels: number
  readonly #log: StoreLog
  #opened: Opened | null
  #reopenAt = 0
  #closed = false

  /** @throws StoreOpenError, with a code and what to do about it */
  constructor(options: StoreOptions, clock: Clock, maxChannels: number, log: StoreLog) {
    this.#options = options
    this.#clock = clock
    this.#maxChannels = maxChannels
    this.#log = log
    this.#opened = this.#open()
  }

  /** What is open now; null: nothing is, and it is not opened for this. */
  get current(): Opened | null {
    return this.#opened
  }

  /** What is open, opened again where that is due; null: it cannot be. */
  ensure(): Opened | null {
    const now = this.#clock.now()
    if (this.#opened !== null || this.#closed || now < this.#reopenAt) return this.#opened
    try {
      this.#opened = this.#open()
    } catch (error) {
      this.#reopenAt = now + REOPEN_EVERY
      this.report('sqlite.open', { error })
    }
    return this.#opened
  }

  /** A transaction failed on the medium. Afterwards what it wrote is either in the file or never will be. */
  recover(error: unknown): void {
    if (this.#opened === null) return
    if (isFull(error)) {
      try {
        // There is often room in the file itself: then the WAL can begin anew.
        this.#opened.store.checkpoint()
      } catch {
        // The connection stays good, and appends when space returns.
      }
      return
    }
    this.giveUp()
    // Recovery of the WAL settles what became of the transaction.
    this.ensure()
  }

  giveUp(): void {
    this.#opened?.store.abandon()
    this.#opened = null
    this.#reopenAt = this.#clock.now()
  }

  close(): void {
    this.#closed = true
    const opened = this.#opened
    this.#opened = null
    try {
      opened?.store.close()
    } catch (error) {
      // All that was acknowledged is in the WAL; the next opening takes it from there.
      this.report('sqlite.close', { error })
    }
  }

  report(event: string, fields: Readonly<Record<string, unknown>>): void {
    this.#log(event, { file: this.#options.file, ...fields })
  }

  #open(): Opened {
    const store = Store.open(this.#options)
    if (store.changed) this.report('sqlite.lineage', { meaning: 'a backup or another copy: entries may be missing' })
    return { store, channels: new Channels(store.sql, this.#maxChannels) }
  }
}
