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
export interface CompressionOptions extends DeflatePreference, DeflateEffort {
  /**
   * true: connections take messages of a `SharedDeflate`, compressed once with context. What is sent to one of them alone
   * refers to nothing, and a client forgets its window, so that no connection keeps one. Default false.
   */
  readonly shared?: boolean
}

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

/**
 * Asked before a request is looked at: who comes too often, or at a bad time. Called for everybody, so it has to be quick;
 * what throws refuses with 500.
 */
export interface Gate {
  /** A connection to `port` of which nothing has been read. false: it is cut without an answer. */
  accept?(remoteAddress: string | undefined): boolean
  /** The handshake of a connection that `accept` let pass is over: it is open, handed over, refused or gone. */
  settled?(remoteAddress: string | undefined): void
  /** A request with a head that could be read, on any way in. A `Refusal` is answered. */
  admit?(request: Knock): Refusal | undefined
}

/** What is known before a request is judged. */
export interface Knock {
  readonly headers: HeaderFields
  readonly remoteAddress: string | undefined
}

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
  /** Asked before all other checks. */
  readonly gate?: Gate
  /**
   * Do connections to `port` from this address begin with a PROXY protocol header (v1 or v2)? Then `remoteAddress` is the
   * one it names; without a good header, in `handshakeTimeout`, they are cut. For whom this is false such a header is a
   * malformed request. Give it only where proxies are: with TLS each connection costs a little more.
   */
  readonly proxyProtocol?: (remoteAddress: string | undefined) => boolean
  /** More are answered 503 with Retry-After. Default: no limit but the system's. */
  readonly maxConnections?: number
  /** Connections to `port` in whatever state; more are cut as they are accepted. Default: no limit but the system's. */
  readonly maxAccepted?: number
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
   * `cause` is what a hook of the application threw, where the refusal is `internal-error`; `headers` are those of a
   * request that could be read.
   */
  readonly onRefused?: (
    refusal: Refusal,
    remoteAddress: string | undefined,
    cause?: unknown,
    headers?: HeaderFields,
  ) => void
  /** A connection to `port` ended without a TLS handshake that was right. */
  readonly onTlsFailed?: (remoteAddress: string | undefined) => void
  /** A connection was cut without an answer, because of `maxAccepted` or `maxHandshakes`. */
  readonly onDropped?: (remoteAddress: string | undefined) => void
}

export type TlsReload = SecureContextOptions
