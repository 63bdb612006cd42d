// The other end of the client's WebSockets, on virtual time: tests write the server's part line by line.

import assert from 'node:assert/strict'
import {
  Client,
  type ClientOptions,
  type SubscriptionState,
  type WebSocketClass,
  type WebSocketLike,
} from '@tautline/client'
import { VirtualClock } from '@tautline/testkit'
import { type Clock, jsonCodec, type Position, type Random, SERVER_FRAME_LIMITS, type Timer } from '@tautline/wire'

/** A command as it came: tests look into it. */
// biome-ignore lint/suspicious/noExplicitAny: tests reach into whatever was sent
export type Sent = any

/** Virtual time as the client takes it. */
export class TestClock implements Clock {
  readonly virtual: VirtualClock = new VirtualClock(1_000)
  /** Added to the wall clock: the machine slept, or somebody set it. */
  ahead = 1_700_000_000_000

  now(): number {
    return this.virtual.now()
  }
  wall(): number {
    return this.virtual.now() + this.ahead
  }
  setTimer(callback: () => void, ms: number): Timer {
    return this.virtual.setTimeout(callback, ms)
  }
  clearTimer(timer: Timer): void {
    this.virtual.clearTimeout(timer as number)
  }
  defer(callback: () => void): void {
    this.virtual.setTimeout(callback, 0)
  }
  /** Lets time pass, promises settling between any two timers. */
  async pass(ms: number): Promise<void> {
    await this.virtual.advanceSettling(ms)
    await settled()
  }
}

/** Promises have run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Chance that can be told: `unit` gives `next`, bytes count up. */
export class TestRandom implements Random {
  next = 0.5
  #count = 0

  bytes(length: number): Uint8Array {
    this.#count++
    return Uint8Array.from({ length }, (_, at) => (at < 4 ? (this.#count >> (8 * at)) & 255 : at))
  }
  unit(): number {
    return this.next
  }
}

type Listener = ((event: never) => void) | null

/** One WebSocket of the client. */
export class FakeSocket implements WebSocketLike {
  onopen: Listener = null
  onmessage: Listener = null
  onclose: Listener = null
  onerror: Listener = null
  readyState = 0
  bufferedAmount = 0
  protocol = ''
  binaryType = 'blob'
  readonly url: string
  readonly protocols: string[]
  readonly #inbox: Sent[] = []
  /** How the client closed it. */
  closedWith: { code: number | undefined; reason: string | undefined } | null = null
  /** Frames, to see what was put together. */
  frames = 0

  constructor(url: string, protocols: string[]) {
    this.url = url
    this.protocols = protocols
  }

  send(payload: string | Uint8Array): void {
    assert.equal(this.readyState, 1, 'sent while not open')
    this.frames++
    for (const decoded of jsonCodec.decode(payload, SERVER_FRAME_LIMITS)) this.#inbox.push(decoded.value)
  }

  close(code?: number, reason?: string): void {
    if (this.readyState >= 2) return
    this.readyState = 2
    this.closedWith = { code, reason }
  }

  // The server's part.

  open(protocol: string = this.protocols[0] ?? ''): void {
    this.readyState = 1
    this.protocol = protocol
    ;(this.onopen as ((event: object) => void) | null)?.({})
  }

  /** Messages, in one frame. */
  say(...messages: object[]): void {
    this.frame(messages.map((message) => JSON.stringify(message)).join('\n'))
  }

  frame(data: unknown): void {
    ;(this.onmessage as ((event: object) => void) | null)?.({ data })
  }

  /** The connection ends from the other side. */
  end(code = 1006, reason = ''): void {
    this.readyState = 3
    ;(this.onclose as ((event: object) => void) | null)?.({ code, reason })
  }

  /** The next command, which must be there. */
  async take(op?: string): Promise<Sent> {
    await settled()
    const command = this.#inbox.shift()
    assert.ok(command !== undefined, `nothing was sent${op === undefined ? '' : `, ${op} was expected`}`)
    if (op !== undefined) assert.equal(command.op, op, JSON.stringify(command))
    return command
  }

  /** Everything sent and not taken. */
  async rest(): Promise<Sent[]> {
    await settled()
    return this.#inbox.splice(0)
  }

  ok(command: Sent, ok: object = {}): void {
    this.say({ id: command.id, ok })
  }

  refuse(command: Sent, code: string, retry: string, more: object = {}): void {
    this.say({ id: command.id, error: { code, message: `${code}!`, retry, ...more } })
  }
}

export const CONNECTED = {
  conn: 'c1',
  secret: 's1',
  node: 'n1',
  time: 5_000_000,
  features: [],
  ping: { every: 25_000, timeout: 20_000 },
  window: 300_000,
  limits: { frame: 1_048_576, body: 65_536, channels: 1_000, inflight: 256, rpc: 64 },
}

/** A client and its far end. */
export class Bench {
  readonly clock = new TestClock()
  readonly random = new TestRandom()
  readonly sockets: FakeSocket[] = []
  readonly states: string[] = []
  readonly errors: Error[] = []
  /** Every wait that was announced, ms. */
  readonly waits: number[] = []
  readonly client: Client

  constructor(options: ClientOptions = {}) {
    const { sockets } = this
    class Bound extends FakeSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols)
        sockets.push(this)
      }
    }
    this.client = new Client('https://example.com/realtime', {
      clock: this.clock,
      random: this.random,
      WebSocket: Bound as unknown as WebSocketClass,
      ...options,
    })
    this.client.on('state', ({ state, retryIn }) => {
      this.states.push(state)
      if (retryIn !== undefined) this.waits.push(retryIn)
    })
    this.client.on('error', (error) => this.errors.push(error))
  }

