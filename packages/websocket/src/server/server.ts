// A WebSocket server: on a port of its own, attached to an HTTP server, or fed by hand. It owns the set of open
// sockets and decides in one place, `open`, how a good request becomes one.

import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import {
  HeaderFields,
  isRefusal,
  REFUSALS,
  type Refusal,
  type RequestHead,
  type UpgradeOffer,
  WebSocketError,
} from '@tautline/protocol'
import { callOutside } from '../callbacks.ts'
import { limit, within } from '../checks.ts'
import { EngineSocket, type EngineSocketOptions } from '../engine-socket.ts'
import { NodePlatform, nodePlatform } from '../platform.ts'
import { PreparedMessage, type PrepareOptions, prepare } from '../prepared.ts'
import { Roster } from '../roster.ts'
import { completeSettings, type Settings } from '../settings.ts'
import type { Bytes, Socket } from '../socket.ts'
import { type Carrier, isTaken, unlisten } from '../stream-events.ts'
import type { TimerWheel } from '../timer-wheel.ts'
import { EMPTY } from '../views.ts'
import { checkOptions } from './check-options.ts'
import { Entrance, type EntranceOwner } from './entrance.ts'
import { Handshake, type HandshakeOwner } from './handshake.ts'
import type { Authorize, ServerOptions, TlsReload, UpgradeRequest } from './options.ts'
import { type OriginTest, originTest } from './origins.ts'
import { Turns } from './turns.ts'
import { answer, type Grant, grant, judge } from './upgrade.ts'
import { decide, Farewell } from './waiting.ts'

export type ConnectionCallback = (socket: Socket, request: UpgradeRequest) => void

/** The open connections of a server, in no order. To iterate over them is to visit those that are open when it begins. */
export interface OpenSockets extends Iterable<Socket> {
  readonly size: number
  has(socket: Socket): boolean
}

const MOST_AGREEMENTS = 64
/** RFC 9110 §10.2.3, in seconds: long enough that a crowd does not come back at once. */
const RETRY_AFTER: readonly string[] = ['Retry-After', '5']

/** A request that is good so far, on its way to become a connection. */
interface Candidate {
  readonly stream: Carrier
  readonly request: UpgradeRequest
  readonly offer: UpgradeOffer
  readonly rest: Uint8Array
  readonly callback: ConnectionCallback
}

/** A running server. Made by `createServer`. */
export class Server implements HandshakeOwner, EntranceOwner {
  /** The open connections. */
  readonly sockets: OpenSockets
  /** Resolves when the port is open; rejects, like `net.Server`, when it cannot be (EADDRINUSE, EACCES). */
  readonly listening: Promise<void>
  /** @internal */ readonly wheel: TimerWheel
  /** @internal */ readonly handshakeTimeout: number
  /** @internal */ readonly headLimits: { maxBytes: number; maxHeaders: number }
  private readonly open: Roster<EngineSocket> = new Roster()
  private readonly handshakes: Roster<Handshake> = new Roster()
  private readonly options: ServerOptions
  private readonly settings: Settings
  private readonly onConnection: ConnectionCallback
  private readonly maxConnections: number
  private readonly maxHandshakes: number
  private readonly entrance: Entrance | null
  private pending = 0
  private readonly turns: Turns
  private closing: Promise<void> | null = null
  private whenEmpty: (() => void) | null = null
  private readonly onGone: (socket: EngineSocket) => void
  private readonly agreements: Map<string, EngineSocketOptions> = new Map()
  private readonly originAllowed: OriginTest
  private readonly onUpgrade: (request: IncomingMessage, stream: Duplex, head: Buffer) => void

  /** @internal Use `createServer`. */
  constructor(options: ServerOptions, onConnection: ConnectionCallback) {
    checkOptions(options)
    if (typeof onConnection !== 'function')
      throw new TypeError('createServer needs a function that gets the connections')
    const { compression } = options
    const platform = typeof compression === 'object' ? new NodePlatform(compression) : nodePlatform
    const shared = typeof compression === 'object' && compression.shared === true
    this.options = options
    this.settings = completeSettings(options, platform, shared)
    this.onConnection = onConnection
    this.sockets = this.open
    this.wheel = this.settings.wheel
    this.handshakeTimeout = limit('handshakeTimeout', options.handshakeTimeout, 10_000)
    this.headLimits = {
      maxBytes: within('maxHeadBytes', options.maxHeadBytes, 1, 2 ** 30, 16 * 1024),
      maxHeaders: within('maxHeaders', options.maxHeaders, 1, 1_000_000, 100),
    }
    this.maxConnections = limit('maxConnections', options.maxConnections, Number.POSITIVE_INFINITY)
    this.maxHandshakes = limit('maxHandshakes', options.maxHandshakes, 10_000)
    this.turns = new Turns(this.wheel, this.handshakeTimeout, () => this.checkEmpty())
    this.onGone = (socket) => this.forget(socket)
    this.originAllowed = originTest(options.origins ?? 'any')
    this.onUpgrade = (request, stream, head) => this.upgradeFrom(request, stream, head)
    options.server?.on('upgrade', this.onUpgrade)
    // Pages on our port may keep their connection and ask for a WebSocket on it later.
    options.http?.on('upgrade', this.onUpgrade)
    this.entrance = options.port === undefined ? null : new Entrance(options, this)
    this.listening = this.entrance?.listening ?? Promise.resolve()
  }

