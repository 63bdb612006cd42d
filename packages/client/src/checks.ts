// Arguments of the application, checked where they are given: what is wrong, and what to write instead. It keeps
// nothing.

import {
  checkChannel,
  checkPattern,
  isPattern,
  jsonCodec,
  LIMITS,
  type Policy,
  systemClock,
  systemRandom,
} from '@tautline/wire'
import type { HistoryOptions, PublishOptions } from './channel.ts'
import type { ConnectionSettings } from './connection.ts'
import { pageLifecycle } from './lifecycle.ts'
import type { ClientOptions, WebSocketClass } from './options.ts'
import type { Outbox } from './outbox.ts'
import { isPosition } from './position.ts'
import type { SubscribeOptions } from './subscription.ts'

function wrong(what: string, must: string): never {
  throw new TypeError(`${what} must be ${must}`)
}

/** A whole number of at least `min`. */
export function whole(value: unknown, what: string, min: number, otherwise: number): number {
  if (value === undefined) return otherwise
  if (!Number.isSafeInteger(value) || (value as number) < min) wrong(what, `a whole number, at least ${min}`)
  return value as number
}

function callable(value: unknown, what: string): void {
  if (value !== undefined && typeof value !== 'function') wrong(what, 'a function')
}

export function checkOptions(options: unknown, what: string): void {
  if (typeof options !== 'object' || options === null) wrong(what, 'an object')
}

export function checkSignal(signal: unknown): void {
  if (signal !== undefined && !(signal instanceof AbortSignal)) wrong('signal', 'an AbortSignal')
}

export function checkName(name: unknown): string {
  const text = name as string
  const problem = typeof name === 'string' && isPattern(text) ? checkPattern(text) : checkChannel(text)
  if (problem !== null) {
    throw new TypeError(`the channel ${JSON.stringify(name)?.slice(0, 150)} ${problem}; a name is like 'chat:42'`)
  }
  return text
}

/** What goes into a position's or a limit's place of `history`. */
export function checkHistory(options: HistoryOptions): void {
  checkOptions(options, 'history: its options')
  const { after, before } = options
  if (after !== undefined && before !== undefined) throw new TypeError('history: give `after` or `before`, not both')
  if (after !== undefined && !isPosition(after)) wrong('history: `after`', 'a position that the server gave')
  if (before !== undefined && !isPosition(before)) wrong('history: `before`', 'a position that the server gave')
  checkSignal(options.signal)
}

function isPolicy(policy: Policy): boolean {
  if (policy === 'lossless' || policy === 'latest' || policy === 'disconnect') return true
  return typeof policy === 'object' && policy !== null && Number.isSafeInteger(policy.drop) && policy.drop > 0
}

export function checkSubscribe<T>(options: SubscribeOptions<T>): SubscribeOptions<T> {
  checkOptions(options, 'subscribe: its argument (or give a function)')
  const { from, last, policy, token } = options
  if (from !== undefined && last !== undefined) throw new TypeError('subscribe: give `from` or `last`, not both')
  if (from !== undefined && !isPosition(from)) wrong('subscribe: `from`', 'a position that the server gave')
  whole(last, 'subscribe: `last`', 0, 0)
  if (policy !== undefined && !isPolicy(policy))
    wrong('subscribe: `policy`', "'lossless', 'latest', 'disconnect' or { drop: n }")
  if (token !== undefined && (typeof token !== 'string' || token === '')) wrong('subscribe: `token`', 'text')
  callable(options.onMessage, 'subscribe: `onMessage`')
  callable(options.onLost, 'subscribe: `onLost`')
  callable(options.snapshot, 'subscribe: `snapshot`')
  return options
}

export function checkPublish(options: PublishOptions): void {
  checkOptions(options, 'publish: its options')
  const { key, state } = options
  if (key !== undefined && (typeof key !== 'string' || !/^[!-~]{1,64}$/.test(key))) {
    wrong('publish: `key`', '1 to 64 printable ASCII characters')
  }
  if (state !== undefined && (typeof state !== 'string' || state === '' || state.length > LIMITS.state)) {
    wrong('publish: `state`', `text of 1 to ${LIMITS.state} bytes`)
  }
  checkSignal(options.signal)
}

function checkUrl(url: unknown): string {
  const base = (globalThis as { readonly location?: { readonly href: string } }).location?.href
  const parsed = URL.parse(String(url), base)
  if (parsed === null)
    throw new TypeError(`the url ${JSON.stringify(String(url)).slice(0, 200)} is none; give 'https://…'`)
  if (parsed.protocol === 'https:') parsed.protocol = 'wss:'
  else if (parsed.protocol === 'http:') parsed.protocol = 'ws:'
  else if (parsed.protocol !== 'ws:' && parsed.protocol !== 'wss:') wrong('the url', 'http(s): or ws(s):')
  parsed.hash = ''
  return parsed.href
}

/** Everything a connection needs, from what the application gave. */
export function checkClient(url: unknown, options: ClientOptions): ConnectionSettings {
  checkOptions(options, 'the options of a client')
  const { token, codec = jsonCodec, backoff = {} } = options
  if (token !== undefined && typeof token !== 'function' && (typeof token !== 'string' || token === '')) {
    wrong('`token`', 'text, or a function that gives it')
  }
  if (typeof codec?.decode !== 'function') wrong('`codec`', "jsonCodec, or msgpackCodec of '@tautline/wire/msgpack'")
  const WebSocket = options.WebSocket ?? (globalThis as { readonly WebSocket?: WebSocketClass }).WebSocket
  if (typeof WebSocket !== 'function') {
    throw new TypeError(
      'there is no global WebSocket here: give the option `WebSocket` a class (Node before 22: of a package)',
    )
  }
  checkOptions(backoff, '`backoff`')
  return {
    url: checkUrl(url),
    codec,
    WebSocket,
    token,
    lifecycle: options.lifecycle ?? pageLifecycle(),
    backoff: { min: whole(backoff.min, '`backoff.min`', 1, 500), max: whole(backoff.max, '`backoff.max`', 1, 20_000) },
    connectTimeout: whole(options.connectTimeout, '`connectTimeout`', 1, 10_000),
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
  }
}

export function checkMethod(method: unknown): void {
  if (typeof method !== 'string' || !/^[!-~]{1,128}$/.test(method)) {
    wrong('call: the name of the method', '1 to 128 printable ASCII characters')
  }
}

export function checkOutbox(outbox: Outbox | undefined): Outbox | undefined {
  if (
    outbox !== undefined &&
    ![outbox.open, outbox.put, outbox.stamp, outbox.remove].every((of) => typeof of === 'function')
  ) {
    wrong('`outbox`', 'an Outbox: open, put, stamp, remove')
  }
  return outbox
}
