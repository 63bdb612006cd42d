// Contestant: Bun, by its own API (Bun.serve), as its documentation shows it: publish for those who subscribed.

import { deflate, host, maxPayload, port, tls } from './arguments.ts'

interface BunSocket {
  readonly data: { readonly isPublisher: boolean }
  send(message: string | Uint8Array): number
  subscribe(topic: string): void
}

interface BunServer {
  upgrade(request: Request, options: { data: BunSocket['data'] }): boolean
  publish(topic: string, message: string | Uint8Array, compress: boolean): number
}

/** The part of Bun's API that is used here; its types are a package of their own. */
declare const Bun: { serve(options: object): BunServer; gc(force: boolean): void }

const ROOM = 'everyone'

const server = Bun.serve({
  port,
  hostname: host,
  ...(tls === undefined ? {} : { tls }),
  fetch(request: Request, self: BunServer) {
    const isPublisher = new URL(request.url).pathname === '/pub'
    return self.upgrade(request, { data: { isPublisher } }) ? undefined : new Response('a WebSocket, please')
  },
  websocket: {
    perMessageDeflate: deflate,
    maxPayloadLength: maxPayload,
    // Above its limit Bun drops what is sent, and an echo that is missing ends the measurement.
    backpressureLimit: 1024 * 1024 * 1024,
    open(socket: BunSocket) {
      if (!socket.data.isPublisher) socket.subscribe(ROOM)
    },
    message(socket: BunSocket, message: string | Uint8Array) {
      if (socket.data.isPublisher) server.publish(ROOM, message, deflate)
      else socket.send(message)
    },
  },
})
process.on('SIGUSR2', () => Bun.gc(true))
