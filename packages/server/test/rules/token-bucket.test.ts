import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Clock } from '@tautline/wire'
import { TokenBucket } from '../../src/token-bucket.ts'

/** A clock of which a bucket needs no more than the time. */
function clockAt(time: { now: number }): Clock {
  const refuse = (): never => assert.fail('a bucket sets no timer')
  return { now: () => time.now, wall: refuse, setTimer: refuse, clearTimer: refuse, defer: refuse }
}

describe('a token bucket', () => {
  it('gives its burst at once, then its rate', () => {
    const time = { now: 1_000 }
    const bucket = new TokenBucket(clockAt(time), { rate: 10, burst: 3 })
    assert.deepEqual([bucket.take(), bucket.take(), bucket.take()], [0, 0, 0])
    assert.equal(bucket.take(), 100)
    time.now += 99
    assert.equal(bucket.take(), 1)
    time.now += 1
    assert.equal(bucket.take(), 0)
    assert.equal(bucket.take(), 100)
  })

  it('never holds more than its burst', () => {
    const time = { now: 0 }
    const bucket = new TokenBucket(clockAt(time), { rate: 1_000, burst: 5 })
    time.now += 3_600_000
    assert.equal(bucket.take(5), 0)
    assert.equal(bucket.take(5), 5)
  })

  it('takes nothing for what it refuses, and never promises more than it holds', () => {
    const time = { now: 0 }
    const bucket = new TokenBucket(clockAt(time), { rate: 1, burst: 4 })
    assert.equal(bucket.take(5), Number.POSITIVE_INFINITY)
    assert.equal(bucket.take(4), 0)
  })
})
