// What an application sees of a channel: subscribe, publish, history, presence. Types only; ask `client.channel(name)`.

import type { Json, Member, Position } from '@tautline/wire'
import type { Message, SubscribeOptions, Subscription } from './subscription.ts'

export interface PublishOptions {
  /**
   * Idempotency key, 1 to 64 characters; default: 96 random bits. The same key within the server's window is the same
   * publication, whoever repeats it.
   */
  readonly key?: string
  /** State key: with the policy `latest` a newer message replaces an older one of the same key. */
  readonly state?: string
  /** Gives up: not sent if it has not been yet, else not repeated. */
  readonly signal?: AbortSignal
}

export interface PublishResult {
  /** null on ephemeral channels. */
  readonly position: Position | null
  /** An earlier publication with this key stands; the position is its. */
  readonly duplicate?: true
  readonly key: string
}

export interface AskOptions {
  /** ms; default 10,000. */
  readonly timeout?: number
  readonly signal?: AbortSignal
}

export interface HistoryOptions extends AskOptions {
  /** 1 to the server's `limits.page`; default 100. */
  readonly limit?: number
  /** The oldest messages after this position. */
  readonly after?: Position
  /** The newest messages before this position. Without both: the newest of all. */
  readonly before?: Position
}

export interface History<T = Json> {
  readonly messages: readonly Message<T>[]
  /** The cut before the first message: `before` of the page before this one. */
  readonly start: Position
  /** The cut after the last message: `after` of the next page, `from` of a subscription. */
  readonly end: Position
  readonly more: boolean
}

export interface Presence {
  readonly members: readonly Member[]
  /** Of the whole channel. */
  readonly count: number
}

/**
 * A channel by its name: `T` is what is read, `Said` what is published. Nothing is sent before a method is called; two
 * objects of one name are equal in effect.
 */
export interface Channel<T = Json, Said = T | Uint8Array> {
  readonly name: string
  /** Subscribes, and connects if the client is idle. Several subscriptions of one client cost the server one. */
  subscribe(options?: SubscribeOptions<T> | ((message: Message<T>) => void)): Subscription<T>
  /**
   * Publishes JSON data or bytes, copied at once. It waits in the outbox while there is no connection, and is repeated
   * with its key until the server says what became of it; publications of one channel keep their order.
   *
   * Rejects with a RealtimeError: what the server refused, `limit` (outbox full), `cancelled` (signal); or with an
   * UnknownOutcomeError, which can `resend()` or `drop()`. A rejection that nobody awaits goes unnoticed.
   *
   * @throws RealtimeError `bad-data`, `too-large` at once, with the field that is wrong
   */
  publish(message: Said, options?: PublishOptions): Promise<PublishResult>
  /** Reads stored messages. Rejects `not-found` where `after` is not in the log any more: never a silent jump. */
  history(options?: HistoryOptions): Promise<History<T>>
  /** Who is there now. To follow it: `subscribe({ presence: true })`. */
  presence(options?: AskOptions): Promise<Presence>
}
