// What an application sees of a subscription: its messages, its state, its position, its losses. Types only: how they
// come about is attachment.ts (one per channel and connection) and handle.ts (one per `subscribe`).

import type { EntryId, GapPush, Json, Lost, Member, Policy, Position, Publisher } from '@tautline/wire'

/** One publication as it is handed over. */
export interface Message<T = Json> {
  /** What was published; `undefined` where bytes were. */
  readonly data: T
  /** Set if the publisher sent bytes. Owned by the application. */
  readonly bytes?: Uint8Array
  /** The channel, also where the subscription is to a pattern. */
  readonly channel: string
  /** The position after this message; null on ephemeral channels and in subscriptions to a pattern. */
  readonly position: Position | null
  /** Time of the store, ms since 1970. */
  readonly at: number
  readonly id: EntryId
  /** The publisher's idempotency key. */
  readonly key?: string
  /** State key, for the policy `latest`. */
  readonly state?: string
  /** Who published, where the channel's rule shows it. */
  readonly from?: Publisher
  /** Was it published by this client? Told by its key. */
  readonly own: boolean
}

/**
 * `idle`: unsubscribed. `waiting`: for a connection. `joining`: asked. `catching-up`: answered, older messages are on
 * their way, or the application reads slower than the channel is written. `live`: each message once, in order, without
 * a hole. `resyncing`: something was lost, `snapshot` is under way. `stopped`: refused for good, see `error`.
 */
export type SubscriptionState = 'idle' | 'waiting' | 'joining' | 'catching-up' | 'live' | 'resyncing' | 'stopped'

export interface SubscriptionStateChange {
  readonly state: SubscriptionState
  readonly previous: SubscriptionState
  /** Why: with `stopped`, and with `waiting` after a refusal that is tried again. */
  readonly error?: Error
}

/** Messages left out by the policy of the subscription: announced, not lost; `history` still has them. */
export type Gap = Pick<GapPush, 'to' | 'count' | 'why'>

/** A change of who is there. */
export interface MembersChange {
  readonly members: ReadonlyMap<string, Member>
  /** Of the whole channel. Over 1,000 only this is told, and `members` is empty. */
  readonly count: number
  readonly joined: readonly Member[]
  /** Peers. */
  readonly left: readonly string[]
}

export interface SubscribeOptions<T = Json> {
  /** Everything after this position: one that the application stored. Where it cannot be proved, `lost` says so. */
  readonly from?: Position
  /** The last so many messages first. Without `from` and `last`: from now on. */
  readonly last?: number
  /**
   * What the server does when this client reads too slowly; default: the channel's rule, 'lossless' in the end. Several
   * subscriptions to one channel share one attachment: the strictest counts (lossless, disconnect, latest, drop).
   */
  readonly policy?: Policy
  /** Follow who is there too: `members`. */
  readonly presence?: boolean
  /** With the policy 'latest': a resume replays only the newest message of each state key. */
  readonly conflate?: boolean
  /**
   * A token for this channel. A function is called before the channel is asked for, and whenever the server wants another
   * one: the subscription goes on where it was, without a loss.
   */
  readonly token?: string | ((channel: string) => string | Promise<string>)
  /** The same as `on('message', …)`. */
  readonly onMessage?: (message: Message<T>) => void
  /** The same as `on('lost', …)`. */
  readonly onLost?: (lost: Lost) => void
  /**
   * Called after a loss, once a random part of `lost.spread` ms has passed: fetch the state that the messages lead to.
   * Returns the position the state stands for, and the subscription goes on right behind it; or nothing, and everything
   * after the loss follows (it may overlap with the state). If it throws it is called again, with backoff; what it threw
   * goes to the client's 'error' event, unless it is a RealtimeError that is `temporary`.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing is meant
  readonly snapshot?: (lost: Lost) => Promise<Position | void> | Position | void
}

/** What `Subscription.on` offers. */
export interface SubscriptionEvents<T = Json> {
  message: Message<T>
  state: SubscriptionStateChange
  lost: Lost
  gap: Gap
  members: MembersChange
}

/**
 * One subscription. Messages are handed over to `onMessage` and `on('message')` as they come, or, once an iterator was
 * opened, as fast as it asks; up to 1,000 wait in memory, then it leaves `live` and reads the rest again from the log.
 * Leaving a `for await` loop unsubscribes.
 */
export interface Subscription<T = Json> extends AsyncIterable<Message<T>> {
  readonly channel: string
  readonly state: SubscriptionState
  /** Why it is `stopped`. */
  readonly error: Error | null
  /**
   * The position after the last message handed over: what to store, and to give as `from` next time. null before the
   * first answer, on ephemeral channels and patterns.
   */
  readonly position: Position | null
  /** By peer. Empty without `presence`. */
  readonly members: ReadonlyMap<string, Member>
  /** Members of the whole channel. */
  readonly memberCount: number
  /** Listens; the result stops it. What a listener throws goes to the client's 'error' event. */
  on<E extends keyof SubscriptionEvents<T>>(event: E, listener: (event: SubscriptionEvents<T>[E]) => void): () => void
  /**
   * Resolves when everything up to the position was handed over: after `publish`, that one's own message included.
   * `timeout` in ms, default 10,000.
   *
   * @throws NotReachedError (`why`: diverged, lost, timeout, stopped) or a RealtimeError `cancelled` (tautline.v1 §4.5)
   */
  reached(position: Position, options?: { readonly timeout?: number; readonly signal?: AbortSignal }): Promise<void>
  /** Ends it. Resolves when nothing of it can follow; never rejects. */
  unsubscribe(): Promise<void>
}
