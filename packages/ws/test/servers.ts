// Servers for the suites of the two classes, closed when a file is done, and what sockets come to.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import WebSocket, { WebSocketServer } from '@tautline/ws'

/** A server that is closed, with its connections, when the file is done. */
export async function listen(
  options: WebSocket.ServerOptions = {},
  accept: (socket: WebSocket, request: IncomingMessage) => void = () => {},
): Promise<{ url: string; wss: WebSocketServer }> {
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options })
  after(() => {
    for (const socket of wss.clients) socket.terminate()
    wss.close()
  })
  wss.on('connection', accept)
  await once(wss, 'listening')
  return { url: `ws://127.0.0.1:${(wss.address() as AddressInfo).port}`, wss }
}

export async function listenHttp(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(handle).listen(0, '127.0.0.1')
  after(() => server.close())
  await once(server, 'listening')
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** What `close` is emitted with. */
export function closed(socket: WebSocket): Promise<unknown[]> {
  return new Promise((resolve) => socket.once('close', (...values) => resolve(values)))
}

/** The text of the error that the socket, which must close behind it, emits. */
export async function failed(socket: WebSocket): Promise<string> {
  const error = new Promise<[string, number]>((resolve) => {
    socket.once('error', ({ message }) => resolve([message, socket.readyState]))
  })
  const end = closed(socket)
  const [message, state] = await error
  assert.equal(state, WebSocket.CLOSING)
  await end
  assert.equal(socket.readyState, WebSocket.CLOSED)
  return message
}

export function echo(socket: WebSocket): void {
  socket.on('message', (data, isBinary) => socket.send(data as Buffer, { binary: isBinary }))
}
