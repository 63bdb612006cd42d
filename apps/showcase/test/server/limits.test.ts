import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { quote } from '../../src/server/log.ts'
import { Buckets } from '../../src/server/token-bucket.ts'

describe('the token buckets', () => {
  it('allow the burst, then say how long to wait', () => {
    const buckets = new Buckets(3, 2)
    assert.deepEqual(
      [1, 2, 3].map(() => buckets.take('a', 1, 0)),
      [0, 0, 0],
    )
    assert.equal(buckets.take('a', 1, 0), 500)
    assert.equal(buckets.take('a', 1, 250), 250)
    assert.equal(buckets.take('a', 1, 500), 0)
    assert.equal(buckets.take('b', 1, 500), 0)
  })

  it('never hold more than their capacity, and a clock that goes back gives nothing', () => {
    const buckets = new Buckets(2, 1)
    assert.deepEqual(
      [1, 2, 3].map(() => buckets.take('a', 1, 1_000_000) === 0),
      [true, true, false],
    )
    assert.equal(buckets.take('a', 1, 0), 1000)
  })

  it('are bounded: who has been quiet the longest begins anew', () => {
    const buckets = new Buckets(1, 0.001)
    buckets.take('a', 1, 0)
    assert.ok(buckets.take('a', 1, 0) > 0)
    for (let n = 0; n < 10_000; n++) buckets.take(`n${n}`, 1, 0)
    assert.equal(buckets.take('a', 1, 0), 0)
  })
})

describe('what is logged', () => {
  it('is one line of ASCII whatever a peer wrote', () => {
    const hostile = 'a"\n2026-01-01 forged\u001b[2J\u202e\u0085\u2028é😀'
    const quoted = quote(hostile)
    assert.match(quoted, /^"[\x20-\x7e]*"$/)
    assert.equal(JSON.parse(quoted), hostile)
  })

  it('is short', () => {
    assert.ok(quote('x'.repeat(100_000)).length < 250)
  })
})
