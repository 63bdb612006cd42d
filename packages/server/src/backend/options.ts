// What a backend of hooks can be told, read once and refused where it is wrong. No value of a secret, and no query of a
// URL, is ever part of an error.

import { type Clock, checkPattern, type Random, systemClock, systemRandom } from '@tautline/wire'
import type { Duration } from '../duration.ts'
import type { Log } from '../options.ts'
import { readDuration, readFlag, readInteger, readObject, SettingError, shown } from '../rules/settings.ts'
import { readAddress } from './address.ts'
import type { BreakerSettings } from './breaker.ts'
import { readSecrets } from './signature.ts'

/** What a backend can be asked. */
export type HookEvent = 'connect' | 'subscribe' | 'publish' | 'rpc' | 'disconnect'

export const EVENTS: readonly HookEvent[] = ['connect', 'subscribe', 'publish', 'rpc', 'disconnect']

/** One event, where it differs from the others. */
export interface HookEventOptions {
  /** Default: the `url` of all. */
  readonly url?: string
  /** Of one attempt. Calls (`rpc`) may take up to 5 minutes, disconnects one; the others 4.5 s. */
  readonly timeout?: Duration
  readonly retries?: number
  readonly concurrency?: number
  readonly queue?: number
  /** `subscribe` and `publish`: channels or patterns the backend decides on. For others the rules decide alone. Default: all. */
  readonly channels?: readonly string[]
}

export interface BackendOptions {
  /** Where events go that have no URL of their own. https, or http to this machine or a private network. */
  readonly url?: string
  /**
   * What requests are signed with: 'whsec_' and the base64 of 24 to 64 random bytes, as Standard Webhooks writes it. Several
   * while one replaces another: each request then carries a signature of each.
   */
  readonly secret: string | readonly string[]
  /** What the backend is asked: true, the URL for it, or more. */
  readonly events: { readonly [event in HookEvent]?: boolean | string | HookEventOptions }
  /** For one attempt. Default '3s', at most '4.5s': a client waits 5 s for a decision. */
  readonly timeout?: Duration
  /** Attempts after the first, where repeating is safe. Default 2. */
  readonly retries?: number
  /** Requests under way at once, for each event. One user has a quarter of them at most. Default 64. */
  readonly concurrency?: number
  /** Requests that wait for their turn, for each event. Default 1,000; 10,000 for disconnects. */
  readonly queue?: number
  /** When to stop asking for a while. false: never. */
  readonly breaker?: false | HookBreakerOptions
  /** Headers of the handshake that `connect` passes on. Default: none. `cookie` needs `cookies: true` of the server. */
  readonly headers?: readonly string[]
  /** Bytes of an answer at most. Default 1 MiB and some. */
  readonly maxAnswer?: number
  /** true: http to anywhere. Whoever listens reads tokens, then. Default false. */
  readonly insecure?: boolean
  /** Default: nothing is written. */
  readonly log?: Log
  readonly clock?: Clock
  readonly random?: Random
}

export interface HookBreakerOptions {
  /** The share of attempts that fail at which it opens, over 0 to 1. Default 0.5. */
  readonly failures?: number
  /** The attempts that are looked at: the newest so many. It takes half of them to decide. Default 20. */
  readonly window?: number
  /** How long it stays open at first. Doubled, up to a minute, while the backend stays away. Default '5s'. */
  readonly rest?: Duration
}

/** One event as it is configured. */
export interface EventSettings {
  readonly event: HookEvent
  readonly url: string
  readonly timeout: number
  /** ms for all attempts, and for waiting. */
  readonly deadline: number
  readonly retries: number
  readonly concurrency: number
  readonly queue: number
  readonly channels: readonly string[] | null
}

export interface BackendSettings {
  readonly keys: readonly Uint8Array[]
  readonly events: ReadonlyMap<HookEvent, EventSettings>
  readonly breaker: BreakerSettings | null
  readonly headers: readonly string[]
  readonly maxAnswer: number
  readonly log: Log
  readonly clock: Clock
  readonly random: Random
}

/** ms. Sessions wait 5 s for a hook: what is known earlier can be said better. */
const DECISION = 4_500
const LONGEST_CALL = 300_000
const LONGEST_NOTICE = 60_000
/** A result of 1 MiB, and what is around it. */
const ANSWER = 1_064_960

const DEFAULTS = { timeout: 3_000, retries: 2, concurrency: 64, queue: 1_000, notices: 10_000 }

const KEYS: readonly (keyof BackendOptions)[] = [
  'url',
  'secret',
  'events',
  'timeout',
  'retries',
  'concurrency',
  'queue',
  'breaker',
  'headers',
  'maxAnswer',
  'insecure',
  'log',
  'clock',
  'random',
]

/** @throws SettingError, TypeError */
export function readBackendOptions(given: BackendOptions): BackendSettings {
  const options = readObject('backend()', withoutSecret(given), KEYS)
  const insecure = readFlag('insecure', options.insecure, false)
  const url = options.url === undefined ? undefined : readAddress('url', options.url, insecure)
  const log = options.log ?? (() => {})
  if (typeof log !== 'function') throw new SettingError('log', `must be a function, not ${shown(log)}`)
  return {
    keys: readSecrets('secret', given.secret),
    events: readEvents(options, url, insecure),
    breaker: readBreaker(options.breaker),
    headers: readHeaders(options.headers),
    maxAnswer: readInteger('maxAnswer', options.maxAnswer, 1_024, 16_777_216, ANSWER),
    log: log as Log,
    clock: (options.clock as Clock | undefined) ?? systemClock,
    random: (options.random as Random | undefined) ?? systemRandom,
  }
}

