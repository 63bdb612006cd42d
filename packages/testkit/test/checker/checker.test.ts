import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CHECKS, check, type Step } from '../../src/checker/mod.ts'
import { goodHistory, type Message, message, replayThePast, type Spoilable, streamOf } from './good-history.ts'

test('a good history has no findings', () => {
  assert.deepEqual(check(goodHistory()), [])
})

type Loose<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer I)[] ? I[] : T[K] }

function pageOf(history: Spoilable, at: number): Loose<NonNullable<Spoilable['reads'][number]['page']>> {
  const page = history.reads[at]?.page
  assert.ok(page !== null && page !== undefined)
  return page as Loose<typeof page>
}

/** Index of the n-th message of a stream, from 0. */
function nth(steps: readonly Step[], n: number): number {
  return steps.map((step, at) => ({ step, at })).filter(({ step }) => step.kind === 'message')[n]?.at as number
}

function nthLast(steps: readonly Step[]): number {
  return steps.filter((step) => step.kind === 'message').length - 1
}

function patch(steps: Step[], n: number, change: Partial<Message>): void {
  const at = nth(steps, n)
  steps[at] = { ...(steps[at] as Message), ...change }
}

interface Bug {
  readonly bug: string
  readonly caughtBy: string
  readonly spoil: (history: Spoilable) => void
}

