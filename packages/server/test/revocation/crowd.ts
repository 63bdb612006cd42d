// Two nodes of one store, on real ports, and a crowd of clients on both that publish and listen while some of them are
// revoked and the tokens of others end: what came too late?

import { MemoryBroker } from '@tautline/broker'
import { connect, type Socket } from '@tautline/websocket'
import { systemClock } from '@tautline/wire'
import { jwt, signToken } from '../../src/auth/jwt.ts'
import { createRealtime } from '../../src/mod.ts'

const SECRET = 'S3CRET-0123456789-0123456789-0123456789'
const WHO = { issuer: 'https://id.example.com', audience: 'tautline-test' } as const
const KEY = { algorithm: 'HS256', secret: SECRET } as const
/** ms behind the end of a token within which the server is done with it (auth/expiries.ts: 50, and a turn of the loop). */
export const GRACE = 100
/** ms behind `revoke()` within which every node has heard of it. */
export const BOUND = 1_000
/** Connections that are opened at a time. */
const AT_ONCE = 25

export interface Crowd {
  /** Connections; a tenth is revoked, a tenth has tokens that end. */
  readonly size: number
  /** ms for which it is published behind the last revocation. */
  readonly after: number
  /** true: nobody is revoked after all. So it is seen that what comes late is counted. */
  readonly pretend?: boolean
}

export interface Outcome {
  delivered: number
  /** Publications that a revoked connection got which were stored later than the bound, and that it published so. */
  lateRevoked: number
  publishedRevoked: number
  /** The same for tokens that ended, with the grace. */
  lateExpired: number
  publishedExpired: number
  /** Close codes of those who had to go. */
  readonly codes: { revoked: Set<number | null>; expired: Set<number | null> }
  /** From revoke() to the last word that a connection of it got, and to the end of the last one of it, ms. */
  slowestWord: number
  slowestEnd: number
  /** Connections of others that ended. */
  others: number
}

interface Member {
  readonly user: string
  readonly socket: Socket
  readonly ends: number
  /** Store time and arrival of everything it got. */
  readonly got: { readonly at: number; readonly arrived: number }[]
  code: number | null
  endedAt: number
  commands: number
  revokedAt: number
}

/** Lets it run, and counts. */
export async function runCrowd({ size, after, pretend = false }: Crowd): Promise<Outcome> {
  const broker = new MemoryBroker()
  const admission = { connections: 4_000, perAddress: 4_000, addressRate: 2_000, failures: 4_000 }
  const nodes = ['n1', 'n2'].map((node) => {
    const tokens = jwt({ issuers: [{ ...WHO, algorithms: ['HS256'], secret: SECRET }] })
    const options = {
      channels: { '**': { allow: 'users', history: { size: 100_000 } } },
      broker,
      node,
      admission,
    } as const
    return createRealtime(options).onConnect(tokens.connect)
  })
  const ports = await Promise.all(nodes.map((node) => node.listen({ port: 0, host: '127.0.0.1' })))
  const members: Member[] = []
  const life = Math.round(size * 4 + 2_000)
  for (let i = 0; i < size; i += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, size - i) }, (_, j) => i + j)
    members.push(
      ...(await Promise.all(some.map((n) => join(n, ports[n % 2] as number, n % 10 === 1 ? life : 3_600_000)))),
    )
  }
  const outcome = await run(nodes, members, after, pretend)
  await Promise.all(nodes.map((node) => node.close()))
  await broker.close()
  return outcome
}

async function join(n: number, port: number, life: number): Promise<Member> {
  const user = `u${n}`
  const ends = Math.ceil(systemClock.wall() + life)
  const token = await signToken({ ...WHO, user, id: `t${n}`, expires: life }, KEY)
  const socket = await connect(`ws://127.0.0.1:${port}/realtime`, { subprotocols: ['tautline.v1.json'] })
  const member: Member = { user, socket, ends, got: [], code: null, endedAt: 0, commands: 2, revokedAt: 0 }
  const ready = Promise.withResolvers<void>()
  socket.onmessage = (frame) => {
    const arrived = systemClock.wall()
    for (const line of String(frame).split('\n')) {
      const said = JSON.parse(line) as { id?: number; error?: unknown; ev?: string; at?: number }
      if (said.id === 2) ready.resolve()
      if (said.id !== undefined && said.id <= 2 && said.error !== undefined) ready.reject(new Error(line))
      if (said.ev === 'pub') member.got.push({ at: said.at as number, arrived })
    }
  }
  socket.onclose = (code) => {
    member.code = code
    member.endedAt = systemClock.wall()
  }
  socket.send(JSON.stringify({ id: 1, op: 'connect', client: user, features: [], token }))
  socket.send(JSON.stringify({ id: 2, op: 'subscribe', ch: `room:${n % 20}`, from: 'head' }))
  await ready.promise
  return member
}

