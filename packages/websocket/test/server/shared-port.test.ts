import assert from 'node:assert/strict'
import { Agent, createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import { createServer as createHttpsServer, get as httpsGet } from 'node:https'
import { describe, it } from 'node:test'
import { type TLSSocket, connect as tlsConnect } from 'node:tls'
import { buildFrame, byteByByte, RawPeer, readHead, requestBytes } from '@tautline/testkit'
import { createServer, type Socket } from '../../src/mod.ts'
import { until } from '../wire.ts'
import { answer, ask, certificate, echo, fetchPage, later, open, portOf, Raw, serve } from './open.ts'

/** A small site: it says what it was asked, and how much body came. */
function site(): HttpServer {
  const http = createHttpServer((request, response) => {
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
    })
    request.on('end', () => response.end(`${request.method} ${request.url} ${size}`))
  })
  later(() => {
    http.closeAllConnections()
    return http.listening ? new Promise((resolve) => http.close(resolve)) : undefined
  })
  return http
}

describe('pages and WebSockets on one port', () => {
  it('get what they ask for, each', async () => {
    const server = await serve({ port: 0, http: site() })
    const port = portOf(server)
    assert.deepEqual((await fetchPage(port, '/page?x=1')).text, 'GET /page?x=1 0')
    const raw = await open(port)
    await raw.send({ opcode: 1, payload: 'ws' })
    assert.deepEqual(await raw.expect(1), ['1 ws'])
    assert.equal((await fetchPage(port, '/again')).text, 'GET /again 0')
  })

  it('post bodies of any size, in one segment with the head or not', async () => {
    const port = portOf(await serve({ port: 0, http: site() }))
    for (const size of [0, 1, 1000, 70_000, 3_000_000]) {
      assert.equal((await fetchPage(port, '/form', undefined, 'x'.repeat(size))).text, `POST /form ${size}`)
    }
    const peer = await RawPeer.connect(port)
    later(() => peer.destroy())
    const head = 'POST /split HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\n'
    await peer.writeSplit(byteByByte(Buffer.from(`${head}twelve bytes`)))
    assert.match((await answer(peer)).line, / 200 /)
    assert.ok(await peer.until(() => peer.received.includes('POST /split 12')))
  })

  it('pipelined requests are all answered, in order', async () => {
    const port = portOf(await serve({ port: 0, http: site() }))
    const peer = await RawPeer.connect(port)
    later(() => peer.destroy())
    await peer.write(
      Buffer.from(['/one', '/two', '/three'].map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join('')),
    )
    assert.ok(await peer.until(() => peer.received.includes('GET /three 0')))
    const order = ['GET /one', 'GET /two', 'GET /three'].map((text) => peer.received.indexOf(text))
    assert.deepEqual(
      order,
      [...order].sort((a, b) => a - b),
    )
  })

  it('a kept connection may become a WebSocket later', async () => {
    const server = await serve({ port: 0, http: site() })
    const peer = await RawPeer.connect(portOf(server))
    later(() => peer.destroy())
    await peer.write(Buffer.from('GET /page HTTP/1.1\r\nHost: x\r\n\r\n'))
    assert.ok(await peer.until(() => peer.received.includes('GET /page 0')))
    peer.take()
    await peer.write(Buffer.concat([requestBytes(), buildFrame({ opcode: 1, payload: 'late', mask: true })]))
    const head = await answer(peer)
    assert.match(head.line, / 101 /)
    const raw = new Raw(peer, head)
    await raw.send({ opcode: 1, payload: 'r' })
    assert.deepEqual(await raw.expect(2), ['1 late', '1 r'])
    assert.equal(server.sockets.size, 1)
  })

  it('keep-alive works for pages', async () => {
    const http = site()
    let connections = 0
    http.on('connection', () => connections++)
    const port = portOf(await serve({ port: 0, http }))
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    later(() => agent.destroy())
    for (let i = 0; i < 5; i++) assert.equal((await fetchPage(port, `/${i}`, agent)).text, `GET /${i} 0`)
    assert.equal(connections, 1)
  })

  it('without an http server a page is answered 426', async () => {
    const port = portOf(await serve())
    const page = await fetchPage(port)
    assert.equal(page.status, 426)
    assert.equal(page.message.headers.upgrade, 'websocket')
    assert.equal(page.message.headers['sec-websocket-version'], '13')
  })

  it('a bad WebSocket request is refused by us, not served as a page', async () => {
    const port = portOf(await serve({ port: 0, http: site(), path: '/ws' }))
    assert.match((await ask(port, { target: '/elsewhere' })).head.line, / 404 /)
    assert.match((await ask(port, { target: '/ws', set: { 'Sec-WebSocket-Version': '12' } })).head.line, / 426 /)
  })
})

