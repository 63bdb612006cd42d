// Signs tokens: for servers that are their own issuer, for tokens of channels, and for development. It keeps no key.

import { createPrivateKey, createSecretKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { type Clock, type Json, systemClock } from '@tautline/wire'
import { SignJWT } from 'jose'
import type { Duration } from '../duration.ts'
import type { Action, Right } from '../options.ts'
import { readDuration, readObject, SettingError, shown } from '../rules/settings.ts'
import { ALGORITHMS, type Algorithm, isAlgorithm, misfit, shapeOf } from './algorithms.ts'

/** What a token says. */
export interface TokenContent {
  readonly issuer: string
  readonly audience: string | readonly string[]
  /** How long it is good for, from now on. */
  readonly expires: Duration
  /** Who it is: `sub`. */
  readonly user?: string
  /** By which it can be revoked: `jti`. */
  readonly id?: string
  readonly info?: Json
  readonly rights?: readonly Right[]
  /** Channels to which the server subscribes whoever connects with it. */
  readonly channels?: readonly string[]
  /** Makes it a token for this channel, or for those of a pattern: nobody can connect with it. */
  readonly channel?: string
  /** What a token for a channel allows. Default: everything. */
  readonly actions?: readonly Action[]
  /** Other claims. */
  readonly claims?: Readonly<Record<string, Json>>
}

export interface SignOptions {
  readonly algorithm: Algorithm
  /** For HS algorithms: as long as the hash at least. */
  readonly secret?: string | Uint8Array
  /** For all others: PEM or JWK. */
  readonly privateKey?: string | JsonWebKey
  /** The key's name, where the issuer has several. */
  readonly kid?: string
  readonly clock?: Clock
}

const CONTENT = [
  'issuer',
  'audience',
  'expires',
  'user',
  'id',
  'info',
  'rights',
  'channels',
  'channel',
  'actions',
  'claims',
] as const satisfies readonly (keyof TokenContent)[]
const OPTIONS = ['algorithm', 'secret', 'privateKey', 'kid', 'clock'] as const satisfies readonly (keyof SignOptions)[]
const YEAR = 31_536_000_000

/**
 * Signs a token.
 *
 * @throws SettingError: a key that does not fit the algorithm, or is too short; no expiry
 */
export async function signToken(content: TokenContent, options: SignOptions): Promise<string> {
  readObject('signToken()', content, CONTENT)
  const { algorithm, kid, clock = systemClock } = options
  const key = readKey(options)
  const { issuer, audience, user, id, info, rights, channels, channel, actions, claims } = content
  const life = readDuration('expires', content.expires, 1, YEAR, 0)
  if (life === 0) throw new SettingError('expires', "must be a duration such as '15m'")
  const now = clock.wall() / 1_000
  const said = { sub: user, jti: id, info, rights, channels, channel, actions }
  const own = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined))
  return new SignJWT({ ...claims, ...own })
    .setProtectedHeader({
      alg: algorithm,
      typ: channel === undefined ? 'JWT' : 'channel+jwt',
      ...(kid === undefined ? null : { kid }),
    })
    .setIssuer(issuer)
    .setAudience(typeof audience === 'string' ? audience : [...audience])
    .setIssuedAt(now)
    .setExpirationTime(now + life / 1_000)
    .sign(key)
}

function readKey(options: SignOptions): KeyObject {
  const { algorithm, secret, privateKey } = readObject('signToken() options', options, OPTIONS)
  if (!isAlgorithm(algorithm)) {
    throw new SettingError('algorithm', `must be one of ${ALGORITHMS.join(', ')}, not ${shown(algorithm)}`)
  }
  const { family, bytes: least = 0 } = shapeOf(algorithm)
  if (family === 'secret') {
    const bytes = typeof secret === 'string' ? Buffer.from(secret, 'utf8') : secret
    if (!(bytes instanceof Uint8Array)) throw new SettingError('secret', `must be text or bytes: ${algorithm} needs it`)
    if (bytes.length >= least) return createSecretKey(bytes)
    throw new SettingError('secret', `has ${bytes.length} bytes, and ${algorithm} needs ${least} (RFC 7518 §3.2)`)
  }
  let key: KeyObject
  try {
    key =
      typeof privateKey === 'string'
        ? createPrivateKey(privateKey)
        : createPrivateKey({ key: privateKey as JsonWebKey, format: 'jwk' })
  } catch {
    throw new SettingError('privateKey', 'must be a private key, as PEM or JWK')
  }
  const problem = misfit(key, algorithm)
  if (problem !== null) throw new SettingError('privateKey', problem)
  return key
}
