// What looks like a fault and is none, each beside the same thing without its excuse: no excuse reaches further.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check, type Step } from '../../src/checker/mod.ts'
import { goodHistory, type Message, replayThePast, type Spoilable, streamOf } from './good-history.ts'

interface Excuse {
  readonly title: string
  readonly apply: (history: Spoilable) => void
  /** Takes the excuse away. */
  readonly refute: (history: Spoilable) => void
  readonly caughtBy: string
}

const SENT_EARLIER = 'c2.5'

/** c2.5 was sent before c2.3, and stands behind it. */
function overtake(h: Spoilable): void {
  const at = h.publishes.findIndex(({ payload }) => payload === 'c2.3')
  const [late] = h.publishes.splice(
    h.publishes.findIndex(({ payload }) => payload === SENT_EARLIER),
    1,
  )
  h.publishes.splice(at, 0, late as Spoilable['publishes'][number])
}

/** A connection that ends with 4402. */
function replaced(h: Spoilable, by: Spoilable['sessions'][number]['replaced']): void {
  for (const session of h.sessions) if (session.ended?.code === 4402) session.replaced = by
}

/** Nothing asked for that but the time for which the network was behind. */
function endsSlow(session: Spoilable['sessions'][number], stuck: number): void {
  session.policies = ['lossless']
  if (session.ended !== null) session.ended = { ...session.ended, stuck }
}

/** Behind a loss c1/0 is told once more what has vanished, and of another loss. */
function toldAgain(h: Spoilable): void {
  const { steps } = streamOf(h, 'c1/0')
  const at = steps.findIndex(({ kind }) => kind === 'lost')
  const told = steps[at] as Extract<Step, { kind: 'lost' }>
  const messages = steps.filter((step): step is Message => step.kind === 'message')
  const repeated = messages.slice(8, 10).map((step) => ({ ...step, at: 128 }))
  steps.splice(at, 0, { ...told, at: 127, start: (messages[7] as Message).position }, ...repeated)
}

const EXCUSES: readonly Excuse[] = [
  {
    title: 'what was under way when a page was left comes behind what the next one sent',
    apply: (h) => {
      overtake(h)
      for (const publish of h.publishes) {
        if (publish.payload === SENT_EARLIER)
          Object.assign(publish, { outcome: 'unknown', code: 'reloaded', settled: null })
        else publish.page = 1
      }
    },
    refute: (h) => {
      for (const publish of h.publishes) delete (publish as { code?: string }).code
    },
    caughtBy: 'a publisher keeps its order',
  },
  {
    title: 'a page that was left keeps its own order',
    apply: (h) => {
      for (const publish of h.publishes) publish.code = 'reloaded'
    },
    refute: overtake,
    caughtBy: 'a publisher keeps its order',
  },
  {
    title: 'a node serves what it holds while the notice of what pushed it out was dropped',
    apply: (h) => {
      replayThePast(h)
      streamOf(h, 'c2#5').node = 'n2'
      h.faults = [...h.faults, { at: 1_450, kind: 'interrupted', node: 'n2' }]
    },
    refute: (h) => {
      h.faults = h.faults.map((fault) => (fault.kind === 'interrupted' ? { ...fault, node: 'n1' } : fault))
    },
    caughtBy: 'nothing is replayed that is not served any more',
  },
  {
    title: 'a node serves what it holds while the notice of what pushed it out is on its way',
    apply: (h) => replayThePast(h, 500),
    refute: (h) => {
      const { steps } = streamOf(h, 'c2#5')
      const at = steps.findLastIndex(({ kind }) => kind === 'start')
      steps[at] = { ...(steps[at] as Extract<Step, { kind: 'start' }>), asked: 600 }
    },
    caughtBy: 'nothing is replayed that is not served any more',
  },
  {
    title: 'what such a node serves is within its time',
    apply: (h) => {
      replayThePast(h)
      streamOf(h, 'c2#5').node = 'n2'
      h.faults = [...h.faults, { at: 1_450, kind: 'interrupted', node: 'n2' }]
    },
    refute: (h) => {
      const log = h.logs[1] as Spoilable['logs'][number]
      h.logs[1] = { ...log, rule: { ...log.rule, ttl: 200 } }
    },
    caughtBy: 'nothing is replayed that is not served any more',
  },
  {
    title: 'a direct message comes on the old page and on the new one',
    apply: (h) => h.received.push({ client: 'c1', page: 2, payload: 'd1', at: 430 }),
    refute: (h) => h.received.push({ client: 'c1', page: 2, payload: 'd1', at: 431 }),
    caughtBy: 'a direct message reaches its user, once',
  },
  {
    title: 'a connection that never heard an answer has replaced another',
    apply: (h) => replaced(h, { asked: 36, at: null, certain: false }),
    refute: (h) => replaced(h, { asked: 45, at: null, certain: false }),
    caughtBy: 'a connection is ended for a reason',
  },
  {
    title: 'what waits too long ends a connection as slow, whatever its policies',
    apply: (h) => {
      for (const session of h.sessions) if (session.ended?.code === 4002) endsSlow(session, 30_000)
    },
    refute: (h) => {
      for (const session of h.sessions) if (session.ended?.code === 4002) endsSlow(session, 20_000)
    },
    caughtBy: 'a connection is ended for a reason',
  },
  {
    title: 'what vanished comes again from a node that has not heard of it',
    apply: toldAgain,
    refute: (h) => {
      const { steps } = streamOf(h, 'c1/0')
      steps.splice(
        steps.findIndex(({ kind }) => kind === 'lost'),
        1,
      )
    },
    caughtBy: 'nothing is received twice',
  },
  {
    title: 'a pattern is told that it did not bring the first of a channel',
    apply: (h) => {
      const pattern = h.patterns[0] as Spoilable['patterns'][number]
      pattern.pattern = '*'
      pattern.steps.splice(9, 0, { kind: 'lost', at: 120 })
    },
    refute: (h) => {
      ;(h.patterns[0] as Spoilable['patterns'][number]).began = 121
    },
    caughtBy: 'a pattern announces no loss of nothing',
  },
  {
    title: 'a pattern is told of a loss where a direct subscription beside it ends',
    apply: (h) => {
      const { steps, ...direct } = streamOf(h, 'c4#4')
      const stop = steps.map((step) => (step.kind === 'stop' ? { ...step, at: 170 } : step))
      h.streams.push({ ...direct, observer: 'c2#9', client: 'c2', steps: stop })
      h.patterns[0]?.steps.splice(14, 0, { kind: 'lost', at: 171 })
    },
    refute: (h) => {
      h.streams.pop()
    },
    caughtBy: 'a pattern announces no loss of nothing',
  },
]

for (const { title, apply, refute, caughtBy } of EXCUSES) {
  test(`${title}: no fault, and "${caughtBy}" without that`, () => {
    const history = goodHistory()
    apply(history)
    assert.deepEqual(check(history), [])
    refute(history)
    assert.deepEqual([...new Set(check(history).map((finding) => finding.check))], [caughtBy])
  })
}
