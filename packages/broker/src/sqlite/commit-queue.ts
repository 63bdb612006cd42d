// Group commit: appends of many channels that arrive in one turn, or while a sync is under way, share one transaction.
// Transactions block the loop, so they are spaced: beyond a short burst they take at most half of the time.

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

/** Where groups go. */
export interface GroupSink {
  /** Is a sync under way? */
  readonly syncing: boolean
  /** Stores a group and resolves each of it. Does not throw. */
  commit(group: readonly Pending[]): void
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
  readonly #sink: GroupSink
  readonly #keepAlive = new KeepAlive()
  #waiting: Pending[] = []
  #entries = 0
  #bytes = 0
  #scheduled = false
  /** ms of blocking that have not been made good by as much time without; and when that was reckoned. */
  #debt = 0
  #reckoned: number

  constructor(clock: Clock, bounds: QueueBounds, sink: GroupSink) {
    this.#clock = clock
    this.#bounds = bounds
    this.#sink = sink
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
      this.go()
    })
  }

  /** Has what waits committed, when it is time to: it was added, or a sync has ended. */
  go(): void {
    // What would fill a group need not wait for the sync of the one before.
    if (this.#entries === 0 || (this.#sink.syncing && this.#entries < this.#bounds.groupEntries)) return
    this.#schedule()
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
    this.go()
  }

  #commitGroup(): void {
    const group = this.#take()
    this.blocking(() => this.#sink.commit(group))
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
