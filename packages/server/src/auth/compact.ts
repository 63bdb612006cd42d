// A token before its signature was checked: what may be looked at to find the key, and nothing else. Bounded before
// anything is decoded; every name in it stands once.

import { refused } from './refusals.ts'
import { parseStrict } from './strict-json.ts'

/** Characters of a token. */
export const LONGEST_TOKEN = 8_192

/** What tells which key to check it with. Nobody is who it says until that is done. */
export interface Unverified {
  readonly algorithm: string
  readonly kid: string | undefined
  readonly type: string | undefined
  readonly issuer: string
}

/**
 * Header fields that bring or name keys of the token's own, or ask for more than a signature: a token has no say in
 * that (RFC 8725 §3.10; RFC 7515 §4.1.11: an extension that must be understood, and is not, refuses).
 */
const UNWANTED = ['jku', 'jwk', 'x5u', 'x5c', 'crit', 'b64', 'zip', 'enc', 'epk'] as const
const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/

/** @throws RealtimeError `unauthorized` */
export function readUnverified(token: string): Unverified {
  if (token.length > LONGEST_TOKEN) throw refused('too-large')
  if (!COMPACT.test(token)) throw refused('malformed')
  const dot = token.indexOf('.')
  const header = decode(token.slice(0, dot))
  const { alg, kid, typ } = header
  if (typeof alg !== 'string' || !isText(kid) || !isText(typ)) throw refused('malformed')
  if (UNWANTED.some((name) => Object.hasOwn(header, name))) throw refused('header')
  const { iss } = decode(token.slice(dot + 1, token.lastIndexOf('.')))
  if (typeof iss !== 'string') throw refused('issuer')
  return { algorithm: alg, kid, type: typ, issuer: iss }
}

function decode(part: string): Readonly<Record<string, unknown>> {
  const bytes = Buffer.from(part, 'base64url')
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw refused('malformed')
  }
  const value = parseStrict(text)
  if (value === null) throw refused('malformed')
  return value
}

function isText(value: unknown): value is string | undefined {
  return value === undefined || (typeof value === 'string' && value.length <= 1_024)
}
