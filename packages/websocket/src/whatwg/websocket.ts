// The WebSocket of browsers (https://websockets.spec.whatwg.org) on our client: its states, its arguments, the order of
// its events. What the standard leaves to the browser (cookies, origins, CSP) has no meaning here.

import { connect } from '../client/connect.ts'
import type { ConnectOptions } from '../client/options.ts'
import type { Socket } from '../socket.ts'
import {
  bufferSource,
  clampToShort,
  closeArguments,
  domString,
  protocolList,
  urlRecord,
  usvString,
} from './arguments.ts'
import { isBadPort } from './bad-ports.ts'
import { EventHandlers } from './event-handlers.ts'
import { CloseEvent, MessageEvent } from './events.ts'
import { extensionsText } from './extensions.ts'
import { hostQueue } from './host-queue.ts'
import { Sender, sizeOf } from './sender.ts'

const CONNECTING = 0
const OPEN = 1
const CLOSING = 2
const CLOSED = 3

/** For Node: what no browser lets a page say. */
export interface WebSocketInit extends Omit<ConnectOptions, 'subprotocols' | 'signal' | 'parts' | 'textAs' | 'lend'> {
  readonly protocols?: string | Iterable<string>
  /** Hears why the connection failed, of which the `error` event says nothing, before that event. */
  readonly onFailure?: (reason: unknown) => void
}

/**
 * See the standard. Beyond it, the second argument may be an object with `protocols` and the options of `connect`.
 * Without it: permessage-deflate is offered, redirects are not followed, there is no heartbeat.
 */
export class WebSocket extends EventTarget {
  declare static readonly CONNECTING: 0
  declare static readonly OPEN: 1
  declare static readonly CLOSING: 2
  declare static readonly CLOSED: 3
  declare readonly CONNECTING: 0
  declare readonly OPEN: 1
  declare readonly CLOSING: 2
  declare readonly CLOSED: 3
  readonly #url: URL
  readonly #origin: string
  readonly #subprotocols: readonly string[]
  readonly #handlers: EventHandlers
  readonly #abort: AbortController = new AbortController()
  readonly #onFailure: ((reason: unknown) => void) | undefined
  #state: 0 | 1 | 2 | 3 = CONNECTING
  #socket: Socket | null = null
  #sender: Sender | null = null
  // What was sent after the end, or before there was a sender: it only counts.
  #lost = 0
  #binaryType: 'blob' | 'arraybuffer' = 'blob'
  #leave: (() => void) | null = null

  /** @throws DOMException SyntaxError for URLs and subprotocols that the standard refuses */
  constructor(url: string | URL, protocols: string | Iterable<string> | WebSocketInit = []) {
    super()
    // biome-ignore lint/complexity/noArguments: Web IDL tells a missing argument from undefined
    if (arguments.length === 0) throw new TypeError('a WebSocket needs a URL')
    const { protocols: list = [], onFailure, ...options } = initOf(protocols)
    this.#url = urlRecord(url)
    this.#origin = `${this.#url.protocol}//${this.#url.host}`
    this.#subprotocols = protocolList(list)
    this.#handlers = new EventHandlers(this)
    this.#onFailure = onFailure
    this.#establish(options)
  }

  get url(): string {
    return this.#url.href
  }

  get readyState(): 0 | 1 | 2 | 3 {
    // The peer's Close frame has come, or the connection was failed: the closing handshake is started.
    return this.#state === OPEN && this.#socket?.state !== 'open' ? CLOSING : this.#state
  }

