// A real JWKS server: what an identity provider does on good and bad days.
import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { systemClock } from '@tautline/wire'
import { type JwtIssuer, jwt, type Tokens } from '../../src/auth/jwt.ts'
import { Time } from '../presence/clock.ts'
import { AUDIENCE, claims, ec, ISSUER, rs256, rsa, signedWith } from './signing.ts'

interface Provider {
  readonly url: string
  /** Requests that came. */
  count: number
  answer: (response: ServerResponse) => void
}

const second = generateKeyPairSync('rsa', { modulusLength: 2048 })
const jwk = (key: KeyObject, kid: string, more: object = {}): object => ({
  ...key.export({ format: 'jwk' }),
  kid,
  ...more,
})
const set =
  (...keys: object[]) =>
  (response: ServerResponse): void => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ keys }))
  }

async function provider(t: TestContext, answer: Provider['answer']): Promise<Provider> {
  const server: Server = createServer((_request, response) => {
    its.count++
    its.answer(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const its = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`, count: 0, answer }
  return its
}

/** A clock of the machine whose time a test can put on. */
class Ahead extends Time {
  private by = 0
  override now(): number {
    return systemClock.now() + this.by
  }
  override wall(): number {
    return systemClock.wall()
  }
  override setTimer(callback: () => void, ms: number): unknown {
    return systemClock.setTimer(callback, ms)
  }
  override clearTimer(timer: unknown): void {
    systemClock.clearTimer(timer)
  }
  leap(ms: number): void {
    this.by += ms
  }
}

function reader(url: string, clock = new Ahead(), more: Partial<JwtIssuer> = {}, logged: object[] = []): Tokens {
  const issuer = {
    issuer: ISSUER,
    audience: AUDIENCE,
    algorithms: ['RS256'],
    jwks: { url, timeout: 300 },
    ...more,
  } as JwtIssuer
  return jwt({ issuers: [issuer], clock, log: (event, fields) => logged.push({ event, ...fields }) })
}

const by = (kid: string | undefined, key = rsa.privateKey): string =>
  signedWith(kid === undefined ? { alg: 'RS256' } : { alg: 'RS256', kid }, claims(), rs256(key))

test('keys are asked for once, for all who wait, and kept', async (t) => {
  const its = await provider(t, set(jwk(rsa.publicKey, 'k1')))
  const tokens = reader(its.url)
  const grants = await Promise.all(Array.from({ length: 50 }, () => tokens.verify(by('k1'))))
  assert.equal(grants.length, 50)
  await tokens.verify(by('k1'))
  // Of one key alone a token need not say the name.
  await tokens.verify(by(undefined))
  assert.equal(its.count, 1)
})

test('an issuer that changes its keys is asked again, and unknown keys ask no more than every 30 s', async (t) => {
  const its = await provider(t, set(jwk(rsa.publicKey, 'k1')))
  const clock = new Ahead()
  const tokens = reader(its.url, clock)
  await tokens.verify(by('k1'))
  its.answer = set(jwk(rsa.publicKey, 'k1'), jwk(second.publicKey, 'k2'))
  for (let i = 0; i < 20; i++) await assert.rejects(tokens.verify(by(`x${i}`)), { code: 'unauthorized' })
  assert.equal(its.count, 1)
  clock.leap(30_000)
  await tokens.verify(by('k2', second.privateKey))
  assert.equal(its.count, 2)
  // Two keys: a token has to say which.
  await assert.rejects(tokens.verify(by(undefined)), { code: 'unauthorized' })
  // The right name with the wrong key.
  await assert.rejects(tokens.verify(by('k1', second.privateKey)), { code: 'unauthorized' })
  its.answer = set(jwk(second.publicKey, 'k2'))
  clock.leap(600_001)
  await assert.rejects(tokens.verify(by('k1')), { code: 'unauthorized' })
  await tokens.verify(by('k2', second.privateKey))
  assert.equal(its.count, 3)
})

test('while the issuer is out of reach known keys are good for an hour more, and unknown ones are tried again later', async (t) => {
  const its = await provider(t, set(jwk(rsa.publicKey, 'k1')))
  const clock = new Ahead()
  const logged: object[] = []
  const tokens = reader(its.url, clock, {}, logged)
  await tokens.verify(by('k1'))
  its.answer = (response) => response.writeHead(500).end('down')
  clock.leap(600_001)
  await tokens.verify(by('k1'))
  await assert.rejects(tokens.verify(by('k2', second.privateKey)), { code: 'unavailable', retry: 'later' })
  assert.equal(its.count, 2, 'not asked again for 5 s')
  assert.deepEqual(logged, [{ event: 'keys of an issuer cannot be read', issuer: ISSUER, error: 'Error: status 500' }])
  clock.leap(3_600_000)
  await assert.rejects(tokens.verify(by('k1')), { code: 'unavailable' })
  its.answer = set(jwk(rsa.publicKey, 'k1'))
  clock.leap(5_000)
  await tokens.verify(by('k1'))
})

test('an answer that is slow, giant, elsewhere or no set is none, in time and within bounds', async (t) => {
  let written = 0
  let stopped = false
  const bad: Readonly<Record<string, Provider['answer']>> = {
    'slow to begin': () => {},
    'slow to end': (response) => response.write('{"keys":['),
    giant: (response) => {
      const more = (): void => {
        while (!stopped && response.write('x'.repeat(65_536))) written += 65_536
      }
      response.on('drain', more).on('close', () => {
        stopped = true
      })
      more()
    },
    'giant by its length': (response) => response.setHeader('content-length', 1e9).write('{"keys":['),
    elsewhere: (response) => response.writeHead(302, { location: elsewhere.url }).end(),
    'no JSON': (response) => response.end('<html>'),
    'no set': (response) => response.end('null'),
    'no keys': (response) => response.end('{"keys":{}}'),
    'cut off': (response) => response.socket?.destroy(),
  }
  const elsewhere = await provider(t, set(jwk(rsa.publicKey, 'k1')))
  for (const [what, answer] of Object.entries(bad)) {
    const its = await provider(t, answer)
    const begun = performance.now()
    const logged: { readonly error?: string }[] = []
    await assert.rejects(reader(its.url, undefined, {}, logged).verify(by('k1')), { code: 'unavailable' }, what)
    if (what === 'giant') assert.match(String(logged[0]?.error), /more than 262144 bytes/)
    if (what.startsWith('slow')) assert.match(String(logged[0]?.error), /no answer within 300 ms/)
    const took = performance.now() - begun
    assert.ok(took < 2_000, `${what} took ${took} ms`)
  }
  assert.equal(elsewhere.count, 0)
  assert.ok(written < 16 * 1_048_576, `${written} bytes were taken`)
})

test('of a set only public keys for signatures count, and of each only its own family', async (t) => {
  const its = await provider(
    t,
    set(
      null as unknown as object,
      { kty: 'RSA', kid: 'broken' },
      { kty: 'oct', kid: 'secret', k: Buffer.from('S3CRET'.repeat(10)).toString('base64url') },
      jwk(rsa.privateKey, 'private'),
      jwk(rsa.publicKey, 'enc', { use: 'enc' }),
      jwk(rsa.publicKey, 'ops', { key_ops: ['encrypt'] }),
      jwk(ec.publicKey, 'ec'),
      jwk(rsa.publicKey, 'rs512', { alg: 'RS512' }),
      { ...jwk(rsa.publicKey, ''), kid: 5 },
      jwk(rsa.publicKey, 'good', { use: 'sig', alg: 'RS256' }),
    ),
  )
  const tokens = reader(its.url)
  for (const kid of ['broken', 'secret', 'private', 'enc', 'ops', 'ec', 'rs512', '5', '__proto__']) {
    await assert.rejects(tokens.verify(by(kid)), { code: 'unauthorized' }, kid)
  }
  await tokens.verify(by('good'))
  await tokens.verify(by(undefined))
})

test('each issuer has keys of its own, though they bear one name; closing ends what is under way', async (t) => {
  const one = await provider(t, set(jwk(rsa.publicKey, 'k1')))
  const other = await provider(t, set(jwk(second.publicKey, 'k1')))
  const base = { audience: AUDIENCE, algorithms: ['RS256'] as const }
  const tokens = jwt({
    issuers: [
      { issuer: ISSUER, ...base, jwks: one.url },
      { issuer: 'https://b.example.com', ...base, jwks: other.url },
    ],
  })
  const from = (iss: string, key: KeyObject): string =>
    signedWith({ alg: 'RS256', kid: 'k1' }, claims({ iss }), rs256(key))
  await tokens.verify(from(ISSUER, rsa.privateKey))
  await tokens.verify(from('https://b.example.com', second.privateKey))
  await assert.rejects(tokens.verify(from('https://b.example.com', rsa.privateKey)), { code: 'unauthorized' })
  await assert.rejects(tokens.verify(from(ISSUER, second.privateKey)), { code: 'unauthorized' })

  const slow = await provider(t, () => {})
  const waiting = reader(slow.url)
  const asked = assert.rejects(waiting.verify(by('k1')), { code: 'unavailable' })
  waiting.close()
  await asked
})
