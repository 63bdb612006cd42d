// Tokens that somebody made to get in (bad-input.md O15 to O24 and more): each is refused, with one error, in little time,
// and nobody is asked for anything.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { jwt, type Tokens } from '../../src/auth/jwt.ts'
import { REQUEST } from '../peer.ts'
import {
  AUDIENCE,
  claims,
  ec,
  es256,
  hs256,
  ISSUER,
  now,
  pem,
  rs256,
  rsa,
  SECRET,
  signedWith,
  token,
} from './signing.ts'

/** ms for which one token may keep the server busy. */
const BOUND = 5
const OTHER = 'https://other.example.com'
const PEM = pem(rsa.publicKey)

let trap: ReturnType<typeof createServer>
let caught = 0
let bait = ''

before(async () => {
  trap = createServer((_request, response) => {
    caught++
    response.end('{"keys":[]}')
  })
  await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve))
  bait = `http://127.0.0.1:${(trap.address() as AddressInfo).port}/keys`
})

after(() => {
  trap.closeAllConnections()
  trap.close()
})

const secret = (): Tokens =>
  jwt({ issuers: [{ issuer: ISSUER, audience: AUDIENCE, algorithms: ['HS256'], secret: SECRET }] })
const both = (): Tokens =>
  jwt({
    issuers: [
      {
        issuer: ISSUER,
        audience: AUDIENCE,
        algorithms: ['RS256'],
        publicKey: { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'k1' },
      },
      {
        issuer: OTHER,
        audience: AUDIENCE,
        algorithms: ['ES256'],
        publicKey: { ...ec.publicKey.export({ format: 'jwk' }), kid: 'k1' },
      },
    ],
  })

const plain = (header: object | string, payload: object | string = claims()): string =>
  signedWith(header, payload, hs256())
const unsigned = (alg: string): string => signedWith({ alg, typ: 'JWT' }, claims(), () => Buffer.alloc(0))
const withText = (exp: string): string =>
  plain({ alg: 'HS256' }, JSON.stringify(claims({ exp: 0 })).replace('"exp":0', exp))
const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)

type Case = readonly [what: string, token: () => string, code: 'unauthorized' | 'token-expired', tokens?: () => Tokens]

