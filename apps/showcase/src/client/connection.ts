// Keeps one connection to the chat server: opens it, notices that it died, opens it again. It knows nothing of the page:
// what arrives goes to `onmessage`, how things stand to `onstatus`. It never queues: see outbox.ts.
import { type ClientMessage, readServerMessage, type ServerMessage } from '../shared/messages.ts'
import { Backoff } from './backoff.ts'
import type { Clock, TimerId } from './clock.ts'

/** Milliseconds until an attempt that brought no welcome is given up. */
export const CONNECT_TIMEOUT = 8_000
/** A page cannot send WebSocket pings, so it sends a message of its own that often … */
export const PING_INTERVAL = 10_000
/** The very first ping waits behind the page's own drawing: the second tells more about the network. */
export const SECOND_PING_AFTER = 1_000
/** … and takes the connection for dead when nothing at all came back within this time. */
export const PONG_TIMEOUT = 6_000
/** Only a connection that lasted this long makes the next wait short again: a server that crashes at once does not. */
export const STABLE_AFTER = 5_000
/** The server closed because of us (1008): do not press. */
const POLICY_WAIT = 5_000
/** A timer that comes this late means that the page was frozen: what arrived meanwhile has not been read yet. */
const FROZEN = 2_000

/** The part of the browser's WebSocket that is used. */
export type WebSocketLike = Pick<WebSocket, 'extensions' | 'onopen' | 'onmessage' | 'onclose' | 'send' | 'close'>

export type Status =
  /** Not wanted: before `start` and after `stop`. */
  | { readonly state: 'idle' }
  | { readonly state: 'connecting' }
  | { readonly state: 'connected' }
  /** `until` is the clock's time of the next attempt; `reason` what the server said when it closed, or ''. */
  | { readonly state: 'waiting'; readonly until: number; readonly reason: string }

export interface ConnectionOptions {
  readonly open: () => WebSocketLike
  readonly clock: Clock
  readonly random: () => number
  /** The first message on every new connection. */
  readonly hello: () => ClientMessage
  readonly onmessage: (message: ServerMessage) => void
  readonly onstatus: (status: Status) => void
}

/** What went over the wire since the page was opened: messages, and their bytes without the frames' headers. */
export interface Traffic {
  sentMessages: number
  sentBytes: number
  receivedMessages: number
  receivedBytes: number
}

const utf8 = new TextEncoder()

export class Connection {
  readonly traffic: Traffic
  readonly #options: ConnectionOptions
  readonly #backoff: Backoff
  #socket: WebSocketLike | null
  #status: Status
  /** Of the next attempt, of the attempt under way, or of the next ping, according to the state. */
  #timer: TimerId | null
  #pongTimer: TimerId | null
  #connectedAt: number
  #roundTrip: number | null
  #stopped: boolean

  constructor(options: ConnectionOptions) {
    this.traffic = { sentMessages: 0, sentBytes: 0, receivedMessages: 0, receivedBytes: 0 }
    this.#options = options
    this.#backoff = new Backoff(options.random)
    this.#socket = null
    this.#status = { state: 'idle' }
    this.#timer = null
    this.#pongTimer = null
    this.#connectedAt = 0
    this.#roundTrip = null
    this.#stopped = true
  }

  get status(): Status {
    return this.#status
  }

  /** Milliseconds from the last ping to its answer, or null. */
  get roundTrip(): number | null {
    return this.#roundTrip
  }

  /** The negotiated extensions of the open connection. */
  get extensions(): string {
    return this.#socket?.extensions ?? ''
  }

  start(): void {
    if (!this.#stopped) return
    this.#stopped = false
    this.#connect()
  }

  /** Closes for good: the page is going away. {@link start} begins again (a page may come back from the cache). */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#abandon(1000, 'the page is closed')
    this.#set({ state: 'idle' })
  }

