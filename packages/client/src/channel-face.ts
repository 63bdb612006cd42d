// A channel as the application holds it: checks what it is given, and passes it on. It keeps nothing but its name.

import { type HistoryCommand, isPattern, type Json, type PresenceCommand } from '@tautline/wire'
import { bodyOf } from './body.ts'
import type { Calls } from './calls.ts'
import type {
  AskOptions,
  Channel,
  History,
  HistoryOptions,
  Presence,
  PublishOptions,
  PublishResult,
} from './channel.ts'
import { check } from './checks.ts'
import { messagesOf } from './message.ts'
import { must } from './must.ts'
import { deferred } from './promises.ts'
import type { Publisher } from './publisher.ts'
import { type FetchPage, Roster } from './roster.ts'
import type { Message, SubscribeOptions, Subscription } from './subscription.ts'
import type { Subscriptions } from './subscriptions.ts'

/** What a channel uses of its client. */
export interface ClientParts {
  readonly calls: Calls
  readonly publisher: Publisher
  readonly subscriptions: Subscriptions
  /** Limits of the server, as far as they are known. */
  limits: Readonly<Record<string, number>>
  /** Something was asked for: connect, unless the application closed. */
  wanted(): void
}

const PATIENCE = 10_000

export class ChannelFace<T> implements Channel<T> {
  readonly name: string
  readonly #parts: ClientParts

  constructor(name: string, parts: ClientParts) {
    check('channel', { channel: name ?? null })
    this.name = name
    this.#parts = parts
  }

  subscribe(options: SubscribeOptions<T> | ((message: Message<T>) => void) = {}): Subscription<T> {
    const checked = check('subscribe', typeof options === 'function' ? { onMessage: options } : options)
    const { from, last } = checked
    must(from === undefined || last === undefined, 'subscribe: give from or last, not both')
    must((from ?? last) === undefined || !isPattern(this.name), 'subscribe: a pattern has neither from nor last')
    const subscription = this.#parts.subscriptions.subscribe(this.name, checked as unknown as SubscribeOptions<Json>)
    this.#parts.wanted()
    return subscription as unknown as Subscription<T>
  }

  publish(message: T | Uint8Array, options: PublishOptions = {}): Promise<PublishResult> {
    const { publisher, limits, wanted } = this.#one('publish', options)
    const result = publisher.publish(this.name, bodyOf(message, limits), options)
    wanted()
    return result
  }

  history(options: HistoryOptions = {}): Promise<History<T>> {
    const { calls, publisher } = this.#one('history', options)
    const { limit = 100, after, before, timeout = PATIENCE, signal } = options
    must(!after || !before, 'history: give after or before, not both')
    const asked = { op: 'history', ch: this.name, limit, after, before } as HistoryCommand
    return quiet(
      calls.ask<'history'>(asked, { timeout, signal }).promise.then((page) => ({
        messages: messagesOf(page, publisher) as unknown as Message<T>[],
        start: page.start,
        end: page.end,
        more: page.more,
      })),
    )
  }

  presence(options: AskOptions = {}): Promise<Presence> {
    const { calls } = this.#one('presence', options)
    const { timeout = PATIENCE, signal } = options
    const { promise, resolve, reject } = deferred<Presence>()
    const fetch: FetchPage = (page, settle) => {
      const asked = { op: 'presence', ch: this.name, page } as PresenceCommand
      calls.ask<'presence'>(asked, { timeout, signal }).promise.then(settle, reject)
    }
    new Roster(fetch, ({ members, count }) => resolve({ members: [...members.values()], count })).begin()
    return promise
  }

  /** Checks, also that this is one channel. */
  #one(where: string, options: object): ClientParts {
    check(where, options)
    must(!isPattern(this.name), `${where}: ${this.name} is a pattern`)
    return this.#parts
  }
}

/** The same promise; a rejection that nobody awaits goes unnoticed. */
export function quiet<V>(promise: Promise<V>): Promise<V> {
  promise.catch(() => {})
  return promise
}