describe('attached to an http.Server', () => {
  it('takes its upgrades; pages stay its own', async () => {
    const http = site()
    await new Promise<void>((resolve) => http.listen(0, resolve))
    const server = await serve({ server: http, path: '/ws' })
    const raw = await open(portOf(http), { target: '/ws?x' })
    await raw.send({ opcode: 1, payload: 'attached' })
    assert.deepEqual(await raw.expect(1), ['1 attached'])
    assert.equal((await fetchPage(portOf(http), '/page')).text, 'GET /page 0')
    assert.match((await ask(portOf(http), { target: '/other' })).head.line, / 404 /)
    assert.deepEqual(server.address(), http.address())
    await server.close()
    assert.equal(http.listening, true, 'closing the WebSocket server leaves the http server alone')
    assert.equal(http.listenerCount('upgrade'), 0)
  })

  it('two servers share it by path', async () => {
    const http = site()
    await new Promise<void>((resolve) => http.listen(0, resolve))
    for (const path of ['/a', '/b']) await serve({ server: http, path }, (socket) => socket.send(path))
    for (const path of ['/a', '/b'])
      assert.deepEqual(await (await open(portOf(http), { target: path })).expect(1), [`1 ${path}`])
  })

  it('takes frames that came with the request', async () => {
    const http = site()
    await new Promise<void>((resolve) => http.listen(0, resolve))
    await serve({ server: http })
    const raw = await open(portOf(http), {}, buildFrame({ opcode: 1, payload: 'early', mask: true }))
    assert.deepEqual(await raw.expect(1), ['1 early'])
  })
})

describe('noServer', () => {
  it('takes upgrades by hand, and a callback for one of them', async () => {
    const http = site()
    await new Promise<void>((resolve) => http.listen(0, resolve))
    const server = await serve({ noServer: true })
    http.on('upgrade', (request, stream, head) => {
      if (request.url === '/own') server.handleUpgrade(request, stream, head, (socket) => socket.send('own'))
      else server.handleUpgrade(request, stream, head)
    })
    assert.equal(server.address(), null)
    assert.deepEqual(await (await open(portOf(http), { target: '/own' })).expect(1), ['1 own'])
    const raw = await open(portOf(http))
    await raw.send({ opcode: 2, payload: 'e' })
    assert.deepEqual(await raw.expect(1), ['2 e'])
  })

  it('leaves nothing behind when the peer is gone before handleUpgrade', async () => {
    const http = site()
    await new Promise<void>((resolve) => http.listen(0, resolve))
    const server = await serve({ noServer: true })
    let late: (() => void) | undefined
    let came = false
    http.on('upgrade', (request, stream, head) => {
      came = true
      stream.on('error', () => undefined)
      stream.resume()
      stream.on('close', () => {
        late = (): void => server.handleUpgrade(request, stream, head)
      })
    })
    const peer = await RawPeer.connect(portOf(http))
    await peer.write(requestBytes())
    await until(() => came, 'come')
    peer.reset()
    await until(() => late !== undefined, 'closed')
    late?.()
    assert.equal(server.sockets.size, 0)
  })
})

