import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runInNewContext } from 'node:vm'
import { type Body, type ErrorCode, LIMITS, loadBody, RealtimeError, storeBody, storeJson } from '../src/mod.ts'

function refused(data: unknown, code: ErrorCode, text: RegExp, limits = LIMITS): void {
  assert.throws(
    () => storeBody({ data } as Body, limits),
    (error) => {
      assert.ok(error instanceof RealtimeError)
      assert.deepEqual([error.code, error.field], [code, 'data'])
      assert.match(error.message, text)
      return true
    },
  )
}

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let i = 0; i < depth; i++) value = [value]
  return value
}

test('what is stored is this side’s own text of the value', () => {
  assert.deepEqual(storeBody({ data: { b: [1, 'x', null, true], a: 1.5 } }, LIMITS), {
    json: '{"b":[1,"x",null,true],"a":1.5}',
  })
  assert.deepEqual(loadBody({ json: '{"a":1}' }), { data: { a: 1 } })
  const bytes = Uint8Array.of(1)
  assert.equal(storeBody({ bytes }, LIMITS).bytes, bytes)
  assert.equal(loadBody({ bytes }).bytes, bytes)
})

test('what JSON cannot say is refused as bad-data (tautline.v1 §2.4)', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    refused([value], 'bad-data', /holds (NaN|-?Infinity)/)
  }
  refused(undefined, 'bad-data', /holds undefined/)
  refused({ a: undefined }, 'bad-data', /holds undefined/)
  refused(new Array(3), 'bad-data', /holds undefined/)
  refused(1n, 'bad-data', /holds a bigint/)
  refused({ toJSON: () => 1 }, 'bad-data', /holds a function/)
  for (const value of [new Date(0), new Map(), Uint8Array.of(1), new (class Point {})(), Object.create({ a: 1 })]) {
    refused({ value }, 'bad-data', /plain object/)
  }
})

test('J07: integers are within ±(2^53 − 1), and what ECMAScript writes as one', () => {
  for (const value of [2 ** 53, -(2 ** 53), 1e20, -1e20]) refused(value, 'bad-data', /as text/)
  for (const value of [2 ** 53 - 1, -(2 ** 53 - 1), 1e21, 1.5e300, 5e-324, -0.5]) {
    assert.deepEqual(loadBody(storeBody({ data: value }, LIMITS)), { data: value })
  }
  assert.equal(storeJson(-0, LIMITS), '0')
})

test('J03: the key __proto__ is refused, and others like it are keys like any other', () => {
  refused(JSON.parse('{"a":{"__proto__":{"admin":true}}}'), 'bad-data', /__proto__/)
  const text = '{"constructor":{"prototype":{"admin":true}},"hasOwnProperty":1}'
  assert.equal(storeJson(JSON.parse(text), LIMITS), text)
  assert.equal(Object.hasOwn(Object.prototype, 'admin'), false)
})

test('J06: half a surrogate pair is stored as U+FFFD, in texts and in keys', () => {
  const value: unknown = JSON.parse('{"\\ud800":["a\\udc00","\\ud83d\\ude00","\\\\ud800"]}')
  assert.equal(storeJson(value, LIMITS), '{"\ufffd":["a\ufffd","😀","\\\\ud800"]}')
})

test('J16, J20, J06: a body over the limit is refused; its length counts after encoding', () => {
  assert.deepEqual(storeBody({ data: 'é' }, { ...LIMITS, body: 4 }), { json: '"é"' })
  refused('é', 'too-large', /more than 3 bytes/, { ...LIMITS, body: 3 })
  refused('\ud800', 'too-large', /more than 4 bytes/, { ...LIMITS, body: 4 })
})

test('J20: what a member tells of itself has the same limits, under its own name', () => {
  assert.throws(
    () => storeJson({ text: 'x'.repeat(1_000_000) }, LIMITS, 'info'),
    (error) => error instanceof RealtimeError && error.code === 'too-large' && error.field === 'info',
  )
})

test('J02: levels and keys are bounded, also in what turns in a circle', () => {
  assert.equal(storeJson(nested(LIMITS.depth - 1), LIMITS).length, 2 * (LIMITS.depth - 1) + 1)
  refused(nested(LIMITS.depth), 'too-large', /nested deeper/)
  const circle: unknown[] = []
  circle.push(circle)
  refused(circle, 'too-large', /nested deeper/)
  refused(Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [i, 0])), 'too-large', /too many keys/)
})

test('plain objects of another realm, and those without prototype, are plain', () => {
  assert.equal(storeJson(runInNewContext('({ a: [1] })'), LIMITS), '{"a":[1]}')
  assert.equal(storeJson(Object.assign(Object.create(null), { a: 1 }), LIMITS), '{"a":1}')
})

test('bytes over the limit, and what is no bytes, are refused with their field', () => {
  const failure = (bytes: unknown): unknown => {
    try {
      return storeBody({ bytes } as Body, { ...LIMITS, body: 2 })
    } catch (error) {
      return error instanceof RealtimeError && [error.code, error.field]
    }
  }
  assert.deepEqual(failure(new Uint8Array(3)), ['too-large', 'bytes'])
  assert.deepEqual(failure('AAAA'), ['bad-data', 'bytes'])
})
