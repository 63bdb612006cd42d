import { test } from 'node:test'
import fc from 'fast-check'
import { actions, run } from './schedules.ts'

test('10,000 schedules of store, feed, network and clients hold', { timeout: 600_000 }, async () => {
  await fc.assert(fc.asyncProperty(actions, run), { numRuns: 10_000 })
})
