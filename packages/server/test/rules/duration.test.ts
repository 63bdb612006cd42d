import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseDuration } from '../../src/duration.ts'

describe('a duration', () => {
  it('is a number of ms, or a number with its unit', () => {
    const durations = {
      '250ms': 250,
      '30s': 30_000,
      '5m': 300_000,
      '1h': 3_600_000,
      '2d': 172_800_000,
      '1.5h': 5_400_000,
    }
    for (const [text, ms] of Object.entries(durations)) assert.equal(parseDuration(text), ms, text)
    assert.equal(parseDuration(0), 0)
    assert.equal(parseDuration(1_500.4), 1_500)
  })

  it('is nothing else', () => {
    const strange = ['', '5', 'm', '5 m', '-5m', '5M', '5min', '1e3s', ' 5m', '5m\n', '١s', `${'9'.repeat(400)}d`]
    for (const value of [...strange, -1, Number.NaN, Number.POSITIVE_INFINITY, null, undefined, {}, [5], true, 5n]) {
      assert.equal(parseDuration(value), null, String(value))
    }
  })
})
