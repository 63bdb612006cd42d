// A history as good observers of a good system would have written it, with everything a run can hold: two publishers, a
// failover that loses acknowledged entries, a trim, a budget, a gap, a resume, ephemeral messages, calls, presence.

import type { Lost, Position } from '@tautline/wire'
import type { Call, ChannelLog, History, LogEntry, Publish, Reached, Step, Stream } from '../../src/checker/mod.ts'

export type Writable<T> = { -readonly [K in keyof T]: T[K] }
export type Message = Extract<Step, { kind: 'message' }>

/** A history that a test may spoil. */
export interface Spoilable extends History {
  publishes: Writable<Publish>[]
  streams: (Omit<Writable<Stream>, 'steps'> & { steps: Step[] })[]
  logs: (Omit<ChannelLog, 'entries'> & { entries: Writable<LogEntry>[] })[]
  calls: Writable<Call>[]
  presence: { observer: string; channel: string; members: string[] }[]
  reached: Reached[]
  restless: { observer: string; text: string }[]
}

const RULE = { size: 100, ttl: 1_000_000, window: 600_000, budget: 1_000 }
const EMPTY: Position = { epoch: 'B.1', offset: 0, id: '' }

/** Entry n of the channel: before the failover in epoch e1, after it in e2. */
function entry(n: number, options: Partial<LogEntry> & { epoch: string; predecessor: Position }): Writable<LogEntry> {
  const { epoch, predecessor, ...rest } = options
  const offset = predecessor.offset + 1
  return {
    position: { epoch, offset, id: `w.${n}` },
    predecessor,
    stored: n * 10,
    payload: `c${1 + (n % 2)}.${n}`,
    scope: `c${1 + (n % 2)}`,
    key: `k${n}`,
    possibleLoss: false,
    generation: 0,
    vanished: null,
    ...rest,
  }
}

/** Ten entries, of which a failover at 105 loses the last two; then ten more behind a fence. */
function log(): Writable<LogEntry>[] {
  const entries: Writable<LogEntry>[] = []
  let head = EMPTY
  for (let n = 1; n <= 10; n++) {
    const lost = n > 8
    entries.push(entry(n, { epoch: 'e1', predecessor: head, vanished: lost ? 105 : null }))
    head = (entries.at(-1) as LogEntry).position
  }
  head = (entries[7] as LogEntry).position
  for (let n = 11; n <= 20; n++) {
    entries.push(entry(n, { epoch: 'e2', predecessor: head, possibleLoss: n === 11 }))
    head = (entries.at(-1) as LogEntry).position
  }
  return entries
}

export function message({ position, payload, stored }: LogEntry, client: string | null): Message {
  const own = client === null ? null : payload.startsWith(client)
  return { kind: 'message', at: stored + 3, position, id: position.id, payload, own }
}

function start(at: number, position: Position, from: Position | 'head', more: Partial<Step> = {}): Step {
  const outcome = from === 'head' ? 'fresh' : 'recovered'
  return { kind: 'start', at, asked: at - 2, from, outcome, start: position, head: position, ...more } as Step
}

const lost = (why: Lost['why'], from: Position, to: Position): Lost => ({ why, from, to, spread: 0 })