  /** @internal */
  get sharesPort(): boolean {
    return this.options.http !== undefined
  }

  /** Where it listens; null while it does not. */
  address(): AddressInfo | null {
    if (this.entrance !== null) return this.entrance.address
    const address = this.options.server?.address()
    return typeof address === 'object' ? (address ?? null) : null
  }

  /**
   * Sends one message to every open connection: framed once, compressed once. Returns how many took it; one that is
   * inside a fragmented message cannot.
   */
  broadcast(data: string | Bytes | PreparedMessage, options?: PrepareOptions): number {
    const message = data instanceof PreparedMessage ? data : prepare(data, options)
    let count = 0
    for (const socket of this.open) if (!socket.insideFragments && socket.send(message) !== 'dropped') count++
    return count
  }

  /**
   * Takes over a request that an HTTP server's `upgrade` event brought.
   *
   * @param head what was read behind the request
   * @param callback instead of the server's own, for this connection
   * @throws WebSocketError TAUTLINE_TAKEN when it is called twice for one stream
   */
  handleUpgrade(request: IncomingMessage, stream: Duplex, head: Buffer, callback?: ConnectionCallback): void {
    if (isTaken(stream)) {
      throw new WebSocketError('TAUTLINE_TAKEN', 'handleUpgrade was called twice with one stream')
    }
    const version = request.httpVersion === '1.0' ? '1.0' : '1.1'
    const { method = '', url = '', rawHeaders } = request
    const read: RequestHead = { method, target: url, version, headers: HeaderFields.fromRaw(rawHeaders) }
    this.consider(stream as Carrier, read, head, callback ?? this.onConnection)
  }

  /**
   * New TLS connections get these keys and certificates; open ones stay.
   *
   * @throws Error if the server does not speak TLS on its own port, or the material is unusable (nothing changes then)
   */
  reloadTls(tls: TlsReload): void {
    if (this.entrance?.reloadTls(tls) === true) return
    throw new WebSocketError('TAUTLINE_NO_TLS', 'this server does not speak TLS on a port of its own')
  }

  /** Stops taking connections, sends 1001 to the open ones, and resolves when the last is gone. */
  close(): Promise<void> {
    this.closing ??= this.shutDown()
    return this.closing
  }

  // --- HandshakeOwner ----------------------------------------------------------------------------------------------

  /** @internal */
  onHead(stream: Carrier, head: RequestHead, rest: Uint8Array): void {
    this.consider(stream, head, rest, this.onConnection)
  }

  /** @internal */
  onForeign(stream: Carrier, chunks: readonly Buffer[]): void {
    // "This event can also be explicitly emitted by users to inject connections into the HTTP server" (node:http,
    // 'connection'). What was read is put back first, so the server sees the connection from its first byte.
    stream.pause()
    unlisten(stream)
    for (let i = chunks.length - 1; i >= 0; i--) stream.unshift(chunks[i])
    this.options.http?.emit('connection', stream)
    stream.resume()
  }

  /**
   * Answers a refusal. Nothing behind the request is ever answered, which is how a second one could be smuggled.
   *
   * @internal
   */
  onRefusal(stream: Carrier, refusal: Refusal, cause?: unknown, headers?: HeaderFields): void {
    const { onRefused } = this.options
    if (onRefused !== undefined) callOutside(onRefused, refusal, stream.remoteAddress, cause, headers)
    if (stream.destroyed) return
    new Farewell(stream, this.wheel)
    stream.end(answer(refusal), 'latin1')
  }

  /** @internal */
  onEnded(handshake: Handshake): void {
    // It says so once more when its stream closes.
    if (!this.handshakes.delete(handshake)) return
    this.entrance?.settled(handshake.remoteAddress)
    this.checkEmpty()
  }

  // --- EntranceOwner -----------------------------------------------------------------------------------------------

  /** @internal */
  get isFull(): boolean {
    return this.handshakes.size + this.turns.size + this.pending + (this.entrance?.size ?? 0) >= this.maxHandshakes
  }

  /** @internal */
  onEntered(stream: Carrier, rest: Buffer | null): void {
    const handshake = new Handshake(stream, this, this.options.gate === undefined ? undefined : stream.remoteAddress)
    this.handshakes.add(handshake)
    if (rest !== null && rest.length > 0) handshake.read(rest)
  }

