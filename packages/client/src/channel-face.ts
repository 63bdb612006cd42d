// A channel as the application holds it: checks what it is given, and passes it on. It keeps nothing but its name.

import { type Body, isPattern, type Json, LIMITS, type Position, storeBody } from '@tautline/wire'
import type { Calls } from './calls.ts'
import type { Channel, History, HistoryOptions, Presence, PublishOptions, PublishResult } from './channel.ts'
import { checkHistory, checkOptions, checkPublish, checkSignal, checkSubscribe, whole } from './checks.ts'
import { messagesOf } from './message.ts'
import type { Publisher } from './publisher.ts'
import type { Message, SubscribeOptions, Subscription } from './subscription.ts'
import type { Subscriptions } from './subscriptions.ts'

/** What a channel uses of its client. */
export interface ClientParts {
  readonly calls: Calls
  readonly publisher: Publisher
  readonly subscriptions: Subscriptions
  /** Limits of the server, as far as they are known. */
  readonly limits: Readonly<Record<string, number>>
  /** Something was asked for: connect, unless the application closed. */
  wanted(): void
}

const PATIENCE = 10_000

/** What `call` and `publish` take: bytes are copied, JSON is left to `storeBody`. */
export function bodyOf(value: unknown): Body {
  return value instanceof Uint8Array ? { bytes: value.slice() } : { data: value as Json }
}

export class ChannelFace<T> implements Channel<T> {
  readonly name: string
  readonly #parts: ClientParts

  constructor(name: string, parts: ClientParts) {
    this.name = name
    this.#parts = parts
  }

  subscribe(options: SubscribeOptions<T> | ((message: Message<T>) => void) = {}): Subscription<T> {
    const checked = checkSubscribe(typeof options === 'function' ? { onMessage: options } : options)
    if (isPattern(this.name) && (checked.from ?? checked.last) !== undefined) {
      throw new TypeError('subscribe: a pattern is live only, it has neither `from` nor `last`')
    }
    const subscription = this.#parts.subscriptions.subscribe(this.name, checked as unknown as SubscribeOptions<Json>)
    this.#parts.wanted()
    return subscription as unknown as Subscription<T>
  }

  publish(message: T | Uint8Array, options: PublishOptions = {}): Promise<PublishResult> {
    this.#one('publish')
    checkPublish(options)
    const { publisher, limits } = this.#parts
    // Before the first connection nobody knows what the server takes: it will say so itself.
    const body = storeBody(bodyOf(message), {
      body: limits['body'] ?? LIMITS.frame,
      depth: limits['depth'] ?? LIMITS.depth,
      keys: limits['keys'] ?? LIMITS.keys,
    })
    const result = publisher.publish(this.name, body, options)
    this.#parts.wanted()
    return result
  }

  history(options: HistoryOptions = {}): Promise<History<T>> {
    this.#one('history')
    checkHistory(options)
    const limit = whole(options.limit, 'history: `limit`', 1, 100)
    const timeout = whole(options.timeout, 'history: `timeout`', 1, PATIENCE)
    const { after, before, signal } = options
    const { calls, publisher } = this.#parts
    const ch = this.name
    this.#parts.wanted()
    const { promise } = calls.ask<'history'>(
      { op: 'history', ch, limit, ...position('after', after), ...position('before', before) },
      { timeout, signal },
    )
    return quiet(
      promise.then((page) => ({
        messages: messagesOf(page, (key) => key !== undefined && publisher.isOwn(key)) as unknown as Message<T>[],
        start: page.start,
        end: page.end,
        more: page.more,
      })),
    )
  }

  presence(options: { readonly timeout?: number; readonly signal?: AbortSignal } = {}): Promise<Presence> {
    this.#one('presence')
    checkOptions(options, 'presence: its options')
    checkSignal(options.signal)
    const timeout = whole(options.timeout, 'presence: `timeout`', 1, PATIENCE)
    this.#parts.wanted()
    return quiet(this.#presence(timeout, options.signal))
  }

  /** All pages. */
  async #presence(timeout: number, signal: AbortSignal | undefined): Promise<Presence> {
    const members = new Map<string, Presence['members'][number]>()
    let page: string | undefined
    for (;;) {
      const asked = { op: 'presence', ch: this.name, ...(page === undefined ? null : { page }) } as const
      const answer = await this.#parts.calls.ask<'presence'>(asked, { timeout, signal }).promise
      for (const member of answer.members) members.set(member.peer, member)
      // A page that leads to itself would never end.
      if (answer.next === undefined || answer.next === page || answer.members.length === 0) {
        return { members: [...members.values()], count: answer.count }
      }
      page = answer.next
    }
  }

  #one(what: string): void {
    if (isPattern(this.name)) throw new TypeError(`${what}: ${this.name} is a pattern; name one channel`)
  }
}

function position(
  name: 'after' | 'before',
  value: Position | undefined,
): Partial<Record<'after' | 'before', Position>> {
  return value === undefined ? {} : { [name]: { epoch: value.epoch, offset: value.offset, id: value.id } }
}

/** The same promise; a rejection that nobody awaits goes unnoticed. */
export function quiet<V>(promise: Promise<V>): Promise<V> {
  promise.catch(() => {})
  return promise
}
