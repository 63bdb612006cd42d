// Contestant: Socket.IO, WebSocket only. Echoes the event `m`; what comes as `pub` goes to everyone else.

import { createServer as createPlain } from 'node:http'
import { createServer as createSecure } from 'node:https'
import { Server } from 'socket.io'
import { deflate, host, maxPayload, port, tls } from './arguments.ts'

const http = tls === undefined ? createPlain() : createSecure(tls)
const io = new Server(http, {
  transports: ['websocket'],
  serveClient: false,
  maxHttpBufferSize: maxPayload,
  perMessageDeflate: deflate,
})
io.on('connection', (socket) => {
  socket.on('m', (message) => socket.emit('m', message))
  socket.on('pub', (message) => socket.broadcast.emit('m', message))
})
http.listen(port, host)
