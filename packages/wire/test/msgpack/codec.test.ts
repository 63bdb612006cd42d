import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encode as independent } from '@msgpack/msgpack'
import fc from 'fast-check'
import { EXTENSION, NOT_A_NUMBER, STRANGE_KEY, UNSAFE_INTEGER } from '../../src/bad.ts'
import { frameLimits, LIMITS, WireError } from '../../src/mod.ts'
import { msgpackCodec } from '../../src/msgpack/mod.ts'

const limits = frameLimits(LIMITS)

function decode(bytes: readonly number[] | Uint8Array, of: typeof limits = limits): unknown {
  const decoded = msgpackCodec.decode(Uint8Array.from(bytes), of)
  assert.equal(decoded.length, 1)
  return decoded[0]!.value
}

function kind(bytes: readonly number[] | Uint8Array | string, of: typeof limits = limits): string {
  try {
    msgpackCodec.decode(typeof bytes === 'string' ? bytes : Uint8Array.from(bytes), of)
    return 'read'
  } catch (error) {
    assert.ok(error instanceof WireError, String(error))
    return error.kind
  }
}

function bad(bytes: readonly number[]): string | undefined {
  return msgpackCodec.decode(Uint8Array.from(bytes), limits)[0]?.bad
}

test('every type of the MessagePack specification is read, in its short and its long forms', () => {
  const cases: [number[], unknown][] = [
    [[0x7f], 127],
    [[0xe0], -32],
    [[0xc0], null],
    [[0xc2], false],
    [[0xc3], true],
    [[0xcc, 200], 200],
    [[0xcd, 1, 0], 256],
    [[0xce, 0, 1, 0, 0], 65_536],
    [[0xcf, 0, 0, 0, 1, 0, 0, 0, 0], 4_294_967_296],
    [[0xcf, 0, 0, 0, 0, 0, 0, 0, 7], 7],
    [[0xd0, 0x80], -128],
    [[0xd1, 0xff, 0x00], -256],
    [[0xd2, 0xff, 0xff, 0, 0], -65_536],
    [[0xd3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], -1],
    [[0xd3, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0], -4_294_967_296],
    [[0xca, 0x3f, 0xc0, 0, 0], 1.5],
    [[0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0], 1.5],
    [[0xa1, 0x61], 'a'],
    [[0xd9, 1, 0x61], 'a'],
    [[0xda, 0, 1, 0x61], 'a'],
    [[0xdb, 0, 0, 0, 1, 0x61], 'a'],
    [[0xa0], ''],
    [[0xc4, 1, 9], Uint8Array.of(9)],
    [[0xc5, 0, 1, 9], Uint8Array.of(9)],
    [[0xc6, 0, 0, 0, 1, 9], Uint8Array.of(9)],
    [[0x91, 1], [1]],
    [[0xdc, 0, 1, 1], [1]],
    [[0xdd, 0, 0, 0, 1, 1], [1]],
    [[0x81, 0xa1, 0x61, 1], { a: 1 }],
    [[0xde, 0, 1, 0xa1, 0x61, 1], { a: 1 }],
    [[0xdf, 0, 0, 0, 1, 0xa1, 0x61, 1], { a: 1 }],
  ]
  for (const [bytes, value] of cases) assert.deepEqual(decode(bytes), value, String(bytes))
})

test('what an independent writer wrote is read as the same value', () => {
  const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme', minLength: 60, maxLength: 300 }))
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 5 },
      text,
      fc.double({ noNaN: true, noDefaultInfinity: true }).filter((of) => !Object.is(of, -0)),
      fc.maxSafeInteger(),
      fc.boolean(),
      fc.constant(null),
      fc.uint8Array({ maxLength: 300 }).map((of) => Uint8Array.from(of)),
      fc.array(tie('any'), { maxLength: 20 }),
      fc
        .array(
          fc.tuple(
            text.filter((of) => of !== '__proto__'),
            tie('any'),
          ),
          { maxLength: 20 },
        )
        .map((of) => Object.fromEntries(of)),
    ),
  })).any
  fc.assert(
    fc.property(value, (of) => {
      assert.deepEqual(msgpackCodec.decode(independent(of), limits), [{ value: of }])
    }),
    { numRuns: 500 },
  )
})

test('a text keeps the mark it begins with, however long it is', () => {
  for (const text of ['\ufeffa', `\ufeff${'a'.repeat(300)}`]) assert.equal(decode(independent(text)), text)
})

