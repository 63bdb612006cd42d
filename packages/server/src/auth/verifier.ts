// Whether a token is good: signed by its issuer, with an algorithm and a key of the configuration, for this server, for
// this purpose, now. The signature is checked by jose; nothing is believed before it was.

import { errors, type JWTPayload, jwtVerify } from 'jose'
import type { Algorithm, VerifyKey } from './algorithms.ts'
import { readUnverified } from './compact.ts'
import { expired, refused } from './refusals.ts'
import type { Issuer, JwtSettings } from './settings.ts'

/** What a token is for. One for a channel lets nobody connect, and the other way round (RFC 8725 §3.12). */
export type Purpose = 'connect' | 'channel'

/** Claims of a token that is good, and its moments in ms since 1970. */
export interface Verified {
  readonly claims: JWTPayload
  readonly expires: number
  readonly issued: number | undefined
  readonly id: string | undefined
}

const TYPES: Readonly<Record<Purpose, readonly (string | undefined)[]>> = {
  connect: [undefined, 'jwt', 'at+jwt'],
  channel: ['channel+jwt'],
}
/** Seconds: the year 9999. Later ones are no moments that a clock could tell. */
const LAST = 253_402_300_799
const LONGEST_ID = 256

export class Verifier {
  private readonly settings: JwtSettings

  constructor(settings: JwtSettings) {
    this.settings = settings
  }

  /** @throws RealtimeError `unauthorized`, `token-expired`; `unavailable`: the issuer's keys cannot be had now */
  async verify(token: string, purpose: Purpose): Promise<Verified> {
    const { algorithm, kid, type, issuer: named } = readUnverified(token)
    if (!TYPES[purpose].includes(normal(type))) throw refused('purpose')
    const issuer = this.settings.issuers.get(named)
    if (issuer === undefined) throw refused('issuer')
    if (!isNamed(issuer, algorithm)) throw refused('algorithm')
    // Only this issuer's keys: another's may have the same name.
    const keys = await issuer.keys.find(kid, algorithm)
    if (keys.length === 0) throw refused('key')
    return this.read(await this.claimsOf(token, issuer, algorithm, keys))
  }

  close(): void {
    for (const { keys } of this.settings.issuers.values()) keys.close()
  }

  private async claimsOf(
    token: string,
    issuer: Issuer,
    algorithm: Algorithm,
    keys: readonly VerifyKey[],
  ): Promise<JWTPayload> {
    const { clock, leeway } = this.settings
    const options = {
      algorithms: [algorithm],
      issuer: issuer.issuer,
      audience: [...issuer.audience],
      clockTolerance: leeway / 1_000,
      currentDate: new Date(clock.wall()),
      requiredClaims: ['exp'],
    }
    for (const key of keys) {
      try {
        return (await jwtVerify(token, key.for(algorithm), options)).payload
      } catch (error) {
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw meaning(error)
      }
    }
    throw refused('signature')
  }

  /** What jose leaves open: moments that are none, and tokens from the future. */
  private read(claims: JWTPayload): Verified {
    const { exp = 0, iat, nbf, jti } = claims as Readonly<Record<string, unknown>>
    const { leeway, clock } = this.settings
    const now = clock.wall()
    if (!isMoment(exp)) throw refused('expiry')
    if ((iat !== undefined && !isMoment(iat)) || (nbf !== undefined && !isMoment(nbf))) throw refused('claims')
    if (iat !== undefined && iat * 1_000 > now + leeway) throw refused('early')
    if (jti !== undefined && (typeof jti !== 'string' || jti === '' || jti.length > LONGEST_ID)) throw refused('claims')
    const end = Math.floor(exp * 1_000)
    // jose counts whole seconds.
    if (now >= end + leeway) throw expired()
    return {
      claims,
      // One that is shown just after its end, by our clock, is good for as long as the clocks may differ.
      expires: end > now ? end : end + leeway,
      issued: iat === undefined ? undefined : Math.floor(iat * 1_000),
      id: jti,
    }
  }
}

function isNamed({ algorithms }: Issuer, name: string): name is Algorithm {
  return (algorithms as readonly string[]).includes(name)
}

/** RFC 7515 §4.1.9: `application/` may be left out; media types know no case. */
function normal(type: string | undefined): string | undefined {
  return type?.toLowerCase().replace(/^application\//, '')
}

function isMoment(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= LAST
}

/** What a client is told of what jose found. */
function meaning(error: unknown): Error {
  if (error instanceof errors.JWTExpired) return expired()
  if (!(error instanceof errors.JWTClaimValidationFailed)) return refused('malformed')
  const { claim } = error
  if (claim === 'aud') return refused('audience')
  if (claim === 'iss') return refused('issuer')
  if (claim === 'exp') return refused('expiry')
  return refused(claim === 'nbf' && error.reason === 'check_failed' ? 'early' : 'claims')
}