/** What is shown of the options in an error must not show it. */
function withoutSecret(given: BackendOptions): unknown {
  return typeof given === 'object' && given !== null && !Array.isArray(given) ? { ...given, secret: '…' } : undefined
}

type Given = Readonly<Partial<Record<keyof BackendOptions, unknown>>>

function readEvents(options: Given, url: string | undefined, insecure: boolean): Map<HookEvent, EventSettings> {
  const given = readObject('events', options.events, EVENTS)
  const settings = new Map<HookEvent, EventSettings>()
  for (const event of EVENTS) {
    const one = given[event]
    if (one === undefined || one === false) continue
    settings.set(event, readEvent(event, one, options, url, insecure))
  }
  if (settings.size > 0) return settings
  throw new SettingError('events', 'names none: write { connect: true }, or what the backend shall be asked')
}

function readEvent(
  event: HookEvent,
  given: unknown,
  all: Given,
  url: string | undefined,
  insecure: boolean,
): EventSettings {
  const path = `events.${event}`
  if (given !== true && typeof given !== 'string' && (typeof given !== 'object' || given === null)) {
    throw new SettingError(path, `must be true, the URL that is asked, or an object with more, not ${shown(given)}`)
  }
  const own = given === true ? {} : typeof given === 'string' ? { url: given } : given
  const known = ['url', 'timeout', 'retries', 'concurrency', 'queue', 'channels'] as const
  const { channels, ...one } = readObject(path, own, known)
  const its =
    one.url === undefined ? url : readAddress(typeof given === 'string' ? path : `${path}.url`, one.url, insecure)
  if (its === undefined) throw new SettingError(path, 'has no URL: give it one, or all of them with `url`')
  if (channels !== undefined && event !== 'subscribe' && event !== 'publish') {
    throw new SettingError(path, "has an unknown key 'channels': only subscribe and publish have some")
  }
  const longest = event === 'rpc' ? LONGEST_CALL : event === 'disconnect' ? LONGEST_NOTICE : DECISION
  const timeout = readDuration('timeout', all.timeout, 10, DECISION, DEFAULTS.timeout)
  const queue = readInteger(
    'queue',
    all.queue,
    0,
    1_000_000,
    event === 'disconnect' ? DEFAULTS.notices : DEFAULTS.queue,
  )
  const ownTimeout = readDuration(`${path}.timeout`, one.timeout, 10, longest, timeout)
  return {
    event,
    url: its,
    timeout: ownTimeout,
    deadline: event === 'rpc' ? Math.max(DECISION, ownTimeout) : longest,
    retries: readInteger(
      `${path}.retries`,
      one.retries,
      0,
      10,
      readInteger('retries', all.retries, 0, 10, DEFAULTS.retries),
    ),
    concurrency: readInteger(
      `${path}.concurrency`,
      one.concurrency,
      1,
      10_000,
      readInteger('concurrency', all.concurrency, 1, 10_000, DEFAULTS.concurrency),
    ),
    queue: readInteger(`${path}.queue`, one.queue, 0, 1_000_000, queue),
    channels: readChannels(`${path}.channels`, channels),
  }
}

function readChannels(path: string, given: unknown): readonly string[] | null {
  if (given === undefined) return null
  if (!Array.isArray(given)) throw new SettingError(path, `must be a list such as ['chat:*'], not ${shown(given)}`)
  for (const [i, one] of given.entries()) {
    const problem = typeof one === 'string' ? checkPattern(one) : 'is no text'
    if (problem !== null) throw new SettingError(`${path}[${i}]`, `${problem}: ${shown(one)}`)
  }
  return [...(given as string[])]
}

function readBreaker(given: unknown): BreakerSettings | null {
  if (given === false) return null
  const { failures = 0.5, window, rest } = readObject('breaker', given ?? {}, ['failures', 'window', 'rest'])
  if (typeof failures !== 'number' || !(failures > 0 && failures <= 1)) {
    throw new SettingError('breaker.failures', `must be a share over 0 up to 1, such as 0.5, not ${shown(failures)}`)
  }
  return {
    failures,
    window: readInteger('breaker.window', window, 1, 1_000, 20),
    rest: readDuration('breaker.rest', rest, 10, 60_000, 5_000),
  }
}

function readHeaders(given: unknown): readonly string[] {
  if (given === undefined) return []
  if (!Array.isArray(given))
    throw new SettingError('headers', `must be a list such as ['user-agent'], not ${shown(given)}`)
  if (given.length > 32) throw new SettingError('headers', `must be 32 at most, not ${given.length}`)
  return given.map((one, i) => {
    // RFC 9110 §5.1: a field name is a token.
    if (typeof one === 'string' && /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/.test(one)) return one.toLowerCase()
    throw new SettingError(`headers[${i}]`, `must be the name of a header, not ${shown(one)}`)
  })
}
