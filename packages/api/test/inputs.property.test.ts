// Whatever is sent to the API: an answer below 500 (or 501) in the form of the document, and never what was sent as a key.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRealtime } from '@tautline/server'
import fc from 'fast-check'
import { OPERATIONS } from '../src/api.ts'
import { createApi } from '../src/mod.ts'
import { ADMIN, assertNoSecret } from './served.ts'

const failures: string[] = []
const realtime = createRealtime({ channels: { 'chat:*': { presence: true }, 'typing:*': { log: false } } })
const api = createApi(realtime, {
  keys: [{ name: 'admin', secret: ADMIN, scopes: ['*'] }],
  rate: { perSecond: 1_000_000 },
  log: (event, fields) => failures.push(`${event} ${JSON.stringify(fields)}`),
})
const POSTS = OPERATIONS.filter(({ method }) => method === 'POST')
const GETS = OPERATIONS.filter(({ method }) => method === 'GET')
const RUNS = 2_000

async function assertFine(response: Response): Promise<void> {
  const text = await response.text()
  const where = `${response.status} ${text.slice(0, 200)}`
  assert.ok(response.status < 500 || response.status === 501, where)
  assertNoSecret(text)
  if (response.status === 200) return
  const { error } = JSON.parse(text) as { error: Record<string, unknown> }
  assert.equal(typeof error['code'], 'string', where)
  assert.equal(typeof error['message'], 'string', where)
  assert.ok((error['message'] as string).length < 400, where)
  assert.doesNotMatch(error['message'] as string, /[\u0000-\u001f\u007f\u2028\u2029]/, where)
  assert.deepEqual(failures, [])
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ maxLength: 20 }),
  fc.constantFrom('chat:1', 'typing:1', 'chat:*', '**', '', '__proto__', 'constructor', '\ud800'),
)
const value = fc.oneof(
  { weight: 2, arbitrary: text },
  fc.integer(),
  fc.double(),
  fc.jsonValue(),
  fc.array(text, { maxLength: 5 }),
)

test('bodies with the fields of an operation and anything in them', async () => {
  const one = fc.constantFrom(...POSTS).chain((row) => {
    const fields = Object.keys(row.input.shape)
    const changed = fc.dictionary(fc.oneof(fc.constantFrom(...fields, ADMIN, `Bearer ${ADMIN}`), text), value, {
      maxKeys: 4,
    })
    return fc.record({ row: fc.constant(row), changed, keep: fc.boolean() })
  })
  const send = async ({ row, changed, keep }: { row: (typeof POSTS)[0]; changed: object; keep: boolean }) => {
    const body = JSON.stringify(keep ? { ...row.example, ...changed } : changed)
    await assertFine(await post(row.name, body))
  }
  await fc.assert(fc.asyncProperty(one, send), { numRuns: RUNS })
})

test('bodies of any JSON, of any text, of any bytes', async () => {
  const row = fc.constantFrom(...POSTS)
  const body = fc.oneof(fc.json(), text, fc.uint8Array({ maxLength: 200 }))
  await fc.assert(
    fc.asyncProperty(row, body, async ({ name }, any) => assertFine(await post(name, any))),
    { numRuns: RUNS },
  )
})

test('queries of any names and values', async () => {
  const query = fc.constantFrom(...GETS).chain(({ name, input }) => {
    const names = fc.oneof(fc.constantFrom('channel', ADMIN, ...Object.keys(input.shape)), fc.string({ maxLength: 10 }))
    return fc.record({
      name: fc.constant(name),
      pairs: fc.array(fc.tuple(names, fc.oneof(text, fc.json())), { maxLength: 4 }),
    })
  })
  const send = async ({ name, pairs }: { name: string; pairs: [string, string][] }) => {
    const search = new URLSearchParams(pairs.map(([key, of]): [string, string] => [key, of.toWellFormed()]))
    await assertFine(await api.request(`http://a/api/v1/${name}?${search}`, { headers: { 'x-api-key': ADMIN } }))
  }
  await fc.assert(fc.asyncProperty(query, send), { numRuns: RUNS })
})

test('paths, keys and idempotency keys of any text', async () => {
  const ascii = fc.string({ unit: fc.constantFrom(...'abcSK3 "=,;:/-_.~%*\\<>?#'), maxLength: 40 })
  const send = async (path: string, authorization: string, key: string) => {
    const headers = {
      authorization: `Bearer ${authorization}`,
      'idempotency-key': key,
      'content-type': 'application/json',
    }
    await assertFine(await api.request(`http://a/api/v1/${path}`, { method: 'POST', headers, body: '{}' }))
    const good = { ...headers, authorization: `Bearer ${ADMIN}` }
    const body = JSON.stringify({ channel: 'chat:1', data: 1 })
    await assertFine(await api.request('http://a/api/v1/publish', { method: 'POST', headers: good, body }))
  }
  await fc.assert(fc.asyncProperty(ascii, ascii, ascii, send), { numRuns: RUNS })
})

async function post(name: string, body: string | Uint8Array): Promise<Response> {
  const headers = { 'x-api-key': ADMIN, 'content-type': 'application/json' }
  return api.request(`http://a/api/v1/${name}`, { method: 'POST', headers, body: body as string })
}
