import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { closePayload, handlesReturnTo, openHandles, RawPeer } from '@tautline/testkit'
import { createServer, prepare, type Refusal, type Socket } from '../../src/mod.ts'
import { listenTo, until } from '../wire.ts'
import { answer, ask, later, open, portOf, serve } from './open.ts'

describe('a server on its own port', () => {
  it('opens, echoes, answers pings, and closes cleanly', async () => {
    const heard: string[] = []
    const server = await serve({ port: 0 }, (socket, request) => {
      listenTo(socket, heard)
      heard.push(`open ${request.path} ${request.headers.get('x-who')} ${request.secure}`)
      socket.onmessage = (data) => {
        socket.send(data)
      }
    })
    const raw = await open(portOf(server), { target: '/chat?room=1', fields: [['X-Who', 'me']] })
    await raw.send({ opcode: 1, payload: 'hello' }, { opcode: 9, payload: 'p' })
    assert.deepEqual(await raw.expect(2), ['1 hello', '10 p'])
    assert.equal(server.sockets.size, 1)
    await raw.send({ opcode: 8, payload: closePayload(1000, 'bye') })
    assert.equal(await raw.peer.untilEnd(), 'eof')
    assert.equal(raw.frames[2], '8 1000 bye')
    raw.peer.end()
    await until(() => server.sockets.size === 0, 'forgotten')
    assert.deepEqual(heard, ['open /chat me false', 'ping p', 'close 1000 bye clean'])
  })

  it('takes frames that came in one segment with the request', async () => {
    const server = await serve()
    const frame = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69])
    const raw = await open(portOf(server), {}, frame)
    assert.deepEqual(await raw.expect(1), ['1 hi'])
  })

  it('writes what it said in onConnection behind the 101', async () => {
    const server = await serve({ port: 0 }, (socket) => {
      socket.send('welcome')
      socket.send(Buffer.alloc(100_000))
    })
    const raw = await open(portOf(server))
    assert.equal((await raw.expect(2))[0], '1 welcome')
  })

  it('lets the application close, terminate or pause in onConnection', async () => {
    const server = await serve({ port: 0 }, (socket, { path }) => {
      if (path === '/close') socket.close(4001, 'no')
      else if (path === '/terminate') socket.terminate()
      else {
        socket.pause()
        socket.onmessage = (data) => {
          socket.send(data)
        }
        setImmediate(() => socket.resume())
      }
    })
    const port = portOf(server)
    assert.deepEqual(await (await open(port, { target: '/close' })).expect(1), ['8 4001 no'])
    const peer = await RawPeer.connect(port)
    later(() => peer.destroy())
    await peer.write((await import('@tautline/testkit')).requestBytes({ target: '/terminate' }))
    assert.notEqual(await peer.untilEnd(), 'open')
    const paused = await open(port, { target: '/pause' }, Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0x78]))
    assert.deepEqual(await paused.expect(1), ['1 x'])
    await until(() => server.sockets.size <= 2, 'terminated')
  })

  it('broadcasts to everybody, one fragmenting socket included or not', async () => {
    const server = await serve()
    const raws = await Promise.all([1, 2, 3].map(() => open(portOf(server))))
    const [first] = server.sockets
    ;(first as Socket).send('begun', { fin: false })
    assert.equal(server.broadcast('all'), 2)
    ;(first as Socket).send(' ended')
    assert.equal(server.broadcast(prepare(Buffer.from('again'))), 3)
    await Promise.all(raws.map((raw) => raw.expect(2)))
    const all = raws.map((raw) => raw.frames.join(', ')).sort()
    assert.deepEqual(all, ['1 all, 2 again', '1 all, 2 again', '1 begun, 0  ended, 2 again'].sort())
  })
})

