// J14 to J22: idempotency keys, bodies, calls, presence, and bytes that are announced.

import type { Failure } from '@tautline/wire'
import type { AppCase, Demand, Heard, Payload, Wire } from '../case.ts'
import { Speaker } from '../speaker.ts'

function publish(wire: Wire, id: number, fields: object): object {
  const ch = `open:${wire.unique}`
  return { id, op: 'publish', ch, key: `key-${wire.unique}`, since: Date.now(), lane: 0, data: 1, ...fields }
}

async function entriesOf(wire: Wire): Promise<number> {
  const { items } = await wire.world.realtime.history(`open:${wire.unique}`)
  return items.filter(({ ev }) => ev === 'pub').length
}

function stores(expected: number): Demand {
  return async (_heard, wire) => {
    const entries = await entriesOf(wire)
    return entries === expected ? null : `${entries} entries were stored`
  }
}

/** A body of exactly so many bytes as JSON. */
const bodyOf = (bytes: number): string => 'x'.repeat(bytes - 2)

const PUBLISHING: readonly AppCase[] = [
  {
    id: 'J14',
    title: 'the same key with another body, state or channel is a conflict; with the same ones the first position',
    required: '2:ok 3:key-conflict 4:key-conflict 5:key-conflict 6:ok 7:ok',
    input: (wire) => [
      wire.say(
        publish(wire, 2, { data: 'one' }),
        publish(wire, 3, { data: 'two' }),
        publish(wire, 4, { data: 'one', state: 's' }),
        publish(wire, 5, { data: undefined, bytes: wire.codec.binary ? Buffer.from('one') : 'b25l' }),
        publish(wire, 6, { data: 'one' }),
        // Keys are per channel: elsewhere it is another key.
        publish(wire, 7, { data: 'two', ch: `open:b:${wire.unique}` }),
      ),
    ],
    demand: async (heard, wire) => {
      const [first, again] = [2, 6].map((id) => heard.replies.get(id)?.ok as { position: object; duplicate?: true })
      if (again?.duplicate !== true || first?.duplicate !== undefined) return 'the duplicate was not told'
      if (JSON.stringify(again.position) !== JSON.stringify(first?.position)) return 'another position'
      return stores(1)(heard, wire)
    },
  },
  {
    id: 'J14',
    title: 'the key of another client is another key: nobody learns who used it',
    required: '2:ok',
    input: async (wire) => {
      const other = await Speaker.open({ port: wire.world.port, codec: wire.codec })
      await other.greet({ client: 'somebody-else' })
      await other.say(publish(wire, 2, { data: 'theirs' }))
      await other.until(() => other.replies.has(2))
      await other.peer.destroy()
      return [wire.say(publish(wire, 2, { data: 'ours' }))]
    },
    demand: stores(2),
  },
  {
    id: 'J15',
    title: 'a key of 10 kB, an empty one, one with controls, one beyond ASCII, and none are refused',
    required: [2, 3, 4, 5, 6].map((id) => `${id}:bad-request(key)`).join(' '),
    input: (wire) => [
      wire.say(
        ...['k'.repeat(10_000), '', 'k\r\nDEL *', 'schl\u00fcssel', undefined].map((key, i) =>
          publish(wire, i + 2, { key }),
        ),
      ),
    ],
    demand: stores(0),
  },
  {
    id: 'J16',
    title: 'a message of one byte more than the limit is refused before the broker, one of the limit is stored',
    large: true,
    required: '2:too-large(data) 3:ok 4:too-large(bytes)',
    input: (wire) => {
      const bytes = Buffer.alloc(65_537, 7)
      return [
        wire.say(
          publish(wire, 2, { data: bodyOf(65_537) }),
          publish(wire, 3, { data: bodyOf(65_536), key: `b-${wire.unique}` }),
          publish(wire, 4, {
            data: undefined,
            bytes: wire.codec.binary ? bytes : bytes.toString('base64url'),
            key: `c-${wire.unique}`,
          }),
        ),
      ]
    },
    demand: stores(1),
  },
  {
    id: 'J16',
    title: 'a frame of 1 MiB and one byte is 4301, or 1009 where the WebSocket layer sees it first',
    large: true,
    cpu: 40,
    required: ['CLOSE:1009', 'CLOSE:4301'],
    input: (wire) => [wire.codec.binary ? Buffer.alloc(1_048_577, 0xc0) : `"${'x'.repeat(1_048_575)}"`],
  },
]

