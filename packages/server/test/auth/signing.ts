// Keys, and tokens that say whatever a test wants them to: signed by hand, so that nothing is made right on the way.

import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { systemClock } from '@tautline/wire'

/** Marked, so that a search of all output finds it. */
export const SECRET = 'S3CRET-0123456789-0123456789-0123456789-0123456789-0123456789-0123456789'
export const ISSUER = 'https://id.example.com'
export const AUDIENCE = 'tautline-test'

export const rsa: { publicKey: KeyObject; privateKey: KeyObject } = generateKeyPairSync('rsa', { modulusLength: 2048 })
export const ec: { publicKey: KeyObject; privateKey: KeyObject } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const ed: { publicKey: KeyObject; privateKey: KeyObject } = generateKeyPairSync('ed25519')

export const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }) as string

/** Seconds since 1970. */
export const now = (): number => Math.floor(systemClock.wall() / 1_000)

export const claims = (more: object = {}): object => ({
  iss: ISSUER,
  aud: AUDIENCE,
  sub: 'ann',
  iat: now(),
  exp: now() + 600,
  ...more,
})

const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** Objects, or texts as they are to be. */
export function signedWith(
  header: object | string,
  payload: object | string,
  signer: (input: string) => Buffer,
): string {
  const input = `${part(header)}.${part(payload)}`
  return `${input}.${signer(input).toString('base64url')}`
}

export const hs256 =
  (secret: string | Buffer = SECRET) =>
  (input: string): Buffer =>
    createHmac('sha256', secret).update(input).digest()
export const rs256 =
  (key: KeyObject = rsa.privateKey) =>
  (input: string): Buffer =>
    sign('sha256', Buffer.from(input), key)
export const es256 =
  (key: KeyObject = ec.privateKey) =>
  (input: string): Buffer =>
    sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })
export const eddsa =
  (key: KeyObject = ed.privateKey) =>
  (input: string): Buffer =>
    sign(null, Buffer.from(input), key)

/** A good token, but for what is given. */
export const token = (more: object = {}, header: object = {}): string =>
  signedWith({ alg: 'HS256', typ: 'JWT', ...header }, claims(more), hs256())