  // --- inside ------------------------------------------------------------------------------------------------------

  private upgradeFrom(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const { path, server } = this.options
    // Another listener of the same HTTP server may serve this path.
    if (path !== undefined && server !== undefined && server.listenerCount('upgrade') > 1) {
      const at = (request.url ?? '').indexOf('?')
      if ((at < 0 ? request.url : request.url?.slice(0, at)) !== path) return
    }
    this.handleUpgrade(request, stream, head)
  }

  /** At once, or where a crowd comes, when it is its turn. */
  private consider(stream: Carrier, head: RequestHead, rest: Uint8Array, callback: ConnectionCallback): void {
    // Whoever asked the application first may come with a stream whose peer is gone: it would never close again.
    if (stream.destroyed) return
    if (this.turns.take()) return this.judge(stream, head, rest, callback)
    if (this.turns.size < this.maxHandshakes) {
      return this.turns.later(stream, () => this.judge(stream, head, rest, callback))
    }
    this.options.onDropped?.(stream.remoteAddress)
    stream.destroy()
  }

  private judge(stream: Carrier, head: RequestHead, rest: Uint8Array, callback: ConnectionCallback): void {
    if (this.closing !== null) return this.onRefusal(stream, REFUSALS['shutting-down'])
    const { headers } = head
    let judged: ReturnType<typeof judge>
    try {
      const barred = this.options.gate?.admit?.({ headers, remoteAddress: stream.remoteAddress })
      judged = barred ?? judge(head, stream, this.options, this.originAllowed)
    } catch (cause) {
      return this.onRefusal(stream, REFUSALS['internal-error'], cause, headers)
    }
    if (isRefusal(judged)) return this.onRefusal(stream, judged, undefined, headers)
    if (this.open.size + this.pending >= this.maxConnections) {
      return this.onRefusal(stream, { ...REFUSALS['too-many-connections'], headers: RETRY_AFTER }, undefined, headers)
    }
    const candidate: Candidate = { stream, request: judged[0], offer: judged[1], rest, callback }
    if (this.options.authorize === undefined) this.admit(candidate)
    else void this.authorize(candidate, this.options.authorize)
  }

  private async authorize(candidate: Candidate, authorize: Authorize): Promise<void> {
    const { request, stream } = candidate
    this.pending++
    const decision = await decide(stream, request, authorize, this.wheel, this.handshakeTimeout)
    this.pending--
    if (decision !== 'gone') {
      const refusal = decision.refusal ?? (this.closing === null ? undefined : REFUSALS['shutting-down'])
      if (refusal === undefined) this.admit(candidate)
      else this.onRefusal(stream, refusal, decision.cause, request.headers)
    }
    this.checkEmpty()
  }

  private admit({ stream, request, offer, rest, callback }: Candidate): void {
    let granted: Grant
    try {
      granted = grant(request, offer, this.options, nodePlatform)
    } catch (cause) {
      return this.onRefusal(stream, REFUSALS['internal-error'], cause, request.headers)
    }
    stream.write(granted.response, 'latin1')
    const socket = new EngineSocket(stream, this.settings, this.agreement(granted))
    this.open.add(socket)
    let taken = false
    try {
      callback(socket, request)
      taken = true
    } finally {
      // It threw: nobody knows what it had set up. The error stays uncaught; the connection ends as any other.
      if (!taken) stream.destroy()
      socket.begin(taken ? rest : EMPTY)
    }
  }

  /** Connections that agreed on the same share one object that says so. */
  private agreement({ subprotocol, deflate, extensions }: Grant): EngineSocketOptions {
    const key = `${subprotocol} ${extensions}`
    let agreed = this.agreements.get(key)
    if (agreed === undefined) {
      agreed = { role: 'server', subprotocol, deflate, onGone: this.onGone }
      // What clients offer may go into the key: past a bound, connections have their own.
      if (this.agreements.size < MOST_AGREEMENTS) this.agreements.set(key, agreed)
    }
    return agreed
  }

  private forget(socket: EngineSocket): void {
    this.open.delete(socket)
    this.checkEmpty()
  }

  private checkEmpty(): void {
    const left = this.open.size + this.handshakes.size + this.turns.size + this.pending
    if (this.whenEmpty !== null && left === 0) this.whenEmpty()
  }

  private async shutDown(): Promise<void> {
    this.options.server?.off('upgrade', this.onUpgrade)
    this.options.http?.off('upgrade', this.onUpgrade)
    const empty = new Promise<void>((resolve) => {
      this.whenEmpty = resolve
    })
    for (const handshake of this.handshakes) handshake.abort(REFUSALS['shutting-down'])
    for (const socket of this.open) socket.close(1001, 'the server is going away')
    const stopped = this.entrance?.close()
    this.checkEmpty()
    await empty
    // Connections that were handed to the HTTP server are its own to close.
    if (!this.sharesPort) await stopped
  }
}
