// J01 to J06: what a frame may hold, before anybody asks what it means.

import type { Publication } from '@tautline/wire'
import type { AppCase, Payload, Wire } from '../case.ts'

/** Nested so deep: lists around nothing. */
export function nested(levels: number): string {
  return '['.repeat(levels) + ']'.repeat(levels)
}

/** The body of the first publication of the channel that the run published to. */
export async function stored(wire: Wire, channel: string): Promise<unknown> {
  const { items } = await wire.world.realtime.history(channel)
  return (items.find((item) => item.ev === 'pub') as Publication | undefined)?.data
}

export function publish(wire: Wire, fields: object): object {
  const ch = `open:${wire.unique}`
  return { id: 2, op: 'publish', ch, key: `key-${wire.unique}`, since: Date.now(), lane: 0, ...fields }
}

/** A publish whose `data` is this very text. */
function publishText(wire: Wire, data: string): string {
  const text = JSON.stringify(publish(wire, { data: 0 }))
  return `${text.slice(0, text.lastIndexOf('0'))}${data}}`
}

async function isStored(wire: Wire, expected: unknown): Promise<string | null> {
  const data = JSON.stringify(await stored(wire, `open:${wire.unique}`))
  return data === JSON.stringify(expected) ? null : `stored was ${data?.slice(0, 100)}`
}

const isUntouched = (): string | null => {
  const probe = {} as Record<string, unknown>
  return probe['polluted'] === undefined && probe['id'] === undefined ? null : 'a prototype was changed'
}

/** What no codec can read, and what is no command. */
const RUBBISH: readonly (readonly [what: string, json: string | null, msgpack: string | null])[] = [
  ['what is not the notation', '{"id":2', 'c1'],
  ['half a message', '{"id":2,"op":"pi', '82a26964'],
  ['nothing', '', ''],
  ['an empty line', '{"id":2,"op":"ping"}\n', null],
  ['null', 'null', 'c0'],
  ['a list', '[]', '90'],
  ['a number', '1', '01'],
  ['a text', '"x"', 'a178'],
  ['two values without a line between', '{"id":2,"op":"ping"}{"id":3,"op":"ping"}', null],
  ['single quotes', "{'id':2,'op':'ping'}", null],
  ['a byte order mark', '\ufeff{"id":2,"op":"ping"}', null],
  ['controls of a terminal', '\u001b[2J\u001b]0;owned\u0007', '1b5b324a'],
  ['an id that is text', '{"id":"2","op":"ping"}', '82a26964a132a26f70a470696e67'],
  ['no id', '{"op":"ping"}', '81a26f70a470696e67'],
]

function rubbish([what, json, msgpack]: (typeof RUBBISH)[number]): AppCase {
  return {
    id: 'J01',
    title: `${what} ends the connection with 4300`,
    codecs: [...(json === null ? [] : ['json' as const]), ...(msgpack === null ? [] : ['msgpack' as const])],
    required: ['CLOSE:4300', '2:ok CLOSE:4300'],
    input: ({ codec }) => [codec.binary ? Buffer.from(msgpack ?? '', 'hex') : (json ?? '')],
  }
}