test('J07: what JSON cannot say is noted and read past', () => {
  assert.equal(bad([0xcf, 0, 0x20, 0, 0, 0, 0, 0, 0]), UNSAFE_INTEGER)
  assert.equal(bad([0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), UNSAFE_INTEGER)
  assert.equal(bad([0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0]), UNSAFE_INTEGER)
  assert.equal(bad([0xcf, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), undefined)
  assert.equal(bad([0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0]), NOT_A_NUMBER)
  assert.equal(bad([0xca, 0x7f, 0x80, 0, 0]), NOT_A_NUMBER)
  assert.equal(bad([0xd4, 1, 0]), EXTENSION)
  assert.equal(bad([0xd8, 1, ...new Array<number>(16).fill(0)]), EXTENSION)
  assert.equal(bad([0xc7, 2, 255, 0, 0]), EXTENSION)
  assert.equal(bad([0xc8, 0, 2, 255, 0, 0]), EXTENSION)
  assert.equal(bad([0xc9, 0, 0, 0, 2, 255, 0, 0]), EXTENSION)
  assert.equal(bad([0x81, 1, 2]), STRANGE_KEY)
  assert.equal(bad([0x81, 0x90, 2]), STRANGE_KEY)
  // The message behind it is its own.
  const two = msgpackCodec.decode(Uint8Array.of(0x81, 1, 2, 0x81, 0xa1, 0x61, 1), limits)
  assert.deepEqual(two, [{ value: { '': 2 }, bad: STRANGE_KEY }, { value: { a: 1 } }])
})

test('J05, J03: the last of two keys counts, and __proto__ is a key that changes no prototype', () => {
  assert.deepEqual(decode([0x82, 0xa1, 0x61, 1, 0xa1, 0x61, 2]), { a: 2 })
  const proto = [0xa9, ...new TextEncoder().encode('__proto__')]
  const value = decode([0x81, ...proto, 0x81, 0xa2, 0x6f, 0x70, 1]) as { op?: unknown }
  assert.equal(value.op, undefined)
  assert.deepEqual(Object.keys(value), ['__proto__'])
})

test('J01: what ends early, has no type, or holds a text that is no UTF-8 is malformed', () => {
  for (const bytes of [
    [],
    [0xc1],
    [0x91],
    [0x81, 0xa1, 0x61],
    [0xa2, 0x61],
    [0xcd, 1],
    [0xcf, 0, 0, 0, 0],
    [0xc4],
    [0xc4, 2, 1],
    [0xd4, 1],
    [0xa1, 0xff],
    [0xa2, 0xc3, 0x28],
    [0xa3, 0xed, 0xa0, 0x80],
    [0xa2, 0xc0, 0x80],
    [0x91, 0xa1, 0xc3, 0xa9],
  ]) {
    assert.equal(kind(bytes), 'malformed', String(bytes))
  }
  assert.equal(kind('{}'), 'malformed')
})

test('J21: a declared length is not believed before the bytes are there', () => {
  const huge = [0xff, 0xff, 0xff, 0xff]
  for (const type of [0xc6, 0xc9, 0xdb, 0xdd, 0xdf]) {
    const before = process.memoryUsage().heapUsed
    assert.equal(kind([type, ...huge, 1, 2, 3]), 'malformed')
    assert.ok(process.memoryUsage().heapUsed - before < 4_000_000)
  }
  // Lists of lists, each claiming all that is left.
  const nested = Uint8Array.from({ length: 60 * 3 }, (_, i) => [0xdc, 0, 100][i % 3] as number)
  assert.equal(kind(nested), 'malformed')
})

test('a frame over a limit is too large: bytes, messages, levels, keys', () => {
  assert.equal(kind([0xc0, 0xc0], { ...limits, bytes: 1 }), 'too-large')
  assert.equal(kind([0xc0, 0xc0], { ...limits, messages: 2 }), 'read')
  assert.equal(kind([0xc0, 0xc0, 0xc0], { ...limits, messages: 2 }), 'too-large')
  assert.equal(kind([0x91, 0x91, 0xc0], { ...limits, depth: 2 }), 'read')
  assert.equal(kind([0x91, 0x91, 0x90], { ...limits, depth: 2 }), 'too-large')
  assert.equal(kind([0x82, 0xa1, 0x61, 0xc0, 0xa1, 0x62, 0xc0], { ...limits, keys: 1 }), 'too-large')
  // A key may be a list: levels count there too, and nothing overflows.
  assert.equal(kind(new Uint8Array(100_000).fill(0x91)), 'too-large')
  assert.equal(kind(new Uint8Array(100_000).fill(0x81)), 'too-large')
})

test('J06: half a surrogate pair is written as U+FFFD, in texts and in keys', () => {
  const half = '\ud800'
  const message = { id: 1, data: { [half]: [half, { bytes: Uint8Array.of(1) }] }, none: undefined }
  const { value } = msgpackCodec.decode(msgpackCodec.encode(message), limits)[0]!
  assert.deepEqual(value, { id: 1, data: { '\ufffd': ['\ufffd', { bytes: Uint8Array.of(1) }] } })
})

test('a frame is not changed by the next one, and the codec joins bytes only', () => {
  const first = msgpackCodec.encode({ a: 'x'.repeat(100) }) as Uint8Array
  const copy = Uint8Array.from(first)
  const large = msgpackCodec.encode({ a: 'y'.repeat(600_000) })
  msgpackCodec.encode({ a: 'z'.repeat(100) })
  assert.deepEqual(first, copy)
  assert.equal(msgpackCodec.size(large), 600_008)
  assert.throws(() => msgpackCodec.join(['{}', first]), TypeError)
  assert.throws(() => msgpackCodec.size('{}'), TypeError)
})

test('a stored entry gives no more of itself than a publication has', () => {
  const entry = { id: 'w.1', off: 1, at: 2, epoch: 'e', body: { json: '1' } }
  const { value } = msgpackCodec.decode(msgpackCodec.publication('c', entry), limits)[0]!
  assert.deepEqual(value, { ev: 'pub', ch: 'c', off: 1, id: 'w.1', at: 2, data: 1 })
})
