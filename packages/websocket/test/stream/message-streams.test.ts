// Messages as streams: larger than memory should hold, sent in fragments and received as they come, by our own ends and
// by the `ws` package.

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { parseFrames, responseBytes } from '@tautline/testkit'
import { connect, type MessageStream, type Socket, streamOf, WebSocketStream } from '@tautline/websocket'
import { WebSocketServer } from 'ws'
import { answering, echo, nextMessage, serve } from '../client/peers.ts'
import { throughMemory } from './through-memory.ts'

async function collect(message: ReadableStream<Uint8Array> | undefined): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of message ?? []) parts.push(part)
  return Buffer.concat(parts)
}

async function* chunks(...all: (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  for (const one of all) {
    await new Promise((resolve) => setImmediate(resolve))
    yield one
  }
}

/** A server that pipes every message back as it comes. */
async function piping(t: TestContext): Promise<{ url: string; ends: Promise<void>[] }> {
  const ends: Promise<void>[] = []
  const { url } = await serve(
    t,
    (socket) => {
      const { readable, writable } = streamOf(socket, { messages: 'stream' })
      ends.push(readable.pipeTo(writable))
    },
    { parts: true },
  )
  return { url, ends }
}

test('a message written as a stream comes back as a stream, text as text', async (t) => {
  const { url, ends } = await piping(t)
  const stream = new WebSocketStream(url, { messages: 'stream' })
  const { readable, writable } = await stream.opened
  const writer = writable.getWriter()
  const reader = readable.getReader() as ReadableStreamDefaultReader<MessageStream>
  for (const [source, isBinary, expected] of [
    [chunks('a', 'b', '', 'c'), false, 'abc'],
    [chunks(Buffer.from('x'), 'y'), true, 'xy'],
    [chunks('x', Buffer.from('y')), false, 'xy'],
    [chunks('\ud83d', '\ude00', 'z\ud83d'), false, '😀z\ufffd'],
    [chunks('\ud83d', Buffer.from('!')), false, '\ufffd!'],
    [chunks(), false, ''],
    [chunks(''), false, ''],
    ['whole', false, 'whole'],
    [new Uint8Array(0), true, ''],
    [new Blob(['blob']).stream() as ReadableStream<Uint8Array>, true, 'blob'],
  ] as const) {
    const writing = writer.write(source)
    const { value } = await reader.read()
    assert.equal(value?.isBinary, isBinary)
    assert.equal((await collect(value)).toString(), expected)
    await writing
  }
  await writer.close()
  assert.deepEqual(await stream.closed, { closeCode: 1005, reason: '' })
  assert.equal((await reader.read()).done, true)
  // The pipe ends with the connection, and a clean end is no failure.
  await Promise.all(ends)
})

test('a message that is not wanted is skipped, and the next one comes', async (t) => {
  const { url } = await piping(t)
  const stream = new WebSocketStream(url, { messages: 'stream' })
  const { readable, writable } = await stream.opened
  const writer = writable.getWriter()
  const reader = readable.getReader() as ReadableStreamDefaultReader<MessageStream>
  const writing = writer
    .write(chunks(...Array.from({ length: 64 }, () => new Uint8Array(64 * 1024))))
    .then(() => writer.write('next'))
  const first = await reader.read()
  await first.value?.cancel()
  const second = await reader.read()
  assert.equal((await collect(second.value)).toString(), 'next')
  await writing
  stream.close()
  await stream.closed
})

test('a message left unread holds the connection back, also the messages behind it', async (t) => {
  let sent = 0
  const { url } = await serve(t, async (socket) => {
    const writer = streamOf(socket).writable.getWriter()
    const send = async (): Promise<void> => {
      for (; sent < 64; sent++) await writer.write(new Uint8Array(1024 * 1024))
    }
    await assert.rejects(send())
    ended()
  })
  let ended: () => void = () => {}
  const end = new Promise<void>((resolve) => {
    ended = resolve
  })
  const stream = new WebSocketStream(url, { messages: 'stream' })
  const { readable } = await stream.opened
  const reader = readable.getReader() as ReadableStreamDefaultReader<MessageStream>
  await reader.read()
  for (let turn = 0; turn < 300; turn++) await new Promise((resolve) => setImmediate(resolve))
  assert.ok(sent < 32, `${sent} MiB were sent`)
  await reader.cancel()
  await stream.closed
  await end
})

test('a source that fails in the middle closes with 1011, for half a message cannot be taken back', async (t) => {
  let end: (code: number) => void = () => {}
  const ended = new Promise<number>((resolve) => {
    end = resolve
  })
  const { url } = await serve(t, (socket) => {
    socket.onclose = end
  })
  const stream = new WebSocketStream(url)
  const { writable } = await stream.opened
  const failing = async function* (): AsyncGenerator<string> {
    yield 'half'
    throw new RangeError('no more')
  }
  await assert.rejects(writable.getWriter().write(failing()), RangeError)
  assert.equal(await ended, 1011)
})

test('a source that fails at once sends nothing and leaves the connection open', async (t) => {
  const { url } = await serve(t, echo)
  const socket = await connect(url)
  const { writable } = streamOf(socket)
  // biome-ignore lint/correctness/useYield: it fails before it could
  const failing = async function* (): AsyncGenerator<string> {
    throw new RangeError('nothing')
  }
  await assert.rejects(writable.getWriter().write(failing()), RangeError)
  assert.equal(socket.state, 'open')
  socket.terminate()
})

test('a connection that ends inside a message errors that message', async (t) => {
  const { url } = await serve(t, (socket) => {
    socket.send('half', { fin: false })
    setImmediate(() => socket.terminate())
  })
  const stream = new WebSocketStream(url, { messages: 'stream' })
  const { readable } = await stream.opened
  const { value } = await (readable as ReadableStream<MessageStream>).getReader().read()
  await assert.rejects(collect(value), { name: 'WebSocketError' })
})

test('a Close frame inside a message errors that message, though the end is clean', async (t) => {
  const { url } = await serve(t, (socket) => {
    socket.send('half', { fin: false })
    socket.close(1000)
  })
  const stream = new WebSocketStream(url, { messages: 'stream' })
  const { readable } = await stream.opened
  const { value } = await (readable as ReadableStream<MessageStream>).getReader().read()
  await assert.rejects(collect(value), { name: 'NetworkError' })
  assert.equal((await stream.closed).closeCode, 1000)
})

test('fragments go out as they are made: no chunk waits for the next one (RFC 6455 §5.4)', async (t) => {
  const received: Buffer[] = []
  const server = await answering(t, (key, _head, socket) => {
    socket.on('data', (chunk: Buffer) => received.push(chunk))
    return responseBytes(key)
  })
  const socket = await connect(server.url)
  let more: () => void = () => {}
  const waiting = new Promise<void>((resolve) => {
    more = resolve
  })
  const source = async function* (): AsyncGenerator<string> {
    yield 'first'
    await waiting
    yield 'second'
  }
  const writing = streamOf(socket).writable.getWriter().write(source())
  const frames = () => parseFrames(Buffer.concat(received)).frames
  while (frames().length === 0) await new Promise((resolve) => setImmediate(resolve))
  more()
  await writing
  while (frames().length < 3) await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(
    frames().map(({ fin, opcode, payload }) => [fin, opcode, payload.toString()]),
    [
      [false, 1, 'first'],
      [false, 0, 'second'],
      [true, 0, ''],
    ],
  )
  socket.terminate()
})

test('the ws package takes our fragments for one message and its fragments are one of ours', async (t) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  t.after(() => new Promise((resolve) => server.close(resolve)))
  await new Promise((resolve) => server.once('listening', resolve))
  server.on('connection', (peer) =>
    peer.on('message', (data, isBinary) => {
      peer.send(data.toString().slice(0, 1), { fin: false, binary: isBinary })
      peer.send(data.toString().slice(1), { fin: true })
    }),
  )
  const stream = new WebSocketStream(`ws://127.0.0.1:${(server.address() as { port: number }).port}`, {
    messages: 'stream',
  })
  const { readable, writable } = await stream.opened
  const writer = writable.getWriter()
  await writer.write(chunks('one', ' ', 'message'))
  const { value } = await (readable as ReadableStream<MessageStream>).getReader().read()
  assert.equal((await collect(value)).toString(), 'one message')
  await writer.close()
})

