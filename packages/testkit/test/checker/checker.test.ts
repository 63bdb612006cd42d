import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CHECKS, check, type Step, type Stream } from '../../src/checker/mod.ts'
import { goodHistory, type Message, type Spoilable, type Writable } from './good-history.ts'

test('a good history has no findings', () => {
  assert.deepEqual(check(goodHistory()), [])
})

function streamOf(history: Spoilable, observer: string): { steps: Step[] } & Writable<Omit<Stream, 'steps'>> {
  const found = history.streams.find((stream) => stream.observer === observer)
  assert.ok(found !== undefined)
  return found
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
      publish.code = 'forbidden'
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
