import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { type JwtOptions, jwt, signToken } from '../../src/auth/jwt.ts'
import { SettingError } from '../../src/mod.ts'
import {
  AUDIENCE,
  claims,
  ec,
  ed,
  eddsa,
  es256,
  hs256,
  ISSUER,
  pem,
  rs256,
  rsa,
  SECRET,
  signedWith,
  token,
} from './signing.ts'

const base = { issuer: ISSUER, audience: AUDIENCE }
const hs = { ...base, algorithms: ['HS256'], secret: SECRET }
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })

const BAD: readonly (readonly [what: string, options: unknown, message: RegExp])[] = [
  ['nothing', {}, /issuers must be a list such as/],
  ['no issuer', { issuers: [] }, /issuers must be a list/],
  ['an unknown option', { issuers: [hs], leway: 5 }, /did you mean 'leeway'\?/],
  [
    'an unknown option of an issuer',
    { issuers: [{ ...hs, algorithm: 'HS256' }] },
    /issuers\[0\] has an unknown key 'algorithm': did you mean 'algorithms'\?/,
  ],
  ['no audience', { issuers: [{ ...hs, audience: undefined }] }, /issuers\[0\]\.audience must be text, or a list/],
  ['an empty audience', { issuers: [{ ...hs, audience: [] }] }, /audience must be text/],
  ['no algorithms', { issuers: [{ ...hs, algorithms: undefined }] }, /algorithms must be a list such as \['RS256'\]/],
  ['none', { issuers: [{ ...hs, algorithms: ['none'] }] }, /is 'none', which anybody can sign/],
  ['NoNe', { issuers: [{ ...hs, algorithms: ['HS256', 'NoNe'] }] }, /algorithms\[1\] is 'none'/],
  ['an unknown algorithm', { issuers: [{ ...hs, algorithms: ['HS265'] }] }, /did you mean 'HS256'\?/],
  ['one of an object’s prototype', { issuers: [{ ...hs, algorithms: ['constructor'] }] }, /must be one of HS256/],
  ['a short secret', { issuers: [{ ...hs, secret: 'S3CRET-too-short' }] }, /secret has 16 bytes, and HS256 needs 32/],
  [
    'a secret too short for the hash',
    { issuers: [{ ...hs, algorithms: ['HS512'], secret: SECRET.slice(0, 40) }] },
    /has 40 bytes, and HS512 needs 64/,
  ],
  ['an empty list of secrets', { issuers: [{ ...hs, secret: [] }] }, /1 to 16 keys/],
  ['a PEM as a secret', { issuers: [{ ...hs, secret: pem(rsa.publicKey) }] }, /is a PEM key, which others may know/],
  [
    'a secret for RS256',
    { issuers: [{ ...hs, algorithms: ['RS256'] }] },
    /is RS256, and the issuer has 'secret': write HS256/,
  ],
  [
    'HS256 with a public key',
    { issuers: [{ ...base, algorithms: ['HS256'], publicKey: pem(rsa.publicKey) }] },
    /is HS256, and the issuer has 'publicKey'/,
  ],
  [
    'HS256 with a JWKS',
    { issuers: [{ ...base, algorithms: ['HS256'], jwks: 'https://id.example.com/keys' }] },
    /and the issuer has 'jwks'/,
  ],
  [
    'both families',
    { issuers: [{ ...base, algorithms: ['RS256', 'HS256'], publicKey: pem(rsa.publicKey) }] },
    /algorithms\[1\] is HS256/,
  ],
  [
    'the other family',
    { issuers: [{ ...base, algorithms: ['ES256'], publicKey: pem(rsa.publicKey) }] },
    /is of the type rsa, and ES256 needs ec/,
  ],
  [
    'the other curve',
    { issuers: [{ ...base, algorithms: ['ES384'], publicKey: pem(ec.publicKey) }] },
    /on the curve prime256v1/,
  ],
  [
    'a weak key',
    { issuers: [{ ...base, algorithms: ['RS256'], publicKey: pem(weak.publicKey) }] },
    /has 1024 bits, and RSA needs 2048/,
  ],
  [
    'a private key',
    {
      issuers: [{ ...base, algorithms: ['RS256'], publicKey: rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }) }],
    },
    /is a private key/,
  ],
  [
    'a private JWK',
    { issuers: [{ ...base, algorithms: ['RS256'], publicKey: rsa.privateKey.export({ format: 'jwk' }) }] },
    /is a private key/,
  ],
  ['text that is no key', { issuers: [{ ...base, algorithms: ['RS256'], publicKey: 'MIIB' }] }, /is no public key/],
  ['no key', { issuers: [{ ...base, algorithms: ['RS256'] }] }, /must have one of 'jwks', 'publicKey' and 'secret'/],
  ['two kinds of keys', { issuers: [{ ...hs, jwks: 'https://id.example.com/keys' }] }, /must have one of/],
  [
    'a JWKS in the clear',
    { issuers: [{ ...base, algorithms: ['RS256'], jwks: 'http://id.example.com/keys' }] },
    /must be https:/,
  ],
  [
    'a JWKS of a file',
    { issuers: [{ ...base, algorithms: ['RS256'], jwks: 'file:///etc/passwd' }] },
    /must be an address such as/,
  ],
  [
    'an impatient JWKS',
    { issuers: [{ ...base, algorithms: ['RS256'], jwks: { url: 'https://a.example', timeout: '1m' } }] },
    /timeout must be a duration from 100 ms to 4500 ms/,
  ],
  ['an issuer twice', { issuers: [hs, hs] }, /issuers\[1\]\.issuer is there twice/],
  ['much leeway', { issuers: [hs], leeway: '1h' }, /leeway must be a duration from 0 ms to 300000 ms/],
  ['a cookie that is no name', { issuers: [hs], cookie: 'a=b' }, /cookie must be a name/],
  ['a claim that is no name', { issuers: [hs], claims: { user: 5 } }, /claims\.user must be text/],
]

