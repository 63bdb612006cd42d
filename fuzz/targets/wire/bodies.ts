// Bodies on their way into a store and out of it: a value of JSON or of MessagePack is refused as documented, or stored
// as a text that means the same and is within the limits. Bytes go through base64url and come back.

import assert from 'node:assert/strict'
import {
  type Body,
  base64url,
  type Decoded,
  jsonCodec,
  loadBody,
  RealtimeError,
  type StoredBody,
  storeBody,
  unbase64url,
  utf8Length,
} from '@tautline/wire'
import { msgpackCodec } from '@tautline/wire/msgpack'
import type { Target } from '../../target.ts'
import { JSON_WORDS, MSGPACK_WORDS } from './frames.ts'
import { decode, inTime, isHarmless, SMALL, WIDE } from './judge.ts'

/** Why no store takes it, by looking at the whole value. */
function objection(value: unknown, level: number): 'bad-data' | 'too-large' | null {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return null
  if (typeof value === 'number') {
    const integer = Number.isInteger(value) && Math.abs(value) < 1e21
    return Number.isFinite(value) && (!integer || Math.abs(value) <= Number.MAX_SAFE_INTEGER) ? null : 'bad-data'
  }
  if (typeof value !== 'object' || value instanceof Uint8Array) return 'bad-data'
  if (level >= SMALL.depth) return 'too-large'
  if (Object.hasOwn(value, '__proto__')) return 'bad-data'
  for (const inner of Object.values(value)) {
    const wrong = objection(inner, level + 1)
    if (wrong !== null) return wrong
  }
  return null
}

/** How many keys the maps have together. */
function keysOf(value: unknown): number {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return 0
  const inner = Object.values(value).reduce((sum: number, one) => sum + keysOf(one), 0)
  return Array.isArray(value) ? inner : inner + Object.keys(value).length
}

function store(body: Body): StoredBody | RealtimeError {
  try {
    return storeBody(body, SMALL)
  } catch (error) {
    assert.ok(error instanceof RealtimeError && ['bad-data', 'too-large'].includes(error.code), String(error))
    assert.ok(isHarmless(error.message), error.message)
    return error
  }
}

/** Half a surrogate pair becomes U+FFFD, −0 becomes 0; keys that are the same then are one. */
function normal(value: unknown): unknown {
  return JSON.parse(Buffer.from(JSON.stringify(value).replaceAll(/\\u(d[89a-f][0-9a-f]{2})/g, '\ufffd')).toString())
}

function checkValue(value: unknown): void {
  const stored = inTime(() => store({ data: value } as Body))
  if (stored instanceof RealtimeError) {
    assert.equal(stored.field, 'data')
    const why = objection(value, 1)
    const long = why !== null || utf8Length(JSON.stringify(value)) > SMALL.body || keysOf(value) > SMALL.keys
    assert.ok(long || JSON.stringify(value).includes('\\ud'), 'it was refused for nothing')
    return
  }
  assert.equal(objection(value, 1), null)
  assert.ok(keysOf(value) <= SMALL.keys)
  assert.ok(stored.json !== undefined && Buffer.byteLength(stored.json) <= SMALL.body)
  assert.equal(utf8Length(stored.json), Buffer.byteLength(stored.json))
  assert.ok(stored.json.isWellFormed() && !stored.json.includes('\n'))
  const loaded = loadBody(stored)
  if (!/\\u(d[89a-f])/.test(JSON.stringify(value))) assert.deepEqual(loaded.data, normal(value))
  assert.deepEqual(storeBody(loaded, SMALL), stored)
  for (const codec of [jsonCodec, msgpackCodec]) {
    const [decoded] = codec.decode(codec.encode({ ev: 'msg', ...loaded }), WIDE)
    assert.deepEqual(decoded, { value: { ev: 'msg', ...loaded } } satisfies Decoded)
  }
}

export const bodies: Target = {
  name: 'bodies',
  dictionary: [...JSON_WORDS, ...MSGPACK_WORDS],
  run(bytes) {
    for (const codec of [jsonCodec, msgpackCodec]) {
      const decoded = decode(codec, bytes, WIDE)
      if (typeof decoded !== 'string') for (const { value } of decoded) checkValue(value)
    }
    const stored = store({ bytes })
    if (stored instanceof RealtimeError) assert.ok(bytes.length > SMALL.body && stored.code === 'too-large')
    else assert.equal(loadBody(stored).bytes, bytes)
    const text = inTime(() => base64url(bytes))
    assert.equal(text, Buffer.from(bytes).toString('base64url'))
    assert.deepEqual(unbase64url(text), new Uint8Array(bytes))
    // The input as if it were base64url: the one text of some bytes, or none.
    const claimed = Buffer.from(bytes).toString('latin1')
    const read = inTime(() => unbase64url(claimed))
    const again = Buffer.from(claimed, 'base64url')
    assert.deepEqual(read, again.toString('base64url') === claimed ? new Uint8Array(again) : null)
  },
}
