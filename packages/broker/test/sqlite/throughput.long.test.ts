import assert from 'node:assert/strict'
import { test } from 'node:test'
import { load } from './load.ts'

for (const channels of [1, 100, 10_000]) {
  test(`10,000 durable publishes a second on ${channels} channels hold on one core`, async (t) => {
    const figures = await load({ rate: 10_200, channels, seconds: 10, durability: 'fsync' })
    t.diagnostic(JSON.stringify(figures))
    assert.equal(figures.failed, 0)
    assert.ok(figures.perSecond >= 10_000, `${figures.perSecond}/s`)
    assert.ok(figures.cpu <= 100, `${figures.cpu} % of a core`)
  })
}

test('as much as goes, for the report', async (t) => {
  for (const durability of ['fsync', 'process'] as const) {
    const figures = await load({ rate: 60_000, channels: 100, seconds: 5, durability })
    t.diagnostic(`${durability} ${JSON.stringify(figures)}`)
    assert.ok(figures.perSecond >= 10_000)
  }
})
