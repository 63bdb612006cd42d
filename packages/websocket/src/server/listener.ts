// The port of a server's own: plain or TLS, and how it is opened.

import { createServer as createNetServer, type Server as NetServer } from 'node:net'
import { createServer as createTlsServer, type TlsOptions, type Server as TlsServer } from 'node:tls'
import { callOutside } from '../callbacks.ts'
import type { Carrier } from '../stream-events.ts'
import type { ServerOptions } from './options.ts'

/**
 * A port that is not listening yet.
 *
 * @param accept gets each connection as it comes, ahead of TLS
 */
export function createPort(
  { tls, maxAccepted, onDropped }: ServerOptions,
  accept: (stream: Carrier) => void,
): NetServer {
  // Not half-open under TLS: then a handshake that the peer ends would never be reported.
  const port = createNetServer({ allowHalfOpen: tls === undefined, noDelay: true }, accept)
  if (maxAccepted !== undefined && maxAccepted !== Number.POSITIVE_INFINITY) port.maxConnections = maxAccepted
  if (onDropped !== undefined) port.on('drop', (drop) => callOutside(onDropped, drop?.remoteAddress))
  return port
}

/**
 * A TLS server without a port of its own: connections are given to it by `emit('connection')`.
 *
 * @param accept gets each connection behind its TLS handshake
 * @param failed gets each that has none
 */
export function createTls(
  tls: TlsOptions,
  handshakeTimeout: number,
  accept: (stream: Carrier) => void,
  failed: (stream: Carrier) => void,
): TlsServer {
  const own = {
    // TLS's own handshake is under the same deadline, where none of its own was asked for.
    handshakeTimeout: Math.min(handshakeTimeout, 2 ** 31 - 1),
    ...tls,
    allowHalfOpen: false,
    noDelay: true,
  }
  const server = createTlsServer(own as typeof tls, accept)
  // A peer that speaks no TLS is its own problem; the default would be silence as well, but without a listener
  // a socket error could be thrown.
  server.on('tlsClientError', (_error, stream) => failed(stream))
  return server
}

/** Opens the port. Rejects as `net.Server` fails: EADDRINUSE, EACCES. */
export function listen(port: NetServer, options: ServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    port.once('error', reject)
    port.once('listening', () => {
      port.off('error', reject)
      // What fails later concerns one connection that could not be accepted; the port stays open.
      port.on('error', () => undefined)
      resolve()
    })
    const { backlog, host } = options
    port.listen({
      port: options.port,
      ...(host === undefined ? {} : { host }),
      ...(backlog === undefined ? {} : { backlog }),
    })
  })
}
