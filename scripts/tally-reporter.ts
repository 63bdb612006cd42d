// A reporter of node:test that writes one JSON line a result which is not a plain pass, and the counts at the end: what
// `scripts/test.ts` needs in order to sum over several runs.

import type { TestEvent } from 'node:test/reporters'

export interface Tally {
  passed: number
  failed: number
  skipped: { name: string; file: string; reason: string }[]
}

/** node:test calls it with its stream of events. */
export default async function* tally(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const sum: Tally = { passed: 0, failed: 0, skipped: [] }
  for await (const event of source) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue
    const { data } = event
    // A suite is counted by its tests.
    if (data.details.type === 'suite') continue
    if (data.skip !== undefined && data.skip !== false) {
      sum.skipped.push({ name: data.name, file: data.file ?? '', reason: String(data.skip) })
    } else if (event.type === 'test:pass') sum.passed++
    else sum.failed++
  }
  yield `${JSON.stringify(sum)}\n`
}
