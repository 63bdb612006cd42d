/**
 * Time that passes only when a test says so: no sleeps, no waiting, no flaky deadlines.
 * It never touches the real timers.
 */

/** Names a pending timer. */
export type TimerId = number

interface Timer {
  readonly id: TimerId
  readonly due: number
  readonly run: () => void
}

/** A clock with timers; `advance` runs what is due, in order of its due time, then of its setting. */
export class VirtualClock {
  #now: number
  #lastId = 0
  readonly #timers = new Map<TimerId, Timer>()

  /** @param start what `now()` says first, in milliseconds */
  constructor(start = 0) {
    this.#now = start
  }

  /** Milliseconds; bound, so that it can be handed over as a `now` function. */
  readonly now = (): number => this.#now

  /** Timers that are set and not due yet. */
  get pending(): number {
    return this.#timers.size
  }

  readonly setTimeout = (run: () => void, delay: number): TimerId => {
    const id = ++this.#lastId
    this.#timers.set(id, { id, due: this.#now + Math.max(0, delay), run })
    return id
  }

  readonly clearTimeout = (id: TimerId | undefined): void => {
    if (id !== undefined) this.#timers.delete(id)
  }

  /** Lets `ms` pass; timers set meanwhile run too when they fall due within it. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const next = this.#next(end)
      if (next === undefined) break
      this.#timers.delete(next.id)
      this.#now = next.due
      next.run()
    }
    this.#now = end
  }

  /** As `advance`, but promises settle between two timers. */
  async advanceSettling(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      await new Promise<void>((resolve) => setImmediate(resolve))
      const next = this.#next(end)
      if (next === undefined) break
      this.#timers.delete(next.id)
      this.#now = next.due
      next.run()
    }
    this.#now = end
  }

  #next(end: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers.values()) {
      if (timer.due <= end && (first === undefined || timer.due < first.due)) first = timer
    }
    return first
  }
}
