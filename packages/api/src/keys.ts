// Who calls: finds the key that a request bears. Secrets are not kept, their hashes are; and how long it takes to find
// one says nothing about any of them.

import { createHash, timingSafeEqual } from 'node:crypto'
import { type Clock, matchesPattern } from '@tautline/wire'
import { Allowance } from './allowance.ts'
import { type ApiKey, type ApiOptions, readHash, type Scope } from './options.ts'
import { Refusal } from './refusal.ts'

/** Characters of what may be a secret. */
const LONGEST = 512
const RATE = { perSecond: 1_000, burst: 2_000 }

/** Who a request comes from. */
export class Caller {
  readonly name: string
  private readonly scopes: ReadonlySet<string>
  private readonly patterns: readonly string[] | undefined
  private readonly allowance: Allowance

  constructor(key: ApiKey, allowance: Allowance) {
    this.name = key.name
    this.scopes = new Set(key.scopes)
    this.patterns = key.channels
    this.allowance = allowance
  }

  /** @throws Refusal `forbidden` naming the scope that is missing (RFC 6750 §3.1) */
  mayDo(scope: Scope): void {
    if (this.scopes.has('*') || this.scopes.has(scope)) return
    throw new Refusal('forbidden', `the key "${this.name}" has no scope "${scope}"`, {
      headers: { 'www-authenticate': `Bearer realm="tautline", error="insufficient_scope", scope="${scope}"` },
    })
  }

  sees(channel: string): boolean {
    return this.patterns?.some((pattern) => matchesPattern(pattern, channel)) ?? true
  }

  /** @throws Refusal `forbidden` */
  mayName(channel: string, field: string): void {
    if (this.sees(channel)) return
    throw new Refusal('forbidden', `the channels of the key "${this.name}" do not include this one`, { field })
  }

  /** @throws Refusal `rate` */
  spend(calls: number): void {
    const after = this.allowance.take(calls)
    if (after === 0) return
    throw new Refusal('rate', `the key "${this.name}" is used too often`, { after })
  }
}

interface Entry {
  readonly digest: Buffer
  readonly caller: Caller
}

/** All keys of an API. */
export class KeyRing {
  private readonly entries: readonly Entry[]
  private readonly equal: typeof timingSafeEqual

  /** @param equal compares two hashes in a time that depends on neither; another one only counts how often */
  constructor(options: ApiOptions, clock: Pick<Clock, 'now'>, equal: typeof timingSafeEqual = timingSafeEqual) {
    const { perSecond = RATE.perSecond, burst = Math.max(RATE.burst, perSecond) } = options.rate ?? {}
    const allowances = new Map<string, Allowance>()
    this.equal = equal
    this.entries = options.keys.map((key) => {
      const allowance = allowances.get(key.name) ?? new Allowance(clock, perSecond, burst)
      allowances.set(key.name, allowance)
      // checkOptions saw to it that one of the two is there.
      const digest = key.secret === undefined ? (readHash(key.hash) as Buffer) : digestOf(key.secret)
      return { digest, caller: new Caller(key, allowance) }
    })
  }

  /**
   * Whose request it is.
   *
   * @throws Refusal `unauthorized`
   */
  callerOf(headers: Headers): Caller {
    const secret = secretOf(headers)
    const caller = secret.length > LONGEST ? null : this.find(digestOf(secret))
    if (caller === null) throw unauthorized('this API key is not known', 'error="invalid_token"')
    return caller
  }

  /** Compares with every key, also behind the one that fits. */
  private find(digest: Buffer): Caller | null {
    let found: Caller | null = null
    for (const entry of this.entries) if (this.equal(entry.digest, digest)) found = entry.caller
    return found
  }
}

function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

/** RFC 6750 §2.1, or the header that some gateways pass on more readily. */
function secretOf(headers: Headers): string {
  const authorization = headers.get('authorization')
  const other = headers.get('x-api-key')
  if (authorization !== null && other !== null) {
    throw new Refusal('bad-request', 'send the API key once: as Authorization, or as X-API-Key')
  }
  if (other !== null) return other
  if (authorization === null) throw unauthorized('send an API key: "Authorization: Bearer <key>"')
  const [, secret] = /^bearer +([!-~]+) *$/i.exec(authorization) ?? []
  if (secret === undefined) throw unauthorized('write the API key as "Authorization: Bearer <key>"')
  return secret
}

function unauthorized(message: string, error = ''): Refusal {
  const challenge = `Bearer realm="tautline"${error === '' ? '' : `, ${error}`}`
  return new Refusal('unauthorized', message, { headers: { 'www-authenticate': challenge } })
}

/** Where people put a key when they try it in a browser, and where it ends up in every log on the way. */
const KEY_PARAMETERS = /^(x[-_]?)?(api[-_]?key|key|access[-_]?token|auth[-_]?token|token|bearer|secret|authorization)$/i

/** @throws Refusal: a key in a URL is in the logs of every proxy */
export function refuseKeyInUrl(url: URL): void {
  for (const name of url.searchParams.keys()) {
    if (!KEY_PARAMETERS.test(name)) continue
    throw new Refusal(
      'bad-request',
      'an API key does not belong into a URL, where logs keep it: send it as "Authorization: Bearer <key>", and replace the one that was sent',
      { field: name },
    )
  }
}