  /**
   * Something changed for the better (the network is back, the page is seen again): tries at once when it waits, asks
   * whether the other side still lives when it is connected.
   */
  wake(): void {
    if (this.#stopped) return
    if (this.#status.state === 'waiting') this.#connect()
    else if (this.#status.state === 'connected') this.#ping()
  }

  /** False when there is no connection; then nothing was sent. */
  send(message: ClientMessage): boolean {
    if (this.#status.state !== 'connected') return false
    this.#write(message)
    return true
  }

  #connect(): void {
    this.#clearTimers()
    this.#set({ state: 'connecting' })
    const socket = this.#options.open()
    this.#socket = socket
    // A browser fires `error` without any detail and `close` right after it: `close` is enough.
    socket.onopen = () => this.#write(this.#options.hello())
    socket.onmessage = (event) => this.#receive(event.data)
    socket.onclose = (event) => this.#lost(event.code, event.reason)
    this.#timer = this.#options.clock.setTimeout(() => this.#dead('no answer'), CONNECT_TIMEOUT)
  }

  #receive(text: unknown): void {
    if (typeof text !== 'string') return
    this.traffic.receivedMessages += 1
    this.traffic.receivedBytes += utf8.encode(text).length
    // Anything that arrives proves that the other side lives.
    this.#clearPongTimer()
    const message = readServerMessage(text)
    if (message === null) return
    if (message.type === 'pong') this.#roundTrip = Math.max(0, this.#options.clock.now() - message.at)
    // The page knows its people and messages before it is told that it is connected, and sends what waits.
    this.#options.onmessage(message)
    if (message.type === 'welcome' && this.#status.state === 'connecting') this.#welcomed()
  }

  #welcomed(): void {
    this.#connectedAt = this.#options.clock.now()
    this.#set({ state: 'connected' })
    this.#ping(SECOND_PING_AFTER)
  }

  #ping(nextIn: number = PING_INTERVAL): void {
    const { clock } = this.#options
    if (this.#timer !== null) clock.clearTimeout(this.#timer)
    this.#timer = clock.setTimeout(() => this.#ping(), nextIn)
    this.#write({ type: 'ping', at: clock.now() })
    if (this.#pongTimer !== null) return
    const due = clock.now() + PONG_TIMEOUT
    this.#pongTimer = clock.setTimeout(() => {
      this.#pongTimer = null
      if (clock.now() - due > FROZEN) this.#ping()
      else this.#dead('no answer')
    }, PONG_TIMEOUT)
  }

  #dead(reason: string): void {
    this.#abandon(4000, reason)
    this.#retry(reason, 0)
  }

  #lost(code: number, reason: string): void {
    this.#abandon()
    this.#retry(reason, code === 1008 ? POLICY_WAIT : 0)
  }

  /** Lets go of the socket without waiting for its close handshake, which a dead peer would never answer. */
  #abandon(code?: number, reason?: string): void {
    this.#clearTimers()
    const socket = this.#socket
    this.#socket = null
    if (socket === null) return
    socket.onopen = null
    socket.onmessage = null
    socket.onclose = null
    if (code !== undefined) socket.close(code, reason)
  }

  #retry(reason: string, atLeast: number): void {
    const { clock } = this.#options
    const stable = this.#status.state === 'connected' && clock.now() - this.#connectedAt >= STABLE_AFTER
    if (stable) this.#backoff.reset()
    const wait = Math.max(atLeast, this.#backoff.next())
    this.#timer = clock.setTimeout(() => this.#connect(), wait)
    this.#set({ state: 'waiting', until: clock.now() + wait, reason })
  }

  #write(message: ClientMessage): void {
    const text = JSON.stringify(message)
    this.traffic.sentMessages += 1
    this.traffic.sentBytes += utf8.encode(text).length
    this.#socket?.send(text)
  }

  #set(status: Status): void {
    this.#status = status
    this.#options.onstatus(status)
  }

  #clearTimers(): void {
    if (this.#timer !== null) this.#options.clock.clearTimeout(this.#timer)
    this.#timer = null
    this.#clearPongTimer()
  }

  #clearPongTimer(): void {
    if (this.#pongTimer !== null) this.#options.clock.clearTimeout(this.#pongTimer)
    this.#pongTimer = null
  }
}
