// API keys: who may do what, where a key belongs, and that nothing tells one from another but itself.
import assert from 'node:assert/strict'
import { createHash, timingSafeEqual } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { createRealtime } from '@tautline/server'
import { VirtualClock } from '@tautline/testkit'
import { KeyRing } from '../src/keys.ts'
import { type ApiKey, createApi, SCOPES, type Scope } from '../src/mod.ts'
import { document, exampleQuery, operationsOf, target } from './described.ts'
import { ADMIN, ask, type Served, serve } from './served.ts'

const sha256 = (secret: string, encoding: 'hex' | 'base64' | 'base64url'): string =>
  `sha256:${createHash('sha256').update(secret).digest(encoding)}`

function keyFor(scope: Scope): string {
  return `S3CRET-only-${scope}-0123456789ab`
}

const HASHED = 'S3CRET-kept-as-a-hash-7f21'
const CHAT = 'S3CRET-chat-only-5d0c11e2'

describe('an API', () => {
  let served: Served

  before(async () => {
    const keys: ApiKey[] = SCOPES.map((scope) => ({ name: `only-${scope}`, secret: keyFor(scope), scopes: [scope] }))
    keys.push({ name: 'hashed', hash: sha256(HASHED, 'hex'), scopes: ['info'] })
    keys.push({ name: 'hashed', hash: sha256(`${HASHED}-2`, 'base64url'), scopes: ['info'] })
    keys.push({ name: 'chat', secret: CHAT, scopes: ['*'], channels: ['chat:*', 'inbox:ann:**'] })
    served = await serve({ keys })
  })
  after(() => served.close())

  const info = (headers: Record<string, string>) => ask(`${served.url}/info`, undefined, headers)

  test('lets each key do what its scope says, and nothing else: every route with every scope', async () => {
    let asked = 0
    for (const operation of operationsOf(await document(served))) {
      const path = target(operation.path, exampleQuery(operation))
      for (const scope of SCOPES) {
        const authorization = `Bearer ${keyFor(scope)}`
        const answer = await ask(`${served.url}${path}`, operation.body?.example, { authorization })
        const where = `${operation.path} with ${scope}: ${answer.status} ${answer.text}`
        asked++
        if (scope === operation.scope) {
          assert.equal(answer.status, 200, where)
          continue
        }
        assert.equal(answer.status, 403, where)
        assert.equal(answer.body.error.code, 'forbidden')
        assert.ok(answer.body.error.message.includes(`no scope "${operation.scope}"`), where)
        const challenge = answer.headers.get('www-authenticate')
        assert.equal(challenge, `Bearer realm="tautline", error="insufficient_scope", scope="${operation.scope}"`)
      }
    }
    assert.equal(asked, 12 * SCOPES.length)
  })

  test('takes a key as Bearer, in any case of the word, or as X-API-Key', async () => {
    for (const headers of [
      { authorization: `Bearer ${ADMIN}` },
      { authorization: `bearer  ${ADMIN}` },
      { 'x-api-key': ADMIN },
      { authorization: `Bearer ${HASHED}` },
      { 'x-api-key': `${HASHED}-2` },
    ]) {
      assert.equal((await info(headers)).status, 200, JSON.stringify(headers))
    }
  })

  test('answers 401 with a challenge to whoever brings none, a wrong one, or one in another form', async () => {
    for (const headers of [
      {},
      { authorization: '' },
      { authorization: ADMIN },
      { authorization: `Basic ${ADMIN}` },
      { authorization: `Bearer ${ADMIN}x` },
      { authorization: `Bearer ${ADMIN.slice(0, -1)}` },
      { authorization: `Bearer ${ADMIN} ${ADMIN}` },
      { authorization: `Bearer ${sha256(HASHED, 'hex')}` },
      { authorization: `Bearer ${'S3CRET'.repeat(200)}` },
      { 'x-api-key': '' },
      { cookie: `authorization=${ADMIN}; api_key=${ADMIN}` },
    ] as Record<string, string>[]) {
      const answer = await info(headers)
      assert.equal(answer.status, 401, JSON.stringify(headers))
      assert.equal(answer.body.error.code, 'unauthorized')
      assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer realm="tautline"/)
      assert.ok(!answer.text.includes('S3CRET'), answer.text)
    }
  })

  test('refuses a key in the URL with 400 and says where it belongs, also beside a good one', async () => {
    for (const name of ['key', 'api_key', 'apikey', 'API-Key', 'access_token', 'token', 'secret', 'x-api-key']) {
      const answer = await served.ask(`/info?${name}=${ADMIN}`)
      assert.equal(answer.status, 400, name)
      assert.match(answer.body.error.message, /Authorization: Bearer <key>/)
      assert.ok(!answer.text.includes('S3CRET'), answer.text)
    }
    const elsewhere = await served.ask('/info?unknown=S3CRET-in-a-value')
    assert.equal(elsewhere.status, 400)
    assert.ok(!elsewhere.text.includes('S3CRET'), elsewhere.text)
  })

  test('refuses two keys in one request', async () => {
    assert.equal((await info({ authorization: `Bearer ${ADMIN}`, 'x-api-key': ADMIN })).status, 400)
  })

  test('lets a key with channels name those and no others', async () => {
    const authorization = `Bearer ${CHAT}`
    const as = (path: string, body?: unknown) => ask(`${served.url}${path}`, body, { authorization })
    assert.equal((await as('/publish', { channel: 'chat:1', data: 1 })).status, 200)
    assert.equal((await as('/publish', { channel: 'inbox:ann:mail', data: 1 })).status, 200)
    for (const [path, body] of [
      ['/publish', { channel: 'inbox:bob:mail', data: 1 }],
      ['/history?channel=inbox:bob:mail', undefined],
      ['/presence?channel=inbox:bob:mail', undefined],
      ['/subscribe', { user: 'ann', channel: 'inbox:bob:mail' }],
      ['/unsubscribe', { user: 'ann', channel: 'inbox:bob:mail' }],
    ] as const) {
      const answer = await as(path, body)
      assert.equal(answer.status, 403, path)
      assert.equal(answer.body.error.field, 'channel', path)
    }
    const { body } = await as('/broadcast', { channels: ['chat:1', 'inbox:bob:mail'], data: 1 })
    assert.equal(body.failed, 1)
    assert.equal(body.results[1].error.code, 'forbidden')
    assert.equal(body.results[1].error.field, 'channels[1]')
  })

  test('keeps the idempotency keys of each API key apart, and from those of the server itself', async () => {
    const said = { channel: 'chat:keys', data: { n: 1 }, key: 'same' }
    const offsets: number[] = []
    for (const secret of [ADMIN, keyFor('publish'), CHAT]) {
      for (let i = 0; i < 2; i++) {
        const { body } = await ask(`${served.url}/publish`, said, { authorization: `Bearer ${secret}` })
        assert.equal(body.duplicate, i === 1 ? true : undefined)
        offsets.push(body.position.offset)
      }
    }
    assert.deepEqual(offsets, [1, 1, 2, 2, 3, 3])
    const own = await served.realtime.publish('chat:keys', { n: 1 }, { key: 'same' })
    assert.equal(own.duplicate, undefined)
  })
})

