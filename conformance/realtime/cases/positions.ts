// J07 to J09: positions and secrets that were invented, altered, or belong to somebody else.

import type { From, Position, Push } from '@tautline/wire'
import type { AppCase, Demand, Heard, Wire } from '../case.ts'
import { Speaker } from '../speaker.ts'

const EPOCH = 'e'.repeat(8)

/** Subscribes with `from` as it is written in JSON, on every path that takes a position. */
function everyPath(from: string): AppCase['input'] {
  return ({ unique }) => [
    [
      `{"id":2,"op":"subscribe","ch":"open:${unique}","from":${from}}`,
      `{"id":3,"op":"history","ch":"open:${unique}","limit":10,"after":${from}}`,
      `{"id":4,"op":"history","ch":"open:${unique}","limit":10,"before":${from}}`,
    ].join('\n'),
  ]
}

/** The same with values that both codecs can write. */
function everyPathWith(from: (wire: Wire) => unknown): AppCase['input'] {
  return (wire) => {
    const ch = `open:${wire.unique}`
    const position = from(wire)
    return [
      wire.say(
        { id: 2, op: 'subscribe', ch, from: position },
        { id: 3, op: 'history', ch, limit: 10, after: position },
        { id: 4, op: 'history', ch, limit: 10, before: position },
      ),
    ]
  }
}

function refused(field: string): string {
  return `2:bad-request(from.${field}) 3:bad-request(after.${field}) 4:bad-request(before.${field})`
}

const position = (offset: string): string => `{"epoch":"${EPOCH}","offset":${offset},"id":"w.1"}`

/** Offsets in JSON that are none: the first four are numbers that break off or come too large before they are read. */
const OFFSETS: readonly (readonly [what: string, json: string, value: unknown])[] = [
  ['2^53 + 1', '9007199254740993', 2 ** 53],
  ['−1', '-1', -1],
  ['1.5', '1.5', 1.5],
  ['"1"', '"1"', '1'],
  ['null', 'null', null],
  ['1e400 or an infinity', '1e400', Number.POSITIVE_INFINITY],
  ['−1e400 or NaN', '-1e400', Number.NaN],
  ['a list', '[1]', [1]],
  ['a map', '{"$gt":0}', { $gt: 0 }],
]

function offsetCase([what, json, value]: (typeof OFFSETS)[number]): AppCase {
  return {
    id: 'J07',
    title: `the offset ${what} is refused with its name, wherever a position may stand`,
    required: refused('offset'),
    input: (wire) =>
      wire.codec.binary
        ? everyPathWith(() => ({ epoch: EPOCH, offset: value, id: 'w.1' }))(wire)
        : everyPath(position(json))(wire),
  }
}

/** The subscription with the id 2 was answered with `lost` for this reason, and with nothing behind it. */
function lostBy(why: string): Demand {
  return (heard) => {
    const answer = heard.replies.get(2)?.ok as { outcome?: string; lost?: { why: string } } | undefined
    const told = `${answer?.outcome} ${answer?.lost?.why}`
    return told === `lost ${why}` ? null : `the subscription was answered: ${told}`
  }
}

async function published(wire: Wire, count: number): Promise<Position> {
  let position: Position | null = null
  for (let i = 0; i < count; i++) position = (await wire.world.realtime.publish(`open:${wire.unique}`, i)).position
  return position as Position
}

function forged(change: (own: Position) => From, why: string): Pick<AppCase, 'input' | 'demand' | 'required'> {
  return {
    required: '2:ok 3:not-found(after) 4:not-found(before)',
    input: async (wire) => {
      const own = await published(wire, 3)
      return everyPathWith(() => change(own))(wire)
    },
    demand: lostBy(why),
  }
}