test('options that cannot be meant, or would let in somebody, are refused where they stand, and no secret is shown', () => {
  for (const [what, options, message] of BAD) {
    assert.throws(
      () => jwt(options as JwtOptions),
      (error: Error) => {
        assert.ok(error instanceof SettingError, `${what}: ${error}`)
        assert.match(error.message, message, what)
        assert.ok(!error.message.includes('S3CRET') && !error.message.includes('MII'), what)
        return true
      },
      what,
    )
  }
})

test('every family of algorithms is read: secrets, PEM, JWK, several keys while they are changed', async () => {
  const old = 'S3CRET-old-0123456789-0123456789-0123456789'
  const cases = [
    [{ algorithms: ['HS256'], secret: [old, SECRET] }, token()],
    [{ algorithms: ['HS256'], secret: [old, SECRET] }, signedWith({ alg: 'HS256' }, claims(), hs256(old))],
    [{ algorithms: ['HS256'], secret: new TextEncoder().encode(SECRET) }, token()],
    [
      { algorithms: ['RS256'], publicKey: pem(rsa.publicKey) },
      signedWith({ alg: 'RS256', kid: 'any' }, claims(), rs256()),
    ],
    [
      { algorithms: ['ES256', 'RS256'], publicKey: [pem(rsa.publicKey), pem(ec.publicKey)] },
      signedWith({ alg: 'ES256' }, claims(), es256()),
    ],
    [
      { algorithms: ['EdDSA'], publicKey: ed.publicKey.export({ format: 'jwk' }) },
      signedWith({ alg: 'EdDSA' }, claims(), eddsa()),
    ],
  ] as const
  for (const [issuer, good] of cases) {
    const tokens = jwt({ issuers: [{ ...base, ...issuer } as unknown as JwtOptions['issuers'][number]] })
    const { user, expires, token: its } = await tokens.verify(good)
    assert.equal(user, 'ann')
    assert.ok(Number.isSafeInteger(expires))
    assert.ok(its?.issued !== undefined)
  }
})