async function run(
  nodes: ReturnType<typeof createRealtime>[],
  members: Member[],
  after: number,
  pretend: boolean,
): Promise<Outcome> {
  let running = true
  // Everybody speaks about once a second, also those who must not any more.
  const speaking = (async () => {
    for (let turn = 0; running; turn++) {
      members.forEach((member, n) => {
        if (n % 20 === turn % 20) speak(member, n)
      })
      await pause(50)
    }
  })()
  const revoked = members.filter((_, n) => n % 10 === 0)
  for (const [i, member] of revoked.entries()) {
    const node = nodes[i % 2] as (typeof nodes)[number]
    member.revokedAt = systemClock.wall()
    // By user, by token, and by connection where it does not come back: on either node, for connections of either.
    if (!pretend) await node.revoke(i % 2 === 0 ? { user: member.user } : { token: `t${members.indexOf(member)}` })
    await pause(2)
  }
  const last = Math.max(...members.filter((_, n) => n % 10 === 1).map(({ ends }) => ends))
  await pause(Math.max(after, last + after - systemClock.wall()))
  running = false
  await speaking
  const outcome = await judge(nodes[0] as (typeof nodes)[number], members)
  for (const { socket } of members) socket.terminate()
  return outcome
}

function speak(member: Member, n: number): void {
  if (member.socket.state !== 'open') return
  const since = Math.round(systemClock.wall())
  const id = ++member.commands
  const publish = {
    id,
    op: 'publish',
    ch: `room:${n % 20}`,
    key: `${member.user}-${id}`,
    since,
    lane: 0,
    data: member.user,
  }
  member.socket.send(JSON.stringify(publish))
}

async function judge(node: ReturnType<typeof createRealtime>, members: Member[]): Promise<Outcome> {
  const outcome: Outcome = {
    ...{ delivered: 0, lateRevoked: 0, publishedRevoked: 0, lateExpired: 0, publishedExpired: 0 },
    codes: { revoked: new Set(), expired: new Set() },
    ...{ slowestWord: 0, slowestEnd: 0, others: 0 },
  }
  const spoken = await lastWords(node)
  members.forEach((member, n) => {
    outcome.delivered += member.got.length
    const said = spoken.get(member.user) ?? 0
    if (n % 10 === 0) {
      const { revokedAt, got, endedAt } = member
      outcome.lateRevoked += got.filter(({ arrived }) => arrived > revokedAt + BOUND).length
      if (said > revokedAt + BOUND) outcome.publishedRevoked++
      outcome.codes.revoked.add(member.code)
      outcome.slowestWord = Math.max(outcome.slowestWord, (got.at(-1)?.arrived ?? 0) - revokedAt)
      outcome.slowestEnd = Math.max(outcome.slowestEnd, endedAt - revokedAt)
    } else if (n % 10 === 1) {
      outcome.lateExpired += member.got.filter(({ at }) => at > member.ends + GRACE).length
      if (said > member.ends + GRACE) outcome.publishedExpired++
      outcome.codes.expired.add(member.code)
    } else if (member.code !== null) outcome.others++
  })
  return outcome
}

/** Store time of the last thing that each user published. */
async function lastWords(node: ReturnType<typeof createRealtime>): Promise<Map<string, number>> {
  const spoken = new Map<string, number>()
  for (let room = 0; room < 20; room++) {
    for (let before: object | undefined; ; ) {
      const query = before === undefined ? { limit: 500 } : { limit: 500, before: before as never }
      const page = await node.history(`room:${room}`, query)
      for (const item of page.items) {
        if (item.ev === 'pub') spoken.set(String(item.data), Math.max(spoken.get(String(item.data)) ?? 0, item.at))
      }
      if (!page.more) break
      before = page.start
    }
  }
  return spoken
}

/** The pace of the crowd; nothing is waited for by it. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
