// Contestant: the engine on its own port. Echoes; what comes in on /pub goes to everyone else. Text stays bytes, as it
// does in the program for `ws`. --lend: payloads are valid until the callback returns, which is all that this program needs.
// --deflate: a broadcast is compressed once; --shared: once, with those before it as context.

import { createServer, prepare, SharedDeflate } from '@tautline/websocket'
import { deflate, host, maxPayload, port, tls } from './arguments.ts'

const stream = process.argv.includes('--shared') ? new SharedDeflate() : null

const server = createServer(
  {
    port,
    host,
    compression: stream === null ? deflate : { shared: true },
    textAs: 'bytes',
    lend: process.argv.includes('--lend'),
    maxPayload,
    ...(tls === undefined ? {} : { tls }),
  },
  (socket, request) => {
    if (request.path === '/pub') {
      socket.onmessage = (data, isBinary) => {
        const options = { binary: isBinary }
        const message = stream === null ? prepare(data, options) : stream.prepare(data, options)
        for (const other of server.sockets) if (other !== socket) other.send(message)
      }
      return
    }
    socket.onmessage = (data, isBinary) => {
      socket.send(data, { binary: isBinary })
    }
  },
)
await server.listening
