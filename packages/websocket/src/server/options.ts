// What a server can be told, and what it tells of a request that wants to become a connection.

import type { Server as HttpServer } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { SecureContextOptions, TlsOptions } from 'node:tls'
import type { DeflatePreference, HeaderFields, Refusal } from '@tautline/protocol'
import type { DeflateEffort } from '../platform.ts'
import type { SocketOptions } from '../socket.ts'

/** A handshake that is good so far. It is not kept: after `onConnection` only what the application holds of it lives. */
export interface UpgradeRequest {
  readonly method: string
  /** The request target as sent, with its query. */
  readonly target: string
  /** The target without its query; undecoded. */
  readonly path: string
  readonly headers: HeaderFields
  readonly remoteAddress: string | undefined
  readonly remotePort: number | undefined
  /** Did it come over TLS? */
  readonly secure: boolean
  /** What the client offers, in its order of preference. */
  readonly subprotocols: readonly string[]
  /** The Origin of a browser's page; undefined where none was sent. Never trust it from anything but a browser. */
  readonly origin: string | undefined
}

/** permessage-deflate as this server wants it. Without context takeover a connection keeps no window (the default). */
export interface CompressionOptions extends DeflatePreference, DeflateEffort {}

/**
 * Which pages may connect (RFC 6455 §10.2). 'any': the origin is not looked at, for servers whose clients bring a
 * token; a list: exact origins like `https://app.example.com`, and clients that send none (no browser); or a function,
 * which lets pass with true alone; false is answered with 403, a `Refusal` as it says.
 */
export type OriginPolicy =
  | 'any'
  | readonly string[]
  | ((origin: string | undefined, request: UpgradeRequest) => boolean | Refusal)

/** Undefined lets the request pass; a `Refusal` is answered. A throw or rejection is answered with 500. */
export type Authorization = undefined | Refusal

// biome-ignore lint/suspicious/noConfusingVoidType: a hook that returns nothing lets the request pass
export type Authorize = (request: UpgradeRequest) => Authorization | void | Promise<Authorization | void>

export interface ServerOptions extends SocketOptions {
  /** Listen here, with the engine's own handshake parser. 0: any free port. */
  readonly port?: number
  /** The address to listen on; default all. */
  readonly host?: string
  readonly backlog?: number
  /** Speak TLS on `port`: keys, certificates and whatever `tls.createServer` takes. */
  readonly tls?: TlsOptions
  /** Gets every connection on `port` whose request does not ask for a WebSocket, untouched: pages share the port. */
  readonly http?: HttpServer
  /** Attach to this server instead of listening: it keeps its own requests, we take its `upgrade` events. */
  readonly server?: HttpServer | HttpsServer
  /** Neither listen nor attach: `handleUpgrade` is called by the application. */
  readonly noServer?: boolean
  /** Only this path; others are answered 404, or left to other listeners of `server`. Default: every path. */
  readonly path?: string
  /** Those spoken here, in the server's order of preference, or a function that chooses. */
  readonly subprotocols?:
    | readonly string[]
    | ((offered: readonly string[], request: UpgradeRequest) => string | undefined)
  /** Default 'any'. */
  readonly origins?: OriginPolicy
  /** Asked after all other checks; may be asynchronous. */
  readonly authorize?: Authorize
  /** More are answered 503 with Retry-After. Default: no limit but the system's. */
  readonly maxConnections?: number
  /** Connections whose handshake is under way; more are cut. Default 10,000. */
  readonly maxHandshakes?: number
  /** ms for the whole request head, and again for `authorize`. Default 10,000. */
  readonly handshakeTimeout?: number
  /** Bytes and fields of a request's head. Default 16 KiB and 100. */
  readonly maxHeadBytes?: number
  readonly maxHeaders?: number
  /** true or options: accept permessage-deflate. Default false, as in `ws`: it costs CPU and memory. */
  readonly compression?: boolean | CompressionOptions
  /**
   * Hears of every refused request, for logs and metrics. What the peer sent must be escaped before it is logged.
   * `cause` is what a hook of the application threw, where the refusal is `internal-error`.
   */
  readonly onRefused?: (refusal: Refusal, remoteAddress: string | undefined, cause?: unknown) => void
}

export type TlsReload = SecureContextOptions