test('what was signed here is good here, in every algorithm, and says what it was told', async () => {
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' })
  const pairs = { RS: rsa, PS: rsa, ES256: ec, ES384: p384, ES512: p521, Ed: ed } as const
  const names = [
    'HS256',
    'HS384',
    'HS512',
    'RS256',
    'RS384',
    'RS512',
    'PS256',
    'PS384',
    'PS512',
    'ES256',
    'ES384',
    'ES512',
    'EdDSA',
    'Ed25519',
  ] as const
  for (const algorithm of names) {
    const pair = Object.entries(pairs).find(([start]) => algorithm.startsWith(start))?.[1]
    const sign =
      pair === undefined
        ? { secret: SECRET }
        : { privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string }
    const check = pair === undefined ? { secret: SECRET } : { publicKey: pem(pair.publicKey) }
    const tokens = jwt({ issuers: [{ ...base, algorithms: [algorithm], ...check }] })
    const rights = [{ channels: ['chat:*'], actions: ['subscribe'] }] as const
    const content = {
      issuer: ISSUER,
      audience: [AUDIENCE, 'b'],
      expires: '15m',
      user: 'ann',
      id: 'j1',
      rights,
      channels: ['news'],
      info: { n: 1 },
    } as const
    const grant = await tokens.verify(await signToken(content, { algorithm, ...sign }))
    assert.deepEqual(
      [grant.user, grant.rights, grant.channels, grant.info, grant.token?.id],
      ['ann', rights, ['news'], { n: 1 }, 'j1'],
    )
    const its = await signToken({ ...content, channel: 'chat:1' }, { algorithm, ...sign })
    assert.equal((await tokens.channel(its, 'chat:1', { user: 'ann', peer: 'p', info: undefined })).channels, 'chat:1')
    await assert.rejects(tokens.verify(its), { code: 'unauthorized' })
  }
  const content = { issuer: ISSUER, audience: AUDIENCE, expires: '15m' } as const
  await assert.rejects(
    signToken(content, { algorithm: 'HS256', secret: 'S3CRET-short' }),
    /has 12 bytes, and HS256 needs 32/,
  )
  await assert.rejects(signToken(content, { algorithm: 'RS256' }), /privateKey must be a private key/)
  await assert.rejects(signToken({ ...content, expires: 0 }, { algorithm: 'HS256', secret: SECRET }), /expires must be/)
})

test('the leeway forgives clocks that differ, and no more', async () => {
  const at = 1_790_000_000
  const clock = { now: () => 0, wall: () => at * 1_000, setTimer: () => null, clearTimer: () => {}, defer: () => {} }
  const tokens = jwt({ issuers: [hs as JwtOptions['issuers'][number]], leeway: '10s', clock })
  const ok = async (more: object): Promise<number | undefined> =>
    (await tokens.verify(token({ iat: at, exp: at + 60, ...more }))).expires
  assert.equal(await ok({}), (at + 60) * 1_000)
  assert.equal(await ok({ exp: at - 9 }), (at + 1) * 1_000)
  assert.equal(await ok({ nbf: at + 10, iat: at + 10 }), (at + 60) * 1_000)
  assert.equal(await ok({ exp: at + 0.5 }), at * 1_000 + 500)
  await assert.rejects(ok({ exp: at - 10 }), { code: 'token-expired' })
  await assert.rejects(ok({ exp: at - 9.9999 - 0.001 }), { code: 'token-expired' })
  await assert.rejects(ok({ nbf: at + 11 }), { code: 'unauthorized' })
  await assert.rejects(ok({ iat: at + 11 }), { code: 'unauthorized' })
})

test('claims go by the names of the configuration', async () => {
  const names = { user: 'https://example.com/id', rights: 'may', channels: 'to', info: 'profile' }
  const tokens = jwt({ issuers: [hs as JwtOptions['issuers'][number]], claims: names })
  const grant = await tokens.verify(
    token({ [names.user]: 'bob', may: [{ channels: 'a' }], to: ['a'], profile: 'p', rights: 'no', role: 'admin' }),
  )
  assert.deepEqual([grant.user, grant.rights, grant.channels, grant.info], ['bob', [{ channels: ['a'] }], ['a'], 'p'])
  assert.equal(grant.claims?.['role'], 'admin')
})
