// The public face of one open connection, as types. What stands behind it is engine-socket.ts; whoever uses a Socket
// never sees a net.Socket, so that the I/O can be exchanged.

import type { DeflateParameters } from '@tautline/protocol'
import type { PreparedMessage } from './prepared.ts'

/**
 * What became of a message: `sent`, it goes out with this turn of the loop; `queued`, it waits, because the peer reads
 * slower than we send or a large message before it is being compressed; `dropped`, the connection is closing or over `maxBuffered`, and it never goes out.
 */
export type SendStatus = 'sent' | 'queued' | 'dropped'

/** What holds bytes. `send` takes any; a view's own range counts, not its whole buffer. */
export type Bytes = ArrayBufferLike | ArrayBufferView

export interface SendOptions {
  /** Bytes as text (false: they must be UTF-8) or text as a binary message (true). Default: strings are text. */
  readonly binary?: boolean
  /** Default: messages from `compressionThreshold` on, if permessage-deflate was negotiated. */
  readonly compress?: boolean
  /** false: this is a fragment and more of the same message follow (RFC 6455 §5.4). Default true. */
  readonly fin?: boolean
}

/**
 * One open WebSocket connection, of a server or a client. Callbacks are plain properties: set them in the same turn in
 * which the socket is given to you. They are called with the socket as `this`, so that functions which find what they need
 * in its `data` can be shared by all connections: a closure for each is memory for each.
 */
export interface Socket {
  /** Text as a string, or a Buffer: a view that stays valid as long as it is held. */
  onmessage: ((data: string | Buffer, isBinary: boolean) => void) | null
  /** With the option `parts`: the next bytes of a message; `last` ends it. Text may be cut inside a code point. */
  onpart: ((part: Buffer, isBinary: boolean, last: boolean) => void) | null
  /** Once, after everything else. 1005: the peer gave no code; 1006: it ended without a closing handshake. */
  onclose: ((code: number, reason: string, wasClean: boolean) => void) | null
  /**
   * Why the connection failed, before `onclose`: a ViolationError, the error of the I/O, or a WebSocketError with the
   * code TAUTLINE_SLOW_CONSUMER, TAUTLINE_HEARTBEAT or TAUTLINE_MESSAGE_TIMEOUT.
   */
  onerror: ((error: Error) => void) | null
  /** The peer's ping; it was answered already. The payload is valid during the call. */
  onping: ((payload: Buffer) => void) | null
  onpong: ((payload: Buffer) => void) | null
  /** After `send` answered 'queued': nothing waits any more, send on. */
  ondrain: (() => void) | null
  /** The application's own. The engine never looks at it. */
  data: unknown

  readonly role: 'server' | 'client'
  readonly state: 'open' | 'closing' | 'closed'
  /** The subprotocol agreed on, or ''. */
  readonly subprotocol: string
  /** What permessage-deflate was agreed on with, or null. */
  readonly deflate: DeflateParameters | null
  readonly remoteAddress: string | undefined
  readonly remotePort: number | undefined
  /** Bytes sent and not yet taken by the kernel. */
  readonly bufferedAmount: number
  readonly isPaused: boolean
  /** The code and reason of the peer's Close frame; 1006 and '' while none has come. */
  readonly closeCode: number
  readonly closeReason: string

  /**
   * Sends a message with the next write of this turn of the loop.
   *
   * @param data text, bytes or a prepared message. Bytes over 8 KiB may not be copied: leave them alone until
   * `bufferedAmount` has fallen or `whenWritten` called
   * @throws TypeError for other types
   */
  send(data: string | Bytes | PreparedMessage, options?: SendOptions): SendStatus
  /**
   * Sends a ping (RFC 6455 §5.5.2).
   *
   * @throws RangeError above 125 bytes, TypeError for other types
   */
  ping(payload?: string | Bytes): SendStatus
  /** Sends an unsolicited pong (RFC 6455 §5.5.3). Throws as `ping` does. */
  pong(payload?: string | Bytes): SendStatus
  /**
   * Starts the closing handshake; `onclose` tells how it ended. After `closeTimeout` the connection is cut.
   *
   * @param code 1000 to 1014 (without 1004 to 1006) or 3000 to 4999 (RFC 6455 §7.4); absent: a Close without a code
   * @param reason at most 123 bytes of UTF-8
   * @throws RangeError, TypeError
   */
  close(code?: number, reason?: string): void
  /** Cuts the connection at once: `onclose` says 1006. */
  terminate(): void
  /** Stops before the next message: nothing is delivered until `resume`, and TCP holds the peer back. */
  pause(): void
  resume(): void
  /** Calls back once all that was sent so far has been handed to the kernel, or with an error if it never will be. */
  whenWritten(callback: (error?: Error) => void): void
}

/** How long a silent peer may stay, in ms. Browsers answer pings by themselves but never send any. */
export interface Heartbeat {
  /** After so much silence a ping goes out. Default 25,000. */
  readonly interval: number
  /** Without any sign of life so long after the ping, the connection is cut. Default 20,000. */
  readonly timeout: number
}

/** What a connection may cost and how it behaves; the same for servers and clients. */
export interface SocketOptions {
  /**
   * The largest message in bytes, after inflating. Larger ones fail the connection with 1009. Default 16 MiB. With
   * `parts` it bounds one frame, and the default is no bound: nothing is held.
   */
  readonly maxPayload?: number
  /** The most frames of one message, empty ones too; more fail it with 1008. Default 1,024. */
  readonly maxFragments?: number
  /**
   * What unfinished messages of all connections may hold together, in bytes, beyond the first 16 KiB of each; when it is
   * spent, the one that holds most fails with 1008. Default 256 MiB.
   */
  readonly maxIncomplete?: number
  /** The most bytes waiting to be written to one peer. Default 64 MiB. */
  readonly maxBuffered?: number
  /** What happens above `maxBuffered`: cut the slow consumer (default), or drop what does not fit. */
  readonly slowConsumer?: 'close' | 'drop'
  /** ms to wait for the peer's part of the closing handshake. Default 10,000. */
  readonly closeTimeout?: number
  /** Default `{ interval: 25_000, timeout: 20_000 }`; false: none. */
  readonly heartbeat?: Partial<Heartbeat> | false
  /**
   * ms for a message, from its first byte to its last; who takes longer is cut (beside a heartbeat up to `interval` later).
   * Time in which reading is paused does not count. Default: no bound.
   */
  readonly messageTimeout?: number
  /** false: pings are not answered by the engine. Default true. */
  readonly autoPong?: boolean
  /** false trusts text to be UTF-8. Default true. */
  readonly validateUtf8?: boolean
  /** 'bytes': text arrives as a Buffer too. Default 'string'. */
  readonly textAs?: 'string' | 'bytes'
  /**
   * true: the Buffers that `onmessage` and `onpart` get are lent, not given: valid until the callback returns, and empty
   * afterwards. `send` and `prepare` may be called with them. For relays and whoever only looks at payloads: large ones
   * leave nothing behind for the garbage collector. Default false: they are the application's.
   */
  readonly lend?: boolean
  /** true: `onpart` gets data as it comes, messages may be larger than memory; compression is not negotiated. */
  readonly parts?: boolean
  /** Messages below so many bytes are not compressed unless asked to. Default 1,024. */
  readonly compressionThreshold?: number
}
