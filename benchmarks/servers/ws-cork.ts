// Contestant: `ws`, batched by hand. What many users of `ws` do where it matters: the first send of a turn corks the TCP
// socket, the turn's end uncorks it, so that what was sent in between is one write. `socket._socket` is no public name;
// this is what such users touch, and their program, not ours, is what is measured here.

import type { Socket } from 'node:net'
import { WebSocketServer, type WebSocket as WsSocket } from 'ws'
import { deflate, host, maxPayload, port } from './arguments.ts'

const corked: Socket[] = []

function uncorkAll(): void {
  for (const stream of corked) stream.uncork()
  corked.length = 0
}

function send(socket: WsSocket, data: Buffer, isBinary: boolean): void {
  const stream = (socket as unknown as { _socket: Socket })._socket
  if (stream.writableCorked === 0) {
    stream.cork()
    // ws hands over all messages of one read before ticks run.
    if (corked.push(stream) === 1) process.nextTick(uncorkAll)
  }
  socket.send(data, { binary: isBinary })
}

const server = new WebSocketServer({ port, host, perMessageDeflate: deflate, maxPayload })
server.on('connection', (socket, request) => {
  if (request.url === '/pub') {
    socket.on('message', (data, isBinary) => {
      for (const other of server.clients) if (other !== socket) send(other, data as Buffer, isBinary)
    })
    return
  }
  socket.on('message', (data, isBinary) => send(socket, data as Buffer, isBinary))
})
