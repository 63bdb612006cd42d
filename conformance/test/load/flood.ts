// Those who flood and do not give up: one address, a connection at a time, as fast as the server reads; when they are sent
// away they come back as soon as they are let in. They read what they are answered, unless they are told not to.

import { buildFrame } from '@tautline/testkit'
import { knock } from './knock.ts'

/** An address of its own, so that what it does is held against nobody else. */
const FROM = '127.0.0.66'

/** What became of a flood. */
export interface Toll {
  connections: number
  refused: number
  /** Close codes, and how often each. */
  readonly codes: Record<number, number>
  bytes: number
}

export interface FloodOptions {
  readonly name: string
  /** What is sent over and over; ids go on increasing. */
  burst(turn: number): Buffer
  /** Messages a second. Default: as many as the server takes. */
  readonly pace?: number
  /** Messages of a burst. */
  readonly messages?: number
  readonly reads?: boolean
  /** Comes and goes: closes behind each burst. */
  readonly fleeting?: boolean
  /** Where it knocks. Default: where the server is. */
  readonly target?: string
}

const text = (...lines: readonly object[]): Buffer =>
  buildFrame({ opcode: 1, payload: lines.map((line) => JSON.stringify(line)).join('\n'), mask: true })

const CONNECT = { id: 1, op: 'connect', client: 'q83vEjRWeJCrze8SNFZ4kA', features: [] }

/** Floods until it is told to stop. */
export async function flood(options: FloodOptions, port: number, running: () => boolean): Promise<Toll> {
  const toll: Toll = { connections: 0, refused: 0, codes: {}, bytes: 0 }
  while (running()) await visit(options, toll, port, running)
  return toll
}

async function visit(options: FloodOptions, toll: Toll, port: number, running: () => boolean): Promise<void> {
  const { peer, status } = await knock(port, {
    from: FROM,
    ...(options.target === undefined ? {} : { target: options.target }),
  })
  if (status !== 101) {
    toll.refused++
    await peer.destroy()
    return
  }
  toll.connections++
  let tail = Buffer.alloc(0)
  peer.onData = (chunk) => {
    toll.bytes += chunk.length
    tail = Buffer.from(Buffer.concat([tail, chunk]).subarray(-200))
  }
  await peer.write(text(CONNECT))
  if (options.reads === false) peer.pause()
  const began = performance.now()
  let sent = 0
  for (let turn = 0; running() && peer.ending === 'open'; turn++) {
    await Promise.race([
      peer.write(options.burst(turn)),
      peer.until(() => peer.ending !== 'open' || !running(), 60_000),
    ])
    sent += options.messages ?? 1
    const ahead = options.pace === undefined ? 0 : (sent / options.pace) * 1_000 - (performance.now() - began)
    // The server's own turns come first where both share a machine.
    await new Promise((resolve) => (ahead > 1 ? setTimeout(resolve, ahead) : setImmediate(resolve)))
    if (options.fleeting === true) break
  }
  // A Close frame without a body of more than 125 bytes is the last thing that comes.
  const at = tail.lastIndexOf(Buffer.from([0x88]))
  if (at !== -1 && at + 4 <= tail.length) {
    const code = tail.readUInt16BE(at + 2)
    toll.codes[code] = (toll.codes[code] ?? 0) + 1
  }
  peer.reset()
  await peer.destroy()
}

/** Ids go on increasing from turn to turn. */
function many(turn: number, count: number, command: (id: number, i: number) => object): Buffer {
  return text(...Array.from({ length: count }, (_, i) => command(10 + turn * count + i, i)))
}

const key = (id: number): string => `k${String(id).padStart(20, '0')}`
const pad = 'x'.repeat(60_000)

const PINGS = Buffer.concat(Array<Buffer>(500).fill(buildFrame({ opcode: 9, payload: 'p'.repeat(100), mask: true })))

/** One for each kind of message. */
export const FLOODS: readonly FloodOptions[] = [
  {
    name: 'a flood of publishes',
    burst: (turn) =>
      many(turn, 200, (id) => ({
        id,
        op: 'publish',
        ch: 'loop:1',
        key: key(id),
        since: Date.now(),
        lane: 0,
        data: 1,
      })),
  },
  {
    name: 'a flood of publishes of 60 kB',
    burst: (turn) =>
      many(turn, 1, (id) => ({
        id,
        op: 'publish',
        ch: 'fire:1',
        key: key(id),
        since: Date.now(),
        lane: 0,
        data: pad,
      })),
  },
  {
    name: 'a flood of subscribes and unsubscribes',
    burst: (turn) =>
      many(turn, 200, (id, i) =>
        i % 2 === 0
          ? { id, op: 'subscribe', ch: `loop:${turn % 100}:${i >> 1}`, from: 'head' }
          : { id, op: 'unsubscribe', ch: `loop:${turn % 100}:${i >> 1}` },
      ),
  },
  {
    name: 'a flood of history',
    burst: (turn) => many(turn, 100, (id) => ({ id, op: 'history', ch: 'shared', limit: 500 })),
  },
  {
    name: 'a flood of presence',
    burst: (turn) => many(turn, 200, (id) => ({ id, op: 'presence', ch: 'shared' })),
  },
  {
    name: 'a flood of calls',
    burst: (turn) => many(turn, 200, (id) => ({ id, op: 'rpc', method: 'none', data: 1, ms: 5_000 })),
  },
  { name: 'a flood of commands ping', burst: (turn) => many(turn, 200, (id) => ({ id, op: 'ping' })) },
  {
    name: 'a flood of commands ping that reads nothing',
    reads: false,
    burst: (turn) => many(turn, 200, (id) => ({ id, op: 'ping' })),
  },
  {
    name: 'a flood of refreshes',
    burst: (turn) => many(turn, 200, (id) => ({ id, op: 'refresh', token: 'none' })),
  },
  {
    name: 'a flood of garbage',
    burst: () => buildFrame({ opcode: 1, payload: '{"id":'.repeat(2_000), mask: true }),
  },
  {
    name: 'a flood of frames that are too large',
    burst: () => buildFrame({ opcode: 1, payload: 'x'.repeat(1_100_000), mask: true }),
  },
  {
    name: 'a flood of WebSocket pings',
    burst: () => PINGS,
  },
  { name: 'a flood of connects', fleeting: true, burst: () => text({ id: 2, op: 'ping' }) },
  { name: 'a flood of handshakes that fail', target: '/nowhere', burst: () => Buffer.alloc(0) },
]

/** Within the limits, and as much as they allow. */
export const HOGS: readonly FloodOptions[] = [
  {
    name: 'one who asks for 500 entries of history 900 times a second',
    pace: 900,
    messages: 9,
    burst: (turn) => many(turn, 9, (id) => ({ id, op: 'history', ch: 'shared', limit: 500 })),
  },
  {
    name: 'one who publishes 900 times a second',
    pace: 900,
    messages: 9,
    burst: (turn) =>
      many(turn, 9, (id) => ({ id, op: 'publish', ch: 'loop:1', key: key(id), since: Date.now(), lane: 0, data: 1 })),
  },
]
