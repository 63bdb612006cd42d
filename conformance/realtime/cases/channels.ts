// J10 to J13: names, numbers of channels, rights on every path, pages of history.

import type { HistoryPage } from '@tautline/wire'
import type { AppCase, Heard, Wire } from '../case.ts'
import { Speaker } from '../speaker.ts'

/** Names that one store or another would read otherwise. */
const NAMES: readonly (readonly [what: string, name: unknown])[] = [
  ['an empty name', ''],
  ['a name of 10 kB', `open:${'x'.repeat(10_000)}`],
  ['a NUL', 'open:\u0000'],
  ['CR LF', 'open:a\r\nSET x 1'],
  ['an escape sequence', 'open:\u001b[2J'],
  ['..', 'open:..:..:etc:passwd'],
  ['>', 'open.>'],
  ['a space', 'open: a'],
  ['a name that is not normalised', 'open:e\u0301'],
  ['a letter beyond ASCII', 'open:\u00e9'],
  ['text that runs backwards', 'open:\u202e'],
  ['braces of a hash tag', 'open:{a}'],
  ['a backslash', 'open:a\\b'],
  ['a star within a segment', 'open:a*'],
  ['an empty segment', 'open::a'],
  ['a number', 42],
  ['null', null],
  ['a list', ['open:a']],
  ['a map', { toString: 'open:a' }],
]

function nameCase([what, ch]: (typeof NAMES)[number]): AppCase {
  return {
    id: 'J10',
    title: `${what} as a channel is refused on every path`,
    required: [2, 3, 4, 5, 6].map((id) => `${id}:bad-request(ch)`).join(' '),
    input: (wire) => [wire.say(...everyCommand(ch))],
  }
}

/** All that names a channel, ids from 2 to 6. */
function everyCommand(ch: unknown): object[] {
  return [
    { id: 2, op: 'subscribe', ch, from: 'head' },
    { id: 3, op: 'publish', ch, key: `k${Math.random()}`, since: Date.now(), lane: 0, data: 1 },
    { id: 4, op: 'history', ch, limit: 1 },
    { id: 5, op: 'presence', ch },
    { id: 6, op: 'unsubscribe', ch },
  ]
}

function pattern(name: string): AppCase {
  return {
    id: 'J10',
    title: `the pattern ${name} is for subscriptions only`,
    required: '2:ok 3:bad-request(ch) 4:bad-request(ch) 5:bad-request(ch) 6:ok',
    input: (wire) => [wire.say(...everyCommand(name))],
  }
}

/** Who may do nothing here, on every path; and nobody is there afterwards. */
function refusedEverywhere(prefix: string, code: string, mapped?: string): AppCase {
  return {
    id: 'J12',
    title: `in the channels ${prefix}:** everything is refused on every path: ${code}`,
    ...(mapped === undefined ? null : { mapped }),
    required: `2:${code} 3:${code} 4:${code} 5:${prefix === 'closed' ? 'ok' : code} 6:ok`,
    input: (wire) => [wire.say(...everyCommand(`${prefix}:${wire.unique}`))],
    demand: async (_heard, wire) => {
      if (prefix === 'none') return null
      const { items } = await wire.world.realtime.history(`${prefix}:${wire.unique}`)
      const members = await wire.world.realtime.presenceOf(`${prefix}:${wire.unique}`)
      return items.length + members.length === 0 ? null : `${items.length} entries, ${members.length} members`
    },
  }
}

/** `resume` asks for rights like `subscribe`: one refused entry does not hurt the others. */
const REFUSED_RESUME: AppCase = {
  id: 'J12',
  title: 'a resume entry without a right is refused by unsub, the one beside it is answered; a server-side claim too',
  greets: false,
  required: '1:ok',
  input: async (wire) => {
    const { position } = await wire.world.realtime.publish(`secret:${wire.unique}`, 'unseen')
    const resume = [
      { ch: `secret:${wire.unique}`, from: position },
      { ch: `secret:b:${wire.unique}`, from: { last: 10 }, server: true },
      { ch: `closed:${wire.unique}`, from: 'head' },
      { ch: `none:${wire.unique}`, from: 'head' },
      { ch: 'secret:*', from: 'head' },
      { ch: `open:${wire.unique}`, from: 'head' },
    ]
    return [wire.say({ id: 1, op: 'connect', client: 'c', features: [], resume })]
  },
  demand: (heard) => {
    const told = heard.pushes.map((push) => (push.ev === 'unsub' ? push.error.code : push.ev))
    return told.sort().join() === 'forbidden,forbidden,forbidden,forbidden,not-found,sub' ? null : told.join()
  },
}

