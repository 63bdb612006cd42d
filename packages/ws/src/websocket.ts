// The class `WebSocket` of ws on a Socket of the engine: its events, its argument forms, its error texts. It opens
// nothing itself: a client's handshake is client-handshake.ts, a server's websocket-server.ts.

import { Buffer } from 'node:buffer'
import type { ClientRequestArgs, IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type Agreement, adopt, flush, type Socket, ViolationError } from '@tautline/websocket/face'
import { abortOpening, connectClient, type Opening } from './client-handshake.ts'
import { wordingOf } from './errors.ts'
import { EventTargetEmitter } from './event-target.ts'
import type * as events from './events.ts'
import { makeEnumerable } from './events.ts'
import type { EventArguments, Known, Unknown } from './listeners.ts'
import { compressFrom, refuseWithinMask, type Terms } from './options.ts'
import { type Callback, Outgoing } from './outgoing.ts'
import {
  type BinaryType,
  byteLengthOf,
  checkClose,
  EMPTY,
  inForm,
  isBinaryType,
  orEmpty,
  textOfNumber,
} from './payload.ts'
import type { createWebSocketStream } from './stream.ts'
import type * as types from './types.ts'
import type { WebSocketServer } from './websocket-server.ts'

const CONNECTING = 0
const OPEN = 1
const CLOSING = 2
const CLOSED = 3
const STATES: readonly string[] = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED']

