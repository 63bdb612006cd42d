/**
 * The API of `ws` as a server and a client to be examined: `ws` itself, the reference that proves the cases, and our
 * `@tautline/ws`. Both are used as any program uses them.
 */
import { once } from 'node:events'
import * as face from '@tautline/ws'
import type { ServerOptions } from 'ws'
import * as ws from 'ws'
import { MAX_PAYLOAD } from '../cases/frames.ts'
import type { ClientTarget } from './client.ts'
import { CloseLog } from './close-log.ts'
import type { Agreed } from './compression.ts'
import type { ServerTarget } from './server.ts'

/** A module with the API of `ws`. */
export type WsModule = Pick<typeof ws, 'WebSocket' | 'WebSocketServer'>

export const WS: WsModule = ws
export const FACE: WsModule = face as unknown as WsModule

type Options = Pick<ServerOptions, 'maxPayload' | 'perMessageDeflate'>

/** An echo server with what the catalogue assumes. */
export async function wsServer(module: WsModule, options: Options = {}): Promise<ServerTarget> {
  const server = new module.WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    perMessageDeflate: options.perMessageDeflate ?? true,
    maxPayload: options.maxPayload ?? MAX_PAYLOAD,
  })
  const log = new CloseLog()
  server.on('connection', (socket, request) => {
    const closed = log.opened(request.socket.remotePort ?? 0)
    socket.on('error', () => undefined)
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
    socket.on('close', (code) => closed(code))
  })
  await once(server, 'listening')
  const address = server.address()
  return {
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

/** An echo server that asks for these parameters and compresses everything. */
export function wsPreferring(module: WsModule, prefer: Agreed): Promise<ServerTarget> {
  return wsServer(module, {
    maxPayload: 2 * MAX_PAYLOAD,
    perMessageDeflate: {
      threshold: 0,
      // false would refuse offers that ask for it.
      ...(prefer.serverNoTakeover ? { serverNoContextTakeover: true } : {}),
      ...(prefer.clientNoTakeover ? { clientNoContextTakeover: true } : {}),
      ...(prefer.serverBits < 15 ? { serverMaxWindowBits: prefer.serverBits } : {}),
      ...(prefer.clientBits < 15 ? { clientMaxWindowBits: prefer.clientBits } : {}),
    },
  })
}

/** A client that echoes. */
export function wsClient(module: WsModule): ClientTarget {
  return {
    open(url, options, events) {
      const socket = new module.WebSocket(url, [...options.subprotocols], {
        perMessageDeflate: options.deflate === false ? false : { threshold: 0, ...(options.deflate as object) },
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
}
