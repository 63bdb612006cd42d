// Tokens as real clients bring them to a real port: in the connect message, a subprotocol, a cookie, the URL.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type JwtOptions, jwt } from '../../src/auth/jwt.ts'
import { createRealtime, type RealtimeOptions } from '../../src/mod.ts'
import { AUDIENCE, claims, hs256, ISSUER, now, SECRET, signedWith, token } from './signing.ts'

const ORIGIN = 'https://app.example.com'

interface Way {
  readonly protocols?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
  readonly query?: string
  readonly connect?: string
}

interface Met {
  /** The subprotocol that the server chose. */
  readonly protocol: string
  /** How the server closed it; null: it did not. */
  readonly closed: number | null
  readonly reply: { readonly ok?: { readonly user?: string }; readonly error?: { readonly code: string } }
}

async function server(
  t: TestContext,
  options: Partial<JwtOptions>,
  more: RealtimeOptions = {},
): Promise<[number, string[]]> {
  const logged: string[] = []
  const log = (event: string, fields: object): number => logged.push(`${event} ${JSON.stringify(fields)}`)
  const tokens = jwt({
    issuers: [{ issuer: ISSUER, audience: AUDIENCE, algorithms: ['HS256'], secret: SECRET }],
    log,
    ...options,
  })
  const realtime = createRealtime({ allow: 'everyone', log, ...more }).onConnect(tokens.connect)
  const port = await realtime.listen({ port: 0, host: '127.0.0.1' })
  t.after(() => realtime.close())
  return [port, logged]
}

/** The first answer to a client; null: it was not let through the handshake. */
async function meet(port: number, way: Way): Promise<Met | null> {
  const { protocols = ['tautline.v1.json'], headers = {}, query = '', connect } = way
  const options = { protocols: [...protocols], headers } as unknown as string[]
  const socket = new WebSocket(`ws://127.0.0.1:${port}/realtime${query}`, options)
  const { promise, resolve } = Promise.withResolvers<Met | null>()
  let reply: Met['reply'] | null = null
  socket.onopen = () =>
    socket.send(JSON.stringify({ id: 1, op: 'connect', client: 'c', features: [], ...(connect && { token: connect }) }))
  socket.onmessage = ({ data }) => {
    reply ??= JSON.parse(String(data)) as Met['reply']
    if (reply.ok !== undefined) resolve({ protocol: socket.protocol, closed: null, reply })
  }
  socket.onclose = ({ code }) => resolve(reply && { protocol: socket.protocol, closed: code, reply })
  const met = await promise
  socket.close()
  return met
}

const user = (met: Met | null): string | undefined => met?.reply.ok?.user
const code = (met: Met | null): string | undefined => met?.reply.error?.code

test('a subprotocol bears the token, and the one that is spoken is answered', async (t) => {
  const [port] = await server(t, { subprotocol: true })
  const good = token()
  for (const protocols of [
    ['tautline.v1.json', `bearer.${good}`],
    [`bearer.${good}`, 'tautline.v1.json'],
  ]) {
    const met = await meet(port, { protocols })
    assert.equal(met?.protocol, 'tautline.v1.json')
    assert.equal(user(met), 'ann')
  }
  assert.equal(code(await meet(port, {})), 'unauthorized')
  assert.equal(code(await meet(port, { protocols: ['tautline.v1.json', 'bearer.x'] })), 'unauthorized')
  assert.equal(user(await meet(port, { protocols: ['tautline.v1.json', 'bearer.x'], connect: good })), 'ann')
})

test('a cookie bears the token where the server reads cookies, from its own pages alone', async (t) => {
  const cookie = `theme=dark; session=${token()}`
  const [port] = await server(t, { cookie: 'session' }, { cookies: true, origins: [ORIGIN] })
  assert.equal(user(await meet(port, { headers: { cookie, origin: ORIGIN } })), 'ann')
  assert.equal(await meet(port, { headers: { cookie, origin: 'https://evil.example' } }), null)
  assert.equal(code(await meet(port, { headers: { origin: ORIGIN } })), 'unauthorized')
  // Without `cookies: true` nobody sees them, whatever jwt was told; the log says what to do.
  const [blind, logged] = await server(t, { cookie: 'session' }, { origins: [ORIGIN] })
  assert.equal(code(await meet(blind, { headers: { cookie, origin: ORIGIN } })), 'unavailable')
  assert.match(logged.join(), /cookies: true/)
})

test('a token in the URL is nothing unless it was asked for; then it is in no log and no error (O24)', async (t) => {
  const good = token()
  const [port, logged] = await server(t, {})
  const refused = await meet(port, { query: `?token=${good}` })
  assert.equal(code(refused), 'unauthorized')
  const [open, its] = await server(t, { query: 'token' })
  assert.equal(user(await meet(open, { query: `?a=b&token=${good}` })), 'ann')
  const bad = await meet(open, { query: `?token=${good.slice(0, -4)}` })
  assert.equal(code(bad), 'unauthorized')
  const said = JSON.stringify([refused, bad, logged, its])
  for (const part of good.split('.')) assert.ok(!said.includes(part.slice(0, 20)))
})

test('a token over 8 KiB is refused before it is read, wherever it is', async (t) => {
  const [port] = await server(t, { subprotocol: true, query: 'token' }, { admission: { failures: 1_000 } })
  const long = token({ x: 'a'.repeat(6_200) })
  assert.ok(long.length > 8_192)
  assert.equal(code(await meet(port, { connect: long })), 'bad-request')
  assert.equal(code(await meet(port, { query: `?token=${long}` })) ?? 'handshake', 'unauthorized')
  // Of 64 kB the handshake takes none (RFC 6585 §5).
  assert.equal(await meet(port, { query: `?token=${long.repeat(8)}` }), null)
})

test('a hostile token is told what is wrong with it and closed with 4400, an expired one with 4200; then comes who is good', async (t) => {
  const [port, logged] = await server(t, { subprotocol: true }, { admission: { failures: 1_000 } })
  const hostile: readonly (readonly [string, string, number])[] = [
    [signedWith({ alg: 'none' }, claims(), () => Buffer.alloc(0)), 'unauthorized', 4400],
    [signedWith({ alg: 'HS256' }, claims(), hs256('S3CRET-another')), 'unauthorized', 4400],
    [token({}, { jku: 'http://127.0.0.1:1/keys' }), 'unauthorized', 4400],
    [token({}, { crit: ['x'] }), 'unauthorized', 4400],
    [token({ channel: 'a' }, { typ: 'channel+jwt' }), 'unauthorized', 4400],
    [token({ aud: 'other' }), 'unauthorized', 4400],
    [token({ exp: now() - 60 }), 'token-expired', 4200],
    ['x', 'unauthorized', 4400],
  ]
  for (const [bad, error, close] of hostile) {
    for (const way of [{ connect: bad }, { protocols: ['tautline.v1.json', `bearer.${bad}`] }]) {
      const met = await meet(port, way)
      assert.deepEqual([code(met), met?.closed], [error, close], JSON.stringify(met))
    }
  }
  assert.equal(user(await meet(port, { connect: token() })), 'ann')
  assert.deepEqual(logged, [])
})
