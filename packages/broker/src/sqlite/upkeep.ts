// What a store needs beside appends: checkpoints, the sweep that removes what has aged, a new nonce now and then. It all
// blocks the loop and is counted with the commits; none of it is ever waited for.

import type { Clock, Timer } from '@tautline/wire'
import type { CommitQueue } from './commit-queue.ts'
import type { Connection } from './connection.ts'
import { sweep } from './retention.ts'
import type { StoreTime } from './store-time.ts'

/** Entries, and bytes of them, after which what the WAL holds is moved into the file. */
const CHECKPOINT_ENTRIES = 2_000
const CHECKPOINT_BYTES = 4 * 1024 * 1024
/** A checkpoint blocks the loop: the next one is so many times as far away as the last one took, up to this much WAL. */
const CHECKPOINT_SHARE = 10
const CHECKPOINT_LATEST = 8
/** ms between steps of the sweep: while there is something to remove, and while there is not. */
const SWEEP_BUSY = 50
const SWEEP_IDLE = 1_000
/** What the pause grows to while nothing is appended either. */
const SWEEP_ASLEEP = 300_000
const SWEEP_BUDGET = { channels: 200, rows: 500 }
/** ms after which a copy of the file is told from it by its nonce, where something was appended. */
const RENEW_EVERY = 300_000

export class Upkeep {
  readonly #connection: Connection
  readonly #queue: CommitQueue
  readonly #clock: Clock
  readonly #time: StoreTime
  /** Entries and bytes that may lie in the WAL alone. */
  #entries = 0
  #bytes = 0
  /** Entries at the last step of the sweep. */
  #entriesBefore = 0
  #checkpointDue = false
  #checkpointAfter = 0
  #sweepAfter = 0
  #pause = SWEEP_IDLE
  #timer: Timer
  /** When the nonce was last renewed, monotonic; and whether anything was appended since. */
  #renewedAt: number
  #appended = false

  constructor(connection: Connection, queue: CommitQueue, clock: Clock, time: StoreTime) {
    this.#connection = connection
    this.#queue = queue
    this.#clock = clock
    this.#time = time
    this.#renewedAt = clock.now()
    this.#timer = clock.setTimer(() => this.#run(), this.#pause)
  }

  /** So much was committed. */
  wrote(entries: number, bytes: number): void {
    this.#entries += entries
    this.#bytes += bytes
    this.#appended = true
    if (this.#pause > SWEEP_IDLE) this.#next(SWEEP_IDLE)
    if (this.#checkpointDue || !this.#walIsLong()) return
    this.#checkpointDue = true
    // Behind the answers of this commit.
    this.#clock.defer(() => this.#queue.blocking(() => this.#checkpoint()))
  }

  stop(): void {
    this.#clock.clearTimer(this.#timer)
  }

  #run(): void {
    this.#queue.blocking(() => {
      const quiet = this.#entries === this.#entriesBefore
      const worked = this.#sweep()
      const asleep = Math.min(SWEEP_ASLEEP, Math.max(SWEEP_IDLE, 2 * this.#pause))
      this.#next(worked ? SWEEP_BUSY : quiet ? asleep : SWEEP_IDLE)
      if (this.#appended && this.#clock.now() - this.#renewedAt >= RENEW_EVERY) this.#renew()
      // A long one now, a short one when nobody is in a hurry.
      if (this.#walIsLong() || (quiet && !worked)) this.#checkpoint()
      this.#entriesBefore = this.#entries
    })
  }

  #walIsLong(): boolean {
    const fill = Math.max(this.#entries / CHECKPOINT_ENTRIES, this.#bytes / CHECKPOINT_BYTES)
    return fill >= CHECKPOINT_LATEST || (fill >= 1 && this.#clock.now() >= this.#checkpointAfter)
  }

  #next(pause: number): void {
    this.#clock.clearTimer(this.#timer)
    this.#pause = pause
    this.#timer = this.#clock.setTimer(() => this.#run(), pause)
  }

  #checkpoint(): void {
    this.#checkpointDue = false
    const opened = this.#connection.current
    if (opened === null || this.#entries === 0) return
    this.#entries = 0
    this.#bytes = 0
    const started = this.#clock.now()
    try {
      opened.store.checkpoint()
    } catch (error) {
      // Nothing is lost: the WAL grows until it succeeds.
      this.#connection.report('sqlite.checkpoint', { error })
    }
    const ended = this.#clock.now()
    this.#checkpointAfter = ended + CHECKPOINT_SHARE * (ended - started)
  }

  #renew(): void {
    this.#renewedAt = this.#clock.now()
    this.#appended = false
    try {
      this.#connection.current?.store.renew()
    } catch (error) {
      this.#connection.report('sqlite.renew', { error })
    }
  }

  /** true: something was removed, and there may be more. */
  #sweep(): boolean {
    const opened = this.#connection.current
    if (opened === null) return false
    const { store, channels } = opened
    if (!store.inPlace()) {
      // What is appended now would go into a file that nobody finds again.
      this.#connection.report('sqlite.replaced', { meaning: 'the file was moved, removed or replaced while in use' })
      this.#connection.giveUp()
      return false
    }
    try {
      const step = store.transaction(() => {
        const age = this.#time.age()
        this.#time.unwritten(store)
        store.keepSlot()
        return sweep(store.sql, channels, this.#sweepAfter, age, this.#time.anchor, SWEEP_BUDGET)
      })
      this.#sweepAfter = step.after
      if (step.worked) this.#entries++
      return step.worked
    } catch (error) {
      channels.clear()
      this.#connection.report('sqlite.sweep', { error })
      return false
    }
  }
}
