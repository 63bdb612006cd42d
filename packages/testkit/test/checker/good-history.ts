// A history as good observers of a good system would have written it, with everything a run can hold: two publishers, a
// failover that loses acknowledged entries, a trim, a budget, a gap, a resume, ephemeral messages, calls, presence.

import type { Lost, Position } from '@tautline/wire'
import type {
  Call,
  ChannelLog,
  Direct,
  History,
  HistoryRead,
  LogEntry,
  PatternStep,
  PatternStream,
  Publish,
  Reached,
  Session,
  Step,
  Stream,
  UserOrder,
} from '../../src/checker/mod.ts'

export type Writable<T> = { -readonly [K in keyof T]: T[K] }
export type Message = Extract<Step, { kind: 'message' }>

/** A history that a test may spoil. */
export interface Spoilable extends History {
  faults: History['faults']
  publishes: Writable<Publish>[]
  streams: (Omit<Writable<Stream>, 'steps'> & { steps: Step[] })[]
  logs: (Omit<ChannelLog, 'entries'> & { entries: Writable<LogEntry>[] })[]
  calls: Writable<Call>[]
  presence: { observer: string; channel: string; members: string[] }[]
  reached: Reached[]
  patterns: (Omit<Writable<PatternStream>, 'steps'> & { steps: PatternStep[] })[]
  reads: Writable<HistoryRead>[]
  directs: Writable<Direct>[]
  received: { client: string; page: number; payload: string; at: number }[]
  orders: Writable<UserOrder>[]
  sessions: Writable<Session>[]
  leftovers: { observer: string; text: string }[]
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
    const state = n === 13 || n === 15 ? { state: 's' } : {}
    entries.push(entry(n, { epoch: 'e2', predecessor: head, possibleLoss: n === 11, ...state }))
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
    // Read slowly, and gets of each state key the newest.
    {
      ...stream('c4#7', 'wire', [
        start(111, at(8).position, at(8).position),
        fence,
        ...span(11, 12, null),
        { kind: 'gap', at: 180, to: at(13).position, count: 1, why: 'conflated' },
        ...span(14, 20, null),
      ]),
      policy: 'latest',
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
      { client: 'c1', call: 'r1', outcome: 'ok', executions: 1, running: 0 },
      { client: 'c1', call: 'r2', outcome: 'unknown', executions: 0, running: 0 },
      { client: 'c2', call: 's1', outcome: 'ok', executions: 1, running: 0, values: [0, 1, 2], expected: 3 },
      { client: 'c2', call: 's2', outcome: 'left', executions: 1, running: 0, values: [0, 1] },
    ],
    presence: ['c1', 'c2'].map((observer) => ({ observer, channel: 'a', members: ['c1', 'c2', 'c3'] })),
    present: [{ observer: 'truth', channel: 'a', members: ['c1', 'c2', 'c3'] }],
    reached: [{ observer: 'c1/0', channel: 'a', asked: last, at: 300 }],
    patterns: [patternStream(entries)],
    reads: readsOf(entries),
    directs: [{ user: 'c1', payload: 'd1', at: 420, certain: true }],
    received: [{ client: 'c1', page: 1, payload: 'd1', at: 425 }],
    orders: [
      { at: 60, op: 'disconnect', user: 'c3', code: 4401, certain: false },
      { at: 146, op: 'unsubscribe', user: 'c4', channel: 'a', certain: true },
    ],
    sessions: sessions(),
    heartbeat: { every: 3_000, timeout: 2_000 },
    quiet: 300,
    leftovers: [],
    restless: [],
    lineage: true,
    bases: new Map([['B', 0]]),
    end: 500,
  }
}

/** One observer's stream of a history. */
export function streamOf(history: Spoilable, observer: string): Spoilable['streams'][number] {
  const found = history.streams.find((one) => one.observer === observer)
  if (found === undefined) throw new Error(`there is no ${observer}`)
  return found
}

