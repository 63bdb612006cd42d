// The class WebSocket by itself: argument forms, attributes, listeners, states, what a program of ws relies on.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { parseFrames, RawPeer, readHead, requestBytes } from '@tautline/testkit'
import WebSocket from '@tautline/ws'
import { closed, echo, failed, listen, listenHttp } from './servers.ts'

test('the states are constants of the class and of its objects', () => {
  for (const [name, value] of Object.entries({ CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 })) {
    for (const owner of [WebSocket, WebSocket.prototype]) {
      const { enumerable, value: is, writable } = Object.getOwnPropertyDescriptor(owner, name) ?? {}
      assert.deepEqual([is, enumerable, writable], [value, true, false], name)
    }
  }
})

test('addEventListener takes functions and objects, adds each once, and heeds once', async () => {
  const { url } = await listen({}, echo)
  const socket = new WebSocket(url)
  const events: unknown[] = []
  const handler = (event: WebSocket.MessageEvent): void => {
    events.push(['function', event.type, event.data, event.target === socket])
  }
  const object = {
    handleEvent(this: unknown, event: WebSocket.MessageEvent): void {
      events.push(['object', this === object, event.data])
    },
  }
  socket.addEventListener('message', handler)
  socket.addEventListener('message', handler)
  socket.addEventListener('message', object)
  socket.addEventListener('message', (event) => events.push(['once', event.data]), { once: true })
  socket.addEventListener('foo' as 'message', handler)
  assert.deepEqual(socket.listeners('foo'), [])
  assert.equal(socket.listenerCount('message'), 3)
  await new Promise<void>((resolve) =>
    socket.addEventListener('open', (event) => resolve(assert.equal(event.type, 'open'))),
  )
  socket.send('1')
  socket.send(Buffer.from('2'))
  await once(socket, 'message')
  if (events.length < 5) await once(socket, 'message')
  assert.deepEqual(events, [
    ['function', 'message', '1', true],
    ['object', true, '1'],
    ['once', '1'],
    ['function', 'message', Buffer.from('2'), true],
    ['object', true, Buffer.from('2')],
  ])
  socket.removeEventListener('message', handler)
  socket.removeEventListener('message', object)
  assert.equal(socket.listenerCount('message'), 0)
  socket.terminate()
})

test('on… attributes are null, hold one function each, and live beside listeners', async () => {
  const { url } = await listen({}, (socket) => {
    socket.on('error', () => {})
    echo(socket)
  })
  const socket = new WebSocket(url)
  for (const name of ['onopen', 'onerror', 'onclose', 'onmessage'] as const) {
    assert.equal(socket[name], null)
    socket[name] = 1 as never
    assert.equal(socket[name], null)
    const first = (): void => {}
    socket[name] = first
    assert.equal(socket[name], first)
    socket[name] = null
    assert.equal(socket[name], null)
    assert.equal(socket.listenerCount(name.slice(2)), 0)
  }
  const handler = (): void => {}
  socket.onmessage = handler
  socket.removeEventListener('message', handler)
  assert.equal(socket.onmessage, handler)
  const keys: string[] = []
  for (const key in socket) keys.push(key)
  for (const key of ['readyState', 'url', 'onmessage', 'binaryType', 'OPEN']) assert.ok(keys.includes(key), key)
  await new Promise<void>((resolve) => {
    socket.onopen = (event) => resolve(assert.equal(event.target, socket))
  })
  const message = new Promise<WebSocket.Data>((resolve) => {
    socket.onmessage = (event) => resolve(event.data)
  })
  socket.send('hi')
  assert.equal(await message, 'hi')
  const close = new Promise<unknown[]>((resolve) => {
    socket.onclose = ({ code, reason, wasClean }) => resolve([code, reason, wasClean])
  })
  socket.close(4000, 'why')
  assert.deepEqual(await close, [4000, 'why', true])
})

test('an ErrorEvent has the error and its message, a CloseEvent of a cut says that it is not clean', async () => {
  const url = await listenHttp((_request, response) => response.writeHead(400).end())
  const socket = new WebSocket(url)
  const events: unknown[] = []
  socket.onerror = (event) => events.push([event.type, event.message, event.error.message])
  await new Promise<void>((resolve) => {
    socket.onclose = ({ code, reason, wasClean }) => {
      events.push([code, reason, wasClean])
      resolve()
    }
  })
  const text = 'Unexpected server response: 400'
  assert.deepEqual(events, [
    ['error', text, text],
    [1006, '', false],
  ])
})