export const MESSAGE_CASES: readonly AppCase[] = [
  ...RUBBISH.map(rubbish),
  {
    id: 'J01',
    title: 'the other kind of WebSocket message ends the connection with 4300',
    required: 'CLOSE:4300',
    input: ({ codec }) => [codec.binary ? '{"id":2,"op":"ping"}' : Buffer.from('{"id":2,"op":"ping"}')],
  },
  {
    id: 'J01',
    title: 'a first command that is no connect ends the connection with 4300',
    greets: false,
    required: 'CLOSE:4300',
    input: (wire) => [wire.say({ id: 1, op: 'ping' })],
  },
  {
    id: 'J02',
    title: '65 levels in a body of 64 kB are refused by a scan, with 4301',
    required: 'CLOSE:4301',
    input: (wire) => [deep(wire, 65)],
  },
  {
    id: 'J02',
    title: '500,000 levels in a frame of 1 MB cost no more than a scan',
    large: true,
    required: 'CLOSE:4301',
    input: (wire) => [deep(wire, 500_000)],
  },
  {
    id: 'J02',
    title: '60 levels are taken, and come back whole',
    required: '2:ok',
    input: (wire) => [wire.say(publish(wire, { data: JSON.parse(nested(60)) }))],
    demand: (_heard, wire) => isStored(wire, JSON.parse(nested(60))),
  },
  {
    id: 'J03',
    title: '__proto__ and constructor.prototype in a command change no object',
    required: '2:ok',
    input: (wire) => [
      polluted(wire, '"__proto__":{"polluted":1,"id":7},"constructor":{"prototype":{"polluted":1}},"id":2,"op":"ping"'),
    ],
    demand: isUntouched,
  },
  {
    id: 'J03',
    title: '__proto__ in a body is refused: whoever merges it would be hurt',
    codecs: ['json'],
    required: '2:bad-data(data)',
    input: (wire) => [publishText(wire, '{"a":{"__proto__":{"polluted":1}}}')],
    demand: isUntouched,
  },
  {
    id: 'J03',
    title: 'constructor, prototype and toString in a body are keys as any other',
    required: '2:ok',
    input: (wire) => [
      wire.say(
        publish(wire, { data: { constructor: { prototype: { polluted: 1 } }, toString: 1, hasOwnProperty: 2 } }),
      ),
    ],
    demand: async (_heard, wire) =>
      isUntouched() ?? isStored(wire, { constructor: { prototype: { polluted: 1 } }, toString: 1, hasOwnProperty: 2 }),
  },
  {
    id: 'J03',
    title: 'methods, channels and ops called as what every object has are unknown, not found there',
    required: '2:unsupported(op) 3:not-found 4:forbidden(ch) 5:unsupported(op)',
    input: (wire) => [
      wire.say(
        { id: 2, op: 'toString' },
        { id: 3, op: 'rpc', method: 'constructor', ms: 100, data: null },
        { id: 4, op: 'subscribe', ch: '__proto__', from: 'head' },
        { id: 5, op: '__proto__' },
      ),
    ],
  },
  {
    id: 'J03',
    title: 'an object that cannot be made a text, thrown by a procedure, ends that call only',
    required: '2:unknown',
    input: (wire) => [
      wire.say({ id: 2, op: 'rpc', method: 'throw', ms: 500, data: { toString: 1, '\u001b[2J\nforged': '\u202e' } }),
    ],
  },
  {
    id: 'J04',
    title: '100,000 integer-like keys are refused by a scan, with 4301',
    large: true,
    required: 'CLOSE:4301',
    input: (wire) => [keys(wire, 100_000, 1)],
  },
  {
    id: 'J04',
    title: '75,000 integer-like keys that fall into one bucket, too',
    large: true,
    required: 'CLOSE:4301',
    input: (wire) => [keys(wire, 75_000, 4_096)],
  },
  {
    id: 'J04',
    title: 'as many such keys as a frame and a body may have are cheap',
    large: true,
    required: '2:ok',
    // What 64 kB of keys cost when none of them collides, and the peer who writes and reads them.
    cpu: 40,
    input: (wire) => [keys(wire, 5_000, 4_096)],
  },
  {
    id: 'J05',
    title: 'of a key that occurs twice the last one counts, for the right as for the deed',
    required: '2:forbidden(ch)',
    input: (wire) => [twice(wire, `open:${wire.unique}`, `secret:${wire.unique}`)],
    demand: (_heard, wire) => askedOnly(wire, `publish secret:${wire.unique}`),
  },
  {
    id: 'J05',
    title: 'and the other way round: nothing reaches the channel that was named first',
    required: '2:ok',
    input: (wire) => [twice(wire, `secret:${wire.unique}`, `open:${wire.unique}`)],
    demand: async (_heard, wire) =>
      askedOnly(wire, `publish open:${wire.unique}`) ??
      ((await stored(wire, `secret:${wire.unique}`)) === undefined ? null : 'it was stored in the other channel'),
  },
  {
    id: 'J05',
    title: 'a body whose key occurs twice is stored with the last one, once',
    codecs: ['json'],
    required: '2:ok',
    input: (wire) => [publishText(wire, '{"a":1,"b":2,"a":3}')],
    demand: (_heard, wire) => isStored(wire, { a: 3, b: 2 }),
  },
  {
    id: 'J06',
    title: 'half a surrogate pair in a body is stored as U+FFFD, in texts and in keys',
    codecs: ['json'],
    required: '2:ok',
    input: (wire) => [publishText(wire, '{"a\\ud800":"\\udfff","b":"\\ud83d\\ude00"}')],
    demand: (_heard, wire) => isStored(wire, { 'a\ufffd': '\ufffd', b: '\u{1f600}' }),
  },
  {
    id: 'J06',
    title: 'the length of a body counts as it is stored, not as it was written',
    codecs: ['json'],
    large: true,
    // 30,000 halves are 60,000 escaped bytes less than the limit, and 90,000 bytes of U+FFFD more than it.
    required: '2:too-large(data)',
    input: (wire) => [publishText(wire, `"${'\\ud800'.repeat(30_000)}"`)],
  },
  {
    id: 'J06',
    title: 'half a surrogate pair in a token, a state, a key or a channel is refused',
    codecs: ['json'],
    required: '2:bad-request(state) 3:bad-request(key) 4:bad-request(ch) 5:bad-request(token)',
    input: (wire) => [
      [
        JSON.stringify(publish(wire, { data: 1, state: '\ud800' })),
        JSON.stringify(publish(wire, { id: 3, data: 1, key: 'k\udc00' })),
        '{"id":4,"op":"subscribe","ch":"open:\\ud800","from":"head"}',
        '{"id":5,"op":"refresh","token":"\\ud800"}',
      ].join('\n'),
    ],
  },
  {
    id: 'J06',
    title: 'bytes of a surrogate in a text (CESU) are not UTF-8: 4300, or 1007 where the WebSocket layer sees it first',
    required: ['CLOSE:4300', 'CLOSE:1007'],
    input: ({ codec }) => [
      codec.binary ? Buffer.from('82a2696402a26f70a3eda080', 'hex') : { text: Buffer.from('22eda08022', 'hex') },
    ],
  },
]

