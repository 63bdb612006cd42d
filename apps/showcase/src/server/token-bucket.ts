// Token buckets: so many at once, so many a second, for each name. They never read a clock themselves.

/** Buckets that are remembered. Whoever has been quiet the longest is forgotten first, and begins anew with a full one. */
const REMEMBERED = 10_000

interface Bucket {
  tokens: number
  filledAt: number
}

/** One bucket for each name: bursts of `capacity`, and `perSecond` on average. Times are monotonic milliseconds. */
export class Buckets {
  readonly capacity: number
  readonly perSecond: number
  /** In the order of use: a Map keeps the order of insertion. */
  readonly #buckets: Map<string, Bucket>

  constructor(capacity: number, perSecond: number) {
    this.capacity = capacity
    this.perSecond = perSecond
    this.#buckets = new Map()
  }

  /** Takes `cost` tokens. Returns 0 when they were there, else the milliseconds after which they will be. */
  take(name: string, cost: number, now: number): number {
    const bucket = this.#buckets.get(name) ?? { tokens: this.capacity, filledAt: now }
    this.#buckets.delete(name)
    this.#buckets.set(name, bucket)
    if (this.#buckets.size > REMEMBERED) this.#buckets.delete(this.#buckets.keys().next().value as string)
    const elapsed = Math.max(0, now - bucket.filledAt)
    bucket.tokens = Math.min(this.capacity, bucket.tokens + (elapsed / 1000) * this.perSecond)
    bucket.filledAt = now
    if (bucket.tokens >= cost) {
      bucket.tokens -= cost
      return 0
    }
    return Math.ceil(((cost - bucket.tokens) / this.perSecond) * 1000)
  }
}