test('as many hashes are compared for every secret as there are keys, wherever it stands', () => {
  let compared = 0
  const equal: typeof timingSafeEqual = (a, b) => {
    compared++
    assert.equal(a.byteLength, 32)
    assert.equal(b.byteLength, 32)
    return timingSafeEqual(a, b)
  }
  const secrets = Array.from({ length: 20 }, (_, i) => `S3CRET-number-${i}-0123456789`)
  const keys = secrets.map((secret, i): ApiKey => ({ name: `n${i}`, secret, scopes: ['*'] }))
  const ring = new KeyRing({ keys }, new VirtualClock(), equal)
  const look = (secret: string): string | null => {
    compared = 0
    try {
      return ring.callerOf(new Headers({ authorization: `Bearer ${secret}` })).name
    } catch {
      return null
    }
  }
  for (const i of [0, 7, 19]) {
    assert.equal(look(secrets[i] as string), `n${i}`)
    assert.equal(compared, 20)
  }
  assert.equal(look('S3CRET-unknown'), null)
  assert.equal(compared, 20)
})

test('keys that cannot be meant are refused when the API is made, and no message shows a secret', () => {
  const realtime = createRealtime()
  const secret = 'S3CRET-of-a-configuration-1'
  const key = { name: 'a', secret, scopes: ['*'] }
  const wrong: [unknown, RegExp][] = [
    [{ ...key, secret: 'S3CRET-short' }, /^keys\[0\]\.secret .*24 to 512/],
    [{ ...key, secret: `S3CRET with spaces ${secret}` }, /^keys\[0\]\.secret /],
    [{ ...key, hash: sha256(secret, 'hex') }, /^keys\[0\] .*either/],
    [{ name: 'a', scopes: ['*'] }, /^keys\[0\] .*either/],
    [{ name: 'a', hash: `md5:${secret}`, scopes: ['*'] }, /^keys\[0\]\.hash /],
    [{ name: 'a', hash: sha256(secret, 'hex').slice(0, -2), scopes: ['*'] }, /^keys\[0\]\.hash /],
    [{ ...key, name: 'a b' }, /^keys\[0\]\.name /],
    [{ ...key, name: undefined }, /^keys\[0\]\.name /],
    [{ ...key, scopes: ['publsh'] }, /^keys\[0\]\.scopes\[0\] .*'publish'/],
    [{ ...key, scopes: 'publish' }, /^keys\[0\]\.scopes /],
    [{ ...key, channels: ['chat:{'] }, /^keys\[0\]\.channels\[0\] /],
    [{ ...key, scope: ['*'] }, /^keys\[0\] has an unknown key "scope": did you mean 'scopes'/],
    [secret, /^keys\[0\] must be an object/],
  ]
  for (const [given, message] of wrong) {
    assert.throws(
      () => createApi(realtime, { keys: [given as ApiKey] }),
      (error: Error) => {
        assert.match(error.message, message)
        assert.ok(!error.message.includes('S3CRET'), error.message)
        return error.name === 'SettingError'
      },
    )
  }
  for (const [options, path] of [
    [{}, /^keys /],
    [{ keys: [], origins: ['https://*.example.com'] }, /^origins\[0\]/],
    [{ keys: [], origins: ['https://app.example.com/'] }, /^origins\[0\]/],
    [{ keys: [], basePath: '/api/' }, /^basePath/],
    [{ keys: [], rate: { perSecond: 0 } }, /^rate\.perSecond/],
    [{ keys: [], maxbody: 1 }, /did you mean 'maxBody'/],
  ] as const) {
    assert.throws(() => createApi(realtime, options as never), { name: 'SettingError', message: path })
  }
})
