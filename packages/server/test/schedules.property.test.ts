import { test } from 'node:test'
import fc from 'fast-check'
import { actions, run } from './schedules.ts'

test('whatever store, feed, network and clients do: no hole, nothing twice, all of the log, and nothing left behind', async () => {
  await fc.assert(fc.asyncProperty(actions, run), { numRuns: 80 })
})
