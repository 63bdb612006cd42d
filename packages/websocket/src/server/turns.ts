// A crowd in slices: so many requests in one turn of the loop, the rest in the turns that follow, in order. Between two of
// them everybody who is in has a turn.

import type { Carrier } from '../stream-events.ts'
import type { TimerWheel } from '../timer-wheel.ts'
import { Queued } from './waiting.ts'

/** Handshakes of one turn, at most: some 2 ms of work. What earlier turns have used of them counts until it is used up. */
const MOST = 64

interface Waiting {
  readonly stream: Carrier
  readonly queued: Queued
  readonly task: () => void
}

/** One per server. Streams that wait are paused; they must be whole requests, and alive. */
export class Turns {
  private readonly wheel: TimerWheel
  private readonly timeout: number
  private readonly onEmpty: () => void
  private left: number = MOST
  private waiting: Waiting[] = []
  private armed = false
  private readonly run: () => void

  /** @param onEmpty hears that nobody waits any more */
  constructor(wheel: TimerWheel, timeout: number, onEmpty: () => void) {
    this.wheel = wheel
    this.timeout = timeout
    this.onEmpty = onEmpty
    this.run = () => this.turn()
  }

  get size(): number {
    return this.waiting.length
  }

  /** @returns true: go on; false: not in this turn, call `later` */
  take(): boolean {
    if (this.left === 0 || this.waiting.length > 0) return false
    this.left--
    if (this.left === 0) this.arm()
    return true
  }

  /** Runs the task when it is its turn, unless the peer goes away. */
  later(stream: Carrier, task: () => void): void {
    this.waiting.push({ stream, queued: new Queued(stream, this.wheel, this.timeout), task })
  }

  /** Only when none is left: where handshakes come one by one an immediate in every turn would cost as much as they do. */
  private arm(): void {
    if (this.armed) return
    this.armed = true
    setImmediate(this.run)
  }

  private turn(): void {
    this.armed = false
    const now = this.waiting.splice(0, MOST)
    this.left = MOST - now.length
    if (this.left === 0) this.arm()
    for (const { stream, queued, task } of now) {
      queued.cancel()
      if (!stream.destroyed) task()
    }
    if (now.length > 0 && this.waiting.length === 0) this.onEmpty()
  }
}
