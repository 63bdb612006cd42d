import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Outcome, type StoreBug, simulate } from '@tautline/testkit/simulation'

test('a seed gives the same run each time, to the last event', async () => {
  for (const seed of [3, 5, 8]) {
    const first = await simulate(seed)
    const again = await simulate(seed)
    const traced = await simulate(seed, { trace: true })
    assert.equal(again.hash, first.hash)
    assert.equal(traced.hash, first.hash)
    assert.equal(again.events, first.events)
    assert.deepEqual([...again.counts], [...first.counts])
    assert.ok(traced.lines.length > 100 && first.lines.length === 0)
  }
})

test('two seeds give two runs', async () => {
  assert.notEqual((await simulate(3)).hash, (await simulate(4)).hash)
})

/** The first seed in which a broken store is noticed. */
async function caught(bug: StoreBug, seeds: number): Promise<Outcome | null> {
  for (let seed = 1; seed <= seeds; seed++) {
    const outcome = await simulate(seed, { bug })
    if (outcome.findings.length > 0) return outcome
  }
  return null
}

const BUGS: readonly { readonly bug: StoreBug; readonly what: string; readonly by: readonly string[] }[] = [
  {
    bug: 'match-by-default',
    what: 'answers match by default',
    by: ['recovered is proved', 'entries are consecutive between announced losses'],
  },
  {
    bug: 'proof-by-offset',
    what: 'takes an offset for a proof',
    by: ['recovered is proved', 'entries are consecutive between announced losses'],
  },
  { bug: 'forgets-keys', what: 'forgets idempotency keys', by: ['a key is stored once within its window'] },
  {
    bug: 'acknowledges-unstored',
    what: 'acknowledges what it does not store',
    by: ['what was acknowledged is in the log, or its loss is announced'],
  },
  { bug: 'stores-backwards', what: 'stores a batch backwards', by: ['a publisher keeps its order'] },
  { bug: 'absent-by-default', what: 'answers absent without need', by: ['every announced loss is justified'] },
  {
    bug: 'skips-one',
    what: 'leaves out an entry of a page',
    by: ['entries are consecutive between announced losses', 'received plus announced covers the log'],
  },
]

for (const { bug, what, by } of BUGS) {
  test(`a store that ${what} is caught within 40 seeds by "${by.join('" or "')}"`, async () => {
    const outcome = await caught(bug, 40)
    assert.ok(outcome !== null, 'nothing was noticed')
    assert.ok(
      outcome.findings.some((finding) => by.includes(finding.check)),
      [...new Set(outcome.findings.map((finding) => finding.check))].join('; '),
    )
  })
}
