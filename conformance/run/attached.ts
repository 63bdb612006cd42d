/** Our engine attached to a plain `node:http` server, as a server to be examined. */
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from '@tautline/websocket'
import { MAX_PAYLOAD } from '../cases/frames.ts'
import type { ServerTarget } from './server.ts'
import { echo } from './tautline.ts'

/** An http server whose pages say 200, with an echo server attached to it. */
export async function attachedServer(): Promise<ServerTarget> {
  const http = createHttpServer((_request, response) => {
    response.writeHead(200, { Connection: 'close' })
    response.end('page')
  })
  const server = createServer({ server: http, compression: true, maxPayload: MAX_PAYLOAD }, echo)
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return {
    host: '127.0.0.1',
    port: server.address()?.port ?? 0,
    stop: async () => {
      for (const socket of server.sockets) socket.terminate()
      await server.close()
      http.closeAllConnections()
      await new Promise<void>((resolve) => http.close(() => resolve()))
    },
  }
}
