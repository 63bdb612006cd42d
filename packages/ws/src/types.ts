// The types of the `ws` package's API, under the names that programs know from @types/ws. Types only.

import type { Agent, ClientRequest, Server as HttpServer, IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { createConnection } from 'node:net'
import type { SecureContextOptions } from 'node:tls'
import type { ZlibOptions } from 'node:zlib'
import type { WebSocket } from './websocket.ts'

/** A received message: `Buffer[]` with binaryType `fragments`. */
export type RawData = Buffer | ArrayBuffer | Buffer[]

/** What a MessageEvent holds: text as a string. */
export type Data = string | Buffer | ArrayBuffer | Buffer[]

/** A key or certificate, as node:tls takes it. */
export type CertMeta = string | string[] | Buffer | Buffer[]

/** Everything `send` takes; the same things that `Buffer.from` does, numbers as text, and Blobs. */
export type BufferLike =
  | string
  | Buffer
  | DataView
  | number
  | ArrayBufferView
  | Uint8Array
  | ArrayBuffer
  | SharedArrayBuffer
  | Blob
  | readonly unknown[]
  | readonly number[]
  | { valueOf(): ArrayBuffer }
  | { valueOf(): SharedArrayBuffer }
  | { valueOf(): Uint8Array }
  | { valueOf(): readonly number[] }
  | { valueOf(): string }
  | { [Symbol.toPrimitive](hint: string): string }

/** What `verifyClient` is asked about. */
export interface VerifyClientInfo<Request extends IncomingMessage = IncomingMessage> {
  origin: string
  secure: boolean
  req: Request
}

export type VerifyClientCallbackSync<Request extends IncomingMessage = IncomingMessage> = (
  info: VerifyClientInfo<Request>,
) => boolean

export type VerifyClientCallbackAsync<Request extends IncomingMessage = IncomingMessage> = (
  info: VerifyClientInfo<Request>,
  callback: (res: boolean, code?: number, message?: string, headers?: OutgoingHttpHeaders) => void,
) => void

/** Customises the request; it must then end it. */
export type FinishRequestCallback = (request: ClientRequest, websocket: WebSocket) => void

/** Options that a client and a server share. */
export interface ConnectionOptions {
  /** false: at most one `message`, `ping` or `pong` event in a turn of the loop. Default true. */
  allowSynchronousEvents?: boolean | undefined
  /** Answer pings. Default true. */
  autoPong?: boolean | undefined
  /** Bytes of a message, after inflating; 0: no limit. Default 100 MiB. */
  maxPayload?: number | undefined
  /** Frames of a message; 0: no limit. Default 16,384. */
  maxFragments?: number | undefined
  /** Accepted and not needed: this engine does not keep chunks. */
  maxBufferedChunks?: number | undefined
  /** Accepted and not needed: of many pings only the newest is answered. */
  maxPendingAutoPongs?: number | undefined
  /** Default false. */
  skipUTF8Validation?: boolean | undefined
  /** ms to wait for the closing handshake. Default 30,000. */
  closeTimeout?: number | undefined
  /** Not in ws: bytes that the unfinished messages of all connections may hold together. Default: no limit. */
  maxIncomplete?: number | undefined
}

export interface ClientOptions extends SecureContextOptions, ConnectionOptions {
  protocol?: string | undefined
  protocols?: string | string[] | undefined
  followRedirects?: boolean | undefined
  generateMask?(mask: Buffer): void
  handshakeTimeout?: number | undefined
  maxRedirects?: number | undefined
  perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined
  localAddress?: string | undefined
  protocolVersion?: number | undefined
  headers?: { [key: string]: string } | undefined
  origin?: string | undefined
  agent?: Agent | undefined
  host?: string | undefined
  family?: number | undefined
  checkServerIdentity?(servername: string, cert: CertMeta): boolean
  rejectUnauthorized?: boolean | undefined
  createConnection?: typeof createConnection | undefined
  finishRequest?: FinishRequestCallback | undefined
}

export interface PerMessageDeflateOptions {
  serverNoContextTakeover?: boolean | undefined
  clientNoContextTakeover?: boolean | undefined
  /** false (a server): offers that ask for it are not accepted. */
  serverMaxWindowBits?: number | boolean | undefined
  /** false (a client): not offered. */
  clientMaxWindowBits?: number | boolean | undefined
  /** `level` and `memLevel` are used. */
  zlibDeflateOptions?: ZlibOptions | undefined
  /** Accepted; inflating has nothing to choose. */
  zlibInflateOptions?: ZlibOptions | undefined
  /** Without context takeover, messages below so many bytes are not compressed. Default 1,024. */
  threshold?: number | undefined
  /** Accepted and not needed: only large messages go to zlib's threads, and what is there is bounded. */
  concurrencyLimit?: number | undefined
}

export interface SendOptions {
  /** Accepted and ignored: a client always masks and a server never does (RFC 6455 §5.1). */
  mask?: boolean | undefined
  binary?: boolean | undefined
  compress?: boolean | undefined
  fin?: boolean | undefined
}

export interface EventListenerOptions {
  once?: boolean | undefined
}

export interface ServerOptions<
  U extends typeof WebSocket = typeof WebSocket,
  V extends typeof IncomingMessage = typeof IncomingMessage,
> extends ConnectionOptions {
  host?: string | undefined
  port?: number | undefined
  backlog?: number | undefined
  server?: HttpServer<V> | HttpsServer<V> | undefined
  verifyClient?: VerifyClientCallbackAsync<InstanceType<V>> | VerifyClientCallbackSync<InstanceType<V>> | undefined
  handleProtocols?: (protocols: Set<string>, request: InstanceType<V>) => string | false
  path?: string | undefined
  noServer?: boolean | undefined
  clientTracking?: boolean | undefined
  perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined
  WebSocket?: U | undefined
}

export interface AddressInfo {
  address: string
  family: string
  port: number
}
