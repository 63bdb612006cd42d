import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Codec, frameLimits, jsonCodec, LIMITS, WireError } from '../../src/mod.ts'

const limits = frameLimits(LIMITS)

function kind(frame: string | Uint8Array, of: Parameters<Codec['decode']>[1] = limits): string {
  try {
    jsonCodec.decode(frame, of)
    return 'read'
  } catch (error) {
    assert.ok(error instanceof WireError, String(error))
    return error.kind
  }
}

test('a frame is one or more messages joined by newlines (tautline.v1 §2.2)', () => {
  assert.deepEqual(jsonCodec.decode('{"id":1}\n{"id":2}', limits), [{ value: { id: 1 } }, { value: { id: 2 } }])
  assert.deepEqual(jsonCodec.decode(new TextEncoder().encode('{"a":"é"}'), limits), [{ value: { a: 'é' } }])
  assert.equal(jsonCodec.join(['{"id":1}', '{"id":2}']), '{"id":1}\n{"id":2}')
})

test('J01: what is not JSON, and nothing at all, is malformed', () => {
  for (const frame of [
    '',
    'x',
    '{',
    '{"a":1}\n',
    '\n{"a":1}',
    '{}\n\n{}',
    '{"a":\n1}',
    "{'a':1}",
    '{"a":NaN}',
    '\ufeff{}',
  ]) {
    assert.equal(kind(frame), 'malformed', JSON.stringify(frame))
  }
})

test('J02: 65 levels in a body of 64 kB are refused before JSON.parse sees them', () => {
  const levels = (depth: number): string =>
    `{"data":${'['.repeat(depth - 1)}"${'x'.repeat(64_000)}"${']'.repeat(depth - 1)}}`
  assert.equal(kind(levels(64)), 'read')
  assert.equal(kind(levels(65)), 'too-large')
  assert.equal(kind('['.repeat(1_000_000)), 'too-large')
})

test('J04: 100,000 keys are refused before JSON.parse makes any of them', () => {
  const keys = Array.from({ length: 100_000 }, (_, i) => `"${i}":0`).join()
  assert.equal(kind(`{${keys}}`), 'too-large')
})

test('J05: where a key occurs twice the last one counts', () => {
  assert.deepEqual(jsonCodec.decode('{"ch":"a","ch":"b"}', limits), [{ value: { ch: 'b' } }])
})

test('J03: the key __proto__ is a key, and changes no prototype', () => {
  const { value } = jsonCodec.decode('{"__proto__":{"op":"ping"},"id":1}', limits)[0] as { value: { op?: unknown } }
  assert.equal(value.op, undefined)
  assert.deepEqual(Object.keys(value), ['__proto__', 'id'])
})

test('bytes that are no UTF-8, or begin with a mark, are malformed', () => {
  for (const bytes of [[0xff], [0x22, 0xc3, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22], [0xef, 0xbb, 0xbf, 0x31]]) {
    assert.equal(kind(Uint8Array.from(bytes)), 'malformed')
  }
})

test('a frame over a limit is too large: bytes in UTF-8, messages, levels, keys', () => {
  assert.equal(kind('"éé"', { ...limits, bytes: 6 }), 'read')
  assert.equal(kind('"éé"', { ...limits, bytes: 5 }), 'too-large')
  assert.equal(kind(new TextEncoder().encode('"éé"'), { ...limits, bytes: 5 }), 'too-large')
  assert.equal(kind('1\n2', { ...limits, messages: 2 }), 'read')
  assert.equal(kind('1\n2\n3', { ...limits, messages: 2 }), 'too-large')
  assert.equal(kind('[[[1]]]', { ...limits, depth: 2 }), 'too-large')
  assert.equal(kind('{"a":{"b":1}}', { ...limits, keys: 1 }), 'too-large')
})

test('the reason of a refusal quotes nothing of the frame', () => {
  assert.throws(
    () => jsonCodec.decode('secret\u202e', limits),
    (error: Error) => !error.message.includes('secret'),
  )
})

test('bytes become base64url in a message, its ok, and the items of its ok', () => {
  const bytes = Uint8Array.of(251, 255)
  const message = { id: 1, bytes, ok: { bytes, items: [{ bytes }, { data: 1 }] } }
  assert.equal(
    jsonCodec.encode(message),
    '{"id":1,"bytes":"-_8","ok":{"bytes":"-_8","items":[{"bytes":"-_8"},{"data":1}]}}',
  )
  assert.equal(message.bytes, bytes)
})

test('undefined fields are left out', () => {
  assert.equal(jsonCodec.encode({ a: 1, b: undefined }), '{"a":1}')
})

test('a stored text is spliced into the publication as it is', () => {
  assert.equal(
    jsonCodec.publication('a"b', { id: 'w.1', off: 3, at: 17, body: { json: '{"x":[1, 2]}' } }),
    '{"ev":"pub","ch":"a\\"b","off":3,"id":"w.1","at":17,"data":{"x":[1, 2]}}',
  )
})

test('the codec does not join bytes', () => {
  assert.throws(() => jsonCodec.join([Uint8Array.of(1), '{}']), TypeError)
})