export const POSITION_CASES: readonly AppCase[] = [
  ...OFFSETS.map(offsetCase),
  {
    id: 'J07',
    title: 'NaN is no JSON: 4300',
    codecs: ['json'],
    required: 'CLOSE:4300',
    input: everyPath(position('NaN')),
  },
  {
    id: 'J07',
    title: 'numbers of a command that are none are refused with their names',
    required: '2:bad-request(lane) 3:bad-request(since) 4:bad-request(call) 5:bad-request(from.last) 6:bad-request(ms)',
    input: (wire) => {
      const publish = { op: 'publish', ch: `open:${wire.unique}`, key: 'k', since: 1, lane: 0, data: 1 }
      return [
        wire.say(
          { id: 2, ...publish, lane: -1 },
          { id: 3, ...publish, since: 1.5 },
          { id: 4, op: 'cancel', call: 2 ** 53 },
          { id: 5, op: 'subscribe', ch: 'open:a', from: { last: '10' } },
          { id: 6, op: 'rpc', method: 'echo', ms: '1', data: 1 },
        ),
      ]
    },
  },
  {
    id: 'J08',
    title: 'an epoch that nobody gave out is lost {epoch}, never recovered',
    ...forged((own) => ({ ...own, epoch: 'unheard-of', id: 'AAAAAAAAAAA.1' }), 'epoch'),
  },
  {
    id: 'J08',
    title: 'an unheard-of epoch beside a proof that holds is recovered: nothing after that entry is missing',
    mapped: 'the proof is (offset, id), and ids name one entry for ever',
    required: '2:ok 3:ok 4:ok',
    input: async (wire) => {
      const own = await published(wire, 3)
      return everyPathWith(() => ({ ...own, epoch: 'unheard-of' }))(wire)
    },
    demand: (heard) => {
      const { outcome } = heard.replies.get(2)!.ok as { outcome: string }
      return outcome === 'recovered' ? null : outcome
    },
  },
  {
    id: 'J08',
    title: 'an empty epoch is refused with its name',
    required: refused('epoch'),
    input: everyPathWith(() => ({ epoch: '', offset: 1, id: 'w.1' })),
  },
  {
    id: 'J08',
    title: 'an epoch of 10 kB is refused with its name',
    required: refused('epoch'),
    input: everyPathWith(() => ({ epoch: 'e'.repeat(10_000), offset: 1, id: 'w.1' })),
  },
  {
    id: 'J08',
    title: 'an epoch with line ends and controls is refused with its name',
    required: refused('epoch'),
    input: everyPathWith(() => ({ epoch: 'e\r\nDEL *\u001b[2J', offset: 1, id: 'w.1' })),
  },
  {
    id: 'J09',
    title: 'a position with another id is lost {diverged}, never recovered',
    mapped: 'positions are the resume tokens: unauthenticated, and worth nothing to whoever forges one',
    ...forged((own) => ({ ...own, id: 'AAAAAAAAAAA.1' }), 'diverged'),
  },
  {
    id: 'J09',
    title: 'a position beyond the head is lost, never recovered',
    ...forged((own) => ({ ...own, offset: 1_000_000 }), 'diverged'),
  },
  {
    id: 'J09',
    title: 'a position of another channel is lost, never recovered',
    required: '2:ok 3:not-found(after) 4:not-found(before)',
    input: async (wire) => {
      await published(wire, 3)
      const other = await wire.world.realtime.publish(`open:other:${wire.unique}`, 1)
      return everyPathWith(() => other.position)(wire)
    },
    demand: lostBy('epoch'),
  },
  {
    id: 'J09',
    title: 'a truncated position is refused with the name of what is missing',
    required: refused('id'),
    input: everyPathWith(() => ({ epoch: EPOCH, offset: 1 })),
  },
  {
    id: 'J09',
    title: 'forged positions in resume concern their presenter only: lost, one by one, and nobody else hears of it',
    greets: false,
    required: '1:ok',
    input: async (wire) => {
      const own = await published(wire, 3)
      const bystander = await Speaker.open({ port: wire.world.port, codec: wire.codec })
      await bystander.greet({ client: 'bystander' })
      await bystander.say({ id: 2, op: 'subscribe', ch: `open:${wire.unique}`, from: 'head' })
      await bystander.until(() => bystander.replies.has(2))
      bystanders.set(wire.unique, bystander)
      const resume = [
        { ch: `open:${wire.unique}`, from: { ...own, id: 'AAAAAAAAAAA.1' } },
        { ch: `open:b:${wire.unique}`, from: own },
      ]
      return [wire.say({ id: 1, op: 'connect', client: 'forger', features: [], resume })]
    },
    demand: async (heard, wire) => {
      const subs = heard.pushes
        .filter((push) => push.ev === 'sub')
        .map(({ outcome, lost }) => `${outcome} ${lost?.why}`)
      const bystander = bystanders.get(wire.unique) as Speaker
      bystanders.delete(wire.unique)
      await wire.world.realtime.publish(`open:${wire.unique}`, 'after')
      await bystander.until(() => bystander.pushes.length > 0)
      const told = bystander.pushes.map(({ ev }: Push) => ev).join()
      await bystander.peer.destroy()
      if (told !== 'pub') return `the bystander heard: ${told}`
      return subs.sort().join() === 'lost diverged,lost epoch' ? null : `resumed: ${subs.join()}`
    },
  },
  replacing('a forged secret', ({ conn }) => ({ conn, secret: 'A'.repeat(22) })),
  replacing('a truncated secret', ({ conn, secret }) => ({ conn, secret: secret.slice(0, 10) })),
  replacing('the secret of another connection', ({ conn }, other) => ({ conn, secret: other.secret })),
  replacing('the name of a node that never was', ({ secret }) => ({ conn: `nobody~${'A'.repeat(16)}`, secret })),
  replacing('a name that addresses all nodes', ({ secret }) => ({ conn: '*~', secret })),
  {
    id: 'J09',
    title: 'a token of another user does not refresh a connection, and the answer says no more than that',
    required: '2:forbidden',
    input: (wire) => [wire.say({ id: 2, op: 'refresh', token: 'somebody-else' })],
  },
]

interface Credentials {
  readonly conn: string
  readonly secret: string
}

const bystanders: Map<string, Speaker> = new Map()

/** Somebody tries to replace another's connection: it lives on, and the other one is not told apart. */
function replacing(what: string, attempt: (victim: Credentials, own: Credentials) => Credentials): AppCase {
  return {
    id: 'J09',
    title: `${what} in replaces ends nobody's connection`,
    greets: false,
    required: '1:ok',
    input: async (wire) => {
      const open = async (): Promise<Speaker> => {
        const speaker = await Speaker.open({ port: wire.world.port, codec: wire.codec })
        await speaker.greet({ client: 'victim' })
        return speaker
      }
      const [victim, other] = [await open(), await open()]
      const credentials = ({ replies }: Heard): Credentials => replies.get(1)?.ok as Credentials
      const replaces = attempt(credentials(victim), credentials(other))
      await other.peer.destroy()
      bystanders.set(wire.unique, victim)
      return [wire.say({ id: 1, op: 'connect', client: 'forger', features: [], replaces })]
    },
    demand: async (_heard, wire) => {
      const victim = bystanders.get(wire.unique) as Speaker
      bystanders.delete(wire.unique)
      await victim.say({ id: 2, op: 'ping' })
      await victim.until(() => victim.replies.has(2) || victim.over)
      const alive = victim.replies.has(2) && !victim.over
      await victim.peer.destroy()
      return alive ? null : `the victim's connection ended: ${victim.closeCode ?? victim.ending}`
    },
  }
}