test('what cannot be sent is a TypeError, and nothing of it reaches the wire', async () => {
  const { url, wss } = await listen()
  const peer = await RawPeer.connect(Number(new URL(url).port))
  await peer.write(requestBytes())
  const [socket] = (await once(wss, 'connection')) as [WebSocket]
  await peer.until((one) => readHead(one.received) !== null)
  peer.take()
  const wrong: unknown[] = [
    {},
    { length: 5 },
    { length: 1e9 },
    { type: 'text' },
    true,
    false,
    Symbol('s'),
    1n,
    0n,
    new Map(),
    new Date(Number.NaN),
    () => {},
    /x/,
    new Error('x'),
    Object.create(null),
    { data: 'x' },
    new WeakMap(),
    Promise.resolve(),
  ]
  const accepted = new Set<unknown>()
  for (const value of wrong) {
    for (const method of ['send', 'ping', 'pong'] as const) {
      if (typeof value === 'function' && method !== 'send') continue
      try {
        socket[method](value as never)
        accepted.add(value)
      } catch (error) {
        assert.ok(error instanceof TypeError, `${method} ${String(error)}`)
      }
    }
  }
  // A Date has a valueOf that is a number, which toPrimitive makes text of, as Buffer.from does.
  assert.deepEqual(
    [...accepted].map((value) => (value as object).constructor.name),
    ['Date'],
  )
  for (const [code, reason] of [
    ['1000', ''],
    [1000, 5],
    [1000, {}],
    [1000, { length: 5 }],
    [1000, [1, 2]],
    [1000, new Uint32Array(2)],
    [1000, new DataView(new ArrayBuffer(4))],
    [1000, Symbol('s')],
    [1000, 1n],
    [1000.5, ''],
    [Symbol('s'), ''],
    [1n, ''],
    [{}, ''],
    [true, ''],
  ] as [never, never][]) {
    assert.throws(() => socket.close(code, reason), TypeError)
  }
  assert.equal(socket.readyState, WebSocket.OPEN)
  socket.close(1000, Buffer.from('right'))
  await peer.until((one) => parseFrames(one.received).frames.some((frame) => frame.opcode === 8))
  const frames = parseFrames(peer.received).frames.map(({ opcode, payload }) => [opcode, String(payload)])
  assert.equal(frames.length, 4)
  assert.ok(isDeepStrictEqual(frames[3], [8, '\u0003\ufffdright']))
  peer.reset()
})

test('a buffer may be reused as soon as send has returned', async () => {
  const { url } = await listen({}, (socket) => {
    const scratch = Buffer.alloc(100_000)
    for (let i = 1; i <= 3; i++) socket.send(scratch.fill(i))
    scratch.fill(9)
  })
  const socket = new WebSocket(url)
  for (let i = 1; i <= 3; i++) {
    const [data] = await once(socket, 'message')
    assert.ok(
      (data as Buffer).every((byte) => byte === i),
      `message ${i}`,
    )
  }
  socket.terminate()
})

test('bufferedAmount counts what is sent until the kernel has it, blobs too', async () => {
  const { url } = await listen()
  const socket = new WebSocket(url)
  assert.equal(socket.bufferedAmount, 0)
  await once(socket, 'open')
  socket.send('hello')
  assert.ok(socket.bufferedAmount >= 5)
  await new Promise((resolve) => socket.send(new Blob(['12345']), resolve))
  assert.equal(socket.bufferedAmount, 0)
  socket.send(new Blob(['12345']))
  assert.equal(socket.bufferedAmount, 5)
  socket.terminate()
})

test('a send that waits for a Blob fails when the connection goes', async () => {
  const { url } = await listen()
  const socket = new WebSocket(url)
  await once(socket, 'open')
  const slow = new Blob(['x'])
  slow.arrayBuffer = () => new Promise<ArrayBuffer>(() => {})
  const errors: string[] = []
  socket.send(slow, (error) => errors.push(String(error)))
  socket.ping('behind', true, (error) => errors.push(String(error)))
  socket.terminate()
  await closed(socket)
  assert.deepEqual(errors, Array(2).fill('Error: The socket was closed while the blob was being read'))
})

test('a Blob that cannot be read is an error, and the connection closes', async () => {
  const { url } = await listen()
  const socket = new WebSocket(url)
  await once(socket, 'open')
  const broken = new Blob(['x'])
  broken.arrayBuffer = () => Promise.reject(new Error('unreadable'))
  let called: unknown
  socket.send(broken, (error) => {
    called = error?.message
  })
  assert.equal(await failed(socket), 'unreadable')
  assert.equal(called, 'unreadable')
})

test('a close without an answer is cut after closeTimeout', async () => {
  const { url, wss } = await listen({ closeTimeout: 50 })
  const peer = await RawPeer.connect(Number(new URL(url).port))
  await peer.write(requestBytes())
  const [socket] = (await once(wss, 'connection')) as [WebSocket]
  socket.close(1000)
  assert.deepEqual(await closed(socket), [1006, Buffer.alloc(0)])
  await peer.destroy()
})

test('terminate twice, close behind it, and both when closed, do nothing', async () => {
  const { url } = await listen()
  const socket = new WebSocket(url)
  await once(socket, 'open')
  socket.terminate()
  socket.terminate()
  socket.close()
  await closed(socket)
  socket.close(12 as never)
  socket.terminate()
  socket.pause()
  socket.resume()
  assert.equal(socket.isPaused, false)
})

test('an error without a listener is thrown, behind the Close frame', async () => {
  const { url, wss } = await listen()
  const peer = await RawPeer.connect(Number(new URL(url).port))
  await peer.write(requestBytes())
  await once(wss, 'connection')
  await peer.until((one) => readHead(one.received) !== null)
  peer.take()
  const thrown = new Promise<Error>((resolve) => process.setUncaughtExceptionCaptureCallback(resolve))
  await peer.write(Buffer.from([0x83, 0x80, 0, 0, 0, 0]))
  assert.equal((await thrown).message, 'Invalid WebSocket frame: invalid opcode 3')
  process.setUncaughtExceptionCaptureCallback(null)
  await peer.until((one) => parseFrames(one.received).frames.length > 0)
  assert.equal(parseFrames(peer.received).frames[0]?.payload.readUInt16BE(0), 1002)
  peer.reset()
})
