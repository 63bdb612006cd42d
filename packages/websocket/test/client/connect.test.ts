// `connect` against our own server, the `ws` package, and raw TCP servers.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildFrame, buildFrames, closePayload, parseFrames, responseBytes } from '@tautline/testkit'
import { connect, type Socket } from '@tautline/websocket'
import { WebSocketServer } from 'ws'
import { answering, closing, echo, failsWith, nextMessage, serve } from './peers.ts'

test('connect opens, exchanges messages and closes', async (t) => {
  const { url } = await serve(t, echo, { subprotocols: ['chat'] })
  const socket = await connect(`${url}/path?query`, { subprotocols: ['other', 'chat'] })
  assert.equal(socket.role, 'client')
  assert.equal(socket.state, 'open')
  assert.equal(socket.subprotocol, 'chat')
  assert.equal(socket.deflate, null)
  socket.send('hello')
  assert.equal(await nextMessage(socket), 'hello')
  socket.send(Buffer.from([1, 2, 3]))
  assert.deepEqual(await nextMessage(socket), Buffer.from([1, 2, 3]))
  socket.close(3000, 'done')
  assert.deepEqual(await closing(socket), { code: 3000, reason: 'done', wasClean: true })
})

test('a client talks to the ws package, compressed and not', async (t) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: true })
  t.after(() => new Promise((resolve) => server.close(resolve)))
  await new Promise((resolve) => server.once('listening', resolve))
  server.on('connection', (peer) => peer.on('message', (data, isBinary) => peer.send(data, { binary: isBinary })))
  const { port } = server.address() as { port: number }
  for (const compression of [false, true, { clientNoContextTakeover: true, serverMaxWindowBits: 10 }] as const) {
    const socket = await connect(`ws://127.0.0.1:${port}`, { compression })
    assert.equal(socket.deflate !== null, compression !== false)
    for (const text of ['', 'short', 'long '.repeat(10_000)]) {
      socket.send(text)
      assert.equal(await nextMessage(socket), text)
    }
    socket.close(1000)
    assert.equal((await closing(socket)).wasClean, true)
  }
})

test('the request has what RFC 6455 §4.1 asks for, and nothing that was not asked for', async (t) => {
  const server = await answering(t, (key) => responseBytes(key))
  const socket = await connect(`${server.url}/a/b?c=d%20e`)
  socket.terminate()
  const head = server.heads[0]
  assert.equal(head?.line, 'GET /a/b?c=d%20e HTTP/1.1')
  assert.deepEqual(
    head?.fields.map(([name]) => name),
    ['Host', 'Upgrade', 'Connection', 'Sec-WebSocket-Key', 'Sec-WebSocket-Version'],
  )
  assert.deepEqual(head?.all('host'), [`127.0.0.1:${server.port}`])
})

test('headers, origin, subprotocols, compression and the user of the URL are sent', async (t) => {
  const server = await answering(t, (key) => responseBytes(key))
  const socket = await connect(`ws://us%40er:p%C3%A4ss@127.0.0.1:${server.port}`, {
    headers: { 'X-One': '1', 'X-Two': ['a', 'b'] },
    origin: 'https://example.com',
    subprotocols: ['x', 'y'],
    compression: true,
  })
  socket.terminate()
  const head = server.heads[0]
  assert.equal(head?.line, 'GET / HTTP/1.1')
  assert.deepEqual(head?.all('x-two'), ['a', 'b'])
  assert.deepEqual(head?.all('x-one'), ['1'])
  assert.deepEqual(head?.all('origin'), ['https://example.com'])
  assert.deepEqual(head?.all('sec-websocket-protocol'), ['x, y'])
  assert.deepEqual(head?.all('sec-websocket-extensions'), ['permessage-deflate; client_max_window_bits'])
  assert.deepEqual(head?.all('authorization'), [`Basic ${Buffer.from('us@er:päss').toString('base64')}`])
})

test('http: and URL objects and IPv6 hosts are understood', async (t) => {
  const { port } = await serve(t, echo)
  const first = await connect(`http://127.0.0.1:${port}`)
  first.terminate()
  const second = await connect(new URL(`ws://127.0.0.1:${port}`))
  second.terminate()
  // The port refuses: what is tested is that the host was understood.
  await assert.rejects(connect('ws://[::1]:1/'), failsWith('TAUTLINE_HANDSHAKE_CONNECT'))
})

