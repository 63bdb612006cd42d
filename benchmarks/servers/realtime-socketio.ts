// Contestant: Socket.IO rooms, WebSocket only. It keeps no history, so that it does less than the others.

import { createServer } from 'node:http'
import { Server } from 'socket.io'
import { host, port } from './arguments.ts'

const http = createServer()
const io = new Server(http, { transports: ['websocket'], serveClient: false })
io.on('connection', (socket) => {
  if (socket.handshake.query.publisher === undefined) socket.join('bench')
  else socket.on('pub', (message) => io.to('bench').emit('pub', message))
})
http.listen(port, host)
