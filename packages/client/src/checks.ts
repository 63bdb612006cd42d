// Arguments of the application, checked where they are given: what is wrong, and what to write instead. It keeps
// nothing.

import { type Policy, systemClock, systemRandom } from '@tautline/wire'
import type { ConnectionSettings } from './connection-parts.ts'
import { leanCodec } from './json.ts'
import { pageLifecycle } from './lifecycle.ts'
import { must } from './must.ts'
import type { ClientOptions, WebSocketClass } from './options.ts'
import { isPosition } from './position.ts'

type Rule = readonly [test: (value: never) => boolean, must: string]

const PRINTABLE = /^[!-~]{1,128}$/

const position: Rule = [isPosition, 'a position that the server gave']
const count: Rule = [(value) => Number.isSafeInteger(value) && value >= 0, 'a whole number']
const call: Rule = [(value) => typeof value === 'function', 'a function']
const text: Rule = [
  (value: unknown) => typeof value === 'string' && PRINTABLE.test(value),
  '1 to 128 ASCII characters, no space',
]

function isPolicy(policy: Policy): boolean {
  return (
    ['lossless', 'latest', 'disconnect'].includes(policy as string) || ((policy as { drop?: number }).drop ?? 0) > 0
  )
}

/** What an option of a name must be, wherever it occurs. */
const RULES: Readonly<Record<string, Rule>> = {
  from: position,
  after: position,
  before: position,
  last: count,
  limit: count,
  timeout: count,
  min: count,
  max: count,
  connectTimeout: count,
  maxQueue: count,
  onMessage: call,
  onLost: call,
  snapshot: call,
  WebSocket: call,
  key: text,
  state: text,
  channel: text,
  method: text,
  policy: [isPolicy, "'lossless', 'latest', 'disconnect' or { drop: n }"],
  token: [
    (value: unknown) => typeof value === 'function' || (typeof value === 'string' && value !== ''),
    'text or a function',
  ],
  signal: [(value: unknown) => value instanceof AbortSignal, 'an AbortSignal'],
  codec: [(value: { decode?: unknown }) => typeof value?.decode === 'function', 'a codec'],
  outbox: [(value: { stamp?: unknown }) => typeof value?.stamp === 'function', 'an Outbox'],
}

/**
 * Checks every option by its name.
 *
 * @throws TypeError saying which one is wrong and what it must be
 */
export function check<T extends object>(where: string, options: T): T {
  must(typeof options === 'object' && options !== null, `${where}: the options must be an object`)
  for (const [name, value] of Object.entries(options)) {
    const rule = RULES[name]
    must(rule === undefined || value === undefined || rule[0](value as never), `${where}: ${name} must be ${rule?.[1]}`)
  }
  return options
}

function checkUrl(url: unknown): string {
  const { location } = globalThis as { readonly location?: { readonly href: string } }
  // Throws a TypeError by itself where it is none.
  const parsed = new URL(url as string, location?.href)
  must(/^(http|ws)s?:$/.test(parsed.protocol), `the url must be http(s): or ws(s):, not ${url}`)
  parsed.protocol = parsed.protocol.replace('http', 'ws')
  parsed.hash = ''
  return parsed.href
}

/** Everything a connection needs, from what the application gave. */
export function checkClient(url: unknown, options: ClientOptions): ConnectionSettings {
  const { backoff = {}, token } = check('Client', options)
  const WebSocket = options.WebSocket ?? (globalThis as { readonly WebSocket?: WebSocketClass }).WebSocket
  must(WebSocket, 'no WebSocket here: give the option WebSocket')
  const { min = 500, max = 20_000 } = check('backoff', backoff)
  return {
    url: checkUrl(url),
    codec: options.codec ?? leanCodec,
    WebSocket,
    token,
    lifecycle: options.lifecycle ?? pageLifecycle(),
    backoff: { min, max },
    connectTimeout: options.connectTimeout ?? 10_000,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
  }
}
