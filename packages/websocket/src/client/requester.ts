// Who asks for what: the target of a request, and what is sent along with it. A redirect makes a new one of it, in which
// no secret of one origin is left for another.

import type { ClientTlsOptions, ConnectOptions } from './options.ts'
import { parseLocation, sameOrigin, type Target } from './target.ts'

/** The part of a request that a redirect changes. */
export interface Requester {
  readonly target: Target
  readonly tls: ClientTlsOptions
  /** Name, value, name, value. */
  readonly headers: readonly string[]
}

/** Never sent to another origin than the one they were given for. */
const CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization'])

/**
 * The option `headers` as a flat list, with the URL's user as Authorization.
 *
 * @throws TypeError for values that are neither strings nor lists of strings, or if both say who we are
 */
export function rawHeaders(headers: ConnectOptions['headers'] = {}, target: Target): readonly string[] {
  const raw: string[] = []
  for (const [name, value] of Object.entries(headers)) {
    if (name.toLowerCase() === 'authorization' && target.authorization !== undefined) {
      throw new TypeError('give credentials either in the URL or as the header Authorization, not both')
    }
    for (const one of Array.isArray(value) ? value : [value]) raw.push(name, one as string)
  }
  if (target.authorization !== undefined) raw.push('Authorization', target.authorization)
  return raw
}

/** The request that a redirect asks for, or why it is not followed. */
export function redirected(
  from: Requester,
  locations: readonly string[],
): Requester | 'redirect-location' | 'redirect-downgrade' {
  const target = locations.length === 1 ? parseLocation(locations[0] as string, from.target) : null
  if (target === null) return 'redirect-location'
  if (from.target.secure && !target.secure) return 'redirect-downgrade'
  if (sameOrigin(from.target, target)) return { ...from, target }
  const headers: string[] = []
  for (let i = 0; i < from.headers.length; i += 2) {
    const name = from.headers[i] as string
    if (!CREDENTIALS.has(name.toLowerCase())) headers.push(name, from.headers[i + 1] as string)
  }
  return { target, headers, tls: withoutIdentity(from.tls) }
}

/** What was set for one server: our certificate is a credential, and its name and identity are not those of another. */
function withoutIdentity(tls: ClientTlsOptions): ClientTlsOptions {
  const kept = { ...tls }
  for (const key of IDENTITY) delete kept[key]
  return kept
}

const IDENTITY = [
  'cert',
  'checkServerIdentity',
  'key',
  'passphrase',
  'pfx',
  'pskCallback',
  'secureContext',
  'servername',
  'session',
] as const