const CASES: readonly Case[] = [
  ...['none', 'None', 'nOnE', 'NONE', ''].map((alg): Case => [`O15 alg ${alg}`, () => unsigned(alg), 'unauthorized']),
  ['O15 alg none with a signature', () => plain({ alg: 'none' }), 'unauthorized'],
  ['O15 no alg', () => plain({ typ: 'JWT' }), 'unauthorized'],
  ['O15 alg that is no text', () => plain({ alg: ['HS256'] }), 'unauthorized'],
  [
    'O16 the public key as a secret',
    () => signedWith({ alg: 'HS256', kid: 'k1' }, claims(), hs256(PEM)),
    'unauthorized',
    both,
  ],
  ['O16 the same for an issuer of secrets', () => signedWith({ alg: 'RS256' }, claims(), rs256()), 'unauthorized'],
  ['O17 an algorithm that is not named', () => signedWith({ alg: 'HS512' }, claims(), hs256()), 'unauthorized'],
  ['O17 alg of an object’s prototype', () => plain({ alg: 'constructor' }), 'unauthorized'],
  ['O18 jku', () => plain({ alg: 'HS256', jku: bait }), 'unauthorized'],
  ['O18 x5u', () => plain({ alg: 'HS256', x5u: bait }), 'unauthorized'],
  ['O18 jwk', () => plain({ alg: 'HS256', jwk: rsa.publicKey.export({ format: 'jwk' }) }), 'unauthorized'],
  ['O18 x5c', () => plain({ alg: 'HS256', x5c: ['MIIB'] }), 'unauthorized'],
  ...[() => bait, () => '../../../../dev/null', () => "' UNION SELECT 'key' --", () => 'file:///etc/passwd'].map(
    (kid): Case => [
      `O18 kid ${kid}`,
      () => signedWith({ alg: 'RS256', kid: kid() }, claims(), rs256()),
      'unauthorized',
      both,
    ],
  ),
  ['O18 kid that is no text', () => plain({ alg: 'HS256', kid: { $ne: 1 } }), 'unauthorized'],
  [
    'O18 kid of an object’s prototype',
    () => signedWith({ alg: 'RS256', kid: '__proto__' }, claims(), rs256()),
    'unauthorized',
    both,
  ],
  [
    'O19 another issuer’s key of the same name',
    () => signedWith({ alg: 'ES256', kid: 'k1' }, claims(), es256()),
    'unauthorized',
    both,
  ],
  [
    'O19 the same, with this one’s algorithm',
    () => signedWith({ alg: 'RS256', kid: 'k1' }, claims({ iss: OTHER }), rs256()),
    'unauthorized',
    both,
  ],
  ['O20 expired', () => token({ exp: now() - 60 }), 'token-expired'],
  ['O20 expired in 1969', () => token({ exp: -1 }), 'token-expired'],
  ['O20 exp as text', () => token({ exp: `${now() + 600}` }), 'unauthorized'],
  ['O20 exp as a list', () => token({ exp: [now() + 600] }), 'unauthorized'],
  ['O20 exp 1e309', () => withText('"exp":1e309'), 'unauthorized'],
  ['O20 exp 1e300', () => withText('"exp":1e300'), 'unauthorized'],
  ['O20 exp in ms', () => token({ exp: (now() + 600) * 1_000 }), 'unauthorized'],
  ['O20 exp null', () => token({ exp: null }), 'unauthorized'],
  ['O20 no exp', () => token({ exp: undefined }), 'unauthorized'],
  ['O20 nbf ahead', () => token({ nbf: now() + 60 }), 'unauthorized'],
  ['O20 nbf as text', () => token({ nbf: '0' }), 'unauthorized'],
  ['O20 iat ahead', () => token({ iat: now() + 60 }), 'unauthorized'],
  ['O20 iat as text', () => token({ iat: 'now' }), 'unauthorized'],
  ['O21 no aud', () => token({ aud: undefined }), 'unauthorized'],
  ['O21 another aud', () => token({ aud: 'other' }), 'unauthorized'],
  ['O21 an aud that holds it', () => token({ aud: `${AUDIENCE}2` }), 'unauthorized'],
  ['O21 an aud that is an object', () => token({ aud: { [AUDIENCE]: 1 } }), 'unauthorized'],
  ['O21 no iss', () => token({ iss: undefined }), 'unauthorized'],
  ['O21 another iss', () => token({ iss: `${ISSUER}/` }), 'unauthorized'],
  ['O21 a list as iss', () => token({ iss: [ISSUER] }), 'unauthorized'],
  ['O22 64 kB', () => token({ x: 'a'.repeat(48_000) }), 'unauthorized'],
  ['O22 10 MB of dots', () => '.'.repeat(10_000_000), 'unauthorized'],
  ['O22 a header 100,000 levels deep', () => plain(`{"alg":"HS256","x":${deep(100_000)}}`), 'unauthorized'],
  ['O22 a header 2,000 levels deep', () => plain(`{"alg":"HS256","x":${deep(2_000)}}`), 'unauthorized'],
  [
    'O22 claims 2,000 levels deep',
    () => plain({ alg: 'HS256' }, `{"iss":"${ISSUER}","x":${deep(2_000)}}`),
    'unauthorized',
  ],
  ['O22 brackets that do not close', () => plain('['.repeat(5_000)), 'unauthorized'],
  ['O22 quotes that do not close', () => plain(`{"${'\\"'.repeat(2_500)}`), 'unauthorized'],
  ['O22 crit unknown', () => plain({ alg: 'HS256', crit: ['x'], x: 1 }), 'unauthorized'],
  ['O22 crit b64', () => plain({ alg: 'HS256', crit: ['b64'], b64: false }), 'unauthorized'],
  ['O22 crit empty', () => plain({ alg: 'HS256', crit: [] }), 'unauthorized'],
  ['O23 a token for a channel', () => token({ channel: 'chat:1' }, { typ: 'channel+jwt' }), 'unauthorized'],
  ['O23 its whole media type', () => token({ channel: 'chat:1' }, { typ: 'application/channel+jwt' }), 'unauthorized'],
  ['typ of something else', () => token({}, { typ: 'logout+jwt' }), 'unauthorized'],
  ['typ that is no text', () => token({}, { typ: 5 }), 'unauthorized'],
  ['alg twice', () => plain('{"alg":"HS256","alg":"HS256"}'), 'unauthorized'],
  ['alg twice, escaped', () => plain('{"alg":"HS256","\\u0061lg":"none"}'), 'unauthorized'],
  [
    'sub twice',
    () => plain({ alg: 'HS256' }, JSON.stringify(claims()).replace('{', '{"sub":"admin",')),
    'unauthorized',
  ],
  [
    'iss twice',
    () => plain({ alg: 'HS256' }, JSON.stringify(claims()).replace('{', `{"iss":"${OTHER}",`)),
    'unauthorized',
  ],
  [
    'a right twice in one',
    () =>
      plain(
        { alg: 'HS256' },
        JSON.stringify(claims({ rights: 0 })).replace('"rights":0', '"rights":[{"channels":"a","channels":"**"}]'),
      ),
    'unauthorized',
  ],
  [
    '__proto__ as a claim',
    () => plain({ alg: 'HS256' }, JSON.stringify(claims()).replace('{', '{"__proto__":{"sub":"admin"},')),
    'unauthorized',
  ],
  [
    'a changed claim',
    () => {
      const [h, , s] = token().split('.')
      return `${h}.${token({ sub: 'admin' }).split('.')[1]}.${s}`
    },
    'unauthorized',
  ],
  ['no signature', () => token().replace(/\.[^.]*$/, '.'), 'unauthorized'],
  ['two parts', () => token().replace(/\.[^.]*$/, ''), 'unauthorized'],
  ['four parts', () => `${token()}.x`, 'unauthorized'],
  ['five parts, as of a JWE', () => `${token()}.x.y`, 'unauthorized'],
  ['empty', () => '', 'unauthorized'],
  ['padding', () => `${token()}==`, 'unauthorized'],
  ['line breaks', () => token().replace('.', '.\r\n'), 'unauthorized'],
  ['a header that is a list', () => plain('["HS256"]'), 'unauthorized'],
  [
    'a header that is no UTF-8',
    () => `${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.e30.e30`,
    'unauthorized',
  ],
  ['claims that are text', () => plain({ alg: 'HS256' }, '"ann"'), 'unauthorized'],
  ['sub that is a number', () => token({ sub: 5 }), 'unauthorized'],
  ['sub of 2,000 characters', () => token({ sub: 'a'.repeat(2_000) }), 'unauthorized'],
  ['jti that is a number', () => token({ jti: 5 }), 'unauthorized'],
  ['jti of 300 characters', () => token({ jti: 'a'.repeat(300) }), 'unauthorized'],
  ['rights that are text', () => token({ rights: '**' }), 'unauthorized'],
  ['rights to what is no pattern', () => token({ rights: [{ channels: 'a**' }] }), 'unauthorized'],
  ['an action that is none', () => token({ rights: [{ channels: 'a', actions: ['admin'] }] }), 'unauthorized'],
  ['a channel that is a pattern', () => token({ channels: ['**'] }), 'unauthorized'],
]

