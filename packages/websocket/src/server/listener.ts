// The port of a server's own: plain or TLS, and how it is opened.

import { createServer as createNetServer, type Server as NetServer } from 'node:net'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls'
import type { Carrier } from '../stream-events.ts'
import type { ServerOptions } from './options.ts'

/** A listener that is not listening yet. `accept` gets each connection, behind TLS's own handshake. */
export function createListener(
  { tls }: ServerOptions,
  handshakeTimeout: number,
  accept: (stream: Carrier) => void,
): NetServer | TlsServer {
  if (tls === undefined) return createNetServer({ allowHalfOpen: true, noDelay: true }, accept)
  const own = {
    // TLS's own handshake is under the same deadline, where none of its own was asked for.
    handshakeTimeout: Math.min(handshakeTimeout, 2 ** 31 - 1),
    ...tls,
    // Not half-open from the start, as a plain port is: then a handshake that the peer ends would never be reported.
    allowHalfOpen: false,
    noDelay: true,
  }
  const server = createTlsServer(own as typeof tls, accept)
  // A peer that speaks no TLS is its own problem; the default would be silence as well, but without a listener
  // a socket error could be thrown.
  server.on('tlsClientError', (_error, stream) => stream.destroy())
  return server
}

/** Opens the port. Rejects as `net.Server` fails: EADDRINUSE, EACCES. */
export function listen(listener: NetServer | TlsServer, options: ServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    listener.once('error', reject)
    listener.once('listening', () => {
      listener.off('error', reject)
      // What fails later concerns one connection that could not be accepted; the port stays open.
      listener.on('error', () => undefined)
      resolve()
    })
    const { backlog, host, port } = options
    listener.listen({ port, ...(host === undefined ? {} : { host }), ...(backlog === undefined ? {} : { backlog }) })
  })
}
