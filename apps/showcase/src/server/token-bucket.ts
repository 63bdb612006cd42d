// A token bucket: so many at once, so many a second. It never reads a clock itself.

/** Allows bursts of `capacity` and `perSecond` on average. Times are monotonic milliseconds. */
export class TokenBucket {
  readonly capacity: number
  readonly perSecond: number
  #tokens: number
  #filledAt: number

  constructor(capacity: number, perSecond: number, now: number) {
    this.capacity = capacity
    this.perSecond = perSecond
    this.#tokens = capacity
    this.#filledAt = now
  }

  /** Takes `cost` tokens. Returns 0 when they were there, else the milliseconds after which they will be. */
  take(cost: number, now: number): number {
    const elapsed = Math.max(0, now - this.#filledAt)
    this.#tokens = Math.min(this.capacity, this.#tokens + (elapsed / 1000) * this.perSecond)
    this.#filledAt = now
    if (this.#tokens >= cost) {
      this.#tokens -= cost
      return 0
    }
    return Math.ceil(((cost - this.#tokens) / this.perSecond) * 1000)
  }
}
