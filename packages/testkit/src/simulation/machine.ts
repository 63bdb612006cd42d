// A machine of the simulated world: whatever runs on it (a node, a client, the store) sees time through it, and all that
// reaches it from outside comes through `post`. A machine can stall, sleep, jump in its wall time and die; nothing that
// was set on a dead machine ever runs, so that no zombie acts.

import type { Clock, Timer } from '@tautline/wire'
import type { Pending, Scheduler } from './scheduler.ts'

interface SetTimer {
  /** Cleared, or run. */
  over: boolean
  pending: Pending | null
}

/** A time in which a machine stood still, ms of the scheduler. */
export interface Stall {
  readonly from: number
  to: number
}

/** Where the simulated 1970 lies: wall times look like those of today. */
export const EPOCH = 1_790_000_000_000

/** One machine: a clock, and the place where events of the world become events of a program. */
export class Machine implements Clock {
  readonly name: string
  readonly #scheduler: Scheduler
  #skew: number
  #frozen = false
  #alive = true
  #unparking = false
  readonly #timers = new Set<SetTimer>()
  readonly #parked: (() => void)[] = []
  /** An operator has told it to stop. */
  stopping = false
  /** When it stood still; the last one may not have ended (`to` is Infinity). */
  readonly stalls: Stall[] = []

  /** @param skew by how many ms its wall clock differs from the true one */
  constructor(scheduler: Scheduler, name: string, skew = 0) {
    this.#scheduler = scheduler
    this.name = name
    this.#skew = skew
  }

  get alive(): boolean {
    return this.#alive
  }

  get frozen(): boolean {
    return this.#frozen
  }

  /** Timers that are set, neither cleared nor run: what a program that was closed must not leave behind. */
  get timers(): number {
    return this.#timers.size
  }

  now(): number {
    return this.#scheduler.now
  }

  wall(): number {
    return Math.floor(EPOCH + this.#scheduler.now + this.#skew)
  }

  setTimer(callback: () => void, ms: number): Timer {
    const timer: SetTimer = { over: false, pending: null }
    this.#timers.add(timer)
    const run = (): void => {
      if (timer.over) return
      timer.over = true
      this.#timers.delete(timer)
      callback()
    }
    // As Node and browsers have it: no timer is shorter than a millisecond.
    timer.pending = this.#scheduler.at(Math.max(1, ms), () => this.#enter(run))
    return timer
  }

  clearTimer(timer: Timer): void {
    const set = timer as SetTimer | null | undefined
    if (set === null || set === undefined || set.over) return
    // It may wait among the parked: there it only counts as cleared.
    set.over = true
    this.#timers.delete(set)
    if (set.pending !== null) set.pending.run = null
  }

  defer(callback: () => void): void {
    this.#scheduler.at(0, () => this.#enter(callback))
  }

  /** Something reaches the machine from outside after `ms`: a frame, an answer of the store. */
  post(callback: () => void, ms: number): void {
    this.#scheduler.at(ms, () => this.#enter(callback))
  }

  /** As `post`, at a time of the scheduler. */
  postAt(callback: () => void, time: number): void {
    this.#scheduler.atTime(time, () => this.#enter(callback))
  }

  /** Something in the world around it, which neither stalls nor dies with it. */
  outside(callback: () => void, ms: number): void {
    this.#scheduler.at(ms, callback)
  }

  /** Moves the wall clock; monotonic time does not notice. */
  jump(ms: number): void {
    this.#skew += ms
  }

  /** Stops everything on it: a stalled loop, a laptop asleep. What falls due meanwhile waits. */
  freeze(): void {
    if (!this.#frozen) this.stalls.push({ from: this.#scheduler.now, to: Number.POSITIVE_INFINITY })
    this.#frozen = true
  }

  /** Goes on: what waited runs now, in the order in which it fell due, ahead of all that comes later. */
  thaw(): void {
    const stall = this.stalls.at(-1)
    if (this.#frozen && stall !== undefined) stall.to = this.#scheduler.now
    this.#frozen = false
    this.#unpark()
  }

  /** The power is cut. What was set on it never runs. */
  kill(): void {
    this.#alive = false
    for (const timer of this.#timers) if (timer.pending !== null) timer.pending.run = null
    this.#timers.clear()
    this.#parked.length = 0
  }

  #enter(callback: () => void): void {
    if (!this.#alive) return
    if (this.#frozen || this.#parked.length > 0) {
      this.#parked.push(callback)
      if (this.#parked.length === 1) this.#unpark()
    } else callback()
  }

  #unpark(): void {
    if (this.#frozen || this.#unparking || this.#parked.length === 0) return
    this.#unparking = true
    this.#scheduler.at(0, () => {
      this.#unparking = false
      if (this.#frozen || !this.#alive) return
      const callback = this.#parked.shift()
      this.#unpark()
      callback?.()
    })
  }
}
