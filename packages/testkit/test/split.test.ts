import assert from 'node:assert/strict'
import { test } from 'node:test'
import { byteByByte, chops, Random, randomSplit, splitSizes } from '@tautline/testkit'

test('every way of splitting keeps the bytes and their order', () => {
  const random = new Random(7)
  for (const size of [0, 1, 2, 3, 64, 1000]) {
    const bytes = random.bytes(size)
    for (const parts of [
      byteByByte(bytes),
      chops(bytes, 7),
      randomSplit(bytes, random),
      splitSizes(bytes, [1, 0, 5, 2]),
      splitSizes(bytes, []),
    ]) {
      assert.ok(Buffer.concat(parts).equals(bytes))
      assert.ok(parts.every((part) => part.length > 0))
    }
  }
})

test('the sizes are kept', () => {
  assert.deepEqual(
    splitSizes(Buffer.from('abcdef'), [2, 3]).map(String),
    ['97,98', '99,100,101', '102'].map((s) => Buffer.from(s.split(',').map(Number)).toString()),
  )
  assert.throws(() => chops(Buffer.alloc(3), 0), RangeError)
})

test('the same seed gives the same numbers, another seed others', () => {
  const draw = (seed: number): number[] =>
    Array.from(
      { length: 5 },
      (
        (random) => () =>
          random.next()
      )(new Random(seed)),
    )
  assert.deepEqual(draw(42), draw(42))
  assert.notDeepEqual(draw(42), draw(43))
})

test('numbers stay within their limits and reach all of them', () => {
  const random = new Random(3)
  const seen = new Set(Array.from({ length: 500 }, () => random.between(2, 6)))
  assert.deepEqual([...seen].sort(), [2, 3, 4, 5, 6])
  assert.match(random.text(100), /^[ -~]{100}$/)
})