/** A recovery brings an entry that was pushed out at 90, and says so only then. */
export function replayThePast(history: Spoilable, at = 1_400): void {
  const [, , before, first] = history.logs[1]?.entries ?? []
  const { steps } = streamOf(history, 'c2#5')
  const { lost, ...asked } = steps.pop() as Extract<Step, { kind: 'start' }>
  if (before === undefined || first === undefined || lost === undefined)
    throw new Error('the good history is another one')
  steps.push(
    { ...asked, outcome: 'recovered', start: before.position, asked: at, at: at + 1 },
    { ...message(first, null), at: at + 2 },
    { kind: 'lost', at: at + 3, lost, start: asked.start },
  )
}

function stream(observer: string, level: Stream['level'], steps: Step[], channel = 'a'): Spoilable['streams'][number] {
  return { observer, client: observer.slice(0, 2), level, channel, policy: 'lossless', steps, live: true }
}

/** Hears channel a through a pattern, interrupted by the failover. */
function patternStream(entries: readonly LogEntry[]): Spoilable['patterns'][number] {
  const brought = (one: LogEntry): PatternStep => {
    const { payload, position, stored } = one
    return { kind: 'message', at: stored + 3, channel: 'a', stored: true, id: position.id, payload }
  }
  const steps = [
    ...entries.slice(4, 10).map(brought),
    { kind: 'lost', at: 108 } as const,
    ...entries.slice(10).map(brought),
  ]
  return { observer: 'c2/p0', client: 'c2', level: 'application', pattern: 'a*', began: 50, steps, live: true }
}

/** The newest page, the one before it, one forwards, and one from a position that had vanished. */
function readsOf(entries: readonly LogEntry[]): Writable<HistoryRead>[] {
  const at = (n: number): Position => (entries[n - 1] as LogEntry).position
  const items = (from: number, to: number) =>
    entries.slice(from - 1, to).map(({ position, payload }) => ({ position, id: position.id, payload }))
  const asked = { client: 'c1', channel: 'a', asked: 400, at: 405, after: null, before: null, limit: 5 }
  return [
    { ...asked, page: { items: items(16, 20), start: at(15), end: at(20), more: true } },
    { ...asked, before: at(15), page: { items: items(11, 15), start: at(8), end: at(15), more: true } },
    { ...asked, after: at(17), page: { items: items(18, 20), start: at(17), end: at(20), more: false } },
    { ...asked, after: at(10), page: null },
  ]
}

/** Ended by a silent client, a token, a newer connection, the application, an operator; and one that is open. */
function sessions(): Writable<Session>[] {
  const ended = (at: number, code: number, heard: number, stopping = false) => ({ at, code, heard, stuck: 0, stopping })
  const session = (id: number, more: Partial<Session>): Writable<Session> => ({
    connection: `c3#${id}`,
    client: 'c3',
    node: 'n1',
    ended: null,
    over: null,
    policies: ['lossless'],
    tokens: [],
    replaced: null,
    stalls: [],
    ...more,
  })
  return [
    session(10, { ended: ended(-1_000, 4001, -6_500), over: -1_000 }),
    session(11, { ended: ended(20, 4002, 15), over: 20, policies: ['lossless', 'disconnect'] }),
    session(12, { ended: ended(30, 4200, 15), over: 30, tokens: [{ at: -500, ends: 25 }] }),
    session(13, { ended: ended(40, 4402, 15), over: 40, replaced: { asked: 36, at: 38, certain: true } }),
    session(14, { ended: ended(61, 4401, 50), over: 61 }),
    session(15, { ended: ended(70, 1001, 65, true), over: 70 }),
    session(16, { tokens: [{ at: 80, ends: 60_000 }] }),
  ]
}

function publishOf(entry: LogEntry, channel: string): Writable<Publish> {
  return {
    client: entry.scope,
    page: 0,
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