test(`${CASES.length} hostile tokens are refused within ${BOUND} ms each, with nothing of them in the error`, async (t) => {
  // Once before, so that it is the server that is measured and not its compiler.
  for (const [, make, , tokens = secret] of CASES)
    await tokens()
      .verify(make())
      .catch(() => {})
  let longest = 0
  for (const [what, make, code, tokens = secret] of CASES) {
    const hostile = make()
    const one = tokens()
    const times: number[] = []
    // The processor's time, and the best of ten: other processes and a collection of garbage are not the token's.
    for (let i = 0; i < 10; i++) {
      const begun = process.cpuUsage()
      const error = await one.verify(hostile).then(
        () => assert.fail(`${what} was let in`),
        (error: Error & { readonly code?: string }) => error,
      )
      const { user, system } = process.cpuUsage(begun)
      times.push((user + system) / 1_000)
      assert.equal(error.code, code, `${what}: ${error.message}`)
      const shown = `${error.message}${error.stack}`
      const parts = hostile.slice(0, 10_000).split('.')
      for (const part of parts) if (part.length > 20) assert.ok(!shown.includes(part.slice(0, 20)), what)
    }
    const time = Math.min(...times)
    assert.ok(time < BOUND, `${what} took ${time} ms`)
    longest = Math.max(longest, time)
  }
  assert.equal(caught, 0, 'a token had the server ask somebody')
  t.diagnostic(`the longest took ${longest.toFixed(2)} ms`)
})

