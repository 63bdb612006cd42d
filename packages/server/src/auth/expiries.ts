// When what was granted ends: tokens of connections and of channels, on one timer for the whole node. Measured by the
// monotonic clock, so that a step of the wall clock ends nothing. Never early, and at most `GRACE` late.

import type { Clock, Timer } from '@tautline/wire'

/** ms after its moment within which a callback is due at the latest, as long as the loop turns. */
export const GRACE = 50
/** Moments nearer than this are in buckets of `GRACE` ms, all others in one heap that is looked at every half of it. */
const NEAR = 60_000

/** One moment that is waited for. */
export interface Expiry {
  /** Monotonic, ms. */
  readonly due: number
  /** null: called, or called off. */
  callback: (() => void) | null
}

/** One per node. As many moments as connections and channel tokens have; each costs no more than a place in a set. */
export class Expiries {
  private readonly clock: Clock
  private readonly far: Set<Expiry> = new Set()
  private readonly buckets: Map<number, Set<Expiry>> = new Map()
  private timer: Timer | null = null
  /** When the timer fires; monotonic, ms. */
  private alarm: number = Number.POSITIVE_INFINITY
  /** When `far` is looked at next. */
  private lookAt: number = Number.POSITIVE_INFINITY

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** Moments that are waited for. */
  get size(): number {
    let size = this.far.size
    for (const bucket of this.buckets.values()) size += bucket.size
    return size
  }

  /**
   * Calls back once, `ms` from now; never in this turn.
   *
   * @param ms what is not a number above 0 is now
   */
  in(ms: number, callback: () => void): Expiry {
    return this.at(this.clock.now() + Math.max(0, ms), callback)
  }

  /** As `in`, at a moment of the monotonic clock. */
  at(due: number, callback: () => void): Expiry {
    const now = this.clock.now()
    const expiry: Expiry = { due, callback }
    if (due - now > NEAR) {
      this.far.add(expiry)
      if (this.lookAt === Number.POSITIVE_INFINITY) this.lookAt = now + NEAR / 2
    } else this.place(expiry)
    this.arm(Math.min(this.lookAt, bucketOf(expiry) * GRACE))
    return expiry
  }

  /** Calls off. One that has called back, or was called off, is no matter. */
  cancel(expiry: Expiry): void {
    expiry.callback = null
    if (this.far.delete(expiry)) {
      if (this.far.size === 0) this.lookAt = Number.POSITIVE_INFINITY
    } else {
      const key = bucketOf(expiry)
      const bucket = this.buckets.get(key)
      if (bucket === undefined || !bucket.delete(expiry)) return
      if (bucket.size === 0) this.buckets.delete(key)
    }
    if (this.far.size === 0 && this.buckets.size === 0) this.disarm()
  }

  private place(expiry: Expiry): void {
    const key = bucketOf(expiry)
    const bucket = this.buckets.get(key)
    if (bucket === undefined) this.buckets.set(key, new Set([expiry]))
    else bucket.add(expiry)
  }

  private arm(next: number): void {
    if (next >= this.alarm) return
    this.disarm()
    this.alarm = next
    this.timer = this.clock.setTimer(() => this.fire(), Math.max(0, next - this.clock.now()))
  }

  private disarm(): void {
    if (this.timer !== null) this.clock.clearTimer(this.timer)
    this.timer = null
    this.alarm = Number.POSITIVE_INFINITY
  }

  private fire(): void {
    this.timer = null
    this.alarm = Number.POSITIVE_INFINITY
    const now = this.clock.now()
    if (now >= this.lookAt) this.look(now)
    const due: Set<Expiry>[] = []
    for (const [key, bucket] of this.buckets) {
      // Timers of a machine may fire a little early: a bucket that is not over stays.
      if (key * GRACE > now) continue
      this.buckets.delete(key)
      due.push(bucket)
    }
    for (const bucket of due) {
      for (const expiry of bucket) {
        const { callback } = expiry
        // Whoever is called may call others off.
        expiry.callback = null
        callback?.()
      }
    }
    let next = this.lookAt
    for (const key of this.buckets.keys()) next = Math.min(next, key * GRACE)
    this.arm(next)
  }

  private look(now: number): void {
    for (const expiry of this.far) {
      if (expiry.due - now > NEAR) continue
      this.far.delete(expiry)
      this.place(expiry)
    }
    this.lookAt = this.far.size === 0 ? Number.POSITIVE_INFINITY : now + NEAR / 2
  }
}

/** The first bucket whose end is not before the moment. */
function bucketOf({ due }: Expiry): number {
  return Math.ceil(due / GRACE)
}
