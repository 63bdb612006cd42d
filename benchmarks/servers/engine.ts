// Contestant: the engine on its own port. Echoes; what comes in on /pub goes to everyone else. Text stays bytes, as it
// does in the program for `ws`.

import { createServer, prepare, type Socket } from '@tautline/websocket'
import { deflate, host, maxPayload, port, ready, tls } from './arguments.ts'

const subscribers = new Set<Socket>()

const server = createServer(
  {
    port,
    host,
    compression: deflate,
    textAs: 'bytes',
    maxPayload,
    ...(tls === undefined ? {} : { tls }),
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
await server.listening
ready()
