// Virtual time: one queue of events for the whole simulated world, in the order of their time, then of their setting.
// A heap, because a run has thousands of timers that are cleared and set again. It never reads the time of the host.

/** Something that will happen. Cleared events stay in the heap until their time comes. */
export interface Pending {
  readonly due: number
  readonly order: number
  run: (() => void) | null
}

/** How a run of the scheduler ended. */
export type Ending = 'time' | 'events' | 'error'

/** Events that share an iteration of the host's loop: microtasks settle between them all the same. */
const IMMEDIATES = 64

/** The queue of events and the one monotonic time of a simulated world, ms from 0. */
export class Scheduler {
  #now = 0
  #order = 0
  #ran = 0
  readonly #heap: Pending[] = []

  get now(): number {
    return this.#now
  }

  /** Events run so far. */
  get ran(): number {
    return this.#ran
  }

  /** Events that are set and not cleared: what a world that was closed must not leave behind. O(n). */
  get pending(): number {
    return this.#heap.reduce((count, event) => count + (event.run === null ? 0 : 1), 0)
  }

  /** Runs `run` after `ms`; events of one time run in the order in which they were set. */
  at(ms: number, run: () => void): Pending {
    return this.atTime(this.#now + ms, run)
  }

  /** Runs `run` at a time: whoever computed one must not compute it again, or rounding changes the order. */
  atTime(time: number, run: () => void): Pending {
    const event: Pending = { due: Math.max(this.#now, time), order: ++this.#order, run }
    this.#push(event)
    return event
  }

  /**
   * Lets time pass until `end`. Between two events all microtasks of the host settle. Resolves 'events' when `most`
   * events have run, which is how a world that never comes to rest is found.
   *
   * @param failed hears of an exception that an event threw; time goes on
   */
  run(end: number, most: number, failed: (error: unknown) => void): Promise<Ending> {
    return new Promise((resolve) => {
      let queued = 0
      let ended = false
      const last = this.#ran + most
      const step = (): void => {
        queued--
        if (ended) return
        const ending = this.#step(end, last, failed)
        if (ending !== null) {
          ended = true
          return resolve(ending)
        }
        if (queued === 0) fill()
      }
      const fill = (): void => {
        for (; queued < IMMEDIATES; queued++) setImmediate(step)
      }
      fill()
    })
  }

  #step(end: number, last: number, failed: (error: unknown) => void): Ending | null {
    let event = this.#heap[0]
    while (event !== undefined && event.run === null) {
      this.#pop()
      event = this.#heap[0]
    }
    if (event === undefined || event.due > end) {
      this.#now = Math.max(this.#now, end)
      return 'time'
    }
    if (this.#ran >= last) return 'events'
    this.#pop()
    this.#now = event.due
    this.#ran++
    const run = event.run as () => void
    event.run = null
    try {
      run()
    } catch (error) {
      failed(error)
    }
    return null
  }

  #push(event: Pending): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(event)
    while (at > 0) {
      const up = (at - 1) >> 1
      const parent = heap[up] as Pending
      if (before(parent, event)) break
      heap[at] = parent
      at = up
    }
    heap[at] = event
  }

  #pop(): void {
    const heap = this.#heap
    const event = heap.pop() as Pending
    const size = heap.length
    if (size === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= size) break
      if (child + 1 < size && before(heap[child + 1] as Pending, heap[child] as Pending)) child++
      if (before(event, heap[child] as Pending)) break
      heap[at] = heap[child] as Pending
      at = child
    }
    heap[at] = event
  }
}

function before(a: Pending, b: Pending): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order)
}
