import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { Webhook, WebhookVerificationError } from 'standardwebhooks'
import { backend } from '../../src/backend/mod.ts'
import { readSecrets, Signer } from '../../src/backend/signature.ts'
import { OTHER_SECRET, SECRET } from './http-backend.ts'

const BODY = '{"type":"connect","name":"Ænn 🙂"}'

test('what is signed is verified by the library of Standard Webhooks, and by no other secret', () => {
  const headers = new Signer(readSecrets('secret', SECRET)).headers('msg_1', Date.now(), BODY)
  assert.deepEqual(new Webhook(SECRET).verify(BODY, headers), JSON.parse(BODY))
  for (const [body, altered] of [
    [`${BODY} `, headers],
    [BODY, { ...headers, 'webhook-id': 'msg_2' }],
    [BODY, { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) + 1) }],
  ] as const) {
    assert.throws(() => new Webhook(SECRET).verify(body, altered), WebhookVerificationError)
  }
  assert.throws(() => new Webhook(OTHER_SECRET).verify(BODY, headers), WebhookVerificationError)
})

test('while one secret replaces another, backends that know either of them are content', () => {
  const headers = new Signer(readSecrets('secret', [SECRET, OTHER_SECRET])).headers('msg_1', Date.now(), BODY)
  assert.equal(headers['webhook-signature']?.split(' ').length, 2)
  new Webhook(SECRET).verify(BODY, headers)
  new Webhook(OTHER_SECRET).verify(BODY, headers)
})

test('a signature is refused by its receiver when it is older than 5 minutes', () => {
  const old = new Signer(readSecrets('secret', SECRET)).headers('msg_1', Date.now() - 301_000, BODY)
  assert.throws(() => new Webhook(SECRET).verify(BODY, old), /too old/)
})

test('a secret that is none is refused with how to make one, and is not shown', () => {
  for (const wrong of [
    undefined,
    '',
    'S3CRET',
    'whsec_',
    'whsec_S3CRET',
    `whsec_${'S3CRETxx'.repeat(12)}`,
    'whsec_S3CRET-not-base64-but-long-enough-to-be-one',
    `${SECRET}a`,
    SECRET.slice(0, -1),
    [],
    [SECRET, 'S3CRET'],
    [SECRET, SECRET, SECRET, SECRET, SECRET],
    5,
    { S3CRET: 'S3CRET' },
  ]) {
    assert.throws(
      () => backend({ url: 'https://a.example', secret: wrong as string, events: { connect: true } }),
      (error: Error) => {
        assert.match(error.message, /^secret/)
        assert.match(error.message, /openssl rand -base64 32|list of up to 4/)
        assert.doesNotMatch(error.message, /S3CRET/)
        return true
      },
    )
  }
})

test('a backend that is printed shows no key', () => {
  const hooks = backend({ url: 'https://a.example', secret: SECRET, events: { connect: true } })
  const key = readSecrets('secret', SECRET)[0] as Uint8Array
  const printed = inspect(hooks, { depth: 20, showHidden: true }) + JSON.stringify(hooks)
  for (const secret of ['S3CRET', 'whsec', Buffer.from(key).toString('hex').slice(0, 16), inspect(key).slice(20, 40)])
    assert.ok(!printed.includes(secret), secret)
})
