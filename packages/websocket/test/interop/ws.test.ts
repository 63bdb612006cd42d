// Differential runs against `ws`, both ways: the same messages must come back from either implementation.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { Random } from '@tautline/testkit'
import { type ClientOptions, type PerMessageDeflateOptions, WebSocket, WebSocketServer } from 'ws'
import { type ConnectOptions, connect, type ServerOptions, type Socket } from '../../src/mod.ts'
import { echo, later, portOf, serve } from '../server/open.ts'
import { until } from '../wire.ts'
import { lineFor, lineOf, type Message, randomMessages } from './messages.ts'

const COUNT = 60

async function wsServer(perMessageDeflate: boolean | PerMessageDeflateOptions): Promise<number> {
  const server = new WebSocketServer({ port: 0, perMessageDeflate, maxPayload: 1 << 24 })
  later(() => new Promise((resolve) => server.close(resolve)))
  server.on('connection', (socket) => {
    socket.on('message', (data, binary) => socket.send(data as Buffer, { binary }))
  })
  await once(server, 'listening')
  return (server.address() as { port: number }).port
}

/** All echoes of our client, in order. */
async function throughOurs(socket: Socket, messages: readonly Message[], random: Random): Promise<string[]> {
  const got: string[] = []
  socket.onmessage = (data, isBinary) => got.push(lineOf(data, isBinary))
  for (const message of messages) {
    const data = 'text' in message ? message.text : message.bytes
    const cut = typeof data === 'string' || random.below(4) > 0 ? 0 : random.below(data.length + 1)
    if (cut > 0 && typeof data !== 'string') {
      socket.send(data.subarray(0, cut), { fin: false })
      socket.ping('between')
      socket.send(data.subarray(cut))
    } else socket.send(data, random.below(2) === 0 ? {} : { compress: random.below(2) === 0 })
  }
  await until(() => got.length >= messages.length, 'all echoes', 15_000)
  return got
}

async function throughWs(socket: WebSocket, messages: readonly Message[], random: Random): Promise<string[]> {
  const got: string[] = []
  socket.on('message', (data, isBinary) => got.push(lineOf(data as Buffer, isBinary)))
  for (const message of messages) {
    const data = 'text' in message ? message.text : message.bytes
    const cut = random.below(4) > 0 ? 0 : random.below(data.length + 1)
    if (cut > 0 && typeof data !== 'string') {
      socket.send(data.subarray(0, cut), { binary: true, fin: false })
      socket.send(data.subarray(cut), { binary: true, fin: true })
    } else socket.send(data)
    if (random.below(10) === 0) socket.ping()
  }
  await until(() => got.length >= messages.length, 'all echoes', 15_000)
  return got
}

const CLIENTS: [string, boolean | PerMessageDeflateOptions, ServerOptions['compression']][] = [
  ['plain', false, false],
  ['compressed without context takeover', true, true],
  [
    'compressed with context takeover',
    { threshold: 0 },
    { serverNoContextTakeover: false, clientNoContextTakeover: false },
  ],
  [
    'compressed, our window 9',
    { threshold: 0 },
    { serverNoContextTakeover: false, clientNoContextTakeover: false, serverMaxWindowBits: 9 },
  ],
  [
    'compressed, its window 9',
    { threshold: 0, clientMaxWindowBits: 9 },
    { serverNoContextTakeover: false, clientNoContextTakeover: false },
  ],
  [
    'compressed, its server context only',
    { threshold: 0, clientNoContextTakeover: true },
    { serverNoContextTakeover: false, clientNoContextTakeover: false },
  ],
]

describe('a client of ws and our server', () => {
  for (const [name, perMessageDeflate, compression] of CLIENTS) {
    it(`exchange the same messages, ${name}`, async () => {
      const random = new Random(name.length)
      const server = await serve(
        { port: 0, compressionThreshold: 0, ...(compression === undefined ? {} : { compression }) },
        echo,
      )
      const options: ClientOptions = { perMessageDeflate }
      const client = new WebSocket(`ws://127.0.0.1:${portOf(server)}/`, options)
      await once(client, 'open')
      assert.equal(client.extensions.includes('permessage-deflate'), perMessageDeflate !== false)
      const messages = randomMessages(random, COUNT)
      assert.deepEqual(await throughWs(client, messages, random), messages.map(lineFor))
      client.close(4321, 'done')
      const [code, reason] = (await once(client, 'close')) as [number, Buffer]
      assert.deepEqual([code, reason.toString()], [4321, 'done'])
    })
  }
})

const SERVERS: [string, boolean | PerMessageDeflateOptions, ConnectOptions['compression']][] = [
  ['plain', false, false],
  ['where only we would compress', false, true],
  ['compressed', { threshold: 0 }, true],
  [
    'compressed without context takeover',
    { threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true },
    true,
  ],
  ['compressed, its window 10', { threshold: 0, serverMaxWindowBits: 10 }, true],
  ['compressed, our window 9', { threshold: 0, clientMaxWindowBits: 9 }, true],
  ['compressed, both windows asked for', { threshold: 0 }, { serverMaxWindowBits: 9, clientMaxWindowBits: 9 }],
]

describe('our client and a server of ws', () => {
  for (const [name, perMessageDeflate, compression] of SERVERS) {
    it(`exchange the same messages, ${name}`, async () => {
      const random = new Random(name.length + 100)
      const port = await wsServer(perMessageDeflate)
      const options: ConnectOptions = { compressionThreshold: 0, ...(compression === undefined ? {} : { compression }) }
      const socket = await connect(`ws://127.0.0.1:${port}/`, options)
      assert.equal(socket.deflate !== null, perMessageDeflate !== false)
      const messages = randomMessages(random, COUNT)
      assert.deepEqual(await throughOurs(socket, messages, random), messages.map(lineFor))
      const closed: unknown[] = []
      socket.onclose = (...all) => closed.push(all)
      socket.close(4321, 'done')
      await until(() => closed.length > 0, 'closed')
      assert.deepEqual(closed, [[4321, 'done', true]])
    })
  }
})

describe('our client and our server', () => {
  for (const compression of [false, true, { serverNoContextTakeover: false, clientNoContextTakeover: false }]) {
    it(`exchange the same messages, compression ${JSON.stringify(compression)}`, async () => {
      const random = new Random(7)
      const server = await serve({ port: 0, compression, compressionThreshold: 0 }, echo)
      const socket = await connect(`ws://127.0.0.1:${portOf(server)}/`, {
        compression: compression !== false,
        compressionThreshold: 0,
      })
      assert.equal(socket.deflate !== null, compression !== false)
      const messages = randomMessages(random, COUNT)
      assert.deepEqual(await throughOurs(socket, messages, random), messages.map(lineFor))
      socket.terminate()
    })
  }

  it('keep the order of large messages that are compressed on threads, small ones and pings between', async () => {
    const server = await serve(
      { port: 0, compression: { serverNoContextTakeover: false, clientNoContextTakeover: false } },
      echo,
    )
    const socket = await connect(`ws://127.0.0.1:${portOf(server)}/`, { compression: true })
    const messages: Message[] = []
    for (let i = 0; i < 20; i++) {
      messages.push(
        { text: `${i} ${'large '.repeat(30_000)}` },
        { text: `small ${i}` },
        { bytes: Buffer.alloc(70_000, i) },
      )
    }
    assert.deepEqual(await throughOurs(socket, messages, new Random(2)), messages.map(lineFor))
    socket.terminate()
  })
})
