// Contestant: Socket.IO rooms, WebSocket only. It keeps no history, so that it does less than the others.

import { Server } from 'socket.io'

const io = new Server(Number(process.argv[2]), { transports: ['websocket'], serveClient: false })
io.on('connection', (socket) => {
  if (socket.handshake.query.publisher === undefined) socket.join('bench')
  else socket.on('pub', (message) => io.to('bench').emit('pub', message))
})
process.on('SIGUSR2', () => (globalThis as { gc?: () => void }).gc?.())
io.httpServer.on('listening', () => console.log('ready'))
