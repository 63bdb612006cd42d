/** What a message costs, counted: more than the limits in conformance/budget/ fails here. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { complaint } from '../../budget/judge.ts'
import { readMeasured } from '../../budget/limits.ts'
import { PATHS } from '../../budget/paths.ts'
import { count, without } from '../../budget/run.ts'

const measured = readMeasured()

// A process each, and none of them depends on what else the machine does.
describe('the budget', { concurrency: 2, skip: without }, () => {
  for (const path of PATHS) {
    test(`${path.name}: costs no more than its budget`, async () => {
      const now = await count(path.name)
      const problem = complaint(path, now, measured)
      assert.ok(problem === null, problem ?? '')
    })
  }
})

test('every path has a budget, and every budget has a path', () => {
  assert.deepEqual(
    Object.keys(measured.paths),
    PATHS.map(({ name }) => name),
  )
})
