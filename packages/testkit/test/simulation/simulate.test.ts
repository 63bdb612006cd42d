import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BUGS, type Bug, type Outcome, simulate } from '@tautline/testkit/simulation'

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

/** The first seed in which what is broken is noticed by one of these checks, which say nothing without the bug. */
async function caught(bug: Bug, by: readonly string[], seeds: number): Promise<number | null> {
  const says = ({ findings }: Outcome): boolean => findings.some((finding) => by.includes(finding.check))
  for (let seed = 1; seed <= seeds; seed++) {
    if (says(await simulate(seed, { bug })) && !says(await simulate(seed))) return seed
  }
  return null
}

const CASES: Readonly<Record<Bug, { readonly what: string; readonly by: readonly string[] }>> = {
  'match-by-default': {
    what: 'a store answers match by default',
    by: ['recovered is proved', 'entries are consecutive between announced losses'],
  },
  'proof-by-offset': {
    what: 'a store takes an offset for a proof',
    by: ['recovered is proved', 'entries are consecutive between announced losses'],
  },
  'forgets-keys': { what: 'a store forgets idempotency keys', by: ['a key is stored once within its window'] },
  'acknowledges-unstored': {
    what: 'a store acknowledges what it does not store',
    by: ['what was acknowledged is in the log, or its loss is announced'],
  },
  'stores-backwards': { what: 'a store stores a batch backwards', by: ['a publisher keeps its order'] },
  'absent-by-default': { what: 'a store answers absent without need', by: ['every announced loss is justified'] },
  'skips-one': {
    what: 'a store leaves out an entry of a page',
    by: ['entries are consecutive between announced losses', 'received plus announced covers the log'],
  },
  'serves-the-past': {
    what: 'a store serves what is past its size or its time',
    by: ['nothing is replayed that is not served any more', 'a page of history agrees with the log'],
  },
  'conflates-the-newest': {
    what: 'a node conflates the newest of a key',
    by: ['what was conflated is followed by a newer one'],
  },
  'miscounts-gaps': { what: 'a node counts gaps wrongly', by: ['a gap counts what was left out'] },
  'repeats-behind-unsub': {
    what: 'a node tells something behind the end of a subscription',
    by: ['nothing comes after the end of a subscription'],
  },
  'repeats-direct-messages': {
    what: 'a node sends direct messages twice',
    by: ['a direct message reaches its user, once'],
  },
  'direct-messages-astray': {
    what: 'direct messages go to another user',
    by: ['a direct message reaches its user, once'],
  },
  'silent-pattern-interruptions': {
    what: 'a node does not say that a pattern was interrupted',
    by: ['a pattern brings each channel whole and in order, or says so'],
  },
  'pattern-twice': { what: 'a node brings entries of a pattern twice', by: ['a pattern brings nothing twice'] },
  'history-skips-one': {
    what: 'a node leaves out an item of a page of history',
    by: ['a page of history is whole and in order'],
  },
  'ignores-cancel': { what: 'a node ignores cancel', by: ['a call ends when nobody waits for it'] },
  'ignores-budget': { what: 'a node ignores the budget of recoveries', by: ['a recovery stays within its budget'] },
  'ignores-unsubscribe': {
    what: 'nodes do not hear of an unsubscription by the server',
    by: ['whom the server unsubscribed hears nothing more'],
  },
  'replaced-live-on': {
    what: 'nodes do not hear that a connection was replaced',
    by: ['a connection ends when its token does, or when it is replaced'],
  },
  'tokens-never-end': {
    what: 'a node does not heed the end of a token',
    by: ['a connection ends when its token does, or when it is replaced'],
  },
  'slow-without-cause': {
    what: 'a node ends connections as slow for no reason',
    by: ['a connection is ended for a reason'],
  },
  'leaks-a-timer': {
    what: 'a node leaves a timer behind when it is closed',
    by: ['what is closed leaves nothing behind'],
  },
}

for (const bug of BUGS) {
  const { what, by } = CASES[bug]
  test(`if ${what}, "${by.join('" or "')}" says so within 240 seeds`, async () => {
    assert.notEqual(await caught(bug, by, 240), null)
  })
}
