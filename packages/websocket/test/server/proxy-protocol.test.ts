import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type Socket as NetSocket, connect as netConnect } from 'node:net'
import { describe, it } from 'node:test'
import { connect as tlsConnect } from 'node:tls'
import { RawPeer, readHead, requestBytes } from '@tautline/testkit'
import { turn } from '../wire.ts'
import { answer, certificate, later, portOf, serve } from './open.ts'

const LINE = 'PROXY TCP4 192.0.2.7 192.0.2.9 56324 443\r\n'
const HERE = { port: 0, host: '127.0.0.1' }
const all = (): boolean => true

/** A server that tells where its connections come from. */
async function told(options: Parameters<typeof serve>[0] = {}): Promise<{ port: number; seen: string[] }> {
  const seen: string[] = []
  const server = await serve({ ...HERE, proxyProtocol: all, ...options }, (socket, request) => {
    assert.equal(request.remoteAddress, socket.remoteAddress)
    seen.push(`${request.remoteAddress} ${socket.remotePort} ${request.secure}`)
  })
  return { port: portOf(server), seen }
}

async function says(port: number, ...pieces: readonly (string | Uint8Array)[]): Promise<RawPeer> {
  const peer = await RawPeer.connect(port)
  later(() => peer.destroy())
  for (const piece of pieces) {
    await peer.write(Buffer.from(piece as string))
    await turn()
  }
  return peer
}

describe('the PROXY protocol on a port of our own', () => {
  it('says whose connection it is, with the request in the same chunk or in many', async () => {
    const { port, seen } = await told()
    const request = requestBytes({})
    assert.match((await answer(await says(port, Buffer.concat([Buffer.from(LINE), request])))).line, / 101 /)
    assert.match((await answer(await says(port, LINE.slice(0, 9), LINE.slice(9), request))).line, / 101 /)
    assert.match((await answer(await says(port, ...Array.from(LINE), request))).line, / 101 /)
    assert.deepEqual(seen, ['192.0.2.7 56324 false', '192.0.2.7 56324 false', '192.0.2.7 56324 false'])
  })

  it('leaves a proxy its own address where it speaks for itself', async () => {
    const { port, seen } = await told()
    const local = Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex')
    assert.match((await answer(await says(port, local, requestBytes({})))).line, / 101 /)
    assert.match((await answer(await says(port, 'PROXY UNKNOWN\r\n', requestBytes({})))).line, / 101 /)
    assert.ok(seen.every((one) => one.startsWith('127.0.0.1 ')) && seen.length === 2, `${seen}`)
  })

  it('is expected of listed proxies only, and refused from everybody else', async () => {
    const { port, seen } = await told({ proxyProtocol: (address) => address === '127.0.0.2' })
    assert.match((await answer(await says(port, LINE, requestBytes({})))).line, / 400 /)
    assert.match((await answer(await says(port, requestBytes({})))).line, / 101 /)
    assert.deepEqual(seen.length, 1)
  })

  it('cuts whoever sends something else, or nothing, without an answer', async () => {
    const { port, seen } = await told({ handshakeTimeout: 150 })
    for (const pieces of [[requestBytes({})], ['PROXY TCP4 1.2.3.4\r\n'], ['PROXY TC'], []]) {
      const peer = await says(port, ...pieces)
      assert.ok(await peer.until(() => peer.ending !== 'open', 5_000), `${pieces}`)
      assert.equal(peer.received.length, 0)
    }
    assert.deepEqual(seen, [])
  })

  it('holds for pages that share the port', async () => {
    const http = createHttpServer((request, response) => response.end(`you are ${request.socket.remoteAddress}`))
    later(() => http.closeAllConnections())
    const { port } = await told({ http })
    const peer = await says(port, `${LINE}GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`)
    assert.ok(await peer.until(() => peer.received.includes('you are 192.0.2.7')), peer.received.toString())
  })

  it('stands ahead of TLS', async (t) => {
    const own = certificate()
    if (typeof own === 'string') return t.skip(own)
    const failed: (string | undefined)[] = []
    const listed = (address: string | undefined): boolean => address === '127.0.0.1'
    const { port, seen } = await told({ tls: own, proxyProtocol: listed, onTlsFailed: (from) => failed.push(from) })
    for (const together of [true, false]) {
      const head = await overTls(port, LINE, together)
      assert.match(head, /^HTTP\/1.1 101 /)
    }
    const direct = netConnect({ port, host: '127.0.0.1', localAddress: '127.0.0.3' })
    assert.match(await overTls(direct, '', false), /^HTTP\/1.1 101 /)
    assert.deepEqual(seen.slice(0, 2), ['192.0.2.7 56324 true', '192.0.2.7 56324 true'])
    assert.match(seen[2] ?? '', /^127\.0\.0\.3 \d+ true$/)
    // And what speaks no TLS behind the header is cut.
    const peer = await says(port, LINE, requestBytes({}))
    assert.ok(await peer.until(() => peer.ending !== 'open', 5_000))
    assert.deepEqual(failed, ['192.0.2.7'])
  })
})

