import assert from 'node:assert/strict'
import { test } from 'node:test'
import { campaign, explain, summary } from '@tautline/testkit/simulation'
import { belowFloor } from './floor.ts'

test('20,000 seeds: clusters of 1 to 3 nodes under faults keep every promise', { timeout: 1_800_000 }, async () => {
  const began = performance.now()
  const result = await campaign({
    first: 2_001,
    last: 22_000,
    progress: (done, failed) => {
      if (done % 2_000 !== 0) return
      console.log(`${done} seeds, ${failed} failed, ${Math.round((performance.now() - began) / 1_000)} s`)
    },
  })
  console.log(summary(result))
  for (const line of result.failed.slice(0, 3)) console.log(await explain(line))
  assert.deepEqual(result.missing, [], 'seeds that never ended')
  assert.deepEqual(
    result.failed.map(({ seed, findings }) => `${seed}: ${findings[0]?.check}`),
    [],
  )
  assert.deepEqual(belowFloor(result.counts, result.seeds), [])
})
