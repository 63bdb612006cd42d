// The realtime server over its WebSocket: a client publishes to a channel with a log, others are subscribed to it.

import { createRealtime } from '@tautline/server'
import { buildFrame } from '@tautline/testkit'
import { type Clock, type Codec, SERVER_FRAME_LIMITS, systemClock, systemRandom } from '@tautline/wire'
import { converse, opening } from '../exchange.ts'
import type { Path, Turns } from '../path.ts'
import { turnPath } from '../turns.ts'
import type { Idle } from './idle.ts'

const CHANNEL = 'room:hot'
/** The log is full before anything is counted, and its offsets have as many digits to the end. */
const HISTORY = 1_000
const BEFORE = HISTORY + 100
const FIRST_ID = 1_000_000
const WALL = 1_790_000_000_000

export interface Publishing {
  readonly name: string
  readonly codec: Codec
  /** 0: nobody hears it, and the figures are for each command that is answered; otherwise for each delivery. */
  readonly receivers: number
  /** The subscribers take what goes to all of them compressed with context. */
  readonly compress?: boolean
  readonly turns: number
}

export function realtime(options: Publishing): Path {
  const { name, receivers, compress = false, turns } = options
  const unit = receivers === 0 ? 'command' : 'delivery'
  // Where in a window a stream begins anew hangs on when the last subscriber joined it.
  const rough = compress ? 0.05 : 0
  return turnPath({ name, unit, units: Math.max(1, receivers), turns, rough, open: () => open(options) })
}

/** Time that passes with what is published, 2 ms for each: no bucket is empty, no timer rings. */
class SteppedClock implements Clock {
  steps = 0
  now(): number {
    return 2 * this.steps
  }
  wall(): number {
    return WALL + 2 * this.steps
  }
  setTimer(): number {
    return 0
  }
  clearTimer(): void {}
  defer(callback: () => void): void {
    systemClock.defer(callback)
  }
}

/** Sessions that are subscribed to one channel and say nothing. */
export async function sessions(codec: Codec): Promise<Idle> {
  const server = createRealtime({ allow: 'everyone', admission: { addressRate: 10_000, acceptRate: 10_000 } })
  const port = await server.listen({ port: 0, host: '127.0.0.1' })
  return {
    port,
    async settle(peer) {
      await peer.shake(request(codec))
      await peer.say(greeting(codec), 1)
      await peer.say(subscribing(codec), 1)
    },
  }
}

/** Publications until a stream has begun anew, by what was said (64 KiB), and everybody is in. */
const UNTIL_JOINED = 400

async function open({ codec, receivers, compress = false }: Publishing): Promise<Turns> {
  const clock = new SteppedClock()
  const server = createRealtime({
    channels: { 'room:*': { history: { size: HISTORY, ttl: '1h' } } },
    allow: 'everyone',
    ...(compress && { compression: { shared: true, sharedFrom: 1 } }),
    clock,
    random: systemRandom,
  })
  for (let i = 0; i < BEFORE; i++) await server.publish(CHANNEL, { n: i })
  const port = await server.listen({ port: 0, host: '127.0.0.1' })
  const publish = new PublishFrame(codec)
  const turns = await converse(
    port,
    {
      receivers,
      request: { sender: request(codec), receiver: request(codec, compress) },
      greetings: {
        sender: [greeting(codec), publish.next()],
        receiver: [greeting(codec), subscribing(codec)],
      },
      next: () => {
        clock.steps++
        return publish.next()
      },
      check: ({ payload }) => {
        const [answer] = codec.decode(codec.binary ? payload : payload.toString(), SERVER_FRAME_LIMITS)
        const { ok, error } = (answer?.value ?? {}) as { ok?: unknown; error?: unknown }
        if (ok === undefined) throw new Error(`the server refused: ${JSON.stringify(error)}`)
      },
      back: 1,
      each: 1,
    },
    () => server.close(),
  )
  if (compress) await turns.run(UNTIL_JOINED)
  return turns
}

function request(codec: Codec, compress = false): Buffer {
  const offer = compress ? ([['Sec-WebSocket-Extensions', 'permessage-deflate']] as const) : []
  return opening('/realtime', [['Sec-WebSocket-Protocol', codec.subprotocol], ...offer])
}

function greeting(codec: Codec): Buffer {
  return framed(codec, { id: 1, op: 'connect', client: 'q83vEjRWeJCrze8SNFZ4kA', features: [] })
}

function subscribing(codec: Codec): Buffer {
  return framed(codec, { id: 2, op: 'subscribe', ch: CHANNEL, from: 'head' })
}

function framed(codec: Codec, command: object): Buffer {
  const payload = codec.encode(command)
  // A key of zeros: the payload can be changed in place.
  return buildFrame({ opcode: codec.binary ? 2 : 1, payload, mask: new Uint8Array(4) })
}

/** A publish command whose id and idempotency key are counted on in place: the peer makes no frame per turn. */
class PublishFrame {
  private readonly frame: Buffer
  private readonly places: readonly number[]
  private readonly isJson: boolean
  private id = FIRST_ID

  constructor(codec: Codec) {
    const data = { text: 'hello from the budget', user: 'ann', n: 12_345, tags: ['a', 'b'], ok: true }
    const command = { id: FIRST_ID, op: 'publish', ch: CHANNEL, key: String(FIRST_ID), since: WALL, lane: 1, data }
    this.frame = framed(codec, command)
    this.isJson = !codec.binary
    const text = this.frame.indexOf(String(FIRST_ID), 0, 'latin1')
    if (this.isJson) this.places = [text, this.frame.indexOf(String(FIRST_ID), text + 1, 'latin1')]
    else {
      const number = Buffer.alloc(4)
      number.writeUInt32BE(FIRST_ID)
      this.places = [text, this.frame.indexOf(number)]
    }
  }

  next(): Buffer {
    this.id++
    this.count(this.places[0] as number)
    if (this.isJson) this.count(this.places[1] as number)
    else this.frame.writeUInt32BE(this.id, this.places[1] as number)
    return this.frame
  }

  /** One more, digit by digit: a division would make numbers on the heap. */
  private count(at: number): void {
    let i = at + 6
    for (; this.frame[i] === NINE; i--) this.frame[i] = ZERO
    this.frame[i] = (this.frame[i] as number) + 1
  }
}

const ZERO = 0x30
const NINE = 0x39
