// createWebSocketStream: piping both ways, backpressure, and how errors and ends pass.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { pipeline, Readable } from 'node:stream'
import { test } from 'node:test'
import WebSocket, { createWebSocketStream } from '@tautline/ws'
import { listen } from './servers.ts'

async function pair(accept: (socket: WebSocket) => void, options: WebSocket.ServerOptions = {}): Promise<WebSocket> {
  const { url } = await listen(options, accept)
  return new WebSocket(url)
}

test('4 MiB go there and back through pipes, and both streams end', async () => {
  const client = await pair((socket) => {
    const duplex = createWebSocketStream(socket)
    duplex.pipe(duplex)
  })
  const duplex = createWebSocketStream(client)
  const chunks = Array.from({ length: 64 }, (_, i) => Buffer.alloc(64 * 1024, i))
  const written = pipeline(Readable.from(chunks), duplex, () => {})
  const received: Buffer[] = []
  let length = 0
  duplex.on('data', (chunk: Buffer) => {
    received.push(chunk)
    length += chunk.length
    if (length === 64 * 64 * 1024) client.close()
  })
  await once(duplex, 'end')
  assert.ok(Buffer.concat(received).equals(Buffer.concat(chunks)))
  written.destroy()
})

test('writing before the connection is open waits for it', async () => {
  const got: string[] = []
  const client = await pair((socket) => {
    socket.on('message', (data) => {
      got.push(String(data))
      if (got.length === 2) socket.close()
    })
  })
  const duplex = createWebSocketStream(client)
  duplex.write('early')
  duplex.write('later')
  duplex.resume()
  await once(duplex, 'end')
  assert.deepEqual(got, ['early', 'later'])
})

test('ending the stream closes the WebSocket, also while it is connecting', async () => {
  const codes: number[] = []
  const client = await pair((socket) => socket.on('close', (code) => codes.push(code)))
  const duplex = createWebSocketStream(client)
  duplex.end('last')
  duplex.resume()
  await Promise.all([once(duplex, 'finish'), once(duplex, 'close')])
  assert.equal(client.readyState, WebSocket.CLOSED)
})

test('destroying the stream cuts the WebSocket, with the error', async () => {
  const client = await pair(() => {})
  const duplex = createWebSocketStream(client)
  await once(client, 'open')
  const error = once(duplex, 'error')
  const close = new Promise<number>((resolve) => client.once('close', resolve))
  const end = new Promise<void>((resolve) => duplex.once('close', resolve))
  duplex.destroy(new Error('enough')).on('error', () => {})
  assert.equal(((await error.catch((reason) => [reason])) as Error[])[0]?.message, 'enough')
  assert.equal(await close, 1006)
  await end
})

test('an error of the WebSocket destroys the stream, and the Close frame still goes out', async () => {
  let client: WebSocket
  const error = new Promise<Error>((resolve) => {
    void pair((socket) => createWebSocketStream(socket).on('error', resolve), { maxPayload: 4 }).then((made) => {
      client = made
      client.on('open', () => client.send('too long'))
      client.on('close', (code) => codes.push(code))
    })
  })
  const codes: number[] = []
  assert.equal((await error).message, 'Max payload size exceeded')
  // The stream's error follows the close of its WebSocket; the other side's may be a turn behind.
  if (codes.length === 0) await new Promise<void>((resolve) => client.on('close', () => resolve()))
  assert.deepEqual(codes, [1009])
})

test('readableObjectMode keeps messages apart and gives text as strings', async () => {
  const client = await pair((socket) => {
    socket.send('text')
    socket.send(Buffer.from('bytes'))
    socket.close()
  })
  const got: unknown[] = []
  for await (const message of createWebSocketStream(client, { readableObjectMode: true })) got.push(message)
  assert.deepEqual(got, ['text', Buffer.from('bytes')])
})

test('a reader that waits pauses the WebSocket', async () => {
  const client = await pair((socket) => {
    for (let i = 0; i < 20; i++) socket.send(Buffer.alloc(16 * 1024, i))
  })
  const duplex = createWebSocketStream(client, { readableHighWaterMark: 16 * 1024 })
  await once(duplex, 'readable')
  assert.equal(client.isPaused, true)
  let length = 0
  for await (const chunk of duplex) {
    length += (chunk as Buffer).length
    if (length === 20 * 16 * 1024) break
  }
  assert.equal(length, 20 * 16 * 1024)
})
