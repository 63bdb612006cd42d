import assert from 'node:assert/strict'
import { test } from 'node:test'
import { campaign, explain, summary } from '@tautline/testkit/simulation'
import { belowFloor } from './floor.ts'

test('2,000 seeds: clusters of 1 to 3 nodes under faults keep every promise', { timeout: 300_000 }, async (t) => {
  const result = await campaign({ first: 1, last: 2_000 })
  t.diagnostic(summary(result))
  for (const line of result.failed.slice(0, 2)) t.diagnostic(await explain(line))
  assert.deepEqual(result.missing, [], 'seeds that never ended')
  assert.deepEqual(
    result.failed.map(({ seed, findings }) => `${seed}: ${findings[0]?.check}`),
    [],
  )
  assert.deepEqual(belowFloor(result.counts, result.seeds), [])
})