describe('the heartbeat', () => {
  it('finds a dead peer behind interval and timeout', async () => {
    const heard: string[] = []
    const server = await serve({ port: 0, heartbeat: { interval: 200, timeout: 200 } }, (socket) =>
      listenTo(socket, heard),
    )
    const start = performance.now()
    const raw = await open(portOf(server))
    await raw.expect(1)
    assert.deepEqual(raw.frames, ['9 '])
    assert.notEqual(await raw.peer.untilEnd(), 'open')
    const took = performance.now() - start
    assert.ok(took > 390, `${took} ms`)
    await until(() => server.sockets.size === 0, 'gone')
    assert.deepEqual(heard, ['error TAUTLINE_HEARTBEAT', 'close 1006 '])
  })

  it('leaves a peer alone that answers', async () => {
    // An answer within 1.5 s is what any machine manages; the rest is told on a virtual clock in socket.test.ts.
    const server = await serve({ port: 0, heartbeat: { interval: 100, timeout: 1500 } }, () => undefined)
    const raw = await open(portOf(server))
    await raw.expect(1)
    await raw.send({ opcode: 10 })
    // The second ping comes behind the first one's timeout.
    assert.deepEqual(await raw.expect(2, 10_000), ['9 ', '9 '])
    assert.equal(raw.peer.ending, 'open')
  })
})

describe('timeouts', () => {
  it('answer half a request with 408', async () => {
    const refused: Refusal[] = []
    const server = await serve({ port: 0, handshakeTimeout: 150, onRefused: (refusal) => refused.push(refusal) })
    for (const begun of ['', 'GET / HTTP/1.1\r\nHost: x\r\n']) {
      const peer = await RawPeer.connect(portOf(server))
      later(() => peer.destroy())
      await peer.write(Buffer.from(begun))
      assert.match((await answer(peer)).line, /^HTTP\/1.1 408 /)
      assert.equal(await peer.untilEnd(), 'eof')
    }
    assert.deepEqual(
      refused.map(({ id }) => id),
      ['handshake-timeout', 'handshake-timeout'],
    )
  })

  it('answer a request that trickles with 408 as well', async () => {
    const server = await serve({ port: 0, handshakeTimeout: 200 })
    const peer = await RawPeer.connect(portOf(server))
    later(() => peer.destroy())
    const timer = setInterval(() => void peer.write(Buffer.from('G')), 20)
    try {
      await peer.write(Buffer.from('GET /'))
      assert.match((await answer(peer)).line, /^HTTP\/1.1 408 /)
    } finally {
      clearInterval(timer)
    }
  })

  it('cut a connection whose peer does not answer our Close', async () => {
    const heard: string[] = []
    const server = await serve({ port: 0, closeTimeout: 150 }, (socket) => {
      listenTo(socket, heard)
      socket.close(1000)
    })
    const raw = await open(portOf(server))
    assert.notEqual(await raw.peer.untilEnd(), 'open')
    await until(() => server.sockets.size === 0, 'gone')
    assert.deepEqual(heard, ['close 1006 '])
  })

  it('cut a connection whose peer never closes TCP behind the closing handshake: that is clean', async () => {
    const heard: string[] = []
    const server = await serve({ port: 0, closeTimeout: 150 }, (socket) => listenTo(socket, heard))
    const raw = await open(portOf(server))
    await raw.send({ opcode: 8 })
    assert.equal(await raw.peer.untilEnd(), 'eof')
    await until(() => server.sockets.size === 0, 'gone')
    assert.deepEqual(heard, ['close 1005  clean'])
  })
})

