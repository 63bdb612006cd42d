// Random schedules for shared takeover: streams, connections that join, skip, stall and go, and everything else that a
// connection is sent meanwhile. What each was sent is held against what a peer makes of it: one zlib stream for the whole
// connection, which keeps its window as a browser does.

import { constants, inflateRawSync } from 'node:zlib'
import { parseFrames, type Random, type WireFrame, ZlibPeer } from '@tautline/testkit'
import {
  adopt,
  adoption,
  type PreparedMessage,
  prepare,
  SharedDeflate,
  type SharedMessage,
  type Socket,
  type SocketOptions,
  sharedTally,
} from '../src/mod.ts'
import { turn, until, Wire } from './wire.ts'

const TAIL = Buffer.from([0, 0, 0xff, 0xff])
const RSV1 = 4
const WORDS = 'price bid ask volume symbol time user text channel offset epoch hello world order book trade'.split(' ')

/** What schedules came to: how often a peer would have read something else, and proof that much was tried. */
export interface Outcome {
  wrong: number
  connections: number
  messages: number
  /** Those that were compressed, as units or alone. */
  compressed: number
  /** Units that did not begin their stream anew. */
  continued: number
}

/** One message as it was on the wire: the payloads of its frames. */
export interface WireMessage {
  readonly isDeflated: boolean
  readonly payloads: Buffer[]
}

/** The data messages among frames. */
export function messagesOf(frames: readonly WireFrame[]): WireMessage[] {
  const messages: WireMessage[] = []
  for (const { opcode, payload, rsv } of frames) {
    if (opcode === 0) messages.at(-1)?.payloads.push(payload)
    else if (opcode < 8) messages.push({ isDeflated: rsv === RSV1, payloads: [payload] })
  }
  return messages
}

/** A peer, and what it must have been told, in order. */
class Listener {
  readonly wire: Wire = new Wire(2_048)
  readonly socket: Socket
  readonly told: Uint8Array[] = []
  /** Sent the messages of these streams. */
  readonly wants: ReadonlySet<SharedDeflate>

  constructor(random: Random, streams: readonly SharedDeflate[]) {
    const deflate = {
      serverNoContextTakeover: random.below(8) === 0,
      clientNoContextTakeover: true,
      serverMaxWindowBits: random.pick([15, 15, 15, 10]),
      clientMaxWindowBits: 15,
    }
    const bounds: SocketOptions =
      random.below(3) === 0 ? { maxBuffered: 20_000, slowConsumer: random.pick(['drop', 'close']) } : {}
    const options = { heartbeat: false, compressionThreshold: random.pick([0, 60]), shared: true, ...bounds } as const
    this.socket = adopt(this.wire, Buffer.alloc(0), { role: 'server', deflate }, adoption(options))
    this.wants = new Set(streams.filter(() => random.below(4) > 0))
    this.socket.onerror = () => {}
  }

  send(message: PreparedMessage): void {
    // Whoever was cut within a message of several pieces would have to end it first.
    if (this.socket.state !== 'open') return
    if (this.socket.send(message) !== 'dropped') this.told.push(message.payload)
  }

  /** A message of its own, in so many pieces. */
  say(bytes: Buffer, pieces: number, compress: boolean): void {
    const statuses: string[] = []
    for (let i = 1; i <= pieces; i++) {
      const part = bytes.subarray(((i - 1) * bytes.length) / pieces, (i * bytes.length) / pieces)
      statuses.push(this.socket.send(part, { compress, fin: i === pieces }))
      if (i < pieces) this.socket.ping('between')
    }
    if (!statuses.includes('dropped')) this.told.push(bytes)
  }

  /** What was sent; null: more or less than it must have been told. What was cut off may be missing. */
  private get messages(): WireMessage[] | null {
    const messages = messagesOf(parseFrames(this.wire.written).frames)
    const missing = this.told.length - messages.length
    return missing === 0 || (missing > 0 && this.socket.state !== 'open') ? messages : null
  }

  /** Would a peer have read something else, whose zlib streams are read message by message? */
  async isWrongByStreams(): Promise<boolean> {
    const peer = new ZlibPeer()
    try {
      for (const [i, { isDeflated, payloads }] of (this.messages ?? [null as never]).entries()) {
        const payload = Buffer.concat(payloads)
        if (!(isDeflated ? await peer.inflate(payload) : payload).equals(this.told[i] as Uint8Array)) return true
      }
      return false
    } catch {
      return true
    } finally {
      peer.close()
    }
  }

