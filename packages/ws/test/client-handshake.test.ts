// How a client opens: addresses, options, redirects, what it sends and what it makes of the answers.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, createServer as createNetServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readHead } from '@tautline/testkit'
import WebSocket, { WebSocketServer } from '@tautline/ws'
import { closed, echo, failed, listen, listenHttp } from './servers.ts'

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

test('generateMask may not send, ping, pong or close, and what called it goes out unharmed', async () => {
  const { url } = await listen({}, echo)
  const thrown: string[] = []
  let inside: (() => void) | undefined
  const socket = new WebSocket(url, {
    generateMask: (mask) => {
      mask.set([1, 2, 3, 4])
      if (inside === undefined) return
      const act = inside
      inside = undefined
      assert.throws(act, (error: Error) => thrown.push(error.message) > 0)
    },
  })
  await once(socket, 'open')
  const acts = [
    () => socket.send('inner, longer than the outer one'),
    () => socket.send(new Blob(['inner'])),
    () => socket.ping('inner'),
    () => socket.pong('inner'),
    () => socket.close(4000, 'inner'),
  ]
  for (const act of acts) {
    inside = act
    socket.send('outer')
    assert.equal(String((await once(socket, 'message'))[0]), 'outer')
  }
  assert.deepEqual(thrown, Array(acts.length).fill('generateMask must not use a WebSocket'))
  socket.close(1000)
  assert.deepEqual(await closed(socket), [1000, Buffer.alloc(0)])
})