function deep(wire: Wire, levels: number): Payload {
  if (!wire.codec.binary) return publishText(wire, nested(levels))
  const head = Buffer.from('83a26964 02a26f70 a77075626c697368 a464617461'.replaceAll(' ', ''), 'hex')
  return Buffer.concat([head, Buffer.alloc(levels, 0x91), Buffer.from([0xc0])])
}

/** A command with keys that an encoder would not write. */
function polluted(wire: Wire, fields: string): Payload {
  if (!wire.codec.binary) return `{${fields}}`
  const evil = { polluted: 1, id: 7 }
  const parts = [
    ['__proto__', evil],
    ['constructor', { prototype: evil }],
    ['id', 2],
    ['op', 'ping'],
  ] as const
  return mapOf(wire, parts)
}

/** A MessagePack map of these keys, in this order, repeated ones too. */
function mapOf(wire: Wire, entries: readonly (readonly [key: string, value: unknown])[]): Buffer {
  const one = (value: unknown): Buffer => Buffer.from(wire.codec.encode(value as object) as Uint8Array)
  const parts = entries.flatMap(([key, value]) => [one(key as unknown as object), one(value)])
  return Buffer.concat([Buffer.from([0x80 | entries.length]), ...parts])
}

function twice(wire: Wire, first: string, second: string): Payload {
  const command = Object.entries(publish(wire, { data: 1 }))
  const entries = command.flatMap(([key, value]) =>
    key === 'ch'
      ? [
          ['ch', first],
          ['ch', second],
        ]
      : [[key, value]],
  )
  if (wire.codec.binary) return mapOf(wire, entries as [string, unknown][])
  return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join()}}`
}

function askedOnly(wire: Wire, question: string): string | null {
  const asked = wire.world.asked.filter((one) => one.endsWith(`:${wire.unique}`))
  return asked.join() === question ? null : `the hook was asked: ${asked.join()}`
}

/** Keys that fell into one bucket before Node's releases of 24 March 2026: integers a power of two apart. */
function keys(wire: Wire, count: number, stride: number): Payload {
  const names = Array.from({ length: count }, (_, i) => String(i * stride))
  return wire.say(publish(wire, { data: Object.fromEntries(names.map((name) => [name, 1])) }))
}