test('frames that come with the 101 are delivered to whoever awaited connect (C037)', async (t) => {
  const frames = buildFrames({ opcode: 1, payload: 'first' }, { opcode: 2, payload: Buffer.from([7]) })
  const server = await answering(t, (key) => Buffer.concat([responseBytes(key), frames]))
  const wrapped = async (): Promise<Socket> => await (async () => await connect(server.url))()
  const socket = await wrapped()
  await Promise.resolve()
  const messages: unknown[] = []
  await new Promise<void>((resolve) => {
    socket.onmessage = (data) => {
      messages.push(data)
      if (messages.length === 2) resolve()
    }
  })
  assert.deepEqual(messages, ['first', Buffer.from([7])])
  socket.terminate()
})

test('a Close frame that comes with the 101 is told after connect (L14)', async (t) => {
  const server = await answering(t, (key, _head, socket) => {
    socket.end(Buffer.concat([responseBytes(key), buildFrame({ opcode: 8, payload: closePayload(1001, 'away') })]))
    return null
  })
  const socket = await connect(server.url)
  assert.equal(socket.state, 'open')
  assert.deepEqual(await closing(socket), { code: 1001, reason: 'away', wasClean: true })
})

test('a reset behind the 101 is told after connect (L14)', async (t) => {
  const server = await answering(t, (key, _head, socket) => {
    socket.write(responseBytes(key), () => socket.resetAndDestroy())
    return null
  })
  const socket = await connect(server.url)
  assert.deepEqual(await closing(socket), { code: 1006, reason: '', wasClean: false })
})

test('pause and resume before the first message lose nothing', async (t) => {
  const server = await answering(t, (key) =>
    Buffer.concat([responseBytes(key), buildFrame({ opcode: 1, payload: 'x' })]),
  )
  const socket = await connect(server.url)
  socket.pause()
  socket.resume()
  assert.equal(await nextMessage(socket), 'x')
  socket.terminate()
})

test('a socket paused at once delivers nothing until it is resumed', async (t) => {
  const server = await answering(t, (key) =>
    Buffer.concat([responseBytes(key), buildFrame({ opcode: 1, payload: 'x' })]),
  )
  const socket = await connect(server.url)
  socket.pause()
  let early = false
  socket.onmessage = () => {
    early = true
  }
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(early, false)
  const message = nextMessage(socket)
  socket.resume()
  assert.equal(await message, 'x')
  socket.terminate()
})

test('what is sent right after connect is masked and arrives (RFC 6455 §5.1)', async (t) => {
  const received: Buffer[] = []
  const server = await answering(t, (key, _head, socket) => {
    socket.on('data', (chunk: Buffer) => received.push(chunk))
    return responseBytes(key)
  })
  const socket = await connect(server.url)
  socket.send('hello')
  await new Promise<void>((resolve) => socket.whenWritten(() => resolve()))
  const peer = server.sockets[0]
  while (received.length === 0) await new Promise((resolve) => peer?.once('data', resolve))
  const { frames } = parseFrames(Buffer.concat(received))
  assert.equal(frames[0]?.masked, true)
  assert.equal(frames[0]?.payload.toString(), 'hello')
  socket.terminate()
})

test('terminate right after connect ends in onclose', async (t) => {
  const { url } = await serve(t, echo)
  const socket = await connect(url)
  socket.terminate()
  assert.deepEqual(await closing(socket), { code: 1006, reason: '', wasClean: false })
})

test('a response that comes byte by byte, behind interim responses, opens (C036)', async (t) => {
  const server = await answering(t, (key, _head, socket) => {
    const bytes = responseBytes(key, { prefix: 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(3) })
    const step = (at: number): void => {
      if (at === bytes.length) return
      socket.write(bytes.subarray(at, at + 1))
      setImmediate(step, at + 1)
    }
    step(0)
    return null
  })
  const socket = await connect(server.url)
  assert.equal(socket.state, 'open')
  socket.terminate()
})

test('a server that chooses no subprotocol is accepted: RFC 6455 leaves it the choice (C017)', async (t) => {
  const server = await answering(t, (key) => responseBytes(key))
  const socket = await connect(server.url, { subprotocols: ['a'] })
  assert.equal(socket.subprotocol, '')
  socket.terminate()
})

test('parts of messages are received as they come, and compression is not offered then', async (t) => {
  const { url } = await serve(t, echo, { compression: true })
  const socket = await connect(url, { parts: true, compression: true })
  assert.equal(socket.deflate, null)
  const parts: string[] = []
  socket.send('whole')
  await new Promise<void>((resolve) => {
    socket.onpart = (part, isBinary, last) => {
      assert.equal(isBinary, false)
      parts.push(part.toString())
      if (last) resolve()
    }
  })
  assert.equal(parts.join(''), 'whole')
  socket.terminate()
})
