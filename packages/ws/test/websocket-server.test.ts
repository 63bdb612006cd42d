// The class WebSocketServer: its ways of listening, its hooks, its closing.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type OutgoingHttpHeaders, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { after, test } from 'node:test'
import { RawPeer, requestBytes } from '@tautline/testkit'
import WebSocket, { WebSocketServer } from '@tautline/ws'

const portOf = (of: { address(): unknown }): number => (of.address() as AddressInfo).port

async function listening(options: WebSocket.ServerOptions = {}): Promise<WebSocketServer> {
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options })
  after(() => wss.close())
  await once(wss, 'listening')
  return wss
}

async function httpServer(): Promise<Server> {
  const server = createServer((_request, response) => response.end('page')).listen(0, '127.0.0.1')
  after(() => server.close())
  await once(server, 'listening')
  return server
}

const closed = (socket: WebSocket): Promise<unknown[]> =>
  new Promise((resolve) => socket.on('error', () => {}).once('close', (...values) => resolve(values)))
const clientOf = (server: { address(): unknown }, path = '/', options?: WebSocket.ClientOptions): WebSocket =>
  new WebSocket(`ws://127.0.0.1:${portOf(server)}${path}`, options).on('error', () => {})

test('exactly one of port, server and noServer must be given', async () => {
  const message = 'One and only one of the "port", "server", or "noServer" options must be specified'
  const server = createServer()
  for (const options of [undefined, {}, { port: 0, server }, { port: 0, noServer: true }, { server, noServer: true }]) {
    assert.throws(() => new WebSocketServer(options as WebSocket.ServerOptions), { name: 'TypeError', message })
  }
})

test('the callback hears that it listens, address() says where, and null when closed', async () => {
  const wss = await new Promise<WebSocketServer>((resolve) => {
    const made: WebSocketServer = new WebSocketServer({ port: 0, host: '127.0.0.1' }, () => resolve(made))
  })
  const { address, family, port } = wss.address() as AddressInfo
  assert.deepEqual([address, family, port > 0], ['127.0.0.1', 'IPv4', true])
  wss.close()
  assert.equal(wss.address(), null)
  await once(wss, 'close')
})

test('close() frees the port also when the unused options are named and undefined', async () => {
  const wss = await listening({ server: undefined, noServer: undefined })
  const port = portOf(wss)
  await new Promise((resolve) => wss.close(resolve))
  await assert.rejects(RawPeer.connect(port), { code: 'ECONNREFUSED' })
})

test('address() throws with noServer', () => {
  const wss = new WebSocketServer({ noServer: true })
  assert.throws(() => wss.address(), { message: 'The server is operating in "noServer" mode' })
})

test('a port that is taken is an error event', async () => {
  const first = await listening()
  const second = new WebSocketServer({ host: '127.0.0.1', port: portOf(first) })
  const [error] = await once(second, 'error').catch((reason) => [reason])
  assert.equal(error.code, 'EADDRINUSE')
})

test('on its own port any other request is answered 426', async () => {
  const wss = await listening()
  const [response] = await once(get({ port: portOf(wss), host: '127.0.0.1' }), 'response')
  assert.equal(response.statusCode, 426)
  assert.equal(response.headers.upgrade, 'websocket')
  assert.equal(String(await response.toArray()), 'Upgrade Required')
})

test('attached, it leaves the other requests to the HTTP server, and stays out of its way when closed', async () => {
  const server = await httpServer()
  const events = ['upgrade', 'listening', 'error']
  const before = events.map((event) => server.listenerCount(event))
  const wss = new WebSocketServer({ server })
  assert.equal(portOf(wss), portOf(server))
  const [response] = await once(get({ port: portOf(server), host: '127.0.0.1' }), 'response')
  assert.equal(String(await response.toArray()), 'page')
  wss.on('connection', (socket) => socket.close(1000))
  assert.deepEqual((await closed(clientOf(server)))[0], 1000)
  wss.close()
  await once(wss, 'close')
  assert.equal(server.listening, true)
  assert.deepEqual(
    events.map((event) => server.listenerCount(event)),
    before,
  )
})

test('several servers share one HTTP server by noServer', async () => {
  const server = await httpServer()
  const servers = new Map(['/a', '/b'].map((path) => [path, new WebSocketServer({ noServer: true, path })]))
  for (const [path, wss] of servers) wss.on('connection', (socket, request) => socket.close(1000, path + request.url))
  server.on('upgrade', (request, socket, head) => {
    const wss = [...servers.values()].find((one) => one.shouldHandle(request))
    if (wss === undefined) socket.destroy()
    else wss.handleUpgrade(request, socket, head, (client) => wss.emit('connection', client, request))
  })
  assert.equal(String((await closed(clientOf(server, '/a?x')))[1]), '/a/a?x')
  assert.equal(String((await closed(clientOf(server, '/b')))[1]), '/b/b')
  assert.equal((await closed(clientOf(server, '/c')))[0], 1006)
})

