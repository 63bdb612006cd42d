// How fast one connection may speak: messages, subscriptions and bytes as token buckets. It counts and says how long to wait;
// whoever asks it refuses, or stops reading. No timer.

import type { Clock } from '@tautline/wire'
import { type Allowance, TokenBucket } from '../token-bucket.ts'
import type { AdmissionSettings } from './options.ts'

/** Subscribes and unsubscribes at once: as many as a connection may have channels, by default. */
const SUBSCRIPTIONS_AT_ONCE = 1_000
/** Of a bucket: whoever has to wait waits until so much is in it, so that it does not come back for every token. */
const WORTH_IT = 0.1
/** Bursts full of refusals after which a client that goes on is sent away, and what a second of better manners takes back. */
const STRIKES = 2
const FORGIVEN = 0.25

/** Entries or members of an answer that are as much work as a message. */
const LIKE_A_MESSAGE = 50

/** What held a client back, as `tautline_limited_total` counts it. */
export type RateLimit = 'message rate' | 'subscription rate'

export interface Refused {
  readonly limit: RateLimit
  /** ms after which it is worth trying again. */
  readonly after: number
}

/** How fast each connection of a node may speak: made once, shared by all. */
export class Pace {
  readonly messages: Allowance
  readonly subscriptions: Allowance
  readonly bytes: Allowance

  constructor({ messageRate, subscribeRate, byteRate }: AdmissionSettings) {
    this.messages = { rate: messageRate, burst: 2 * messageRate }
    this.subscriptions = { rate: subscribeRate, burst: Math.max(SUBSCRIPTIONS_AT_ONCE, subscribeRate) }
    this.bytes = { rate: byteRate, burst: byteRate }
  }
}

/** One per connection. */
export class Throttle {
  private readonly clock: Clock
  private readonly pace: Pace
  private readonly messages: TokenBucket
  private readonly subscriptions: TokenBucket
  private readonly bytes: TokenBucket
  /** In bursts. */
  private strikes = 0
  private struck: number

  constructor(clock: Clock, pace: Pace) {
    this.clock = clock
    this.pace = pace
    this.messages = new TokenBucket(clock, pace.messages)
    this.subscriptions = new TokenBucket(clock, pace.subscriptions)
    this.bytes = new TokenBucket(clock, pace.bytes)
    this.struck = clock.now()
  }

  /** @param op of the command; what is none, or could not be read, is a message too. @returns null: it may be obeyed */
  take(op: string | undefined): Refused | null {
    const { messages, subscriptions } = this.pace
    const wait = this.messages.take()
    if (wait > 0) {
      this.strike(messages.burst)
      return { limit: 'message rate', after: wait + (messages.burst * WORTH_IT * 1_000) / messages.rate }
    }
    if (op !== 'subscribe' && op !== 'unsubscribe') return null
    const later = this.subscriptions.take()
    if (later === 0) return null
    this.strike(subscriptions.burst)
    return {
      limit: 'subscription rate',
      after: later + Math.min(1_000, (subscriptions.burst * WORTH_IT * 1_000) / subscriptions.rate),
    }
  }

  /** An answer had so many entries or members: it was as much work as several messages. */
  charge(items: number): void {
    this.messages.owe(Math.floor(items / LIKE_A_MESSAGE))
  }

  /** Somebody who was refused went on and on. */
  get isSpent(): boolean {
    return this.strikes >= STRIKES
  }

  /** Bytes that were read. @returns ms for which nothing more should be read */
  read(bytes: number): number {
    return this.bytes.owe(bytes)
  }

  private strike(burst: number): void {
    const now = this.clock.now()
    this.strikes = Math.max(0, this.strikes - ((now - this.struck) / 1_000) * FORGIVEN) + 1 / burst
    this.struck = now
  }
}