/** One history; each call makes a fresh one, so that a test may spoil it. */
export function goodHistory(): Spoilable {
  const entries = log()
  const at = (n: number): LogEntry => entries[n - 1] as LogEntry
  const last = at(20).position
  const told: Step = {
    kind: 'lost',
    at: 130,
    lost: lost('diverged', at(10).position, at(11).position),
    start: at(11).position,
  }
  const fence: Step = { kind: 'fence', at: 113, from: at(8).position, epoch: 'e2' }
  const span = (from: number, to: number, client: string | null): Step[] =>
    entries.slice(from - 1, to).map((one) => message(one, client))
  const streams: Spoilable['streams'] = [
    // Saw entries that vanished, was told so.
    stream('c1/0', 'application', [
      start(1, EMPTY, 'head', { outcome: null } as Partial<Step>),
      ...span(1, 10, 'c1'),
      told,
      ...span(12, 20, 'c1'),
    ]),
    stream('c1#1', 'wire', [start(1, EMPTY, 'head'), ...span(1, 10, null), told, ...span(12, 20, null)]),
    // Was away while the tail was lost, and chains through the fence.
    stream('c2#2', 'wire', [
      start(1, EMPTY, 'head'),
      ...span(1, 6, null),
      { kind: 'stop', at: 70, why: 'closed' },
      start(140, at(6).position, at(6).position),
      ...span(7, 8, null).map((step) => ({ ...step, at: 141 })),
      { ...fence, at: 142 },
      ...span(11, 20, null).map((step) => ({ ...step, at: 210 })),
    ]),
    // Read slowly.
    {
      ...stream('c3#3', 'wire', [
        start(111, at(8).position, at(8).position),
        fence,
        ...span(11, 12, null),
        { kind: 'gap', at: 180, to: at(16).position, count: 4, why: 'dropped' },
        ...span(17, 20, null),
      ]),
      policy: { drop: 2 },
    },
    // Left before the end.
    {
      ...stream('c4#4', 'wire', [
        start(111, at(8).position, 'head'),
        fence,
        ...span(11, 14, null),
        { kind: 'stop', at: 150, why: 'unsubscribed' },
      ]),
      live: false,
    },
  ]
  const trimmed = trimmedLog()
  return {
    publishes: [...entries, ...trimmed.entries].map((one) =>
      publishOf(one, one.position.id.startsWith('t') ? 'trimmed' : 'a'),
    ),
    streams: [...streams, trimmedStream(trimmed.entries), limitedStream(trimmed.entries)],
    logs: [{ channel: 'a', entries, rule: RULE, ephemeral: false }, trimmed],
    faults: [{ at: 105, kind: 'failover' }],
    calls: [
      { client: 'c1', call: 'r1', outcome: 'ok', executions: 1 },
      { client: 'c1', call: 'r2', outcome: 'unknown', executions: 0 },
      { client: 'c2', call: 's1', outcome: 'ok', executions: 1, values: [0, 1, 2], expected: 3 },
    ],
    presence: ['c1', 'c2'].map((observer) => ({ observer, channel: 'a', members: ['c1', 'c2', 'c3'] })),
    present: [{ observer: 'truth', channel: 'a', members: ['c1', 'c2', 'c3'] }],
    reached: [{ observer: 'c1/0', channel: 'a', asked: last, at: 300 }],
    restless: [],
    lineage: true,
    bases: new Map([['B', 0]]),
    end: 500,
  }
}

function stream(observer: string, level: Stream['level'], steps: Step[], channel = 'a'): Spoilable['streams'][number] {
  return { observer, client: observer.slice(0, 2), level, channel, policy: 'lossless', steps, live: true }
}

function publishOf(entry: LogEntry, channel: string): Writable<Publish> {
  return {
    client: entry.scope,
    channel,
    payload: entry.payload,
    key: entry.key,
    invoked: entry.stored - 5,
    settled: entry.stored + 5,
    outcome: 'ok',
    position: entry.position,
  }
}

/** Twelve entries of which ten are served, in a sparse log. */
function trimmedLog(): Spoilable['logs'][number] {
  const entries: Writable<LogEntry>[] = []
  let head = EMPTY
  for (let n = 1; n <= 12; n++) {
    const position = { epoch: 't', offset: n * 3, id: `t.${n}` }
    entries.push({
      ...entry(n, { epoch: 't', predecessor: head }),
      position,
      payload: `c1.t${n}`,
      scope: 'c1',
      key: `t${n}`,
    })
    head = position
  }
  return { channel: 'trimmed', entries, rule: { ...RULE, size: 5, budget: 3 }, ephemeral: false }
}

/** Away from the third entry on until it was trimmed. */
function trimmedStream(entries: readonly LogEntry[]): Spoilable['streams'][number] {
  const from = (entries[2] as LogEntry).position
  const to = (entries[11] as LogEntry).position
  const steps: Step[] = [
    start(31, EMPTY, 'head'),
    ...entries.slice(0, 3).map((one) => message(one, null)),
    { kind: 'stop', at: 35, why: 'closed' },
    { ...start(130, to, from), outcome: 'lost', lost: lost('trimmed', from, to) } as Step,
  ]
  return stream('c2#5', 'wire', steps, 'trimmed')
}

/** Comes back to more than a recovery may bring. */
function limitedStream(entries: readonly LogEntry[]): Spoilable['streams'][number] {
  const from = (entries[7] as LogEntry).position
  const to = (entries[11] as LogEntry).position
  const resumed = { ...start(130, to, from), outcome: 'lost', lost: lost('limit', from, to) } as Step
  return stream('c3#6', 'wire', [resumed], 'trimmed')
}