  /** Bytes of application data not yet taken by the network; after a close it only grows. */
  get bufferedAmount(): number {
    return (this.#sender?.bufferedAmount ?? 0) + this.#lost
  }

  get extensions(): string {
    return this.#state === CONNECTING ? '' : extensionsText(this.#socket?.deflate ?? null)
  }

  get protocol(): string {
    return this.#state === CONNECTING ? '' : (this.#socket?.subprotocol ?? '')
  }

  get binaryType(): 'blob' | 'arraybuffer' {
    return this.#binaryType
  }

  /** Other values are ignored, as Web IDL has it for enumerations. */
  set binaryType(value: 'blob' | 'arraybuffer') {
    const text = String(value)
    if (text === 'blob' || text === 'arraybuffer') this.#binaryType = text
  }

  get onopen(): ((event: Event) => unknown) | null {
    return this.#handlers.get('open') as ((event: Event) => unknown) | null
  }

  set onopen(handler: ((event: Event) => unknown) | null) {
    this.#handlers.set('open', handler)
  }

  get onmessage(): ((event: MessageEvent) => unknown) | null {
    return this.#handlers.get('message') as ((event: MessageEvent) => unknown) | null
  }

  set onmessage(handler: ((event: MessageEvent) => unknown) | null) {
    this.#handlers.set('message', handler)
  }

  get onerror(): ((event: Event) => unknown) | null {
    return this.#handlers.get('error') as ((event: Event) => unknown) | null
  }

  set onerror(handler: ((event: Event) => unknown) | null) {
    this.#handlers.set('error', handler)
  }

  get onclose(): ((event: CloseEvent) => unknown) | null {
    return this.#handlers.get('close') as ((event: CloseEvent) => unknown) | null
  }

  set onclose(handler: ((event: CloseEvent) => unknown) | null) {
    this.#handlers.set('close', handler)
  }

  /**
   * Sends a message. Whatever is neither bytes nor a Blob is sent as its string.
   *
   * @throws DOMException InvalidStateError while connecting
   */
  send(data: string | Blob | ArrayBuffer | ArrayBufferView): void {
    // biome-ignore lint/complexity/noArguments: Web IDL tells a missing argument from undefined
    if (arguments.length === 0) throw new TypeError('send needs what is to be sent')
    const message = data instanceof Blob ? data : (bufferSource(data) ?? domString(data))
    if (this.#state === CONNECTING) throw new DOMException('The connection is not open yet.', 'InvalidStateError')
    if (this.readyState === OPEN && this.#sender !== null) this.#sender.send(message)
    else this.#lost += sizeOf(message)
  }

  /**
   * Closes the connection, or gives up connecting.
   *
   * @throws DOMException InvalidAccessError, SyntaxError
   */
  close(code: number | undefined = undefined, reason: string | undefined = undefined): void {
    const text = reason === undefined ? undefined : usvString(reason)
    const sent = closeArguments(code === undefined ? undefined : clampToShort(code), text)
    if (this.readyState >= CLOSING) return
    const wasConnecting = this.#state === CONNECTING
    this.#state = CLOSING
    if (wasConnecting) this.#giveUp(new DOMException('close() was called while connecting.', 'AbortError'))
    else this.#sender?.close(sent, text)
  }

  #establish(options: ConnectOptions): void {
    if (isBadPort(this.#url)) return this.#giveUp(new TypeError('fetch blocks this port'))
    const start = (): Promise<unknown> => {
      const opening = connect(this.#url, {
        compression: true,
        heartbeat: false,
        ...options,
        subprotocols: this.#subprotocols,
        signal: this.#abort.signal,
      })
      return opening.then(
        (socket) => this.#onOpen(socket),
        (reason) => this.#giveUp(reason),
      )
    }
    this.#leave = hostQueue.enter(this.#url.host, start)
    if (this.#leave === null) this.#giveUp(new RangeError('too many connections to this host are being opened'))
  }

  #onOpen(socket: Socket): void {
    // close() came in the very turn in which the connection opened.
    if (this.#state !== CONNECTING) return socket.terminate()
    // Beyond RFC 6455: the standard wants one of the subprotocols it asked for.
    if (this.#subprotocols.length > 0 && socket.subprotocol === '') {
      socket.terminate()
      return this.#giveUp(new TypeError('the server chose none of the subprotocols'))
    }
    this.#socket = socket
    this.#sender = new Sender(socket)
    socket.onmessage = (data, isBinary) => this.#onMessage(data, isBinary)
    socket.onerror = (reason) => this.#onFailure?.(reason)
    socket.onclose = (code, reason, wasClean) => this.#finish(code, reason, wasClean)
    this.#state = OPEN
    this.dispatchEvent(new Event('open'))
  }

  #onMessage(data: string | Buffer, isBinary: boolean): void {
    if (this.readyState !== OPEN) return
    const payload = isBinary ? this.#binary(data as Buffer) : data
    this.dispatchEvent(new MessageEvent('message', { data: payload, origin: this.#origin }))
  }

  #binary(bytes: Buffer): Blob | ArrayBuffer {
    if (this.#binaryType === 'blob') return new Blob([bytes as Uint8Array<ArrayBuffer>])
    // Always the message's own: scripts may transfer it.
    return new Uint8Array(bytes).buffer
  }

  /** "Fail the WebSocket connection" before it is established; the events come from a task. */
  #giveUp(reason: unknown): void {
    if (this.#abort.signal.aborted) return
    this.#leave?.()
    this.#abort.abort(reason)
    setImmediate(() => {
      this.#onFailure?.(reason)
      this.#finish(1006, '', false)
    })
  }

  /** "When the WebSocket connection is closed": a connection that did not end cleanly has failed. */
  #finish(code: number, reason: string, wasClean: boolean): void {
    this.#state = CLOSED
    if (!wasClean) this.dispatchEvent(new Event('error'))
    this.dispatchEvent(new CloseEvent('close', { code, reason, wasClean }))
  }
}

const STATES = { CONNECTING, OPEN, CLOSING, CLOSED }
for (const [name, value] of Object.entries(STATES)) {
  Object.defineProperty(WebSocket, name, { value, enumerable: true })
  Object.defineProperty(WebSocket.prototype, name, { value, enumerable: true })
}
Object.defineProperty(WebSocket.prototype, Symbol.toStringTag, { value: 'WebSocket', configurable: true })
for (const name of Object.getOwnPropertyNames(WebSocket.prototype)) {
  if (name !== 'constructor' && !(name in STATES)) {
    Object.defineProperty(WebSocket.prototype, name, { enumerable: true })
  }
}

function initOf(protocols: unknown): WebSocketInit {
  if (protocols === undefined) return {}
  if (typeof protocols !== 'object' || protocols === null) return { protocols: domString(protocols) }
  return Symbol.iterator in protocols ? { protocols: protocols as Iterable<string> } : protocols
}