test('a request for another path is refused with 400, and shouldHandle may be overridden', async () => {
  const wss = await listening({ path: '/foo' })
  wss.on('connection', (socket) => socket.close(1000))
  const refused = clientOf(wss, '/bar')
  const [, response] = await once(refused, 'unexpected-response')
  assert.equal(response.statusCode, 400)
  refused.terminate()
  await closed(refused)
  wss.shouldHandle = () => true
  assert.equal((await closed(clientOf(wss, '/bar')))[0], 1000)
})

test('a second upgrade of one socket throws', async () => {
  const server = await httpServer()
  const wss = new WebSocketServer({ noServer: true })
  const thrown = new Promise<Error>((resolve) => {
    server.on('upgrade', (request, socket, head) => {
      wss.handleUpgrade(request, socket, head, (client) => {
        try {
          wss.handleUpgrade(request, socket, head, () => {})
        } catch (error) {
          resolve(error as Error)
        }
        client.terminate()
      })
    })
  })
  const client = clientOf(server)
  await closed(client)
  assert.match((await thrown).message, /^server\.handleUpgrade\(\) was called more than once with the same socket/)
})

test('a client that has hung up meanwhile gets no WebSocket', async () => {
  const server = await httpServer()
  const wss = new WebSocketServer({ noServer: true })
  let upgraded = false
  const over = new Promise<void>((resolve) => {
    server.on('upgrade', (request, socket, head) => {
      socket.on('end', () => {
        wss.handleUpgrade(request, socket, head, () => {
          upgraded = true
        })
        resolve()
      })
      socket.resume()
    })
  })
  const peer = await RawPeer.connect(portOf(server))
  await peer.write(requestBytes())
  peer.end()
  await over
  await peer.untilEnd()
  assert.equal(upgraded, false)
})

test('verifyClient sees origin, security and request, and may answer at once or later', async () => {
  const seen: unknown[] = []
  const sync = await listening({
    verifyClient: (info: { origin: string; secure: boolean; req: { url?: string | undefined } }) => {
      seen.push([info.origin, info.secure, info.req.url])
      return true
    },
  })
  sync.on('connection', (socket) => socket.close(1000))
  await closed(clientOf(sync, '/x', { origin: 'https://a.example' }))
  assert.deepEqual(seen, [['https://a.example', false, '/x']])
  for (const [verdict, status, body, header] of [
    [[false], 401, 'Unauthorized', undefined],
    [[false, 404], 404, 'Not Found', undefined],
    [[false, 403, 'never', { 'X-Why': 'so' }], 403, 'never', 'so'],
  ] as const) {
    const wss = await listening({
      verifyClient: (_info, callback) => setImmediate(() => callback(...(verdict as [boolean]))),
    })
    const client = clientOf(wss)
    const [, response] = await once(client, 'unexpected-response')
    assert.deepEqual(
      [response.statusCode, response.headers['x-why'], String(await response.toArray())],
      [status, header, body],
    )
    client.terminate()
    await closed(client)
  }
  const later = await listening({ verifyClient: (_info, callback) => setImmediate(callback, true) })
  later.on('connection', (socket) => socket.close(1000))
  assert.equal((await closed(clientOf(later)))[0], 1000)
})

test('headers of verifyClient that would forge an answer are answered 500 without them (RFC 9112 §11.1)', async () => {
  const forged = ['x\r\nSet-Cookie: a=b', 'x\r\n\r\n<script>', 'x\ny', 'x\ry', 'x\0y', ['ok', 'x\r\ny: z']]
  const all = [...forged.map((value) => ({ 'X-Why': value })), { 'X-Why: a\r\nSet-Cookie': 'b' }]
  let next: OutgoingHttpHeaders = {}
  const wss = await listening({ verifyClient: (_info, callback) => callback(false, 403, 'not you', next) })
  for (next of all) {
    const peer = await RawPeer.connect(portOf(wss))
    await peer.write(requestBytes())
    assert.equal(await peer.untilEnd(), 'eof')
    const text = peer.received.toString('latin1')
    assert.match(text, /^HTTP\/1\.1 500 Internal Server Error\r\n/, JSON.stringify(next))
    assert.ok(!/set-cookie|x-why|script/i.test(text), text)
    await peer.destroy()
  }
  next = { 'X-List': ['a', 'b'], 'X-Text': 'ü' }
  const peer = await RawPeer.connect(portOf(wss))
  await peer.write(requestBytes())
  assert.equal(await peer.untilEnd(), 'eof')
  assert.match(
    peer.received.toString(),
    /^HTTP\/1\.1 403 Forbidden\r\n(?:.*\r\n)*X-List: a,b\r\nX-Text: ü\r\n\r\nnot you$/,
  )
  await peer.destroy()
})

