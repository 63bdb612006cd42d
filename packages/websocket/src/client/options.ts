// What `connect` can be told. Everything has a default; nothing here is looked at after the connection is open.

import type { TcpNetConnectOpts } from 'node:net'
import type { ConnectionOptions as TlsConnectionOptions } from 'node:tls'
import type { DeflateOffer } from '@tautline/protocol'
import type { DeflateEffort } from '../platform.ts'
import type { SocketOptions } from '../socket.ts'

/** What `tls.connect` takes, without what the URL decides. `servername` defaults to the host, unless it is an address. */
export type ClientTlsOptions = Omit<TlsConnectionOptions, 'host' | 'port' | 'path' | 'socket'>

/** How the TCP connection is made: passed on to `net.connect`. */
export type ClientNetOptions = Partial<
  Pick<
    TcpNetConnectOpts,
    | 'autoSelectFamily'
    | 'autoSelectFamilyAttemptTimeout'
    | 'family'
    | 'hints'
    | 'keepAlive'
    | 'keepAliveInitialDelay'
    | 'localAddress'
    | 'localPort'
    | 'lookup'
  >
>

export interface ConnectOptions extends SocketOptions {
  /** Offered in this order; `socket.subprotocol` says which one was taken, '' for none. */
  readonly subprotocols?: readonly string[]
  /** Further header fields. A list sends the field once for each value. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** Value of Origin. Default: none, as befits a client that is no browser. */
  readonly origin?: string
  readonly tls?: ClientTlsOptions
  /**
   * true offers permessage-deflate and lets the server limit our window; an object is offered as it is.
   * Default false: compression costs CPU and memory at both ends.
   */
  readonly compression?: boolean | (DeflateOffer & DeflateEffort)
  /** ms from the call to the open connection: name look-up, proxy, TLS and redirects included. Default 10,000. */
  readonly handshakeTimeout?: number
  /**
   * How many redirects (301, 302, 303, 307, 308) are followed. Never from wss: to ws:. To another origin neither
   * Authorization, Cookie, Proxy-Authorization, the URL's user nor the client's certificate are sent; other fields of
   * `headers` are. Default 0.
   */
  readonly redirects?: number
  /** `http:` or `https:` URL of an HTTP proxy, which is asked to CONNECT. Its user and password are sent to it alone. */
  readonly proxy?: string | URL
  /** TLS towards an `https:` proxy. */
  readonly proxyTls?: ClientTlsOptions
  /** Gives up: the promise is rejected with the signal's reason. Without effect once the connection is open. */
  readonly signal?: AbortSignal
  /** Bytes and fields of the response's head. Default 16 KiB and 100. */
  readonly maxHeadBytes?: number
  readonly maxHeaders?: number
  readonly net?: ClientNetOptions
}