  /** The newest WebSocket. */
  get socket(): FakeSocket {
    const socket = this.sockets.at(-1)
    assert.ok(socket !== undefined, 'no WebSocket was opened')
    return socket
  }

  /** Opens the newest WebSocket and answers `connect`; gives the command. */
  async welcome(more: object = {}): Promise<Sent> {
    await settled()
    const { socket } = this
    socket.open()
    const connect = await socket.take('connect')
    socket.ok(connect, { ...CONNECTED, ...more })
    await settled()
    return connect
  }

  /** Lets the announced wait pass: the next attempt is under way. */
  async retry(): Promise<void> {
    await this.clock.pass(this.waits.at(-1) ?? 0)
  }

  /** Connects. */
  async up(more: object = {}): Promise<FakeSocket> {
    this.client.connect()
    await this.welcome(more)
    return this.socket
  }
}

export function at(offset: number, epoch = 'E1', id = offset === 0 ? '' : `w.${offset}`): Position {
  return { epoch, offset, id }
}

export function pub(ch: string, off: number, data: unknown = off, more: object = {}): object {
  return { ev: 'pub', ch, off, id: `w.${off}`, at: 1, data, ...more }
}

export function fence(ch: string, from: Position, epoch: string): object {
  return { ev: 'fence', ch, from, epoch, loss: 'none' }
}

/** The answer to a subscription that begins, or goes on, behind `start`. */
export function subscribed(ch: string, start: Position | null, more: object = {}): object {
  return { ch, mode: start === null ? 'ephemeral' : 'log', outcome: 'fresh', start, head: start, ...more }
}

/** A client that is connected and subscribed to `ch` behind `start`. */
export async function subscribedTo(ch: string, start: Position = at(0)) {
  const bench = new Bench()
  const socket = await bench.up()
  const heard: unknown[] = []
  const states: SubscriptionState[] = []
  const subscription = bench.client.channel(ch).subscribe(({ data }) => heard.push(data))
  subscription.on('state', ({ state }) => states.push(state))
  const command = await socket.take('subscribe')
  socket.ok(command, subscribed(ch, start))
  return { bench, socket, subscription, heard, states }
}
