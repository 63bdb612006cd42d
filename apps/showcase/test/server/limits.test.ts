import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { quote } from '../../src/server/log.ts'
import { isAllowedOrigin } from '../../src/server/origin.ts'
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

describe('the origin policy', () => {
  const open = { loopbackOnly: false, allowed: ['https://chat.example.com'] }
  const local = { loopbackOnly: true, allowed: [] }

  it('takes pages of its own host, of localhost and of the allowed list, and programs without an origin', () => {
    assert.equal(isAllowedOrigin('http://host.lan:8080', 'host.lan:8080', open), true)
    assert.equal(isAllowedOrigin('https://host.lan', 'HOST.lan', open), true)
    assert.equal(isAllowedOrigin('http://localhost:5173', '127.0.0.1:8080', local), true)
    assert.equal(isAllowedOrigin('http://[::1]:8080', 'localhost:8080', local), true)
    assert.equal(isAllowedOrigin('https://chat.example.com', 'backend:8080', open), true)
    assert.equal(isAllowedOrigin(undefined, 'localhost:8080', local), true)
  })

  it('refuses other pages, opaque origins and what is no origin', () => {
    for (const origin of [
      'https://evil.example',
      'null',
      '',
      'http://localhost.evil.example',
      'file://',
      'http://host.lan',
    ]) {
      assert.equal(isAllowedOrigin(origin, 'host.lan:8080', open), false, origin)
    }
    assert.equal(isAllowedOrigin('http://host.lan', undefined, open), false)
  })

  it('a server for this machine alone refuses a foreign name that resolves to it (DNS rebinding)', () => {
    assert.equal(isAllowedOrigin('http://evil.example:8080', 'evil.example:8080', local), false)
    assert.equal(isAllowedOrigin('http://evil.example:8080', 'evil.example:8080', open), true)
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
