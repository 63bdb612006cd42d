// Contestant: node:net (node:tls) without a WebSocket, echoing bytes as they come. What Node itself costs: the floor of
// everything that is built on its public interfaces.

import { createServer as createPlain, type Socket } from 'node:net'
import { createServer as createSecure } from 'node:tls'
import { host, port, tls } from './arguments.ts'

function echo(socket: Socket): void {
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk) => socket.write(chunk))
}

const server = tls === undefined ? createPlain(echo) : createSecure(tls, echo)
server.listen(port, host)