const BUGS: readonly Bug[] = [
  {
    bug: 'drops one message',
    caughtBy: 'entries are consecutive between announced losses',
    spoil: (h) => {
      const { steps } = streamOf(h, 'c1/0')
      steps.splice(nth(steps, 4), 1)
    },
  },
  {
    bug: 'drops one message of a sparse log',
    caughtBy: 'entries are consecutive between announced losses',
    spoil: (h) => {
      const { steps } = streamOf(h, 'c2#5')
      steps.splice(nth(steps, 1), 1)
    },
  },
  {
    bug: 'swaps two messages',
    caughtBy: 'entries are consecutive between announced losses',
    spoil: (h) => {
      const { steps } = streamOf(h, 'c1#1')
      const at = nth(steps, 3)
      steps.splice(at, 2, steps[at + 1] as Step, steps[at] as Step)
    },
  },
  {
    bug: 'skips entries across a loss that it does not announce',
    caughtBy: 'entries are consecutive between announced losses',
    spoil: (h) => {
      const stream = streamOf(h, 'c1#1')
      stream.steps = stream.steps.filter((step) => step.kind !== 'lost')
    },
  },
  {
    bug: 'loses the last message',
    caughtBy: 'received plus announced covers the log',
    spoil: (h) => streamOf(h, 'c1#1').steps.pop(),
  },
  {
    bug: 'delivers a message twice',
    caughtBy: 'nothing is received twice',
    spoil: (h) => {
      const { steps } = streamOf(h, 'c1/0')
      const at = nth(steps, 3)
      steps.splice(at, 0, steps[at] as Step)
    },
  },
  {
    bug: 'gives an offset to another entry',
    caughtBy: 'no offset bears two ids',
    spoil: (h) => {
      const { steps } = streamOf(h, 'c1#1')
      const { position } = steps[nth(steps, 3)] as Message
      patch(steps, 3, { id: 'w.other', position: { ...(position as object), id: 'w.other' } as Message['position'] })
    },
  },
  {
    bug: 'does not tell of an epoch change',
    caughtBy: 'no id is at two positions',
    spoil: (h) => {
      const { steps } = streamOf(h, 'c2#2')
      patch(steps, nthLast(steps), { position: { epoch: 'e1', offset: 18, id: 'w.20' } })
    },
  },
  {
    bug: 'delivers what nobody sent',
    caughtBy: 'nothing is received that was not sent',
    spoil: (h) => {
      h.publishes = h.publishes.filter((publish) => publish.payload !== 'c2.3')
    },
  },
  {
    bug: 'delivers what it had refused',
    caughtBy: 'nothing is received that was not sent',
    spoil: (h) => {
      const publish = h.publishes.find((one) => one.payload === 'c2.3')
      assert.ok(publish !== undefined)
      publish.outcome = 'failed'
      publish.code = 'unavailable'
      publish.position = null
    },
  },
  {
    bug: 'mixes up two bodies',
    caughtBy: 'what is received is what was stored',
    spoil: (h) => {
      patch(streamOf(h, 'c1#1').steps, 3, { payload: 'c2.1' })
    },
  },
  {
    bug: 'takes a message of another for its own',
    caughtBy: 'own messages are told apart',
    spoil: (h) => {
      const { steps } = streamOf(h, 'c1/0')
      patch(steps, 2, { own: !(steps[nth(steps, 2)] as Message).own })
    },
  },
  {
    bug: 'acknowledges what it did not store',
    caughtBy: 'what was acknowledged is in the log, or its loss is announced',
    spoil: (h) => {
      const { entries } = h.logs[0] as Spoilable['logs'][number]
      entries.pop()
      for (const stream of h.streams)
        stream.steps = stream.steps.filter((step) => !('id' in step) || step.id !== 'w.20')
      h.reached = []
      h.reads = []
    },
  },
  {
    bug: 'loses acknowledged entries without a fence',
    caughtBy: 'what was acknowledged is in the log, or its loss is announced',
    spoil: (h) => {
      for (const entry of (h.logs[0] as Spoilable['logs'][number]).entries) entry.possibleLoss = false
    },
  },
  {
    bug: 'stores a repeated key again',
    caughtBy: 'a key is stored once within its window',
    spoil: (h) => {
      const { entries } = h.logs[0] as Spoilable['logs'][number]
      const [first, again] = [entries[3], entries[5]]
      assert.ok(first !== undefined && again !== undefined)
      again.key = first.key
      again.scope = first.scope
    },
  },
  {
    bug: 'stores a publisher’s messages in another order',
    caughtBy: 'a publisher keeps its order',
    spoil: (h) => {
      const at = h.publishes.findIndex((one) => one.payload === 'c2.3')
      const later = h.publishes.findIndex((one) => one.payload === 'c2.5')
      const [a, b] = [h.publishes[at], h.publishes[later]]
      assert.ok(a !== undefined && b !== undefined)
      h.publishes[at] = b
      h.publishes[later] = a
    },
  },
  {
    bug: 'says recovered of a position that vanished',
    caughtBy: 'recovered is proved',
    spoil: (h) => {
      const stream = streamOf(h, 'c2#2')
      const from = { epoch: 'e1', offset: 10, id: 'w.10' }
      stream.steps = [{ kind: 'start', at: 400, asked: 399, from, outcome: 'recovered', start: from, head: from }]
      stream.live = false
    },
  },
  {
    bug: 'says recovered of what was trimmed',
    caughtBy: 'recovered is proved',
    spoil: (h) => {
      const stream = streamOf(h, 'c2#5')
      const start = stream.steps.pop() as Extract<Step, { kind: 'start' }>
      const { lost, ...rest } = start
      assert.ok(lost?.from !== undefined)
      stream.steps.push({ ...rest, outcome: 'recovered', start: lost.from })
      stream.live = false
    },
  },
  {
    bug: 'starts afresh where a position was given',
    caughtBy: 'recovered is proved',
    spoil: (h) => {
      const { steps } = streamOf(h, 'c2#2')
      const at = steps.findLastIndex((step) => step.kind === 'start')
      steps[at] = { ...(steps[at] as Extract<Step, { kind: 'start' }>), outcome: 'fresh' }
    },
  },
  {
    bug: 'gives fewer of the last n than there are',
    caughtBy: 'a subscription starts where it asked',
    spoil: (h) => {
      const { steps } = streamOf(h, 'c3#3')
      const start = steps[0] as Extract<Step, { kind: 'start' }>
      steps[0] = { ...start, outcome: 'fresh', from: { last: 5 } }
    },
  },
  ...(['trimmed', 'epoch', 'diverged', 'limit'] as const).map((why) => ({
    bug: `announces a false lost {${why}}`,
    caughtBy: 'every announced loss is justified',
    spoil: (h: Spoilable): void => {
      const { steps } = streamOf(h, 'c1#1')
      const at = nth(steps, 12)
      const from = (steps[at - 1] as Message).position
      const to = (steps[at] as Message).position
      assert.ok(from !== null && to !== null)
      steps[at] = { kind: 'lost', at: 160, lost: { why, from, to, spread: 0 }, start: to }
    },
  })),
  {
    bug: 'announces an interruption that was none',
    caughtBy: 'every announced loss is justified',
    spoil: (h) => {
      streamOf(h, 'c1#1').steps.push({
        kind: 'lost',
        at: 400,
        lost: { why: 'ephemeral', to: null, spread: 0 },
        start: null,
      })
    },
  },
  {
    bug: 'counts a gap wrongly',
    caughtBy: 'a gap counts what was left out',
    spoil: (h) => {
      const { steps } = streamOf(h, 'c3#3')
      const at = steps.findIndex((step) => step.kind === 'gap')
      steps[at] = { ...(steps[at] as Extract<Step, { kind: 'gap' }>), count: 3 }
    },
  },
  {
    bug: 'drops under a policy that loses nothing',
    caughtBy: 'a gap counts what was left out',
    spoil: (h) => {
      streamOf(h, 'c3#3').policy = 'lossless'
    },
  },
  {
    bug: 'delivers after an unsubscription',
    caughtBy: 'nothing comes after the end of a subscription',
    spoil: (h) => {
      const { steps } = streamOf(h, 'c4#4')
      const stop = steps.pop() as Step
      const message = steps.pop() as Step
      steps.push(stop, message)
    },
  },
  {
    bug: 'delivers after a revocation',
    caughtBy: 'nothing comes after the end of a subscription',
    spoil: (h) => {
      const stream = streamOf(h, 'c1#1')
      stream.steps.splice(-2, 0, { kind: 'stop', at: 205, why: 'revoked' })
    },
  },
  {
    bug: 'executes a call twice',
    caughtBy: 'calls run at most once',
    spoil: (h) => {
      ;(h.calls[0] as Spoilable['calls'][number]).executions = 2
    },
  },
  {
    bug: 'answers a call that nobody executed',
    caughtBy: 'calls run at most once',
    spoil: (h) => {
      ;(h.calls[0] as Spoilable['calls'][number]).executions = 0
    },
  },
  {
    bug: 'leaves out a value of a stream',
    caughtBy: 'calls run at most once',
    spoil: (h) => {
      ;(h.calls[2] as Spoilable['calls'][number]).values = [0, 2]
    },
  },
  {
    bug: 'shows a ghost member',
    caughtBy: 'presence sets are equal after the quiet',
    spoil: (h) => h.presence[0]?.members.push('c9'),
  },
  {
    bug: 'misses a member',
    caughtBy: 'presence sets are equal after the quiet',
    spoil: (h) => h.presence[1]?.members.pop(),
  },
  {
    bug: 'resolves reached too early',
    caughtBy: 'reached means handed over',
    spoil: (h) => {
      h.reached = [{ ...(h.reached[0] as object), at: 150 } as Spoilable['reached'][number]]
    },
  },
  {
    bug: 'conflates the newest of a key',
    caughtBy: 'what was conflated is followed by a newer one',
    spoil: (h) => {
      const { entries } = h.logs[0] as Spoilable['logs'][number]
      delete (entries[14] as { state?: string }).state
    },
  },
  {
    bug: 'conflates what has no key',
    caughtBy: 'what was conflated is followed by a newer one',
    spoil: (h) => {
      const { entries } = h.logs[0] as Spoilable['logs'][number]
      delete (entries[12] as { state?: string }).state
    },
  },
  {
    bug: 'replays what is not served any more',
    caughtBy: 'nothing is replayed that is not served any more',
    spoil: (h) => replayThePast(h),
  },
  {
    bug: 'brings more than the budget of a recovery',
    caughtBy: 'a recovery stays within its budget',
    spoil: (h) => {
      const stream = streamOf(h, 'c3#6')
      const { lost, ...asked } = stream.steps[0] as Extract<Step, { kind: 'start' }>
      assert.ok(lost?.from !== undefined)
      const { entries } = h.logs[1] as Spoilable['logs'][number]
      const messages = entries.slice(8).map((one) => ({ ...message(one, null), at: 131 }))
      stream.steps = [{ ...asked, outcome: 'recovered', start: lost.from }, ...messages]
    },
  },
  {
    bug: 'leaves out an entry of a pattern',
    caughtBy: 'a pattern brings each channel whole and in order, or says so',
    spoil: (h) => h.patterns[0]?.steps.splice(3, 1),
  },
  {
    bug: 'loses the tail of a pattern',
    caughtBy: 'a pattern brings each channel whole and in order, or says so',
    spoil: (h) => h.patterns[0]?.steps.pop(),
  },
  {
    bug: 'does not say that a pattern was interrupted',
    caughtBy: 'a pattern brings each channel whole and in order, or says so',
    spoil: (h) => h.patterns[0]?.steps.splice(6, 1),
  },
  {
    bug: 'brings an entry of a pattern twice',
    caughtBy: 'a pattern brings nothing twice',
    spoil: (h) => {
      const steps = h.patterns[0]?.steps
      steps?.splice(3, 0, steps[3] as (typeof steps)[number])
    },
  },
  {
    bug: 'says that a pattern was interrupted, for nothing',
    caughtBy: 'a pattern announces no loss of nothing',
    spoil: (h) => {
      h.patterns[0]?.steps.splice(9, 0, { kind: 'lost', at: 120 })
    },
  },
  {
    bug: 'leaves out an item of a page',
    caughtBy: 'a page of history is whole and in order',
    spoil: (h) => pageOf(h, 0).items.splice(2, 1),
  },
  {
    bug: 'begins a page behind where it was asked to',
    caughtBy: 'a page of history is whole and in order',
    spoil: (h) => {
      const page = pageOf(h, 2)
      page.start = page.items.shift()?.position as typeof page.start
    },
  },
  {
    bug: 'hides the newest entry from history',
    caughtBy: 'a page of history agrees with the log',
    spoil: (h) => {
      const page = pageOf(h, 0)
      page.items.pop()
      page.end = page.items.at(-1)?.position as typeof page.end
    },
  },
  {
    bug: 'promises more history than there is',
    caughtBy: 'a page of history agrees with the log',
    spoil: (h) => {
      pageOf(h, 2).more = true
    },
  },
  {
    bug: 'refuses a position that is in the log',
    caughtBy: 'a page of history agrees with the log',
    spoil: (h) => {
      const read = h.reads[2] as Spoilable['reads'][number]
      read.page = null
    },
  },
  {
    bug: 'sends a direct message to somebody else',
    caughtBy: 'a direct message reaches its user, once',
    spoil: (h) => {
      h.received = h.received.map((one) => ({ ...one, client: 'c2' }))
    },
  },
  {
    bug: 'sends a direct message twice',
    caughtBy: 'a direct message reaches its user, once',
    spoil: (h) => h.received.push({ client: 'c1', page: 1, payload: 'd1', at: 430 }),
  },
  {
    bug: 'loses a direct message',
    caughtBy: 'a direct message reaches its user, once',
    spoil: (h) => h.received.pop(),
  },
  ...(
    [
      ['takes a client that speaks for dead', 0, { heard: -2_000 }],
      ['disconnects whoever is slow, whatever its policy', 1, { policies: ['lossless', 'latest'] }],
      ['ends a token before its time', 2, { tokens: [{ at: -500, ends: 500 }] }],
      ['replaces a connection that nobody replaced', 3, { replaced: null }],
      ['sends away whom nobody sent away', 4, { code: 4400 }],
    ] as const
  ).map(([bug, at, change]) => ({
    bug,
    caughtBy: 'a connection is ended for a reason',
    spoil: (h: Spoilable): void => {
      const session = h.sessions[at] as Spoilable['sessions'][number]
      Object.assign(session, change)
      if (session.ended !== null) session.ended = { ...session.ended, ...change }
    },
  })),
  {
    bug: 'goes on though the token has ended',
    caughtBy: 'a connection ends when its token does, or when it is replaced',
    spoil: (h) => {
      ;(h.sessions[6] as Spoilable['sessions'][number]).tokens = [{ at: -5_000, ends: -900 }]
    },
  },
  {
    bug: 'lets a connection live that was replaced',
    caughtBy: 'a connection ends when its token does, or when it is replaced',
    spoil: (h) => {
      const replaced = { asked: -2_005, at: -2_000, certain: true }
      ;(h.sessions[6] as Spoilable['sessions'][number]).replaced = replaced
    },
  },
  {
    bug: 'does not unsubscribe whom it should',
    caughtBy: 'whom the server unsubscribed hears nothing more',
    spoil: (h) => {
      ;(h.orders[1] as Spoilable['orders'][number]).at = -2_000
    },
  },
  {
    bug: 'refuses a publication by a clock',
    caughtBy: 'a publication is refused for a reason',
    spoil: (h) => {
      const { channel } = h.publishes[0] as Spoilable['publishes'][number]
      const refused = { client: 'c9', page: 0, channel, payload: 'c9.1', key: null, invoked: 100, settled: 110 }
      h.publishes.push({ ...refused, outcome: 'unknown', code: 'key-expired' })
    },
  },
  {
    bug: 'lets a call run on that was left',
    caughtBy: 'a call ends when nobody waits for it',
    spoil: (h) => {
      ;(h.calls[3] as Spoilable['calls'][number]).running = 1
    },
  },
  {
    bug: 'leaves a timer behind',
    caughtBy: 'what is closed leaves nothing behind',
    spoil: (h) => h.leftovers.push({ observer: 'n1', text: '1 timers are set' }),
  },
  {
    bug: 'never settles a publication',
    caughtBy: 'everything comes to rest',
    spoil: (h) => {
      const publish = h.publishes[2] as Spoilable['publishes'][number]
      publish.outcome = 'pending'
      publish.position = null
    },
  },
  {
    bug: 'never comes back',
    caughtBy: 'everything comes to rest',
    spoil: (h) => {
      h.restless = [{ observer: 'c1', text: 'waiting' }]
    },
  },
]

for (const { bug, caughtBy, spoil } of BUGS) {
  test(`a system that ${bug} is caught by "${caughtBy}" and by no other check`, () => {
    const history = goodHistory()
    spoil(history)
    assert.deepEqual([...new Set(check(history).map((finding) => finding.check))], [caughtBy])
  })
}

test('every check has a bug that only it catches', () => {
  const proved = new Set(BUGS.map((bug) => bug.caughtBy))
  assert.deepEqual(
    Object.keys(CHECKS).filter((name) => !proved.has(name)),
    [],
  )
})