/** A pattern is no way around a rule or a hook. */
const AROUND: AppCase = {
  id: 'J12',
  title: 'a pattern that covers a forbidden channel brings nothing of it',
  required: '2:forbidden(ch) 3:forbidden(ch) 4:forbidden(ch)',
  input: (wire) => [
    wire.say(
      { id: 2, op: 'subscribe', ch: '**', from: 'head' },
      { id: 3, op: 'subscribe', ch: 'secret:**', from: 'head' },
      { id: 4, op: 'subscribe', ch: 'closed:*', from: 'head' },
    ),
  ],
}

function count(heard: Heard, what: (token: string) => boolean): number {
  return [...heard.replies].filter(([id, { error }]) => id > 1 && id <= LAST && what(error?.code ?? 'ok')).length
}

const LAST = 100_001

/** 10^5 subscribes in so many frames as may be: the limit of channels holds, and memory does not grow with what is asked. */
const MANY: AppCase = {
  id: 'J11',
  title: '100,000 subscribes in 100 frames: the limit of 1,000 channels holds, the rest is refused',
  codecs: ['json'],
  large: true,
  cpu: 4_000,
  awaits: [LAST],
  input: (wire) =>
    Array.from({ length: 100 }, (_, frame) =>
      wire.say(
        ...Array.from({ length: 1_000 }, (_, i) => {
          const id = 2 + frame * 1_000 + i
          return { id, op: 'subscribe', ch: `open:${wire.unique}:${id}`, from: 'head' }
        }),
      ),
    ),
  demand: async (heard, wire) => {
    const { channels } = wire.world.realtime.stats
    const speaker = heard as Speaker
    await speaker.until(() => speaker.over || speaker.replies.size >= LAST + 1)
    const taken = count(heard, (code) => code === 'ok')
    const refused = count(heard, (code) => code === 'limit' || code === 'rate')
    if (taken === 0 || taken > 1_000) return `${taken} subscriptions`
    // Whoever floods and does not read is ended over 4 MiB of replies.
    if (refused !== 100_000 - taken && heard.closeCode !== 4002) return `${refused} refused of ${100_000 - taken}`
    return channels < 40_000 ? null : `${channels} channels are held`
  },
}

async function filled(wire: Wire, count: number): Promise<void> {
  for (let i = 1; i <= count; i++) await wire.world.realtime.publish(`open:${wire.unique}`, i)
}

function pages(title: string, query: object, expected: readonly number[]): AppCase {
  return {
    id: 'J13',
    title,
    required: '2:ok',
    input: async (wire) => {
      await filled(wire, 12)
      return [wire.say({ id: 2, op: 'history', ch: `open:${wire.unique}`, ...query })]
    },
    demand: (heard) => {
      const { items } = heard.replies.get(2)!.ok as HistoryPage
      const seen = items.flatMap((item) => (item.ev === 'pub' ? [item.data] : []))
      return seen.join() === expected.join() ? null : `the page holds ${seen.join()}`
    },
  }
}

const ALL = Array.from({ length: 12 }, (_, i) => i + 1)

