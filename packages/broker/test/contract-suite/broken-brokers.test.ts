import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BrokerHarness, brokerCases, type Case } from '@tautline/broker/contract-suite'
import { MemoryHarness, memorySkips } from '../memory/harness.ts'
import { OddFeed } from './broken-brokers.ts'
import { brokenTable } from './broken-table.ts'
import { type Fault, HookedHarness } from './hooked-harness.ts'

class ImpatientHarness extends MemoryHarness {
  readonly patience: number = 50
}

/** What is wrong, with a harness that has a hook for it, and the case that notices. */
const faults: readonly (readonly [Fault, string])[] = [
  ['forgets', 'after a clean restart positions are proved as before, and keys as the facts say'],
  ['gaps', 'of a batch that failed in the store a prefix is there, and each outcome says the truth about its entry'],
  ['silent', 'a feed that was cut says so, and goes on'],
]

function caseOf(title: string): Case<BrokerHarness> {
  const found = brokerCases.find((one) => one.title === title)
  assert.ok(found, `there is a case '${title}'`)
  return found
}

async function runOn(harness: BrokerHarness, title: string): Promise<void> {
  try {
    await caseOf(title).run(harness)
  } finally {
    await harness.close()
  }
}

for (const [title, brokers] of Object.entries(brokenTable)) {
  for (const [wrong, Broken] of Object.entries(brokers)) {
    test(`a broker that ${wrong} fails the case '${title}'`, async () => {
      const harness = new ImpatientHarness((options) => new Broken(options))
      // An AssertionError: the case saw that it was wrong, and did not stumble over it.
      await assert.rejects(runOn(harness, title), assert.AssertionError)
    })
  }
}

for (const [fault, title] of faults) {
  test(`a store that is right passes, one with the fault '${fault}' fails the case '${title}'`, async () => {
    await runOn(new HookedHarness('none'), title)
    await assert.rejects(runOn(new HookedHarness(fault), title), assert.AssertionError)
  })
}

for (const { title } of brokerCases.filter((one) => /attach/.test(one.title))) {
  test(`a feed that repeats, delays and reorders passes the case '${title}'`, async () => {
    await runOn(new MemoryHarness((options) => new OddFeed(options)), title)
  })
}

test('every case is failed by some broker', () => {
  const noticed = new Set([...Object.keys(brokenTable), ...faults.map(([, title]) => title)])
  assert.deepEqual(
    brokerCases.filter(({ title }) => !noticed.has(title)),
    [],
  )
})

test('a case whose hook is missing fails and says what to do', async () => {
  for (const title of Object.keys(memorySkips)) {
    await assert.rejects(runOn(new MemoryHarness(), title), /this harness has no \w+\(\): write it, or give this case/)
  }
})
