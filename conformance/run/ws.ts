/**
 * The `ws` package as a server and a client to be examined: the reference that proves the cases.
 */
import { once } from 'node:events'
import WebSocket, { WebSocketServer } from 'ws'
import { MAX_PAYLOAD } from '../cases/frames.ts'
import type { ClientTarget } from './client.ts'
import { CloseLog } from './close-log.ts'
import type { ServerTarget } from './server.ts'

/** An echo server of `ws` with what the catalogue assumes. */
export async function wsServer(options: { maxPayload?: number; maxFragments?: number } = {}): Promise<ServerTarget> {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    perMessageDeflate: true,
    maxPayload: options.maxPayload ?? MAX_PAYLOAD,
    ...(options.maxFragments === undefined ? {} : { maxFragments: options.maxFragments, maxBufferedChunks: 0 }),
  })
  const log = new CloseLog()
  server.on('connection', (socket, request) => {
    const port = request.socket.remotePort ?? 0
    socket.on('error', () => undefined)
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
    socket.on('close', (code) => log.closed(port, code))
  })
  await once(server, 'listening')
  const address = server.address()
  return {
    name: 'ws 8.23.0',
    host: '127.0.0.1',
    port: typeof address === 'object' && address !== null ? address.port : 0,
    closed: (port) => log.code(port),
    stop: () =>
      new Promise((resolve) => {
        for (const client of server.clients) client.terminate()
        server.close(() => resolve())
      }),
  }
}

/** The client of `ws`. */
export const wsClient: ClientTarget = {
  name: 'ws 8.23.0',
  open(url, options, events) {
    const socket = new WebSocket(url, [...options.subprotocols], {
      perMessageDeflate: options.deflate as boolean,
      maxPayload: options.maxPayload,
      handshakeTimeout: options.handshakeTimeout,
    })
    socket.on('open', () => events.onOpen())
    socket.on('error', (error) => events.onError(error))
    socket.on('close', (code) => events.onClose(code))
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }, () => undefined))
    return () => socket.terminate()
  },
}
