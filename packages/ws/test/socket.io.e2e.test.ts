// Socket.IO with @tautline/ws as its `wsEngine`, and its client on our class.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { WebSocketServer } from '@tautline/ws'
import { asked } from './alias.ts'

test('socket.io exchanges events, acknowledgements and bytes, and broadcasts', async () => {
  const { Server } = await import('socket.io')
  const { io: connect } = await import('socket.io-client')
  const http = createServer()
  const io = new Server(http, { transports: ['websocket'], wsEngine: WebSocketServer, perMessageDeflate: true })
  io.on('connection', (socket) => {
    socket.on('echo', (value, bytes, acknowledge) => acknowledge(value, bytes))
    socket.on('shout', (text) => io.emit('shouted', text))
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const clients = [1, 2].map(() => connect(url, { transports: ['websocket'], forceNew: true }))
  await Promise.all(clients.map((client) => new Promise<void>((resolve) => client.on('connect', resolve))))
  assert.ok(asked.some((parent) => parent.includes('engine.io-client')))
  const [first, second] = clients
  const answer = await new Promise<unknown[]>((resolve) => {
    first?.emit('echo', { a: 1 }, Buffer.from('bytes'), (...values: unknown[]) => resolve(values))
  })
  assert.deepEqual(answer, [{ a: 1 }, Buffer.from('bytes')])
  const heard = Promise.all(clients.map((client) => new Promise((resolve) => client.on('shouted', resolve))))
  second?.emit('shout', 'x'.repeat(5000))
  assert.deepEqual(await heard, ['x'.repeat(5000), 'x'.repeat(5000)])
  for (const client of clients) client.disconnect()
  await io.close()
})
