// Contestants with the API of ws: `ws` itself (bufferutil is installed beside it) and our face. The same program for
// both: only the module's name differs, and it is an argument.

import type { WebSocketServer as WsServer, WebSocket as WsSocket } from 'ws'

const { WebSocketServer } = (await import(process.argv[3] as string)) as { WebSocketServer: typeof WsServer }
const deflate = process.argv.includes('--deflate')
const subscribers = new Set<WsSocket>()

const server = new WebSocketServer({ port: Number(process.argv[2]), host: '127.0.0.1', perMessageDeflate: deflate })
server.on('connection', (socket, request) => {
  if (request.url === '/pub') {
    socket.on('message', (data, isBinary) => {
      for (const subscriber of subscribers) subscriber.send(data as Buffer, { binary: isBinary })
    })
    return
  }
  subscribers.add(socket)
  socket.on('close', () => subscribers.delete(socket))
  socket.on('message', (data, isBinary) => socket.send(data as Buffer, { binary: isBinary }))
})
process.on('SIGUSR2', () => (globalThis as { gc?: () => void }).gc?.())
server.on('listening', () => console.log('ready'))
