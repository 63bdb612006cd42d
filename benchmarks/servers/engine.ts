// Contestant: the engine on its own port. Echoes; what comes in on /pub goes to everyone else. Text stays bytes, as it
// does in the program for `ws`.

import { createServer, prepare, type Socket } from '@tautline/websocket'

const deflate = process.argv.includes('--deflate')
const subscribers = new Set<Socket>()

const server = createServer(
  {
    port: Number(process.argv[2]),
    host: '127.0.0.1',
    compression: deflate,
    textAs: 'bytes',
    maxPayload: 64 * 1024 * 1024,
  },
  (socket, request) => {
    if (request.path === '/pub') {
      socket.onmessage = (data, isBinary) => {
        const message = prepare(data, { binary: isBinary })
        for (const subscriber of subscribers) subscriber.send(message)
      }
      return
    }
    subscribers.add(socket)
    socket.onclose = () => subscribers.delete(socket)
    socket.onmessage = (data, isBinary) => {
      socket.send(data, { binary: isBinary })
    }
  },
)
process.on('SIGUSR2', () => (globalThis as { gc?: () => void }).gc?.())
await server.listening
console.log('ready')