test('a good one passes all the same, whatever issuer it is from (O19)', async () => {
  assert.equal((await secret().verify(token())).user, 'ann')
  const ours = signedWith({ alg: 'RS256', kid: 'k1', typ: 'at+jwt' }, claims(), rs256())
  const theirs = signedWith({ alg: 'ES256', kid: 'k1' }, claims({ iss: OTHER, sub: 'bob' }), es256())
  assert.equal((await both().verify(ours)).user, 'ann')
  assert.equal((await both().verify(theirs)).user, 'bob')
})

test('a connect token opens no channel, and one for a channel only that one, for its user (O23)', async () => {
  const { channel } = secret()
  const who = { user: 'ann', peer: 'p', info: undefined }
  const its = (more: object): string => token({ channel: 'chat:*', ...more }, { typ: 'channel+jwt' })
  const right = await channel(its({ actions: ['subscribe'] }), 'chat:1', who)
  assert.deepEqual([right.channels, right.actions], ['chat:*', ['subscribe']])
  for (const [bad, name] of [
    [token(), 'chat:1'],
    [its({}), 'news:1'],
    [its({}), 'chat:1:2'],
    [its({}), 'chat:**'],
    [its({ sub: 'bob' }), 'chat:1'],
    [its({ channel: 5 }), 'chat:1'],
    [its({ channel: undefined }), 'chat:1'],
    [its({ actions: 'all' }), 'chat:1'],
  ] as const) {
    await assert.rejects(async () => channel(bad, name, who), { code: 'unauthorized' })
  }
  await assert.rejects(async () => channel(its({ exp: now() - 60 }), 'chat:1', who), { code: 'token-expired' })
  const nobody = { ...who, user: undefined }
  await assert.rejects(async () => channel(its({}), 'chat:1', nobody), { code: 'unauthorized' })
  assert.ok(await channel(its({ sub: undefined }), 'chat:1', nobody))
})

test('a token in the URL, a cookie or a subprotocol counts only where that was asked for (O24)', async () => {
  const good = token()
  const headers = new Map([
    ['cookie', `a=b; session=${good}; c=d`],
    ['sec-websocket-protocol', `tautline.v1.json, bearer.${good}`],
  ])
  const request = { ...REQUEST, headers, target: `/realtime?token=${good}`, token: undefined }
  const issuers = [{ issuer: ISSUER, audience: AUDIENCE, algorithms: ['HS256'], secret: SECRET }] as const
  await assert.rejects(async () => jwt({ issuers }).connect(request), { code: 'unauthorized' })
  for (const option of [{ cookie: 'session' }, { subprotocol: true }, { query: 'token' }]) {
    assert.equal((await jwt({ issuers, ...option }).connect(request))?.user, 'ann')
    const nothing = { ...request, headers: new Map(), target: '/realtime' }
    await assert.rejects(async () => jwt({ issuers, ...option }).connect(nothing), { code: 'unauthorized' })
    assert.deepEqual(await jwt({ issuers, ...option, anonymous: true }).connect(nothing), {})
  }
  // Whoever can set a cookie for a domain above can set a second one of the name.
  const two = { ...request, headers: new Map([['cookie', `session=${good}; session=${good}`]]) }
  await assert.rejects(async () => jwt({ issuers, cookie: 'session' }).connect(two), { code: 'unauthorized' })
  // A refresh brings its token in a message: it counts before what the handshake had.
  const refreshed = { ...request, token: token({ sub: 'bob' }) }
  assert.equal((await jwt({ issuers, cookie: 'session' }).connect(refreshed))?.user, 'bob')
  // A bad one is not overlooked for a good one elsewhere, nor for nobody.
  const bad = { ...request, token: 'x' }
  await assert.rejects(async () => jwt({ issuers, cookie: 'session', anonymous: true }).connect(bad), {
    code: 'unauthorized',
  })
})