/** A WebSocket, of a client or of a server. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the interface below only types listeners of EventEmitter
export class WebSocket extends EventTargetEmitter {
  declare static readonly CONNECTING: 0
  declare static readonly OPEN: 1
  declare static readonly CLOSING: 2
  declare static readonly CLOSED: 3
  declare static WebSocket: typeof WebSocket
  declare static Server: typeof WebSocketServer
  declare static WebSocketServer: typeof WebSocketServer
  declare static createWebSocketStream: typeof createWebSocketStream
  declare readonly CONNECTING: 0
  declare readonly OPEN: 1
  declare readonly CLOSING: 2
  declare readonly CLOSED: 3

  /** The stream underneath, null until the connection is open. Programs of ws read addresses from it. */
  _socket: Duplex | null
  /** @internal */
  _wasClean: boolean
  /** @internal A client's handshake, until it is open. */
  _opening: Opening | null
  /** @internal */
  _url: string | undefined
  /** @internal */
  _protocol: string
  #engine: Socket | null
  #outgoing: Outgoing | null
  #readyState: 0 | 1 | 2 | 3
  #extensions: string
  #binaryType: BinaryType
  #paused: boolean
  // With allowSynchronousEvents: false, an event that waits for its own turn of the loop.
  #deferring: boolean
  #failed: boolean
  // What `send` was given when nothing could be sent any more, for bufferedAmount.
  #unsent: number

  /** @param address null: a server's, made by it (`protocols` is undefined and `options` are the server's then) */
  constructor(address: null)
  constructor(address: string | URL, options?: types.ClientOptions | ClientRequestArgs)
  constructor(address: string | URL, protocols?: string | string[], options?: types.ClientOptions | ClientRequestArgs)
  constructor(address: string | URL | null, protocols?: unknown, options?: types.ClientOptions | ClientRequestArgs) {
    super()
    this._socket = null
    this._wasClean = false
    this._opening = null
    this._url = undefined
    this._protocol = ''
    this.#engine = null
    this.#outgoing = null
    this.#readyState = CONNECTING
    this.#extensions = ''
    this.#binaryType = 'nodebuffer'
    this.#paused = false
    this.#deferring = false
    this.#failed = false
    this.#unsent = 0
    if (address !== null) connectClient(this, address, protocols, options)
  }

  get binaryType(): BinaryType {
    return this.#binaryType
  }

  /** Other values are ignored. */
  set binaryType(type: BinaryType) {
    if (isBinaryType(type)) this.#binaryType = type
  }

  get bufferedAmount(): number {
    const waiting = this.#unsent + (this.#outgoing?.waiting ?? 0)
    return this.#engine === null ? waiting : this.#engine.bufferedAmount + waiting
  }

  /** `permessage-deflate` or ''. */
  get extensions(): string {
    return this.#extensions
  }

  get isPaused(): boolean {
    return this.#paused
  }

  get protocol(): string {
    return this._protocol
  }

  get readyState(): 0 | 1 | 2 | 3 {
    // The engine knows first that the peer is closing.
    return this.#readyState === OPEN && this.#engine?.state !== 'open' ? CLOSING : this.#readyState
  }

  get url(): string {
    return this._url as string
  }

  /**
   * Sends a message.
   *
   * @param data bytes are the caller's again when this returns, but for messages from 64 KiB on that are compressed:
   * those, as in ws, when the callback is called
   * @param callback once it was handed to the kernel, or with an error
   * @throws TypeError for data that is neither text nor bytes; Error while connecting
   */
  send(data: types.BufferLike, callback?: Callback): void
  send(data: types.BufferLike, options: types.SendOptions, callback?: Callback): void
  send(given: unknown, options?: types.SendOptions | Callback, callback?: Callback): void {
    refuseWithinMask()
    if (this.#readyState === CONNECTING) throw notOpen(CONNECTING)
    const done = [options, callback].find(isCallback)
    const how = typeof options === 'object' && options !== null ? options : NO_OPTIONS
    const data = textOfNumber(given)
    if (this.readyState !== OPEN) this.#sendAfterClose(orEmpty(data), done)
    else this.#outgoing?.message(orEmpty(data), isBinary(data, how), how, done)
  }

  /** Sends a ping of at most 125 bytes. Throws as `send` does, and RangeError. */
  // biome-ignore lint/suspicious/noExplicitAny: as in @types/ws
  ping(data?: any, mask?: boolean | Callback, callback?: (error: Error) => void): void {
    this.#control('ping', data, mask, callback as Callback)
  }

  /** Sends a pong; pings are answered without it. Throws as `ping` does. */
  // biome-ignore lint/suspicious/noExplicitAny: as in @types/ws
  pong(data?: any, mask?: boolean | Callback, callback?: (error: Error) => void): void {
    this.#control('pong', data, mask, callback as Callback)
  }

  /**
   * Starts the closing handshake; while connecting, gives up.
   *
   * @throws TypeError for a code that must not be sent, RangeError for a reason of more than 123 bytes
   */
  close(code?: number, data?: string | Buffer): void {
    if (this.readyState === CLOSED) return
    if (this.#readyState === CONNECTING) return abortOpening(this, BEFORE_OPEN)
    if (this.readyState === CLOSING) return
    refuseWithinMask()
    const reason = checkClose(code, data)
    this.#readyState = CLOSING
    this.#outgoing?.close(code, reason)
  }

  /** Cuts the connection; what was sent before still goes out if the kernel takes it. */
  terminate(): void {
    if (this.#readyState === CLOSED) return
    if (this.#readyState === CONNECTING) return abortOpening(this, BEFORE_OPEN)
    if (this.#engine === null) return
    this.#readyState = CLOSING
    // ws hands each message to the kernel within `send`, so that a last word arrives.
    flush(this.#engine)
    this.#engine.terminate()
  }

  /** No message is delivered until `resume`; TCP holds the peer back. */
  pause(): void {
    if (this.#readyState === CONNECTING || this.#readyState === CLOSED) return
    this.#paused = true
    this.#engine?.pause()
  }

  resume(): void {
    if (this.#readyState === CONNECTING || this.#readyState === CLOSED) return
    this.#paused = false
    if (!this.#deferring) this.#engine?.resume()
  }

  // --- for the handshakes ------------------------------------------------------------------------------------------

  /** @internal The handshake is done: emits `open`; data comes in a later turn of the loop. */
  _open(stream: Duplex, head: Buffer, agreement: Agreement, terms: Terms): void {
    const { deflate = null, role } = agreement
    this._opening = null
    this._socket = stream
    this.#extensions = deflate === null ? '' : 'permessage-deflate'
    const engine = adopt(stream, head, agreement, terms.adoption)
    this.#engine = engine
    const from = compressFrom(terms, deflate, role === 'server')
    this.#outgoing = new Outgoing(engine, stream, from, (error) => this.#blobFailed(error))
    engine.onclose = (code, reason, wasClean) => this.#closed(code, reason, wasClean)
    engine.onerror = (error) => this.#broken(error)
    if (terms.deferred) {
      engine.onmessage = (data, isBinary) => this.#defer(() => this.#message(data as Buffer, isBinary))
      engine.onping = (payload) => this.#deferCopy('ping', payload)
      engine.onpong = (payload) => this.#deferCopy('pong', payload)
    } else {
      engine.onmessage = (data, isBinary) => {
        this.emit(
          'message',
          isBinary && this.#binaryType !== 'nodebuffer' ? inForm(data as Buffer, this.#binaryType) : data,
          isBinary,
        )
      }
      engine.onping = (payload) => this.emit('ping', Buffer.from(payload))
      engine.onpong = (payload) => this.emit('pong', Buffer.from(payload))
    }
    this.#readyState = OPEN
    this.emit('open')
  }

  /** @internal The handshake is failing: `_fail` or `_neverOpened` follows. */
  _closing(): void {
    this.#readyState = CLOSING
  }

  /** @internal The handshake failed. */
  _fail(error: Error): void {
    this.#readyState = CLOSING
    this.emit('error', error)
    this._neverOpened()
  }

  /** @internal */
  _neverOpened(): void {
    this.#readyState = CLOSED
    this._opening = null
    this.emit('close', 1006, EMPTY)
  }

  // --- inside ------------------------------------------------------------------------------------------------------

  #control(kind: 'ping' | 'pong', given: unknown, mask: unknown, callback: Callback | undefined): void {
    refuseWithinMask()
    if (this.#readyState === CONNECTING) throw notOpen(CONNECTING)
    const done = [given, mask, callback].find(isCallback)
    const data = orEmpty(textOfNumber(typeof given === 'function' ? undefined : given))
    if (this.readyState !== OPEN) return this.#sendAfterClose(data, done)
    this.#outgoing?.control(kind, data, done)
  }

  #blobFailed(error: Error): void {
    if (this.#readyState === CLOSED) return
    this.#readyState = CLOSING
    this.#engine?.close(1011)
    this.#fail(error)
  }

  #sendAfterClose(data: unknown, done: Callback | undefined): void {
    this.#unsent += byteLengthOf(data)
    if (done) process.nextTick(done, notOpen(this.readyState))
  }

  #message(data: Buffer, isBinary: boolean): void {
    this.emit('message', isBinary ? inForm(data, this.#binaryType) : data, isBinary)
  }

  #deferCopy(event: 'ping' | 'pong', payload: Buffer): void {
    const copy = Buffer.from(payload)
    this.#defer(() => this.emit(event, copy))
  }

  /** Emits in a turn of its own; the engine stands still until then. */
  #defer(emit: () => void): void {
    this.#deferring = true
    this.#engine?.pause()
    setImmediate(() => {
      this.#deferring = false
      emit()
      if (!this.#paused) this.#engine?.resume()
    })
  }

  #broken(error: Error): void {
    // ws keeps errors of the I/O to itself: `close` with 1006 tells of them.
    if (!(error instanceof ViolationError)) return
    this.#readyState = CLOSING
    // Not within the read: without a listener this throws, and our Close frame is still to be written.
    process.nextTick(() => this.#fail(wordingOf(error)))
  }

  #fail(error: Error): void {
    if (this.#failed) return
    this.#failed = true
    this.emit('error', error)
  }

  #closed(code: number, reason: string, wasClean: boolean): void {
    if (this.#deferring) {
      setImmediate(() => this.#closed(code, reason, wasClean))
      return
    }
    this.#readyState = CLOSED
    this._wasClean = wasClean
    this.#outgoing?.fail()
    this.emit('close', code, reason === '' ? EMPTY : Buffer.from(reason))
  }
}

/** The listeners' types of @types/ws. */
export interface WebSocket {
  on<E extends keyof EventArguments>(event: E, listener: Known<E>): this
  on(event: string | symbol, listener: Unknown): this
  once<E extends keyof EventArguments>(event: E, listener: Known<E>): this
  once(event: string | symbol, listener: Unknown): this
  off<E extends keyof EventArguments>(event: E, listener: Known<E>): this
  off(event: string | symbol, listener: Unknown): this
  addListener<E extends keyof EventArguments>(event: E, listener: Known<E>): this
  addListener(event: string | symbol, listener: Unknown): this
  removeListener<E extends keyof EventArguments>(event: E, listener: Known<E>): this
  removeListener(event: string | symbol, listener: Unknown): this
}

/** The types that programs know as `WebSocket.RawData` and so on. */
export declare namespace WebSocket {
  export type RawData = types.RawData
  export type Data = types.Data
  export type CertMeta = types.CertMeta
  export type VerifyClientCallbackSync<R extends IncomingMessage = IncomingMessage> = types.VerifyClientCallbackSync<R>
  export type VerifyClientCallbackAsync<R extends IncomingMessage = IncomingMessage> =
    types.VerifyClientCallbackAsync<R>
  export type FinishRequestCallback = types.FinishRequestCallback
  export type ClientOptions = types.ClientOptions
  export type PerMessageDeflateOptions = types.PerMessageDeflateOptions
  export type Event = events.Event
  export type ErrorEvent = events.ErrorEvent
  export type CloseEvent = events.CloseEvent
  export type MessageEvent = events.MessageEvent
  export type WebSocketEventMap = events.WebSocketEventMap
  export type EventListenerOptions = types.EventListenerOptions
  export type ServerOptions<
    U extends typeof WebSocket = typeof WebSocket,
    V extends typeof IncomingMessage = typeof IncomingMessage,
  > = types.ServerOptions<U, V>
  export type AddressInfo = types.AddressInfo
  export type Server<
    T extends typeof WebSocket = typeof WebSocket,
    U extends typeof IncomingMessage = typeof IncomingMessage,
  > = WebSocketServer<T, U>
}

const BEFORE_OPEN = 'WebSocket was closed before the connection was established'
const NO_OPTIONS: types.SendOptions = {}

for (const [value, name] of STATES.entries()) {
  Object.defineProperty(WebSocket, name, { enumerable: true, value })
  Object.defineProperty(WebSocket.prototype, name, { enumerable: true, value })
}
makeEnumerable(WebSocket, ['binaryType', 'bufferedAmount', 'extensions', 'isPaused', 'protocol', 'readyState', 'url'])

/** As `{ binary: typeof data !== 'string', ...options }` would say: a property that is there counts, undefined too. */
function isBinary(data: unknown, options: types.SendOptions): boolean {
  return 'binary' in options ? Boolean(options.binary) : typeof data !== 'string'
}

function isCallback(value: unknown): value is Callback {
  return typeof value === 'function'
}

function notOpen(state: number): Error {
  return new Error(`WebSocket is not open: readyState ${state} (${STATES[state]})`)
}
