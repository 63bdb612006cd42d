// What an HTTP API can be told, and how it is checked: what cannot be meant is refused before anything is served. No message
// of this file ever shows a secret or a hash.

import { type Log, SettingError } from '@tautline/server'
import { type Clock, checkPattern, nearest } from '@tautline/wire'

/** What a key may do: one scope for each kind of operation. */
export const SCOPES: readonly [
  'publish',
  'history',
  'presence',
  'channels',
  'connections',
  'subscribe',
  'disconnect',
  'message',
  'revoke',
  'info',
] = [
  'publish',
  'history',
  'presence',
  'channels',
  'connections',
  'subscribe',
  'disconnect',
  'message',
  'revoke',
  'info',
]

export type Scope = (typeof SCOPES)[number]

/** Who may use the API, and for what. */
export interface ApiKey {
  /**
   * Says whose key it is, in logs and errors. Idempotency keys and the rate belong to the name: while a secret is being
   * replaced, two entries bear the same one. 1 to 64 letters, digits and . _ -
   */
  readonly name: string
  /** What the caller sends: 24 to 512 printable ASCII characters, such as `openssl rand -base64 32` writes them. */
  readonly secret?: string | undefined
  /** Instead of the secret: 'sha256:' and the hash of it, as hex or base64. */
  readonly hash?: string | undefined
  /** What it may do; ['*'] is everything. */
  readonly scopes: readonly (Scope | '*')[]
  /** Channels it may name, as names or patterns. Default: all of them. */
  readonly channels?: readonly string[]
}

export interface ApiOptions {
  /** Without one every call is refused. */
  readonly keys: readonly ApiKey[]
  /** Pages that may call from another origin: `https://admin.example.com`. Default: none. */
  readonly origins?: readonly string[]
  /** Where the routes begin. Default '/api/v1'. */
  readonly basePath?: string
  /** Calls a second of one key, and at once; a broadcast counts as one for each channel. Default 1,000 and 2,000. */
  readonly rate?: { readonly perSecond?: number; readonly burst?: number }
  /** Bytes of a request's body. Default: twice the server's `limits.body`, and 32 KiB. */
  readonly maxBody?: number
  /** ms in which a request's body has to arrive. Default 10,000. */
  readonly bodyTimeout?: number
  /** Is the page to try it served (`…/docs`)? Default true. The document (`…/openapi.json`) always is. */
  readonly docs?: boolean
  /** Default: nothing is written. */
  readonly log?: Log
  readonly clock?: Clock
}

const OPTIONS = [
  'keys',
  'origins',
  'basePath',
  'rate',
  'maxBody',
  'bodyTimeout',
  'docs',
  'log',
  'clock',
] as const satisfies readonly (keyof ApiOptions)[]

const KEY_FIELDS = ['name', 'secret', 'hash', 'scopes', 'channels'] as const satisfies readonly (keyof ApiKey)[]

/** Checks all but `origins`, which their judge reads. @throws SettingError naming the option and what to write instead */
export function checkOptions(options: ApiOptions): void {
  known('createApi()', options, OPTIONS)
  if (!Array.isArray(options.keys)) {
    throw new SettingError('keys', `must be a list such as [{ name: 'billing', secret, scopes: ['publish'] }]`)
  }
  options.keys.forEach((key: unknown, i) => {
    checkKey(`keys[${i}]`, key)
  })
  const { basePath, maxBody, bodyTimeout, rate } = options
  if (basePath !== undefined && !/^(\/[A-Za-z0-9._~-]+)+$/.test(basePath)) {
    throw new SettingError('basePath', `must be a path without '/' at its end, such as '/api/v1'`)
  }
  known('rate', rate ?? {}, ['perSecond', 'burst'])
  checkNumber('rate.perSecond', rate?.perSecond, 1)
  // A broadcast to 100 channels has to fit in.
  checkNumber('rate.burst', rate?.burst, 100)
  checkNumber('maxBody', maxBody, 1_024)
  checkNumber('bodyTimeout', bodyTimeout, 100)
}

function checkKey(path: string, given: unknown): void {
  known(path, given, KEY_FIELDS)
  const { name, secret, hash, scopes, channels } = given as Partial<Record<keyof ApiKey, unknown>>
  if (typeof name !== 'string' || !/^[A-Za-z0-9._-]{1,64}$/.test(name)) {
    throw new SettingError(`${path}.name`, 'must be 1 to 64 letters, digits and . _ -')
  }
  if ((secret === undefined) === (hash === undefined)) {
    throw new SettingError(path, `(${name}) must have either 'secret' or 'hash'`)
  }
  if (secret !== undefined && (typeof secret !== 'string' || !/^[!-~]{24,512}$/.test(secret))) {
    throw new SettingError(
      `${path}.secret`,
      `(${name}) must be 24 to 512 printable ASCII characters without space: write what \`openssl rand -base64 32\` prints`,
    )
  }
  if (hash !== undefined && readHash(hash) === null) {
    throw new SettingError(`${path}.hash`, `(${name}) must be 'sha256:' and 64 hex digits, or as many bytes in base64`)
  }
  checkScopes(`${path}.scopes`, scopes)
  if (channels === undefined) return
  if (!Array.isArray(channels)) throw new SettingError(`${path}.channels`, `must be a list such as ['chat:*']`)
  channels.forEach((pattern: unknown, i) => {
    const problem = typeof pattern === 'string' ? checkPattern(pattern) : 'is not text'
    if (problem !== null) throw new SettingError(`${path}.channels[${i}]`, problem)
  })
}

function checkScopes(path: string, scopes: unknown): void {
  if (!Array.isArray(scopes)) throw new SettingError(path, `must be a list of ${SCOPES.join(', ')}, or ['*']`)
  scopes.forEach((scope: unknown, i) => {
    if (scope === '*' || SCOPES.includes(scope as Scope)) return
    const near = typeof scope === 'string' ? nearest(scope, SCOPES) : null
    const hint = near === null ? `known are ${SCOPES.join(', ')} and '*'` : `did you mean '${near}'?`
    throw new SettingError(`${path}[${i}]`, `is no scope: ${hint}`)
  })
}

/** The 32 bytes of a hash as the configuration writes it; null: it is none. */
export function readHash(hash: unknown): Buffer | null {
  const [, text] = (typeof hash === 'string' && /^sha256:([A-Za-z0-9+/_-]+={0,2})$/.exec(hash)) || []
  if (text === undefined) return null
  const bytes = Buffer.from(text, /^[0-9a-f]{64}$/i.test(text) ? 'hex' : 'base64')
  return bytes.length === 32 ? bytes : null
}

function checkNumber(path: string, value: unknown, low: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && (value as number) >= low)) return
  throw new SettingError(path, `must be a whole number from ${low} on`)
}

function known(path: string, value: unknown, fields: readonly string[]): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SettingError(path, `must be an object with ${fields.join(', ')}`)
  }
  const unknown = Object.keys(value).find((field) => !fields.includes(field))
  if (unknown === undefined) return
  const near = nearest(unknown, fields)
  const hint = near === null ? `known are ${fields.join(', ')}` : `did you mean '${near}'?`
  throw new SettingError(path, `has an unknown key ${JSON.stringify(unknown.slice(0, 40))}: ${hint}`)
}