describe('limits', () => {
  it('answer one connection too many with 503 and Retry-After, and take the next when one is gone', async () => {
    const server = await serve({ port: 0, maxConnections: 2 })
    const port = portOf(server)
    const [first] = await Promise.all([open(port), open(port)])
    const { head, peer } = await ask(port)
    assert.match(head.line, /^HTTP\/1.1 503 /)
    assert.deepEqual(head.all('retry-after'), ['5'])
    assert.deepEqual(head.all('connection'), ['close'])
    assert.equal(await peer.untilEnd(), 'eof')
    first.peer.reset()
    await until(() => server.sockets.size === 1, 'gone')
    await open(port)
  })

  it('cut connections above maxHandshakes', async () => {
    const server = await serve({ port: 0, maxHandshakes: 2 })
    const peers = await Promise.all([1, 2, 3].map(() => RawPeer.connect(portOf(server))))
    for (const peer of peers) later(() => peer.destroy())
    const one = await Promise.race(peers.map(async (peer) => ((await peer.untilEnd(1000)) === 'open' ? null : peer)))
    assert.ok(one !== null)
    assert.equal(peers.filter((peer) => peer.ending === 'open').length, 2)
  })

  it('fail what is larger than maxPayload with 1009 before it came', async () => {
    const server = await serve({ port: 0, maxPayload: 1000 })
    const raw = await open(portOf(server))
    await raw.send({ opcode: 2, declared: 1001 })
    assert.match((await raw.expect(1))[0] ?? '', /^8 1009 /)
    assert.equal(await raw.peer.untilEnd(), 'eof')
  })
})

describe('server.close()', () => {
  it('sends 1001 to everyone, waits for their answers, and frees the port', async () => {
    const server = await serve()
    const port = portOf(server)
    const raws = await Promise.all([1, 2].map(() => open(port)))
    const half = await RawPeer.connect(port)
    later(() => half.destroy())
    await half.write(Buffer.from('GET / HTTP/1.1\r\n'))
    await until(() => server.sockets.size === 2, 'open')
    const closed = server.close()
    for (const raw of raws) {
      assert.match((await raw.expect(1))[0] ?? '', /^8 1001 /)
      await raw.send({ opcode: 8, payload: closePayload(1001) })
      assert.equal(await raw.peer.untilEnd(), 'eof')
      raw.peer.end()
    }
    assert.match((await answer(half)).line, / 503 /)
    half.end()
    await closed
    assert.equal(server.address(), null)
    assert.equal(server.sockets.size, 0)
    await assert.rejects(RawPeer.connect(port))
    assert.equal(server.close(), server.close(), 'a second call is the first one')
  })

  it('cuts who does not answer after closeTimeout', async () => {
    const server = await serve({ port: 0, closeTimeout: 100 })
    const raw = await open(portOf(server))
    await server.close()
    assert.notEqual(await raw.peer.untilEnd(), 'open')
  })

  it('before it listens leaves nothing open', async () => {
    const before = openHandles()
    const server = createServer({ port: 0, host: 'localhost' }, () => undefined)
    await server.close()
    assert.equal(server.address(), null)
    // The name is looked up meanwhile; what it would listen with is a handle, too.
    await handlesReturnTo(before)
    assert.equal(server.address(), null)
  })
})

describe('a port that cannot be had', () => {
  it('rejects listening', async () => {
    const server = await serve()
    const second = createServer({ port: portOf(server) }, () => undefined)
    await assert.rejects(second.listening, { code: 'EADDRINUSE' })
    await second.close()
  })
})

describe('options', () => {
  it('that make no sense are refused by name', () => {
    const make = (options: object) => () => createServer(options as { port: number }, () => undefined)
    assert.throws(make({}), TypeError)
    assert.throws(make({ port: 0, noServer: true }), TypeError)
    assert.throws(make({ noServer: true, tls: {} }), TypeError)
    for (const [name, value] of [
      ['maxPayload', -1],
      ['maxPayload', 1.5],
      ['closeTimeout', Number.NaN],
      ['maxFragments', -5],
    ] as const) {
      assert.throws(make({ noServer: true, [name]: value }), new RegExp(name))
    }
    assert.throws(make({ noServer: true, maxPayload: '1' }), TypeError)
    assert.throws(make({ noServer: true, heartbeat: { interval: -1 } }), /heartbeat.interval/)
  })
})
