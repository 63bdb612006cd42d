// The class WebSocket by itself: argument forms, attributes, listeners, states, what a program of ws relies on.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createNetServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { parseFrames, RawPeer, readHead, requestBytes } from '@tautline/testkit'
import WebSocket, { WebSocketServer } from '@tautline/ws'

/** A server that is closed, with its connections, when the file is done. */
async function listen(
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

async function listenHttp(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(handle).listen(0, '127.0.0.1')
  after(() => server.close())
  await once(server, 'listening')
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const closed = (socket: WebSocket): Promise<unknown[]> =>
  new Promise((resolve) => socket.once('close', (...values) => resolve(values)))
const failed = async (socket: WebSocket): Promise<string> => {
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
const echo = (socket: WebSocket): void => {
  socket.on('message', (data, isBinary) => socket.send(data as Buffer, { binary: isBinary }))
}

test('the states are constants of the class and of its objects', () => {
  for (const [name, value] of Object.entries({ CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 })) {
    for (const owner of [WebSocket, WebSocket.prototype]) {
      const { enumerable, value: is, writable } = Object.getOwnPropertyDescriptor(owner, name) ?? {}
      assert.deepEqual([is, enumerable, writable], [value, true, false], name)
    }
  }
})

test('a URL that cannot be used is a SyntaxError with the text of ws', () => {
  const cases: [string, string][] = [
    ['foo', 'Invalid URL: foo'],
    [
      'bad-scheme://websocket-echo.com',
      'The URL\'s protocol must be one of "ws:", "wss:", "http:", "https:", or "ws+unix:"',
    ],
    ['ws+unix:', "The URL's pathname is empty"],
    ['wss://websocket-echo.com#foo', 'The URL contains a fragment identifier'],
  ]
  for (const [url, message] of cases) assert.throws(() => new WebSocket(url), { name: 'SyntaxError', message })
})

test('a subprotocol that is no token or named twice is a SyntaxError', () => {
  for (const protocols of [['foo', 'foo'], [''], ['a b'], 'a,b', [1 as never]]) {
    assert.throws(() => new WebSocket('ws://localhost', protocols), {
      name: 'SyntaxError',
      message: 'An invalid or duplicated subprotocol was specified',
    })
  }
})

test('an unsupported protocol version is a RangeError', () => {
  assert.throws(() => new WebSocket('ws://localhost', { protocolVersion: 1000 }), {
    name: 'RangeError',
    message: 'Unsupported protocol version: 1000 (supported versions: 8, 13)',
  })
})

test('addresses are strings or URLs, of ws, http and ws+unix, and protocols may be left out or be options', async () => {
  const { url } = await listen({}, echo)
  for (const make of [
    () => new WebSocket(url),
    () => new WebSocket(new URL(url)),
    () => new WebSocket(url.replace('ws:', 'http:')),
    () => new WebSocket(url, 'chat'),
    () => new WebSocket(url, { perMessageDeflate: false }),
    () => new WebSocket(url, [], { headers: { 'x-a': 'b' } }),
    () => new WebSocket(url, undefined, { perMessageDeflate: false }),
    () => new WebSocket(url, { protocols: 'chat' }),
  ]) {
    const socket = make()
    assert.ok(socket.url.startsWith('ws://'))
    await once(socket, 'open')
    socket.terminate()
    await closed(socket)
  }
  const path = join(tmpdir(), `tautline-ws-${process.pid}.sock`)
  const server = createServer().listen(path)
  const wss = new WebSocketServer({ server })
  await once(server, 'listening')
  const targets: (string | undefined)[] = []
  wss.on('connection', (socket, request) => {
    targets.push(request.url)
    socket.close()
  })
  for (const address of [`ws+unix:${path}`, `ws+unix:${path}:/foo?bar=bar`]) await closed(new WebSocket(address))
  assert.deepEqual(targets, ['/', '/foo?bar=bar'])
  server.close()
})

test('the request carries headers, origin, credentials of the URL and what finishRequest adds', async () => {
  const seen = new Promise<IncomingMessage>((resolve) => {
    void listen({}, (_socket, request) => resolve(request)).then(({ url }) => {
      new WebSocket(url.replace('//', '//us%65r:p%40ss@'), {
        headers: { 'X-Own': 'yes' },
        origin: 'https://example.com',
        finishRequest: (request, websocket) => {
          assert.equal(websocket.readyState, WebSocket.CONNECTING)
          request.setHeader('X-Late', 'too')
          request.end()
        },
      })
    })
  })
  const { headers } = await seen
  assert.equal(headers['x-own'], 'yes')
  assert.equal(headers['x-late'], 'too')
  assert.equal(headers.origin, 'https://example.com')
  assert.equal(headers.authorization, `Basic ${Buffer.from('user:p@ss').toString('base64')}`)
  assert.equal(headers['sec-websocket-version'], '13')
  assert.equal(headers['sec-websocket-extensions'], 'permessage-deflate; client_max_window_bits')
})

test('createConnection and agent are used', async () => {
  const { url } = await listen()
  const { connect } = await import('node:net')
  const { Agent } = await import('node:http')
  let calls = 0
  const createConnection = ((options: never) => {
    calls++
    return connect(options)
  }) as unknown as typeof connect
  const first = new WebSocket(url, { createConnection })
  await once(first, 'open')
  assert.equal(calls, 1)
  first.terminate()
  class Counting extends Agent {
    override createConnection(...values: Parameters<typeof Agent.prototype.createConnection>) {
      calls++
      return super.createConnection(...values)
    }
  }
  const second = new WebSocket(url, { agent: new Counting() })
  await once(second, 'open')
  assert.equal(calls, 2)
  second.terminate()
})

test('a server that never answers is given up after handshakeTimeout', async () => {
  const server = createNetServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const sockets: Socket[] = []
  server.on('connection', (socket) => sockets.push(socket))
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, { handshakeTimeout: 30 })
  assert.equal(await failed(socket), 'Opening handshake has timed out')
  for (const one of sockets) one.destroy()
  server.close()
})

test('a refused connection is an error with the code of the system, then close with 1006', async () => {
  const { url, wss } = await listen()
  await new Promise((resolve) => wss.close(resolve))
  const socket = new WebSocket(url)
  const error = new Promise<NodeJS.ErrnoException>((resolve) => socket.on('error', resolve))
  const end = closed(socket)
  assert.equal((await error).code, 'ECONNREFUSED')
  assert.deepEqual(await end, [1006, Buffer.alloc(0)])
})

test('an unexpected response is an error, or the listener’s own', async () => {
  const url = await listenHttp((_request, response) => response.writeHead(401).end('no'))
  assert.equal(await failed(new WebSocket(url)), 'Unexpected server response: 401')
  const socket = new WebSocket(url)
  const [request, response] = await once(socket, 'unexpected-response')
  assert.equal(response.statusCode, 401)
  assert.equal(socket.readyState, WebSocket.CONNECTING)
  assert.equal(request.getHeader('upgrade'), 'websocket')
  socket.terminate()
  assert.equal(await failed(socket), 'WebSocket was closed before the connection was established')
})

test('closing from a listener of upgrade ends the handshake', async () => {
  const { url } = await listen()
  const socket = new WebSocket(url)
  socket.on('upgrade', (response) => {
    assert.equal(response.statusCode, 101)
    socket.close()
  })
  assert.equal(await failed(socket), 'WebSocket was closed before the connection was established')
})

test('redirects are followed when asked, counted, and announced', async () => {
  const { url: target } = await listen({}, (socket) => socket.close(1000))
  const url = await listenHttp((_request, response) => response.writeHead(302, { location: `${target}/end` }).end())
  const announced: string[] = []
  const socket = new WebSocket(url, { followRedirects: true })
  socket.on('redirect', (to, request) => {
    announced.push(to)
    assert.equal(request.getHeader('upgrade'), 'websocket')
  })
  await closed(socket)
  assert.deepEqual(announced, [`${target}/end`])
  assert.equal(socket.url, `${target}/end`)
  assert.equal(await failed(new WebSocket(url)), 'Unexpected server response: 302')
  const loop: string = await listenHttp((_request, response) => response.writeHead(302, { location: loop }).end())
  assert.equal(
    await failed(new WebSocket(loop, { followRedirects: true, maxRedirects: 2 })),
    'Maximum redirects exceeded',
  )
  const bad = await listenHttp((_request, response) => response.writeHead(302, { location: 'http://' }).end())
  assert.equal(await failed(new WebSocket(bad, { followRedirects: true })), 'Invalid URL: http://')
})

test('credentials do not follow a redirect to another host, and do to the same one', async () => {
  const seen: IncomingMessage['headers'][] = []
  const { url: other } = await listen({}, (socket, request) => {
    seen.push(request.headers)
    socket.close()
  })
  const url = await listenHttp((_request, response) => response.writeHead(302, { location: other }).end())
  const headers = { Authorization: 'Bearer secret', Cookie: 'a=b', 'Proxy-Authorization': 'Basic x', 'X-Kept': 'yes' }
  await closed(new WebSocket(url.replace('//', '//user:pass@'), { followRedirects: true, headers }))
  const [first] = seen
  assert.deepEqual(
    [first?.authorization, first?.cookie, first?.['proxy-authorization'], first?.['x-kept']],
    [undefined, undefined, undefined, 'yes'],
  )
  const wss = new WebSocketServer({ noServer: true })
  const server = createServer((_request, response) => response.end()).listen(0, '127.0.0.1')
  server.on('upgrade', (request, socket, head) => {
    if (request.url === '/') socket.end('HTTP/1.1 302 Found\r\nLocation: /end\r\nContent-Length: 0\r\n\r\n')
    else wss.handleUpgrade(request, socket, head, (client) => client.close(1000, request.headers.authorization))
  })
  await once(server, 'listening')
  const same = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const [, reason] = await closed(new WebSocket(same, { followRedirects: true, headers }))
  assert.equal(String(reason), 'Bearer secret')
  server.close()
})

test('the keys of masks come from generateMask', async () => {
  const server = createNetServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { createHash } = await import('node:crypto')
  const bytes = new Promise<Buffer>((resolve) => {
    server.on('connection', (socket) => {
      let all = Buffer.alloc(0)
      socket.on('data', (chunk) => {
        const head = readHead(Buffer.concat([all, chunk]))
        const before = all.length
        all = Buffer.concat([all, chunk])
        if (head === null) return
        if (before === 0) {
          const key = `${head.all('sec-websocket-key')[0]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
          const accept = createHash('sha1').update(key).digest('base64')
          const lines = [
            'HTTP/1.1 101 x',
            'Upgrade: websocket',
            'Connection: Upgrade',
            `Sec-WebSocket-Accept: ${accept}`,
          ]
          socket.write(`${lines.join('\r\n')}\r\n\r\n`)
        } else {
          resolve(chunk)
          socket.destroy()
        }
      })
    })
  })
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    generateMask: (mask) => mask.set([1, 2, 3, 4]),
  })
  socket.on('open', () => socket.send('abcd'))
  assert.deepEqual([...(await bytes)], [0x81, 0x84, 1, 2, 3, 4, 0x61 ^ 1, 0x62 ^ 2, 0x63 ^ 3, 0x64 ^ 4])
  server.close()
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
