// Through an HTTP proxy by CONNECT: http: and https: proxies, ws: and wss: targets, and proxies that misbehave.

import assert from 'node:assert/strict'
import { connect as connectTcp, createServer as createTcpServer, type Socket as NetSocket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { readHead } from '@tautline/testkit'
import { connect, type HandshakeError } from '@tautline/websocket'
import { type Certificate, echo, failsWith, listening, nextMessage, selfSigned, serve } from './peers.ts'

interface Proxy {
  readonly port: number
  /** First lines and Proxy-Authorization of what was asked. */
  readonly asked: {
    readonly line: string
    readonly authorization: string | undefined
    readonly host: string | undefined
  }[]
}

/** A proxy that connects to whatever it is asked for, or answers `answer` instead. */
async function proxy(t: TestContext, answer?: string, tls?: Certificate): Promise<Proxy> {
  const asked: Proxy['asked'] = []
  const onConnection = (client: NetSocket): void => {
    let received = Buffer.alloc(0)
    client.on('error', () => {})
    t.after(() => client.destroy())
    client.on('data', function read(chunk: Buffer) {
      received = Buffer.concat([received, chunk])
      const head = readHead(received)
      if (head === null) return
      client.off('data', read)
      asked.push({ line: head.line, authorization: head.all('proxy-authorization')[0], host: head.all('host')[0] })
      if (answer !== undefined) return client.write(answer)
      const [, authority = ''] = head.line.split(' ')
      const server = connectTcp(Number(authority.slice(authority.lastIndexOf(':') + 1)), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection established\r\nVia: 1.1 test\r\n\r\n')
        client.pipe(server).pipe(client)
      })
      server.on('error', () => client.destroy())
      return undefined
    })
  }
  const server = tls === undefined ? createTcpServer(onConnection) : createTlsServer({ ...tls }, onConnection)
  return { port: await listening(t, server), asked }
}

test('a ws: server is reached through a proxy', async (t) => {
  const { port, url } = await serve(t, echo)
  const way = await proxy(t)
  const socket = await connect(`${url}/path`, { proxy: `http://127.0.0.1:${way.port}` })
  socket.send('through')
  assert.equal(await nextMessage(socket), 'through')
  assert.deepEqual(way.asked, [
    { line: `CONNECT 127.0.0.1:${port} HTTP/1.1`, authorization: undefined, host: `127.0.0.1:${port}` },
  ])
  socket.terminate()
})

test("the proxy's user is sent to the proxy alone, the URL's user to the server alone", async (t) => {
  const seen: (string | undefined)[] = []
  const { port } = await serve(t, (_socket, request) => {
    seen.push(request.headers.get('authorization'), request.headers.get('proxy-authorization'))
  })
  const way = await proxy(t)
  const socket = await connect(`ws://me:mine@127.0.0.1:${port}`, { proxy: `http://px:py@127.0.0.1:${way.port}` })
  socket.terminate()
  assert.equal(way.asked[0]?.authorization, `Basic ${btoa('px:py')}`)
  assert.deepEqual(seen, [`Basic ${btoa('me:mine')}`, undefined])
})

test('a wss: server is reached through http: and https: proxies, TLS within TLS', async (t) => {
  const tls = selfSigned()
  if (typeof tls === 'string') return t.skip(tls)
  const { server } = await serve(t, echo, { tls })
  const url = `wss://localhost:${server.address()?.port}`
  for (const scheme of ['http', 'https']) {
    const way = await proxy(t, undefined, scheme === 'https' ? tls : undefined)
    const socket = await connect(url, {
      proxy: `${scheme}://127.0.0.1:${way.port}`,
      proxyTls: { ca: tls.cert },
      tls: { ca: tls.cert },
    })
    socket.send('x'.repeat(200_000))
    assert.equal((await nextMessage(socket)).length, 200_000)
    assert.equal(way.asked[0]?.line, `CONNECT localhost:${server.address()?.port} HTTP/1.1`)
    socket.terminate()
  }
})

test('a ws: server is reached through an https: proxy', async (t) => {
  const tls = selfSigned()
  if (typeof tls === 'string') return t.skip(tls)
  const { url } = await serve(t, echo)
  const way = await proxy(t, undefined, tls)
  const socket = await connect(url, { proxy: `https://127.0.0.1:${way.port}`, proxyTls: { ca: tls.cert } })
  socket.send('x')
  assert.equal(await nextMessage(socket), 'x')
  socket.terminate()
})

for (const [status, words] of [
  [407, /credentials for the proxy/],
  [403, /forbids/],
  [502, /gateway/],
] as const) {
  test(`a proxy that answers ${status} fails with that status`, async (t) => {
    const way = await proxy(t, `HTTP/1.1 ${status} EVIL\r\nContent-Length: 4\r\n\r\nEVIL`)
    const attempt = connect('ws://127.0.0.1:1/secret', { proxy: `http://127.0.0.1:${way.port}` })
    await assert.rejects(attempt, (error: HandshakeError) => {
      assert.match(error.message, words)
      assert.doesNotMatch(error.message, /EVIL|secret/)
      return failsWith('TAUTLINE_HANDSHAKE_PROXY_STATUS', status)(error)
    })
  })
}

test('a proxy that speaks no HTTP fails', async (t) => {
  const way = await proxy(t, 'SSH-2.0-OpenSSH_9.2\r\n\r\n')
  const attempt = connect('ws://127.0.0.1:1', { proxy: `http://127.0.0.1:${way.port}` })
  await assert.rejects(attempt, failsWith('TAUTLINE_HANDSHAKE_PROXY_RESPONSE'))
})

test('bytes of the server before we have spoken are not trusted', async (t) => {
  const way = await proxy(t, 'HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n')
  const attempt = connect('ws://127.0.0.1:1', { proxy: `http://127.0.0.1:${way.port}` })
  await assert.rejects(attempt, failsWith('TAUTLINE_HANDSHAKE_PROXY_EARLY', 200))
})

test('a proxy that closes, refuses or stays silent fails', async (t) => {
  const closing = createTcpServer((socket) =>
    socket
      .on('error', () => {})
      .resume()
      .end(),
  )
  const port = await listening(t, closing)
  const attempt = connect('ws://127.0.0.1:1', { proxy: `http://127.0.0.1:${port}` })
  await assert.rejects(attempt, failsWith('TAUTLINE_HANDSHAKE_PROXY_CLOSED'))
  const refused = connect('ws://127.0.0.1:2', { proxy: 'http://127.0.0.1:1' })
  await assert.rejects(refused, failsWith('TAUTLINE_HANDSHAKE_PROXY_CONNECT'))
  const silent = await proxy(t, '')
  const waiting = connect('ws://127.0.0.1:2', { proxy: `http://127.0.0.1:${silent.port}`, handshakeTimeout: 120 })
  await assert.rejects(waiting, failsWith('TAUTLINE_HANDSHAKE_TIMEOUT'))
})

test('an IPv6 target is asked for in brackets', async (t) => {
  const way = await proxy(t, 'HTTP/1.1 502 X\r\n\r\n')
  await assert.rejects(connect('ws://[::1]:8080', { proxy: `http://127.0.0.1:${way.port}` }))
  assert.equal(way.asked[0]?.line, 'CONNECT [::1]:8080 HTTP/1.1')
  assert.equal(way.asked[0]?.host, '[::1]:8080')
})