const CALLS: readonly AppCase[] = [
  {
    id: 'J17',
    title: 'cancelling a call that never was, is over, or is to come is answered and changes nothing',
    mapped: 'cancel and pong are what a client acknowledges with',
    required: '2:ok 3:ok 4:ok 5:ok 6:ok 7:ok',
    input: (wire) => [
      wire.say(
        { id: 2, op: 'cancel', call: 999 },
        { id: 3, op: 'cancel', call: 3 },
        { id: 4, op: 'rpc', method: 'echo', ms: 1_000, data: 'first' },
        { id: 5, op: 'cancel', call: 7 },
        { id: 6, op: 'cancel', call: Number.MAX_SAFE_INTEGER },
        { id: 7, op: 'rpc', method: 'echo', ms: 1_000, data: 'second' },
      ),
    ],
    demand: (heard) => {
      const said = [4, 7].map((id) => (heard.replies.get(id)?.ok as { data?: unknown } | undefined)?.data)
      return said.join() === 'first,second' ? null : `the calls gave ${said.join()}`
    },
  },
  {
    id: 'J17',
    title: 'cancelling the same call a hundred times answers the call once',
    required: `2:cancelled ${Array.from({ length: 100 }, (_, i) => `${i + 3}:ok`).join(' ')}`,
    input: (wire) => [
      wire.say(
        { id: 2, op: 'rpc', method: 'never', ms: 60_000, data: null },
        ...Array.from({ length: 100 }, (_, i) => ({ id: i + 3, op: 'cancel', call: 2 })),
      ),
    ],
  },
  {
    id: 'J17',
    title: 'a thousand pongs that nobody asked for are ignored',
    required: '2:ok',
    input: (wire) => [wire.say(...Array.from({ length: 1_000 }, () => ({ id: 0, op: 'pong' })), { id: 2, op: 'ping' })],
  },
  {
    id: 'J18',
    title: 'the id of a call that is not answered yet, used again, ends the connection with 4300',
    mapped: 'ids increase: to use one again is no request, and the first is answered by the end',
    required: 'CLOSE:4300',
    input: (wire) => [
      wire.say(
        { id: 2, op: 'rpc', method: 'never', ms: 60_000, data: null },
        { id: 2, op: 'rpc', method: 'echo', ms: 1_000, data: 'again' },
      ),
    ],
  },
  {
    id: 'J19',
    title: '1,000 calls at once: 64 are open, the rest is refused, and a timeout frees their places',
    awaits: [1_001],
    cpu: 60,
    input: (wire) => [
      wire.say(
        ...Array.from({ length: 1_000 }, (_, i) => ({ id: i + 2, op: 'rpc', method: 'never', ms: 50, data: null })),
      ),
    ],
    demand: freesPlaces,
  },
  {
    id: 'J19',
    title: '100,000 calls in 100 frames cost no more than their refusal',
    codecs: ['json'],
    large: true,
    cpu: 4_000,
    awaits: [100_001],
    input: (wire) =>
      Array.from({ length: 100 }, (_, frame) =>
        wire.say(
          ...Array.from({ length: 1_000 }, (_, i) => {
            return { id: 2 + frame * 1_000 + i, op: 'rpc', method: 'never', ms: 60_000, data: null }
          }),
        ),
      ),
    demand: (heard) => {
      const codes = codesOf(heard)
      const refused = (codes.get('limit') ?? 0) + (codes.get('rate') ?? 0)
      // Whoever floods and does not read is ended over 4 MiB of replies.
      return refused === 100_000 - 64 || heard.closeCode === 4002 ? null : JSON.stringify([...codes])
    },
  },
]

function codesOf(heard: Heard): Map<string, number> {
  const codes = new Map<string, number>()
  for (const [id, { error }] of heard.replies) {
    const code = error?.code ?? 'ok'
    if (id > 1 && id <= 100_001) codes.set(code, (codes.get(code) ?? 0) + 1)
  }
  return codes
}

/** Behind the timeouts a call is taken again. */
async function freesPlaces(heard: Heard): Promise<string | null> {
  const speaker = heard as Speaker
  if (!(await speaker.until(() => speaker.replies.size >= 1_002))) return `${speaker.replies.size} replies`
  const codes = codesOf(heard)
  const text = JSON.stringify([...codes].sort())
  if (codes.get('timeout') !== 64 || (codes.get('limit') ?? 0) + (codes.get('rate') ?? 0) !== 936) return text
  await speaker.say({ id: 2_000_000_000, op: 'rpc', method: 'echo', ms: 1_000, data: 'again' })
  await speaker.until(() => speaker.replies.has(2_000_000_000))
  const error: Failure | undefined = speaker.replies.get(2_000_000_000)?.error
  return error === undefined ? null : `a call behind the timeouts: ${error.code}`
}

