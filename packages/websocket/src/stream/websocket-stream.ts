// WebSocketStream, as Chrome has it and the WebSockets Standard is about to: a client whose reading and writing wait for
// one another. Beyond it, `messages: 'stream'` sends and receives messages larger than memory.

import { connect } from '../client/connect.ts'
import type { ConnectOptions } from '../client/options.ts'
import type { Socket } from '../socket.ts'
import { clampToShort, closeArguments, protocolList, urlRecord, usvString } from '../whatwg/arguments.ts'
import { isBadPort } from '../whatwg/bad-ports.ts'
import { extensionsText } from '../whatwg/extensions.ts'
import { hostQueue } from '../whatwg/host-queue.ts'
import { type CloseInfo, WebSocketStreamError } from './error.ts'
import { type SocketStreams, type StreamOptions, streamOf } from './streams.ts'

export interface WebSocketStreamOptions
  extends Omit<ConnectOptions, 'subprotocols' | 'parts' | 'textAs' | 'lend'>,
    StreamOptions {
  readonly protocols?: Iterable<string>
}

/** What `opened` tells. */
export interface OpenedStream extends Pick<SocketStreams, 'readable' | 'writable'> {
  readonly protocol: string
  readonly extensions: string
}

const NEVER_OPENED: CloseInfo = { closeCode: 1006, reason: '' }

/** A connection as streams. */
export class WebSocketStream {
  readonly #url: URL
  readonly #protocols: readonly string[]
  readonly #opened: PromiseWithResolvers<OpenedStream> = Promise.withResolvers()
  readonly #closed: PromiseWithResolvers<CloseInfo> = Promise.withResolvers()
  readonly #abort: AbortController = new AbortController()
  #streams: SocketStreams | null = null
  #leave: (() => void) | null = null

  /** @throws DOMException SyntaxError, TypeError */
  constructor(url: string | URL, options: WebSocketStreamOptions = {}) {
    if (options === null || typeof options !== 'object') throw new TypeError('the options must be an object')
    const { messages = 'whole', protocols = [], signal, ...rest } = options
    if (typeof protocols === 'string') throw new TypeError('protocols must be a list')
    if (messages !== 'whole' && messages !== 'stream') throw new TypeError("messages must be 'whole' or 'stream'")
    this.#url = urlRecord(url)
    this.#protocols = protocolList(protocols)
    // Not asking how it went is no error.
    this.#opened.promise.catch(() => {})
    this.#closed.promise.catch(() => {})
    const onAbort = (): void => this.#fail(signal?.reason)
    if (signal?.aborted === true) onAbort()
    else {
      signal?.addEventListener('abort', onAbort, { once: true })
      const settled = (): void => signal?.removeEventListener('abort', onAbort)
      this.#opened.promise.then(settled, settled)
      this.#establish(rest, messages)
    }
  }

  get url(): string {
    return this.#url.href
  }

  /** Rejected with a WebSocketStreamError, or the signal's reason. */
  get opened(): Promise<OpenedStream> {
    return this.#opened.promise
  }

  /** Rejected like `opened`, and if the connection did not end cleanly. */
  get closed(): Promise<CloseInfo> {
    return this.#closed.promise
  }

  /**
   * Starts the closing handshake, or gives up connecting. What the reader has no room for is dropped then.
   *
   * @throws DOMException InvalidAccessError, SyntaxError
   */
  close(info: { readonly closeCode?: number; readonly reason?: string } = {}): void {
    if (info === null || typeof info !== 'object') throw new TypeError('close takes an object')
    const reason = info.reason === undefined ? '' : usvString(info.reason)
    const code = info.closeCode === undefined ? undefined : clampToShort(info.closeCode)
    const sent = closeArguments(code, reason)
    if (this.#streams !== null) this.#streams.close(sent, sent === undefined ? undefined : reason)
    else this.#fail(WebSocketStreamError.ofClose('close() was called while connecting.', NEVER_OPENED))
  }

  #establish(options: ConnectOptions, messages: 'whole' | 'stream'): void {
    if (isBadPort(this.#url)) return this.#refuse(new TypeError('fetch blocks this port'))
    const start = (): Promise<unknown> => {
      const opening = connect(this.#url, {
        compression: true,
        heartbeat: false,
        ...options,
        parts: messages === 'stream',
        subprotocols: this.#protocols,
        signal: this.#abort.signal,
      })
      return opening.then(
        (socket) => this.#onOpen(socket, messages),
        (reason) => this.#refuse(reason),
      )
    }
    this.#leave = hostQueue.enter(this.#url.host, start)
    if (this.#leave === null) this.#refuse(new RangeError('too many connections to this host are being opened'))
  }

  #onOpen(socket: Socket, messages: 'whole' | 'stream'): void {
    if (this.#abort.signal.aborted) return socket.terminate()
    if (this.#protocols.length > 0 && socket.subprotocol === '') {
      socket.terminate()
      return this.#refuse(new TypeError('the server chose none of the subprotocols'))
    }
    const streams = streamOf(socket, { messages })
    this.#streams = streams
    this.#closed.resolve(streams.closed)
    const { readable, writable } = streams
    const extensions = extensionsText(socket.deflate)
    this.#opened.resolve({ readable, writable, protocol: socket.subprotocol, extensions })
  }

  #refuse(cause: unknown): void {
    this.#fail(WebSocketStreamError.ofClose('The connection could not be established.', NEVER_OPENED, cause))
  }

  #fail(reason: unknown): void {
    if (this.#streams !== null || this.#abort.signal.aborted) return
    this.#leave?.()
    this.#abort.abort(reason)
    this.#opened.reject(reason)
    this.#closed.reject(reason)
  }
}

Object.defineProperty(WebSocketStream.prototype, Symbol.toStringTag, { value: 'WebSocketStream', configurable: true })
