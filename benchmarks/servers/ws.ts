// Contestants with the API of ws: `ws` itself (bufferutil is installed beside it) and our face. The same program for
// both: only the module's name differs, and it is an argument.

import { createServer as createPlain } from 'node:http'
import { createServer as createSecure } from 'node:https'
import type { WebSocketServer as WsServer } from 'ws'
import { deflate, host, maxPayload, port, tls } from './arguments.ts'

const { WebSocketServer } = (await import(process.argv[3] as string)) as { WebSocketServer: typeof WsServer }

const http = tls === undefined ? createPlain() : createSecure(tls)
const server = new WebSocketServer({ server: http, perMessageDeflate: deflate, maxPayload })
server.on('connection', (socket, request) => {
  if (request.url === '/pub') {
    socket.on('message', (data, isBinary) => {
      for (const other of server.clients) if (other !== socket) other.send(data as Buffer, { binary: isBinary })
    })
    return
  }
  socket.on('message', (data, isBinary) => socket.send(data as Buffer, { binary: isBinary }))
})
http.listen(port, host)