const pair = certificate()
const skip = typeof pair === 'string' ? pair : false
const material = typeof pair === 'string' ? { key: Buffer.alloc(0), cert: Buffer.alloc(0) } : pair

/** A WebSocket over TLS by hand: writes the request and a frame, and waits for the echo. */
function overTls(port: number, ca: Buffer | string): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({ port, host: '127.0.0.1', ca, checkServerIdentity: () => undefined })
    later(() => socket.destroy())
    const chunks: Buffer[] = []
    socket.once('error', reject)
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      const all = Buffer.concat(chunks)
      const head = readHead(all)
      if (head !== null && all.subarray(head.end).includes('over tls')) resolve(socket)
    })
    socket.write(Buffer.concat([requestBytes(), buildFrame({ opcode: 1, payload: 'over tls', mask: true })]))
  })
}

describe('TLS', { skip }, () => {
  it('carries WebSockets, and pages on the same port', async () => {
    const opened: boolean[] = []
    const server = await serve({ port: 0, tls: material, http: site() }, (socket, { secure }) => {
      opened.push(secure)
      echo(socket)
    })
    const port = portOf(server)
    await overTls(port, material.cert)
    assert.deepEqual(opened, [true])
    const text = await new Promise<string>((resolve, reject) => {
      const options = {
        port,
        host: '127.0.0.1',
        ca: material.cert,
        agent: false as const,
        checkServerIdentity: () => undefined,
        path: '/tls',
      }
      httpsGet(options, (message) => {
        let all = ''
        message.on('data', (chunk: Buffer) => {
          all += chunk
        })
        message.on('end', () => resolve(all))
      }).on('error', reject)
    })
    assert.equal(text, 'GET /tls 0')
  })

  it('takes new certificates without dropping who is connected', async () => {
    const server = await serve({ port: 0, tls: material })
    const port = portOf(server)
    const before = await overTls(port, material.cert)
    const other = certificate()
    assert.ok(typeof other !== 'string')
    server.reloadTls(other)
    const behind = await overTls(port, other.cert)
    assert.ok(
      !behind.getPeerCertificate().raw.equals(before.getPeerCertificate().raw) || other.cert.equals(material.cert),
    )
    before.write(buildFrame({ opcode: 1, payload: 'still over tls', mask: true }))
    assert.ok(
      await new Promise((resolve) => before.on('data', (chunk: Buffer) => chunk.includes('still') && resolve(true))),
    )
    assert.throws(() => server.reloadTls({ cert: 'nonsense', key: 'nonsense' }))
    await overTls(port, other.cert)
    assert.throws(() => createServer({ noServer: true }, () => undefined).reloadTls({}), { code: 'TAUTLINE_NO_TLS' })
  })

  it('does not wait for ever for a peer that says nothing', async () => {
    const server = await serve({ port: 0, tls: material, handshakeTimeout: 150 })
    const peer = await RawPeer.connect(portOf(server))
    later(() => peer.destroy())
    assert.notEqual(await peer.untilEnd(3000), 'open')
  })

  it('closes on a peer that does not speak it', async () => {
    const server = await serve({ port: 0, tls: material })
    const peer = await RawPeer.connect(portOf(server))
    later(() => peer.destroy())
    await peer.write(requestBytes())
    assert.notEqual(await peer.untilEnd(3000), 'open')
    await overTls(portOf(server), material.cert)
  })

  it('may be that of an https.Server we are attached to', async () => {
    const https = createHttpsServer(material)
    later(() => new Promise((resolve) => https.close(resolve)))
    await new Promise<void>((resolve) => https.listen(0, resolve))
    const sockets: Socket[] = []
    const server = await serve({ server: https }, (socket, request) => {
      assert.equal(request.secure, true)
      sockets.push(socket)
      echo(socket)
    })
    const raw = await overTls(portOf(https), material.cert)
    assert.equal(server.sockets.size, 1)
    raw.destroy()
    https.closeAllConnections()
  })
})
