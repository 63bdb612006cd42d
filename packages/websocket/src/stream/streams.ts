// A Socket as a pair of streams. It takes over the socket's callbacks; whoever uses it sends and receives through the
// streams only.

import type { Socket } from '../socket.ts'
import { type CloseInfo, WebSocketStreamError } from './error.ts'
import { Incoming, type MessageStream } from './incoming.ts'
import { Outgoing, type Sendable } from './outgoing.ts'

export interface StreamOptions<Mode extends 'whole' | 'stream' = 'whole' | 'stream'> {
  /**
   * 'whole' (default): each message is one chunk, a string or a Uint8Array. 'stream': each message is a stream of bytes,
   * for messages larger than memory should hold; the socket needs the option `parts`.
   */
  readonly messages?: Mode
}

/** Both directions of a connection, and its end. */
export interface SocketStreams<Received = string | Uint8Array | MessageStream> {
  /** Not reading holds the peer back. Cancelling closes the connection. */
  readonly readable: ReadableStream<Received>
  /** A write waits while the peer reads too slowly. Closing or aborting closes the connection. */
  readonly writable: WritableStream<Sendable>
  /** Rejected with a WebSocketStreamError if the connection did not end cleanly. */
  readonly closed: Promise<CloseInfo>
  /** Starts the closing handshake. What the reader has no room for then is dropped, and reading ends in an error. */
  readonly close: (code?: number, reason?: string) => void
}

/**
 * Turns an open socket into streams.
 *
 * ```ts
 * createServer({ port: 8080, parts: true }, async (socket) => {
 *   const { readable, writable } = streamOf(socket, { messages: 'stream' })
 *   // Echoes messages of any size. It rejects when the peer is cut: without a catch that would be uncaught.
 *   await readable.pipeTo(writable).catch(() => undefined)
 * })
 * ```
 *
 * @param socket from `createServer`, `connect` or `adopt`, in the turn in which it was given
 */
export function streamOf(socket: Socket, options?: StreamOptions<'whole'>): SocketStreams<string | Uint8Array>
export function streamOf(socket: Socket, options: StreamOptions<'stream'>): SocketStreams<MessageStream>
export function streamOf(socket: Socket, options?: StreamOptions): SocketStreams
export function streamOf(socket: Socket, options: StreamOptions = {}): SocketStreams {
  const { messages = 'whole' } = options
  if (messages !== 'whole' && messages !== 'stream') throw new TypeError("messages must be 'whole' or 'stream'")
  const { promise: closed, reject, resolve } = Promise.withResolvers<CloseInfo>()
  closed.catch(() => {}) // Not asking how it ended is no error.
  const incoming = new Incoming(socket, messages === 'stream', (reason) => closeWith(reason))
  const outgoing = new Outgoing(socket)
  let controller: WritableStreamDefaultController | null = null
  let finished = false
  let failure: Error | undefined

  const close = (code?: number, reason?: string): void => {
    socket.close(code, reason)
    incoming.letGo()
  }
  /** "Close using reason": a WebSocketStreamError brings its own code, anything else none. */
  const closeWith = (reason: unknown): void => {
    const told = reason instanceof WebSocketStreamError && reason.closeCode !== null
    if (told) close(reason.closeCode ?? undefined, reason.reason)
    else close()
  }
  const endWriting = (): void => {
    if (!finished) controller?.error(new DOMException('The connection is closed.', 'InvalidStateError'))
  }
  const writable = new WritableStream<Sendable>({
    start: (given) => {
      controller = given
    },
    write: (message) => outgoing.write(message),
    close: async () => {
      finished = true
      close()
      await closed
    },
    abort: closeWith,
  })
  socket.onerror = (error) => {
    failure = error
  }
  socket.onclose = (closeCode, reason, wasClean) => {
    const info = { closeCode, reason }
    const text = `The connection ended without a closing handshake (${closeCode}).`
    const error = wasClean ? undefined : WebSocketStreamError.ofClose(text, info, failure)
    incoming.end(error)
    if (error !== undefined) controller?.error(error)
    // In the next turn, so that a pipe that ends with the readable closes the writable first, and is no failure.
    else setImmediate(endWriting)
    if (error === undefined) resolve(info)
    else reject(error)
  }
  return { readable: incoming.readable, writable, closed, close }
}