export const CHANNEL_CASES: readonly AppCase[] = [
  ...NAMES.map(nameCase),
  pattern('open:*'),
  pattern('open:**'),
  {
    id: 'J10',
    title: '* alone is a pattern that no rule covers',
    required: '2:forbidden(ch) 3:bad-request(ch) 4:bad-request(ch) 5:bad-request(ch) 6:ok',
    input: (wire) => [wire.say(...everyCommand('*'))],
  },
  {
    id: 'J10',
    title: 'a bad name in resume is refused with its place, and nothing is resumed',
    greets: false,
    required: '1:bad-request(resume.1.ch) CLOSE:4400',
    input: (wire) => [
      wire.say({
        id: 1,
        op: 'connect',
        client: 'c',
        features: [],
        resume: [
          { ch: 'open:a', from: 'head' },
          { ch: 'open:\r\n', from: 'head' },
        ],
      }),
    ],
    demand: (heard) => (heard.pushes.every(({ ev }) => ev === 'bye') ? null : 'something was resumed'),
  },
  {
    id: 'J11',
    title: '100,000 subscribes in one frame are more messages than a frame has: 4301',
    large: true,
    cpu: 60,
    required: 'CLOSE:4301',
    input: (wire) => {
      const one = wire.codec.encode({ id: 2, op: 'ping' })
      return [wire.codec.join(Array.from({ length: 40_000 }, () => one))]
    },
  },
  {
    id: 'J11',
    title: 'a resume of 10,000 channels in one frame is refused as a whole',
    greets: false,
    large: true,
    cpu: 60,
    required: ['1:limit(resume) CLOSE:4403', 'CLOSE:4301'],
    input: (wire) => {
      const resume = Array.from({ length: 10_000 }, (_, i) => ({ ch: `open:${i}`, from: 'head' }))
      return [wire.say({ id: 1, op: 'connect', client: 'c', features: [], resume })]
    },
    demand: (heard) => (heard.pushes.every(({ ev }) => ev === 'bye') ? null : 'something was resumed'),
  },
  MANY,
  refusedEverywhere('secret', 'forbidden(ch)'),
  refusedEverywhere('closed', 'forbidden(ch)', 'by rule, which leaves presence to be seen'),
  refusedEverywhere('none', 'forbidden(ch)'),
  REFUSED_RESUME,
  AROUND,
  {
    id: 'J12',
    title: 'a subscription does not open the history of a channel, nor a procedure a channel',
    mapped: 'there are no acks: replies carry no rights',
    required: '2:ok 3:forbidden(ch) 4:ok',
    input: (wire) => [
      wire.say(
        { id: 2, op: 'rpc', method: 'echo', ms: 1_000, data: { op: 'publish', ch: 'secret:a', data: 1 } },
        { id: 3, op: 'history', ch: `secret:${wire.unique}`, limit: 1 },
        { id: 4, op: 'cancel', call: 3 },
      ),
    ],
  },
  pages('a limit of 10^9 is clamped', { limit: 1_000_000_000 }, ALL),
  pages('a negative limit is clamped to 1', { limit: -5 }, [12]),
  pages('a limit of 0 is clamped to 1', { limit: 0 }, [12]),
  {
    id: 'J13',
    title: 'a limit that is no whole number is refused; since beyond the head is not found, never a silent jump',
    required: '2:bad-request(limit) 3:bad-request(limit) 4:not-found(after)',
    input: async (wire) => {
      const ch = `open:${wire.unique}`
      const { position } = await wire.world.realtime.publish(ch, 1)
      return [
        wire.say(
          { id: 2, op: 'history', ch, limit: 1.5 },
          { id: 3, op: 'history', ch, limit: '10' },
          { id: 4, op: 'history', ch, limit: 10, after: { ...position, offset: 1_000 } },
        ),
      ]
    },
  },
  {
    id: 'J13',
    title: 'history that its reader does not take waits, page for page, and costs no memory',
    codecs: ['json'],
    large: true,
    cpu: 1_500,
    required: '2:ok',
    input: async (wire) => {
      for (let i = 0; i < 20; i++) await wire.world.realtime.publish(`open:${wire.unique}`, 'x'.repeat(60_000))
      return [wire.say({ id: 2, op: 'ping' })]
    },
    demand: waitsForReaders,
  },
]

/** 64 MiB of history for who reads nothing, and then all of it. */
async function waitsForReaders(_heard: Heard, wire: Wire): Promise<string | null> {
  const speaker = await Speaker.open({ port: wire.world.port, codec: wire.codec })
  try {
    await speaker.greet()
    speaker.peer.pause()
    const asked = Array.from({ length: 64 }, (_, i) => ({
      id: i + 2,
      op: 'history',
      ch: `open:${wire.unique}`,
      limit: 500,
    }))
    const before = process.memoryUsage()
    await speaker.say(...asked)
    for (let turn = 0; turn < 50; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
    const { heapUsed, external } = process.memoryUsage()
    // One page is written, one is on its way: two of 1.2 MB, and what is not collected yet.
    const grown = heapUsed + external - before.heapUsed - before.external
    if (grown > 30_000_000) return `${grown} bytes are held for who does not read`
    speaker.peer.resume()
    await speaker.until(() => speaker.over || speaker.replies.size === 65, 30_000)
    return speaker.replies.size === 65 ? null : `ended with ${speaker.closeCode ?? speaker.ending}`
  } finally {
    await speaker.peer.destroy()
  }
}
