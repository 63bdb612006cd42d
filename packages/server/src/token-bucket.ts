// A rate with a burst: so many tokens a second, and no more than a bucket full at once. Four numbers and no timer: it is
// filled when it is asked.

import type { Clock } from '@tautline/wire'

/** What an allowance is: `rate` tokens a second, `burst` at once. */
export interface Allowance {
  readonly rate: number
  readonly burst: number
}

/** One bucket, full at first. */
export class TokenBucket {
  private readonly clock: Clock
  private readonly allowance: Allowance
  /** In thousandths: what a ms brings is a whole number then. */
  private tokens: number
  private filled: number

  constructor(clock: Clock, allowance: Allowance) {
    this.clock = clock
    this.allowance = allowance
    this.tokens = allowance.burst * 1_000
    this.filled = clock.now()
  }

  /**
   * Takes `count` tokens if they are there.
   *
   * @returns 0: taken; else nothing was taken, and so many ms later they will be there (Infinity: never, they are more
   *   than the bucket holds)
   */
  take(count = 1): number {
    const { rate, burst } = this.allowance
    this.fill()
    const missing = count * 1_000 - this.tokens
    if (missing <= 0) {
      this.tokens = -missing
      return 0
    }
    return count > burst ? Number.POSITIVE_INFINITY : Math.max(1, Math.ceil(missing / rate))
  }
  /**
   * Takes `count` tokens whether they are there or not: for what has happened already.
   *
   * @returns 0: they were there; else so many ms later nothing is owed any more
   */
  owe(count: number): number {
    this.fill()
    this.tokens -= count * 1_000
    return this.tokens >= 0 ? 0 : Math.max(1, Math.ceil(-this.tokens / this.allowance.rate))
  }

  private fill(): void {
    const now = this.clock.now()
    const { rate, burst } = this.allowance
    this.tokens = Math.min(burst * 1_000, this.tokens + (now - this.filled) * rate)
    this.filled = now
  }
}
