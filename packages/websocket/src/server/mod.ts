// The server. This file only re-exports.

import type { ServerOptions } from './options.ts'
import { type ConnectionCallback, Server } from './server.ts'

export type {
  Authorization,
  Authorize,
  CompressionOptions,
  Gate,
  Knock,
  OriginPolicy,
  ServerOptions,
  TlsReload,
  UpgradeRequest,
} from './options.ts'
export type { ConnectionCallback, OpenSockets, Server } from './server.ts'

/**
 * Starts a WebSocket server.
 *
 * ```ts
 * const server = createServer({ port: 8080 }, (socket) => {
 *   socket.onmessage = (data) => { socket.send(data) }
 * })
 * await server.listening
 * ```
 *
 * @param options exactly one of `port`, `server` and `noServer`
 * @param onConnection gets each open connection; set its callbacks before it returns, for messages may follow at once
 * @throws TypeError, RangeError for options that make no sense
 */
export function createServer(options: ServerOptions, onConnection: ConnectionCallback): Server {
  return new Server(options, onConnection)
}