test('a client that leaves while verifyClient thinks is forgotten', async () => {
  const wss = await listening({
    verifyClient: (info, callback) => {
      // Reading, the socket notices that the peer has gone.
      info.req.socket.on('end', () => {
        callback(true)
        wss.emit('answered')
      })
      info.req.socket.resume()
    },
  })
  wss.on('connection', () => assert.fail('nobody is there'))
  const answered = once(wss, 'answered')
  const socket = connect(portOf(wss), '127.0.0.1', () => socket.write(requestBytes(), () => socket.destroy()))
  await answered
  assert.equal(wss.clients.size, 0)
})

test('handleProtocols chooses among what was offered', async () => {
  const wss = await listening({
    handleProtocols: (protocols, request) => {
      assert.ok(protocols instanceof Set)
      assert.equal(request.url, '/')
      return [...protocols].pop() as string
    },
  })
  wss.on('connection', (socket) => socket.close(1000, socket.protocol))
  const client = new WebSocket(`ws://127.0.0.1:${portOf(wss)}/`, ['a', 'b'])
  assert.equal(String((await closed(client))[1]), 'b')
  assert.equal(client.protocol, 'b')
})

test('headers may be added to the 101', async () => {
  const wss = await listening()
  wss.on('headers', (headers, request) => {
    assert.equal(headers[0], 'HTTP/1.1 101 Switching Protocols')
    assert.equal(request.url, '/')
    headers.push('Set-Cookie: a=b')
  })
  const client = clientOf(wss)
  const [response] = await once(client, 'upgrade')
  assert.deepEqual(response.headers['set-cookie'], ['a=b'])
  client.terminate()
})

test('wsClientError hands a bad handshake to the application', async () => {
  const wss = await listening()
  wss.on('wsClientError', (error, socket, request) => {
    assert.equal(request.url, '/')
    socket.end(`HTTP/1.1 418 x\r\nContent-Length: ${error.message.length}\r\n\r\n${error.message}`)
  })
  const peer = await RawPeer.connect(portOf(wss))
  await peer.write(requestBytes({ without: ['Sec-WebSocket-Key'] }))
  await peer.untilEnd()
  assert.match(String(peer.received), /^HTTP\/1\.1 418 .*Missing or invalid Sec-WebSocket-Key header$/s)
  await peer.destroy()
})

test('clients holds the open connections, and is not there with clientTracking: false', async () => {
  const wss = await listening()
  assert.equal(wss.clients.size, 0)
  const client = clientOf(wss)
  const [socket] = (await once(wss, 'connection')) as [WebSocket]
  assert.deepEqual([...wss.clients], [socket])
  client.terminate()
  await closed(socket)
  assert.equal(wss.clients.size, 0)
  const untracked = await listening({ clientTracking: false })
  assert.equal(untracked.clients, undefined)
})

test('a subclass of WebSocket is used, and hears of open', async () => {
  let opened = 0
  class Own extends WebSocket {
    get foo(): string {
      return 'foo'
    }
    override emit(event: string | symbol, ...values: unknown[]): boolean {
      if (event === 'open') opened++
      return super.emit(event, ...values)
    }
  }
  const wss = await listening({ WebSocket: Own } as WebSocket.ServerOptions)
  const client = clientOf(wss)
  const [socket] = await once(wss, 'connection')
  assert.ok(socket instanceof Own)
  assert.equal(socket.foo, 'foo')
  assert.equal(opened, 1)
  client.terminate()
})

test('close waits for the connections, calls back, and says when it was not running', async () => {
  const wss = await listening()
  const client = clientOf(wss)
  await once(client, 'open')
  let over = false
  const done = new Promise<Error | undefined>((resolve) => wss.close(resolve)).then((error) => {
    over = true
    return error
  })
  wss.close()
  await new Promise<void>((resolve) => setImmediate(resolve))
  assert.equal(over, false)
  client.close()
  assert.equal(await done, undefined)
  const again = await new Promise<Error | undefined>((resolve) => wss.close(resolve))
  assert.equal(again?.message, 'The server is not running')
})

test('close with noServer waits for tracked clients and refuses new ones with 503', async () => {
  const server = await httpServer()
  const wss = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => wss.handleUpgrade(request, socket, head, () => {}))
  const client = clientOf(server)
  await once(client, 'open')
  const over = once(wss, 'close')
  wss.close()
  const late = clientOf(server)
  const [, response] = await once(late, 'unexpected-response')
  assert.equal(response.statusCode, 503)
  late.terminate()
  client.close()
  await over
  const untracked = new WebSocketServer({ noServer: true, clientTracking: false })
  await new Promise<void>((resolve) => untracked.close(() => resolve()))
})
