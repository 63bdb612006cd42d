// MQTT over WebSocket: the broker aedes on our streams, the client mqtt on our class.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createWebSocketStream, WebSocketServer } from '@tautline/ws'
import { asked } from './alias.ts'

test('mqtt publishes to aedes over WebSocket and hears its own subscription', async () => {
  const { Aedes } = await import('aedes')
  const { connectAsync } = (await import('mqtt')).default
  const broker = await Aedes.createBroker()
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  wss.on('connection', (socket, request) => {
    assert.equal(socket.protocol, 'mqtt')
    broker.handle(createWebSocketStream(socket), request)
  })
  await once(wss, 'listening')
  const client = await connectAsync(`ws://127.0.0.1:${(wss.address() as AddressInfo).port}`)
  assert.ok(asked.some((url) => url.includes('mqtt')))
  await client.subscribeAsync('things/+', { qos: 1 })
  const big = Buffer.alloc(100_000, 'x')
  const messages: [string, Buffer][] = []
  const both = new Promise<void>((resolve) => {
    client.on('message', (topic, payload) => {
      messages.push([topic, payload])
      if (messages.length === 2) resolve()
    })
  })
  await client.publishAsync('things/small', 'hello', { qos: 1 })
  await client.publishAsync('things/big', big, { qos: 1 })
  await both
  assert.deepEqual(messages, [
    ['things/small', Buffer.from('hello')],
    ['things/big', big],
  ])
  await client.endAsync()
  await new Promise<void>((resolve) => broker.close(resolve))
  wss.close()
})