test('fragments of a compressed message are compressed as one', async (t) => {
  const { url } = await serve(t, echo, { compression: true })
  const socket = await connect(url, { compression: true })
  assert.notEqual(socket.deflate, null)
  const message = nextMessage(socket)
  const long = 'long '.repeat(1000)
  const { writable } = {
    writable: new WritableStream<string>({ write: (text) => void socket.send(text, { compress: true }) }),
  }
  await writable.getWriter().write(long)
  assert.equal(await message, long)
  const { readable, writable: streamed } = streamOf(socket)
  void streamed.getWriter().write(chunks(long, 'short', long))
  assert.equal((await readable.getReader().read()).value, `${long}short${long}`)
  socket.terminate()
})

test("a socket whose messages come in parts wants messages: 'stream'", async (t) => {
  const { url } = await serve(t, echo)
  const socket = await connect(url, { parts: true })
  const { readable } = streamOf(socket)
  socket.send('x')
  await assert.rejects(readable.getReader().read(), TypeError)
  socket.terminate()
})

test("messages: 'stream' works on a socket without parts too: one chunk each", async (t) => {
  const { url } = await serve(t, echo)
  const socket = await connect(url)
  const { readable } = streamOf(socket, { messages: 'stream' })
  socket.send('x')
  const { value } = await readable.getReader().read()
  assert.equal(value?.isBinary, false)
  assert.equal((await collect(value)).toString(), 'x')
  socket.terminate()
})

test('streamOf refuses another mode', () => {
  assert.throws(() => streamOf({} as Socket, { messages: 'half' as never }), TypeError)
})

test('a message of 64 MiB passes twice through a process and never lies in its memory whole', async () => {
  const { bytes, growth } = await throughMemory(64)
  assert.equal(bytes, 64 * 1024 * 1024)
  assert.ok(growth < 60, `memory grew by ${growth} MiB`)
})