  /** Would its peer have read something else? */
  isWrong(outcome: Outcome): boolean {
    const { messages } = this
    if (messages === null) return true
    const deflated: Buffer[] = []
    const texts: Uint8Array[] = []
    for (const [i, { isDeflated, payloads }] of messages.entries()) {
      const told = this.told[i] as Uint8Array
      outcome.messages++
      if (isDeflated) {
        deflated.push(...payloads, TAIL)
        texts.push(told)
        outcome.compressed++
      } else if (!Buffer.concat(payloads).equals(told)) return true
    }
    try {
      // Flushes are all that parts one message's DEFLATE from the next one's (RFC 7692 §7.2.1).
      const text = inflateRawSync(Buffer.concat(deflated), { finishFlush: constants.Z_SYNC_FLUSH })
      return !text.equals(Buffer.concat(texts))
    } catch {
      return true
    }
  }
}

/**
 * One random schedule, and its outcome added to the others'.
 *
 * @param byStreams true: each message is read by persistent zlib streams, which takes far longer
 */
export async function runSchedule(random: Random, outcome: Outcome, steps = 60, byStreams = false): Promise<void> {
  const tally = sharedTally()
  const streams = Array.from(
    { length: random.between(1, 3) },
    () =>
      new SharedDeflate({
        windowBits: random.pick([9, 12, 15]),
        resetAfter: random.pick([0, 500, 3_000, 65_536]),
        joinWait: random.pick([0, 5, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]),
        level: random.pick([1, 6]),
        tally,
      }),
  )
  const listeners = Array.from({ length: random.between(1, 4) }, () => new Listener(random, streams))
  /** Prepared, and not sent by all: they may come late, twice or never. */
  const kept: SharedMessage[] = []
  for (let step = 0; step < steps; step++) {
    act(random, streams, listeners, kept)
    if (random.below(3) === 0) await turn()
  }
  for (const { wire } of listeners) wire.release()
  await until(() => listeners.every(({ socket }) => socket.state !== 'open' || socket.bufferedAmount === 0), 'all sent')
  await turn()
  for (const one of listeners) {
    outcome.connections++
    if (one.isWrong(outcome) || (byStreams && (await one.isWrongByStreams()))) outcome.wrong++
    one.socket.terminate()
  }
  for (const stream of streams) stream.close()
  outcome.continued += tally.units - tally.resets
}

function act(random: Random, streams: readonly SharedDeflate[], listeners: Listener[], kept: SharedMessage[]): void {
  const one = random.pick(listeners)
  const stream = random.pick(streams)
  const dice = random.below(40)
  if (dice < 24) {
    const message = stream.prepare(textOf(random))
    // Some are left out, as somebody is who lags or has not subscribed.
    for (const other of listeners) if (other.wants.has(stream) && random.below(16) > 0) other.send(message)
    if (random.below(4) === 0) kept.push(message)
  } else if (dice < 26) one.send(random.pick(kept) ?? prepare(textOf(random)))
  else if (dice < 28) one.send(prepare(textOf(random)))
  else if (dice < 34) one.say(textOf(random), random.pick([1, 1, 2, 3]), random.below(3) > 0)
  else if (dice < 35) one.say(Buffer.from(`${random.text(40)} `.repeat(1_700)), 1, true)
  else if (dice < 36) listeners.push(new Listener(random, streams))
  else if (dice < 37) one.wire.held = true
  else if (dice < 38) one.wire.release()
  else if (dice < 39) stream.close()
  else if (random.below(4) === 0) one.socket.terminate()
}

/** Text as channels carry it: much of it was there before. Now and then noise, or nothing. */
function textOf(random: Random): Buffer {
  const kind = random.below(20)
  if (kind === 0) return Buffer.alloc(0)
  if (kind === 1) return random.bytes(random.below(600))
  const words = Array.from({ length: random.between(1, kind === 2 ? 800 : 30) }, () => random.pick(WORDS))
  return Buffer.from(`{"${words.join('":"')}":${random.below(100_000)}}`)
}

export function outcome(): Outcome {
  return { wrong: 0, connections: 0, messages: 0, compressed: 0, continued: 0 }
}
