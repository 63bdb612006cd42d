// Reads the options of `jwt`. What cannot be meant, or would let in somebody who should not be, is refused where it
// stands. A secret is never shown: errors say its length.

import { createPublicKey, createSecretKey, type JsonWebKey, KeyObject } from 'node:crypto'
import { type Clock, nearest, systemClock } from '@tautline/wire'
import type { Log } from '../options.ts'
import { readDuration, readFlag, readObject, SettingError, shown } from '../rules/settings.ts'
import {
  ALGORITHMS,
  type Algorithm,
  isAlgorithm,
  type KeySource,
  misfit,
  StaticKeys,
  shapeOf,
  VerifyKey,
} from './algorithms.ts'
import { type JwksSettings, RemoteKeys } from './jwks.ts'
import type { JwtOptions } from './options.ts'

/** An issuer as tokens are checked against it. */
export interface Issuer {
  readonly issuer: string
  readonly audience: readonly string[]
  readonly algorithms: readonly Algorithm[]
  readonly keys: KeySource
}

export interface JwtSettings {
  readonly issuers: ReadonlyMap<string, Issuer>
  /** ms */
  readonly leeway: number
  readonly cookie: string | null
  readonly subprotocol: boolean
  readonly query: string | null
  readonly anonymous: boolean
  readonly claims: Readonly<Record<'user' | 'info' | 'rights' | 'channels', string>>
  readonly clock: Clock
  readonly log: Log
}

const OPTIONS = [
  'issuers',
  'leeway',
  'cookie',
  'subprotocol',
  'query',
  'anonymous',
  'claims',
  'clock',
  'log',
] as const satisfies readonly (keyof JwtOptions)[]
const ISSUER = ['issuer', 'audience', 'algorithms', 'jwks', 'publicKey', 'secret'] as const
const CLAIMS = ['user', 'info', 'rights', 'channels'] as const
const KEYS = ['jwks', 'publicKey', 'secret'] as const
const MOST_ISSUERS = 1_000
const MOST_KEYS = 16
const MINUTE = 60_000
const JWKS_BYTES = 262_144

/** @throws SettingError */
export function readJwtOptions(options: JwtOptions): JwtSettings {
  const given = readObject('jwt()', options, OPTIONS)
  const clock = (given.clock as Clock | undefined) ?? systemClock
  const log = (given.log as Log | undefined) ?? (() => {})
  if (typeof log !== 'function') throw new SettingError('log', `must be a function, not ${shown(log)}`)
  const claims = readObject('claims', given.claims ?? {}, CLAIMS)
  return {
    issuers: readIssuers(given.issuers, { clock, log }),
    leeway: readDuration('leeway', given.leeway, 0, 5 * MINUTE, 5_000),
    cookie: readName('cookie', given.cookie),
    subprotocol: readFlag('subprotocol', given.subprotocol, false),
    query: readName('query', given.query),
    anonymous: readFlag('anonymous', given.anonymous, false),
    claims: {
      user: readText('claims.user', claims.user ?? 'sub'),
      info: readText('claims.info', claims.info ?? 'info'),
      rights: readText('claims.rights', claims.rights ?? 'rights'),
      channels: readText('claims.channels', claims.channels ?? 'channels'),
    },
    clock,
    log,
  }
}

interface Surroundings {
  readonly clock: Clock
  readonly log: Log
}

function readIssuers(value: unknown, around: Surroundings): ReadonlyMap<string, Issuer> {
  if (!Array.isArray(value) || value.length === 0 || value.length > MOST_ISSUERS) {
    const example =
      "[{ issuer: 'https://id.example.com', audience: 'my-app', algorithms: ['RS256'], jwks: 'https://…' }]"
    throw new SettingError('issuers', `must be a list such as ${example}`)
  }
  const issuers = new Map<string, Issuer>()
  value.forEach((one: unknown, i) => {
    const path = `issuers[${i}]`
    const issuer = readIssuer(path, one, around)
    if (issuers.has(issuer.issuer)) {
      throw new SettingError(`${path}.issuer`, `is there twice: give one issuer a list of keys`)
    }
    issuers.set(issuer.issuer, issuer)
  })
  return issuers
}

function readIssuer(path: string, value: unknown, around: Surroundings): Issuer {
  const given = readObject(path, value, ISSUER)
  const issuer = readText(`${path}.issuer`, given.issuer)
  const audience = readTexts(`${path}.audience`, given.audience, 'the name under which the issuer knows this server')
  const algorithms = readAlgorithms(`${path}.algorithms`, given.algorithms)
  const kinds = KEYS.filter((kind) => given[kind] !== undefined)
  const [kind] = kinds
  if (kind === undefined || kinds.length > 1) {
    throw new SettingError(path, `must have one of 'jwks', 'publicKey' and 'secret'`)
  }
  checkFamilies(`${path}.algorithms`, algorithms, kind)
  const keys =
    kind === 'jwks'
      ? new RemoteKeys(readJwks(`${path}.jwks`, given.jwks), { issuer, ...around })
      : new StaticKeys(
          listOf(given[kind]).map((one, i) => {
            const its = Array.isArray(given[kind]) ? `${path}.${kind}[${i}]` : `${path}.${kind}`
            return kind === 'secret' ? readSecret(its, one, algorithms) : readPublicKey(its, one, algorithms)
          }),
        )
  return { issuer, audience, algorithms, keys }
}

