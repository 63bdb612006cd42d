// Group commit: appends of many channels that arrive in one turn, or while a commit is due, share one transaction. A
// commit blocks the loop, so commits are spaced: beyond a short burst they take at most half of the time.

import type { Clock } from '@tautline/wire'
import type { Append, Appended, LogRule } from '../broker.ts'
import { weightOf } from '../page.ts'
import { KeepAlive } from './keep-alive.ts'

/** One caller's batch, waiting for its commit. */
export interface Pending {
  readonly channel: string
  readonly batch: readonly Append[]
  readonly rule: LogRule
  readonly weight: number
  readonly resolve: (outcomes: readonly Appended[]) => void
}

export interface QueueBounds {
  /** Entries that may wait. */
  readonly entries: number
  /** Bytes that may wait. */
  readonly bytes: number
  /** Entries and bytes of one transaction: bounds how long a commit blocks the loop. */
  readonly groupEntries: number
  readonly groupBytes: number
}

/** ms of commits that may follow one another without a pause. */
const BURST = 4
/** ms a commit is put off at most, whatever the last one took. */
const LONGEST_PAUSE = 250

export class CommitQueue {
  readonly #clock: Clock
  readonly #bounds: QueueBounds
  readonly #commit: (group: readonly Pending[]) => void
  readonly #keepAlive = new KeepAlive()
  #waiting: Pending[] = []
  #entries = 0
  #bytes = 0
  #scheduled = false
  /** ms of blocking that have not been made good by as much time without; and when that was reckoned. */
  #debt = 0
  #reckoned: number

  /** @param commit stores a group and resolves each of it; it does not throw */
  constructor(clock: Clock, bounds: QueueBounds, commit: (group: readonly Pending[]) => void) {
    this.#clock = clock
    this.#bounds = bounds
    this.#commit = commit
    this.#reckoned = clock.now()
  }

  /** Entries that wait. */
  get length(): number {
    return this.#entries
  }

  add(channel: string, batch: readonly Append[], rule: LogRule): Promise<readonly Appended[]> {
    if (this.#entries + batch.length > this.#bounds.entries || this.#bytes > this.#bounds.bytes) {
      return Promise.resolve(batch.map(() => ({ fail: 'overloaded', applied: 'no' })))
    }
    let weight = 0
    for (const append of batch) weight += weightOf(append)
    this.#entries += batch.length
    this.#bytes += weight
    return new Promise((resolve) => {
      this.#waiting.push({ channel, batch, rule, weight, resolve })
      this.#schedule()
    })
  }

  /** Runs work that blocks, and counts it as a commit's time is counted. */
  blocking(work: () => void): void {
    const started = this.#clock.now()
    this.#debt = Math.max(0, this.#debt - (started - this.#reckoned))
    try {
      work()
    } finally {
      this.#reckoned = this.#clock.now()
      this.#debt += this.#reckoned - started
    }
  }

  /** Commits all that waits, now. Nothing may be added any more. */
  close(): void {
    while (this.#waiting.length > 0) this.#commitGroup()
    this.#keepAlive.close()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    const debt = this.#debt - (this.#clock.now() - this.#reckoned)
    if (debt <= BURST) {
      this.#clock.defer(() => this.#run())
      return
    }
    // Timers let a process end; somebody waits for this one.
    this.#keepAlive.start()
    this.#clock.setTimer(() => this.#run(), Math.min(LONGEST_PAUSE, Math.max(1, debt - BURST)))
  }

  #run(): void {
    this.#scheduled = false
    this.#keepAlive.stop()
    if (this.#waiting.length === 0) return
    this.#commitGroup()
    if (this.#waiting.length > 0) this.#schedule()
  }

  #commitGroup(): void {
    const group = this.#take()
    this.blocking(() => this.#commit(group))
  }

  #take(): Pending[] {
    let entries = 0
    let bytes = 0
    let count = 0
    for (const pending of this.#waiting) {
      if (count > 0 && (entries >= this.#bounds.groupEntries || bytes >= this.#bounds.groupBytes)) break
      entries += pending.batch.length
      bytes += pending.weight
      count++
    }
    this.#entries -= entries
    this.#bytes -= bytes
    return this.#waiting.splice(0, count)
  }
}