/** The head of the answer to a request over TLS, behind a line in the clear. */
async function overTls(to: number | NetSocket, line: string, together: boolean): Promise<string> {
  const raw = typeof to === 'number' ? netConnect({ port: to, host: '127.0.0.1' }) : to
  await once(raw, 'connect')
  if (line !== '') {
    // Corked, the line and the first record of TLS are one segment.
    if (together) raw.cork()
    raw.write(line)
    if (!together) await turn()
  }
  const stream = tlsConnect({ socket: raw, rejectUnauthorized: false })
  if (together) process.nextTick(() => raw.uncork())
  later(() => stream.destroy())
  await once(stream, 'secureConnect')
  stream.write(requestBytes({}))
  let received = Buffer.alloc(0)
  for await (const chunk of stream) {
    received = Buffer.concat([received, chunk as Buffer])
    if (readHead(received) !== null) break
  }
  return received.toString('latin1')
}

describe('the gate of a server', () => {
  it('is asked before anything is judged, and its refusal is answered', async () => {
    const refused: string[] = []
    const busy = { id: 'busy', status: 503, section: 'mine', text: 'Later.', headers: ['Retry-After', '7'] }
    const server = await serve({
      ...HERE,
      path: '/ws',
      gate: { admit: ({ headers }) => (headers.get('x-late') === undefined ? undefined : busy) },
      onRefused: (refusal, address, _cause, headers) =>
        refused.push(`${refusal.id} ${address} ${headers?.get('x-late')}`),
    })
    const late = await says(portOf(server), requestBytes({ target: '/other', fields: [['X-Late', '1']] }))
    const head = await answer(late)
    assert.match(head.line, / 503 /)
    assert.equal(head.all('retry-after')[0], '7')
    assert.match((await answer(await says(portOf(server), requestBytes({ target: '/other' })))).line, / 404 /)
    assert.match((await answer(await says(portOf(server), requestBytes({ target: '/ws' })))).line, / 101 /)
    assert.deepEqual(refused, ['busy 127.0.0.1 1', 'not-found 127.0.0.1 undefined'])
  })

  it('hears of each handshake that it let begin, once, whichever way it ended', async () => {
    const heard: string[] = []
    let open = true
    const server = await serve({
      ...HERE,
      handshakeTimeout: 200,
      gate: { accept: () => open, settled: (address) => heard.push(String(address)) },
    })
    const port = portOf(server)
    await answer(await says(port, requestBytes({})))
    await answer(await says(port, 'nonsense\r\n\r\n'))
    const silent = await says(port)
    const half = await says(port, 'GET / HT')
    await half.destroy()
    assert.ok(await silent.until(() => silent.received.includes(' 408 ')))
    open = false
    const cut = await says(port)
    assert.ok(await cut.until(() => cut.ending !== 'open'))
    assert.deepEqual(heard, ['127.0.0.1', '127.0.0.1', '127.0.0.1', '127.0.0.1'])
  })

  it('that throws refuses with 500', async () => {
    const gate = {
      admit: () => {
        throw new Error('mine')
      },
    }
    const server = await serve({ ...HERE, gate })
    assert.match((await answer(await says(portOf(server), requestBytes({})))).line, / 500 /)
  })
})

describe('a port that is full', () => {
  it('cuts more connections than maxAccepted as they come, and says so', async () => {
    const dropped: unknown[] = []
    const server = await serve({ ...HERE, maxAccepted: 2, onDropped: (address) => dropped.push(address) })
    await answer(await says(portOf(server), requestBytes({})))
    const second = await says(portOf(server))
    const third = await says(portOf(server), requestBytes({}))
    assert.ok(await third.until(() => third.ending !== 'open'))
    assert.deepEqual(dropped, ['127.0.0.1'])
    await second.destroy()
  })
})

describe('a crowd of handshakes', () => {
  it('is served in slices, so that others have their turn between them, and all in the end', async () => {
    const server = await serve({ ...HERE })
    const port = portOf(server)
    let turns = 0
    let counting = true
    const count = (): void => {
      turns++
      if (counting) setImmediate(count)
    }
    const peers = await Promise.all(Array.from({ length: 400 }, () => RawPeer.connect(port)))
    for (const peer of peers) later(() => peer.destroy())
    // All requests are there before the server reads the first one.
    for (const peer of peers) peer.socket.write(requestBytes({}))
    const until = performance.now() + 20
    while (performance.now() < until);
    setImmediate(count)
    const answers = await Promise.all(peers.map((peer) => answer(peer)))
    counting = false
    assert.ok(answers.every(({ line }) => line.includes(' 101 ')))
    assert.ok(turns >= 5, `${turns} turns of the loop`)
    assert.equal(server.sockets.size, 400)
  })

  it('that goes away, or is met by the end of the server, leaves nothing', async () => {
    const server = await serve({ ...HERE })
    const port = portOf(server)
    const peers = await Promise.all(Array.from({ length: 300 }, () => RawPeer.connect(port)))
    for (const peer of peers) later(() => peer.destroy())
    for (const peer of peers) peer.socket.write(requestBytes({}))
    const until = performance.now() + 20
    while (performance.now() < until);
    await turn()
    peers.slice(0, 100).forEach((peer) => void peer.reset())
    await server.close()
    assert.equal(server.sockets.size, 0)
  })
})