function readAlgorithms(path: string, value: unknown): readonly Algorithm[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw new SettingError(path, `must be a list such as ['RS256'], not ${shown(value)}`)
  }
  return value.map((name: unknown, i): Algorithm => {
    if (isAlgorithm(name)) return name
    if (typeof name === 'string' && name.toLowerCase() === 'none') {
      throw new SettingError(`${path}[${i}]`, `is 'none', which anybody can sign: name the issuer's algorithm`)
    }
    const near = typeof name === 'string' ? nearest(name, ALGORITHMS) : null
    const hint = near === null ? '' : `: did you mean '${near}'?`
    throw new SettingError(`${path}[${i}]`, `must be one of ${ALGORITHMS.join(', ')}, not ${shown(name)}${hint}`)
  })
}

/** RFC 8725 §3.1: a public key taken for a secret would let anybody sign. */
function checkFamilies(path: string, algorithms: readonly Algorithm[], kind: (typeof KEYS)[number]): void {
  algorithms.forEach((algorithm, i) => {
    if ((shapeOf(algorithm).family === 'secret') === (kind === 'secret')) return
    const needs = kind === 'secret' ? 'HS256, HS384 or HS512' : 'an algorithm with public keys, such as RS256'
    throw new SettingError(`${path}[${i}]`, `is ${algorithm}, and the issuer has '${kind}': write ${needs}`)
  })
}

function readSecret(path: string, value: unknown, algorithms: readonly Algorithm[]): VerifyKey {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value
  if (!(bytes instanceof Uint8Array)) throw new SettingError(path, `must be text or bytes, not ${typeof value}`)
  if (Buffer.from(bytes.subarray(0, 11)).toString('latin1') === '-----BEGIN ') {
    throw new SettingError(path, 'is a PEM key, which others may know: write it as publicKey, with its own algorithm')
  }
  for (const algorithm of algorithms) {
    const { bytes: least = 0 } = shapeOf(algorithm)
    if (bytes.length >= least) continue
    throw new SettingError(path, `has ${bytes.length} bytes, and ${algorithm} needs ${least} (RFC 7518 §3.2)`)
  }
  return new VerifyKey(createSecretKey(bytes), undefined)
}

function readPublicKey(path: string, value: unknown, algorithms: readonly Algorithm[]): VerifyKey {
  const isPem = typeof value === 'string'
  if (!isPem && (typeof value !== 'object' || value === null || value instanceof KeyObject)) {
    throw new SettingError(path, 'must be a PEM text or a JWK')
  }
  const { d, kid, alg } = isPem ? {} : (value as JsonWebKey & { readonly kid?: unknown; readonly alg?: unknown })
  if (d !== undefined || (isPem && value.includes('PRIVATE KEY'))) {
    throw new SettingError(path, 'is a private key: give the public one, and keep that where tokens are signed')
  }
  if (kid !== undefined && typeof kid !== 'string') throw new SettingError(`${path}.kid`, 'must be text')
  let key: KeyObject
  try {
    key = isPem ? createPublicKey(value) : createPublicKey({ key: value as JsonWebKey, format: 'jwk' })
  } catch {
    throw new SettingError(path, `is no public key: it begins like '-----BEGIN PUBLIC KEY-----', or is a JWK`)
  }
  const problems = algorithms.map((algorithm) => misfit(key, algorithm))
  // Of several keys each may be for one of several algorithms.
  if (problems.every((problem) => problem !== null)) throw new SettingError(path, problems[0] as string)
  return new VerifyKey(key, kid as string | undefined, alg)
}

function readJwks(path: string, value: unknown): JwksSettings {
  const given = readObject(path, typeof value === 'string' ? { url: value } : value, [
    'url',
    'cache',
    'cooldown',
    'timeout',
  ])
  const url = URL.parse(readText(`${path}.url`, given.url))
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new SettingError(path, `must be an address such as https://id.example.com/keys, not ${shown(given.url)}`)
  }
  // Whoever is on the way could put in keys of their own.
  if (url.protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)) {
    throw new SettingError(path, `must be https:, not ${shown(given.url)}`)
  }
  if (url.username !== '' || url.password !== '') throw new SettingError(path, 'must be without a user and password')
  return {
    url: url.href,
    cache: readDuration(`${path}.cache`, given.cache, 1_000, 24 * 60 * MINUTE, 10 * MINUTE),
    cooldown: readDuration(`${path}.cooldown`, given.cooldown, 1_000, 60 * MINUTE, 30_000),
    // The decision who somebody is may take 5 s.
    timeout: readDuration(`${path}.timeout`, given.timeout, 100, 4_500, 3_000),
    bytes: JWKS_BYTES,
  }
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) return [value]
  if (value.length > 0 && value.length <= MOST_KEYS) return value
  throw new SettingError('issuers', `must have 1 to ${MOST_KEYS} keys in a list`)
}

function readTexts(path: string, value: unknown, what: string): readonly string[] {
  const list = Array.isArray(value) ? value : [value]
  if (list.length > 0 && list.every((one) => typeof one === 'string' && one !== '')) return list as string[]
  throw new SettingError(path, `must be text, or a list of texts: ${what}, not ${shown(value)}`)
}

function readText(path: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  throw new SettingError(path, `must be text, not ${shown(value)}`)
}

/** The name of a cookie or of a query parameter: a token of RFC 9110 §5.6.2. */
function readName(path: string, value: unknown): string | null {
  if (value === undefined) return null
  if (typeof value === 'string' && /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/.test(value)) return value
  throw new SettingError(path, `must be a name such as 'session', not ${shown(value)}`)
}