const PRESENCE: readonly AppCase[] = [
  {
    id: 'J20',
    title: 'a member of 1 MB does not get in, and is not told why',
    mapped: 'info comes from the application, at most 4 kB: clients cannot give any',
    greets: false,
    required: '1:unavailable CLOSE:4003',
    input: (wire) => [
      wire.say({ id: 1, op: 'connect', client: 'c', features: [], token: 'big', info: 'x'.repeat(10_000) }),
    ],
  },
  {
    id: 'J20',
    title: 'coming and going 1,000 times is told to others a few times, not a thousand',
    awaits: [1_001],
    cpu: 400,
    input: async (wire) => {
      const watcher = await Speaker.open({ port: wire.world.port, codec: wire.codec })
      await watcher.greet({ client: 'watcher' })
      await watcher.say({ id: 2, op: 'subscribe', ch: `room:${wire.unique}`, from: 'head', presence: true })
      await watcher.until(() => watcher.replies.has(2))
      watchers.set(wire.unique, watcher)
      // 250 at a time: more would be refused as too many in flight.
      return Array.from({ length: 4 }, (_, frame) =>
        wire.say(
          ...Array.from({ length: 250 }, (_, i) => {
            const id = 2 + frame * 250 + i
            return { id, op: i % 2 === 0 ? 'subscribe' : 'unsubscribe', ch: `room:${wire.unique}`, from: 'head' }
          }),
        ),
      )
    },
    demand: async (_heard, wire) => {
      const watcher = watchers.get(wire.unique) as Speaker
      watchers.delete(wire.unique)
      const told = watcher.pushes.filter(({ ev }) => ev === 'members').length
      await watcher.peer.destroy()
      return told <= 20 ? null : `${told} members pushes`
    },
  },
]

const watchers: Map<string, Speaker> = new Map()

/** MessagePack whose head announces what does not follow: sizes are believed when the bytes are there. */
const ANNOUNCED: readonly (readonly [what: string, hex: string])[] = [
  ['bin of 4 GiB', 'c6ffffffff'],
  ['bin of 1e9 bytes', 'c63b9aca00'],
  ['a list of 4 billion', 'ddffffffff'],
  ['a map of 4 billion', 'dfffffffff'],
  ['a text of 4 GiB', 'dbffffffff'],
  ['an extension of 4 GiB', 'c9ffffffff01'],
  ['bin of one byte more than there is', 'c40301'],
]

function announced([what, hex]: (typeof ANNOUNCED)[number]): AppCase {
  return {
    id: 'J21',
    title: `${what}, announced and not sent, is malformed at once, and nothing is allocated for it`,
    mapped: 'there are no attachments: MessagePack announces sizes',
    codecs: ['msgpack'],
    required: ['CLOSE:4300', 'CLOSE:4301'],
    // { id: 2, op: 'publish', data: … }
    input: () => [Buffer.from(`84a26964 02a26f70 a77075626c697368 a464617461${hex}`.replaceAll(' ', ''), 'hex')],
  }
}

/** What the field `bytes` may not be in JSON. */
const NO_BYTES = [-1, 1e9, 0, '1e3=', 'not base64url!', 'AAA=', 'A', null, { length: 4 }, [1, 2]]

const BYTES: readonly AppCase[] = [
  ...ANNOUNCED.map(announced),
  {
    id: 'J21',
    title: 'bytes that are none are refused with their name: −1, 1e9, 0, "1e3=", a length, a list',
    required: NO_BYTES.map((_, i) => `${i + 2}:bad-data(bytes)`).join(' '),
    input: (wire) => [wire.say(...NO_BYTES.map((bytes, i) => publish(wire, i + 2, { data: undefined, bytes })))],
    demand: stores(0),
  },
  {
    id: 'J21',
    title: 'both data and bytes, and neither, are refused',
    required: '2:bad-data(data) 3:bad-data(data)',
    input: (wire) => [wire.say(publish(wire, 2, { bytes: 'AAAA' }), publish(wire, 3, { data: undefined }))],
    demand: stores(0),
  },
  {
    id: 'J22',
    title: 'an empty text for bytes is empty bytes, nothing that is waited for',
    mapped: 'nothing is announced ahead of itself; an unfinished WebSocket message is a test of its own',
    required: '2:ok',
    input: (wire): readonly Payload[] => [
      wire.say(publish(wire, 2, { data: undefined, bytes: wire.codec.binary ? new Uint8Array(0) : '' })),
    ],
    demand: stores(1),
  },
]

export const COMMAND_CASES: readonly AppCase[] = [...PUBLISHING, ...CALLS, ...PRESENCE, ...BYTES]
