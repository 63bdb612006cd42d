// The signatures that a configuration may name, and what keys they need. 'none' is not one of them, and no key fits two
// families (RFC 8725 §3.1).

import type { KeyObject, webcrypto } from 'node:crypto'

/** A way of signing, by its name in a token's header. */
export type Algorithm =
  | 'HS256'
  | 'HS384'
  | 'HS512'
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'
  | 'Ed25519'

interface Shape {
  readonly family: 'secret' | 'rsa' | 'ec' | 'ed25519'
  /** What `KeyObject.toCryptoKey` is told. */
  readonly subtle: { readonly name: string; readonly hash?: string; readonly namedCurve?: string }
  /** Bytes of a secret at least (RFC 7518 §3.2). */
  readonly bytes?: number
  /** As Node.js calls the curve. */
  readonly curve?: string
}

function hmac(bits: number): Shape {
  return { family: 'secret', subtle: { name: 'HMAC', hash: `SHA-${bits}` }, bytes: bits / 8 }
}

function rsa(name: string, bits: number): Shape {
  return { family: 'rsa', subtle: { name, hash: `SHA-${bits}` } }
}

function ec(namedCurve: string, curve: string): Shape {
  return { family: 'ec', subtle: { name: 'ECDSA', namedCurve }, curve }
}

const PKCS1 = 'RSASSA-PKCS1-v1_5'
const ED25519: Shape = { family: 'ed25519', subtle: { name: 'Ed25519' } }

const SHAPES: Readonly<Record<Algorithm, Shape>> = Object.freeze({
  HS256: hmac(256),
  HS384: hmac(384),
  HS512: hmac(512),
  RS256: rsa(PKCS1, 256),
  RS384: rsa(PKCS1, 384),
  RS512: rsa(PKCS1, 512),
  PS256: rsa('RSA-PSS', 256),
  PS384: rsa('RSA-PSS', 384),
  PS512: rsa('RSA-PSS', 512),
  ES256: ec('P-256', 'prime256v1'),
  ES384: ec('P-384', 'secp384r1'),
  ES512: ec('P-521', 'secp521r1'),
  EdDSA: ED25519,
  Ed25519: ED25519,
})

export const ALGORITHMS: readonly Algorithm[] = Object.keys(SHAPES) as Algorithm[]

/** RFC 7518 §3.3 */
const LEAST_MODULUS = 2_048

export function shapeOf(algorithm: Algorithm): Shape {
  return SHAPES[algorithm]
}

export function isAlgorithm(name: unknown): name is Algorithm {
  return typeof name === 'string' && Object.hasOwn(SHAPES, name)
}

/** @returns what is wrong with a key for an algorithm; null: it fits */
export function misfit(key: KeyObject, algorithm: Algorithm): string | null {
  const { family, curve } = shapeOf(algorithm)
  const { asymmetricKeyType: type = 'secret', asymmetricKeyDetails: details = {} } = key
  if (type !== family) return `is of the type ${type}, and ${algorithm} needs ${family}`
  if (curve !== undefined && details.namedCurve !== curve) {
    return `is on the curve ${details.namedCurve}, and ${algorithm} needs ${curve}`
  }
  if (family === 'rsa' && (details.modulusLength ?? 0) < LEAST_MODULUS) {
    return `has ${details.modulusLength} bits, and RSA needs ${LEAST_MODULUS}`
  }
  return null
}

/** Keys in the form in which signatures are checked, made once for each algorithm. */
export class VerifyKey {
  /** The name under which tokens may ask for it. */
  readonly kid: string | undefined
  readonly key: KeyObject
  /** The only algorithm it is for (RFC 7517 §4.4); undefined: any of its family. */
  private readonly only: unknown
  private readonly made: Map<Algorithm, webcrypto.CryptoKey> = new Map()

  constructor(key: KeyObject, kid: string | undefined, only?: unknown) {
    this.key = key
    this.kid = kid
    this.only = only
  }

  fits(algorithm: Algorithm): boolean {
    return (this.only === undefined || this.only === algorithm) && misfit(this.key, algorithm) === null
  }

  for(algorithm: Algorithm): webcrypto.CryptoKey {
    let made = this.made.get(algorithm)
    if (made === undefined) {
      made = this.key.toCryptoKey(shapeOf(algorithm).subtle, false, ['verify'])
      this.made.set(algorithm, made)
    }
    return made
  }
}

/** Where an issuer's keys are. */
export interface KeySource {
  /**
   * The keys that may have signed a token: a few at most, all of the algorithm's family. None: no such key.
   *
   * @throws RealtimeError `unavailable`: they cannot be had now
   */
  find(kid: string | undefined, algorithm: Algorithm): Promise<readonly VerifyKey[]>
  close(): void
}

/** Keys that stand in the configuration. One without a name fits tokens of any. */
export class StaticKeys implements KeySource {
  private readonly keys: readonly VerifyKey[]

  constructor(keys: readonly VerifyKey[]) {
    this.keys = keys
  }

  find(kid: string | undefined, algorithm: Algorithm): Promise<readonly VerifyKey[]> {
    const named = this.keys.filter((one) => kid === undefined || one.kid === undefined || one.kid === kid)
    return Promise.resolve(named.filter((one) => one.fits(algorithm)))
  }

  close(): void {}
}
