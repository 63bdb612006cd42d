import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOk, readServerMessage, WireError } from '../src/mod.ts'

function malformed(read: () => unknown): boolean {
  try {
    read()
    return false
  } catch (error) {
    assert.ok(error instanceof WireError && error.kind === 'malformed', String(error))
    return true
  }
}

test('a push that this version does not know is ignored, whatever it holds (tautline.v1 §3)', () => {
  for (const ev of ['delta', 'constructor', '', 1, null, {}]) {
    assert.equal(readServerMessage({ value: { ev, ch: 7 }, bad: 'an extension' }), null)
  }
})

test('unknown fields are not looked at, and the message is not copied', () => {
  const push = { ev: 'health', ok: true, more: { deep: [null] } }
  assert.equal(readServerMessage({ value: push }), push)
  const published = { position: null, more: 1 }
  assert.equal(readOk('publish', published), published)
  assert.deepEqual(readOk('cancel', { more: 1 }), { more: 1 })
  assert.deepEqual(readOk('rpc', { more: 1 }), { more: 1 })
})

test('what is known and wrong is malformed', () => {
  for (const value of [
    null,
    [],
    'x',
    {},
    { id: '1', ok: {} },
    { id: 1 },
    { id: 1, ok: 1 },
    { id: 1, error: 'no' },
    { id: 1, ok: {}, error: { code: 'x', message: '', retry: 'no' } },
    { id: 1, error: { code: 'x', message: '', retry: 'maybe' } },
    { ev: 'pub', ch: 'c', id: 'w.1', at: 1 },
    { ev: 'pub', ch: 'c', id: 'w.1', at: 1, off: -1, data: 1 },
    { ev: 'pub', ch: 7, id: 'w.1', at: 1, data: 1 },
    { ev: 'pub', ch: 'c', id: 'x'.repeat(10_000), at: 1, data: 1 },
    { ev: 'pub', ch: 'c', id: 'w.1', at: 1, data: 1, bytes: 'QQ' },
    { ev: 'pub', ch: 'c', id: 'w.1', at: 1, bytes: 'QQ=' },
    { ev: 'fence', ch: 'c', from: null, epoch: 'e', loss: 'none' },
    { ev: 'gap', ch: 'c', to: null, count: 1, why: 'dropped' },
    { ev: 'lost', ch: 'c', start: null, lost: { why: 'bored', to: null, spread: 0 } },
    { ev: 'members', ch: 'c', rev: 1, count: 1, joined: [{}] },
    { ev: 'rpc', call: -1, seq: 0, data: 1 },
    { ev: 'bye', code: '4000', reason: '' },
    { ev: 'bye', code: 4000 },
    { ev: 'ping' },
  ]) {
    assert.ok(
      malformed(() => readServerMessage({ value })),
      JSON.stringify(value),
    )
  }
  assert.ok(malformed(() => readServerMessage({ value: { ev: 'health', ok: true }, bad: 'x' })))
  assert.ok(malformed(() => readServerMessage({ value: { id: 1, ok: {} }, bad: 'x' })))
  assert.ok(malformed(() => readOk('connect', {})))
  assert.ok(malformed(() => readOk('history', { items: [1], start: null, end: null, more: 0 })))
  assert.ok(malformed(() => readOk('ping', null)))
})

test('bytes come out as bytes, also in the items of a page and the result of a call', () => {
  const pub = { ev: 'pub', ch: 'c', id: 'w.1', at: 1, bytes: 'QQ' }
  const read = readServerMessage({ value: pub })
  assert.deepEqual(read, { ...pub, bytes: Uint8Array.of(65) })
  const position = { epoch: 'e', offset: 0, id: '' }
  const page = readOk('history', { items: [pub], start: position, end: position, more: false })
  assert.deepEqual(page.items, [read])
  assert.deepEqual(readOk('rpc', { bytes: 'QQ' }), { bytes: Uint8Array.of(65) })
  assert.deepEqual(readOk('rpc', {}), {})
})

test('words for people have any length, and times may have fractions', () => {
  const reply = { id: 1, error: { code: 'x', message: 'm'.repeat(100_000), retry: 'later', after: 1.5 } }
  assert.deepEqual(readServerMessage({ value: structuredClone(reply) }), reply)
})

test('limits are numbers, also those of a later server', () => {
  const connected = {
    conn: 'c',
    secret: 's',
    node: 'n',
    time: 1,
    features: [],
    ping: { every: 25_000, timeout: 20_000 },
    window: 1,
  }
  const limits = { frame: 1, more: 0.5 }
  assert.deepEqual(readOk('connect', { ...connected, limits }), { ...connected, limits })
  assert.ok(malformed(() => readOk('connect', { ...connected, limits: { frame: '1' } })))
  assert.ok(malformed(() => readOk('connect', { ...connected, limits: [] })))
})

test('a publication that was stored before says so, and nothing else does', () => {
  assert.deepEqual(readOk('publish', { position: null, duplicate: true }), { position: null, duplicate: true })
  assert.ok(malformed(() => readOk('publish', { position: null, duplicate: false })))
})

test('what is wrong is named', () => {
  const position = { epoch: 'e', offset: -1, id: '' }
  for (const [value, wrong] of [
    [{ ev: 'gap', ch: 'c', to: position }, /^offset is/],
    [{ ev: 'pub', ch: 'c', id: 'w.1', at: 1, bytes: 7 }, /^bytes is/],
    [{ ev: 'pub', ch: 'c', id: 'w.1', at: 1 }, /^data is/],
    [{ id: 1, error: { code: 7 } }, /^code is/],
    [{ id: 1 }, /^a message is/],
  ] as const) {
    assert.throws(() => readServerMessage({ value }), { message: wrong })
  }
  assert.throws(() => readOk('history', { items: [{ ev: 'sub' }] }), { message: /^items is/ })
})
