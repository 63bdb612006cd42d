// An issuer's keys from its JWKS address. The address is the configuration's, never a token's; a set belongs to one
// issuer and is looked into by nobody else. Asked once for all who wait, not again within the cooldown, and never for
// longer or more than it may.

import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { type Clock, RealtimeError } from '@tautline/wire'
import { textOf } from '../error-text.ts'
import type { Log } from '../options.ts'
import { type Algorithm, type KeySource, VerifyKey } from './algorithms.ts'

export interface JwksSettings {
  readonly url: string
  /** ms for which a set is used without asking again. */
  readonly cache: number
  /** ms between two requests that an unknown key may cause. */
  readonly cooldown: number
  /** ms for a whole answer. */
  readonly timeout: number
  /** Bytes of an answer at most. */
  readonly bytes: number
}

export interface JwksContext {
  readonly issuer: string
  readonly clock: Clock
  readonly log: Log
}

/** ms for which a set that cannot be asked for again is still used. */
const STALE = 3_600_000
/** ms between two requests while they fail. */
const FAILED_COOLDOWN = 5_000
/** Keys of a set that are looked at. */
const MOST_KEYS = 100

export class RemoteKeys implements KeySource {
  private readonly settings: JwksSettings
  private readonly context: JwksContext
  private keys: readonly VerifyKey[] = []
  /** When the set was fetched last, and when it was asked for; monotonic ms. */
  private fetchedAt: number = Number.NEGATIVE_INFINITY
  private askedAt: number = Number.NEGATIVE_INFINITY
  private failed = false
  private asking: Promise<void> | null = null
  private abort: AbortController | null = null
  private closed = false

  constructor(settings: JwksSettings, context: JwksContext) {
    this.settings = settings
    this.context = context
  }

  async find(kid: string | undefined, algorithm: Algorithm): Promise<readonly VerifyKey[]> {
    if (this.age > this.settings.cache) await this.refresh()
    let found = this.look(kid, algorithm)
    if (found.length > 0) return found
    // The issuer may have changed its keys since.
    await this.refresh()
    found = this.look(kid, algorithm)
    if (found.length > 0 || !this.failed) return found
    throw new RealtimeError('unavailable', 'the keys of the issuer cannot be read', { after: 1_000 })
  }

  close(): void {
    this.closed = true
    this.abort?.abort()
  }

  private get age(): number {
    return this.context.clock.now() - this.fetchedAt
  }

  private look(kid: string | undefined, algorithm: Algorithm): readonly VerifyKey[] {
    if (this.age > STALE + this.settings.cache) return []
    const fitting = this.keys.filter((one) => one.fits(algorithm))
    // RFC 7515 §4.1.4: a token that names no key may be meant for one only.
    if (kid === undefined) return fitting.length === 1 ? fitting : []
    return fitting.filter((one) => one.kid === kid)
  }

  /** Asks, unless it was asked a moment ago. Never rejects. */
  private async refresh(): Promise<void> {
    if (this.asking !== null) return this.asking
    const { clock, log, issuer } = this.context
    const rest = this.failed ? Math.min(FAILED_COOLDOWN, this.settings.cooldown) : this.settings.cooldown
    if (this.closed || clock.now() - this.askedAt < rest) return
    this.askedAt = clock.now()
    this.asking = this.fetch().then(
      (keys) => {
        this.keys = keys
        this.failed = false
        this.fetchedAt = clock.now()
      },
      (error: unknown) => {
        this.failed = true
        log('keys of an issuer cannot be read', { issuer, error: textOf(error) })
      },
    )
    await this.asking
    this.asking = null
  }

  private async fetch(): Promise<readonly VerifyKey[]> {
    const { url, timeout } = this.settings
    const { clock } = this.context
    const abort = new AbortController()
    this.abort = abort
    const timer = clock.setTimer(() => abort.abort(new Error(`no answer within ${timeout} ms`)), timeout)
    try {
      const headers = { accept: 'application/jwk-set+json, application/json' }
      // A redirect would be somebody else's address.
      const answer = await fetch(url, { headers, redirect: 'error', signal: abort.signal })
      if (answer.status !== 200) {
        await answer.body?.cancel()
        throw new Error(`status ${answer.status}`)
      }
      return readSet(await this.read(answer))
    } finally {
      clock.clearTimer(timer)
      this.abort = null
    }
  }

  private async read(answer: Response): Promise<string> {
    const most = this.settings.bytes
    const parts: Uint8Array[] = []
    let size = 0
    for await (const part of answer.body ?? []) {
      size += part.length
      // Leaving the loop ends the connection.
      if (size > most) throw new Error(`an answer of more than ${most} bytes`)
      parts.push(part)
    }
    return Buffer.concat(parts).toString('utf8')
  }
}

/** The public keys of a set that are for signatures. What cannot be read is none of them: others may be. */
function readSet(text: string): readonly VerifyKey[] {
  const { keys } = (JSON.parse(text) ?? {}) as { readonly keys?: unknown }
  if (!Array.isArray(keys)) throw new Error('an answer without "keys"')
  return keys.slice(0, MOST_KEYS).flatMap((jwk: unknown) => {
    const key = readKey(jwk)
    return key === null ? [] : [key]
  })
}

function readKey(jwk: unknown): VerifyKey | null {
  if (typeof jwk !== 'object' || jwk === null) return null
  const { use, kid, alg, d, key_ops: operations } = jwk as Readonly<Record<string, unknown>>
  // Secrets and private keys have no place in public: whoever reads them could sign.
  if (d !== undefined || (use !== undefined && use !== 'sig')) return null
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return null
  if (kid !== undefined && typeof kid !== 'string') return null
  try {
    return new VerifyKey(createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }), kid, alg)
  } catch {
    return null
  }
}
