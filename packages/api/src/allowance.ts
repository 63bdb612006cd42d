// A rate with a burst for one key. No timer: it is filled when it is asked.

import type { Clock } from '@tautline/wire'

export class Allowance {
  private readonly clock: Pick<Clock, 'now'>
  private readonly perSecond: number
  private readonly burst: number
  private tokens: number
  private filled: number

  /** Full at first. */
  constructor(clock: Pick<Clock, 'now'>, perSecond: number, burst: number) {
    this.clock = clock
    this.perSecond = perSecond
    this.burst = burst
    this.tokens = burst
    this.filled = clock.now()
  }

  /** @returns 0: taken; else nothing was taken, and so many ms later they are there */
  take(count: number): number {
    const now = this.clock.now()
    this.tokens = Math.min(this.burst, this.tokens + ((now - this.filled) * this.perSecond) / 1_000)
    this.filled = now
    const missing = count - this.tokens
    if (missing > 0) return Math.max(1, Math.ceil((missing * 1_000) / this.perSecond))
    this.tokens -= count
    return 0
  }
}
