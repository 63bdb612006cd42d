import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { closePayload, RawPeer } from '@tautline/testkit'
import { createServer, prepare, type Refusal, type Socket } from '../../src/mod.ts'
import { listenTo, until } from '../wire.ts'
import { answer, ask, later, open, portOf, serve, sleep } from './open.ts'

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
  it('finds a dead peer within interval and timeout', async () => {
    const heard: string[] = []
    const server = await serve({ port: 0, heartbeat: { interval: 200, timeout: 200 } }, (socket) =>
      listenTo(socket, heard),
    )
    const raw = await open(portOf(server))
    const start = performance.now()
    await raw.expect(1)
    assert.deepEqual(raw.frames, ['9 '])
    await raw.peer.untilEnd()
    const took = performance.now() - start
    assert.ok(took > 300 && took < 1500, `${took} ms`)
    await until(() => server.sockets.size === 0, 'gone')
    assert.deepEqual(heard, ['error TAUTLINE_HEARTBEAT', 'close 1006 '])
  })

  it('leaves a peer alone that answers, and does not ask one that talks', async () => {
    const server = await serve({ port: 0, heartbeat: { interval: 150, timeout: 150 } }, () => undefined)
    const [answering, talking] = await Promise.all([open(portOf(server)), open(portOf(server))])
    const timer = setInterval(() => {
      void talking.send({ opcode: 1, payload: 'x' })
    }, 40)
    let answered = 0
    answering.peer.socket.on('data', () => {
      while (answered < answering.frames.length) {
        answered++
        void answering.send({ opcode: 10 })
      }
    })
    await sleep(1200)
    clearInterval(timer)
    assert.ok(answered >= 2)
    assert.equal(answering.peer.ending, 'open')
    assert.equal(talking.peer.ending, 'open')
    assert.deepEqual(talking.frames, [])
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

describe('the origin policy (RFC 6455 §10.2)', () => {
  const from = (origin: string | undefined): { fields: [string, string][] } => ({
    fields: origin === undefined ? [] : [['Origin', origin]],
  })

  it('takes exact origins of the list, and who is no browser', async () => {
    const server = await serve({ port: 0, origins: ['https://app.example.com'] })
    const port = portOf(server)
    for (const good of [undefined, 'https://app.example.com']) {
      assert.match((await ask(port, from(good))).head.line, / 101 /, `${good}`)
    }
    const bad = [
      'null',
      '',
      'http://app.example.com',
      'https://app.example.com:444',
      'https://app.example.com.evil.com',
      'https://evilapp.example.com',
      'https://app.example.com.',
      'https://user@app.example.com',
      'https://app.example.com/path',
      'https://app.example.com, https://app.example.com',
    ]
    for (const origin of bad) assert.match((await ask(port, from(origin))).head.line, / 403 /, origin)
    const twice = await ask(port, {
      fields: [
        ['Origin', 'https://app.example.com'],
        ['Origin', 'https://app.example.com'],
      ],
    })
    assert.match(twice.head.line, / 403 /)
  })

  it('takes an origin in another spelling of the same: upper case, the default port', async () => {
    const server = await serve({ port: 0, origins: ['https://app.example.com'] })
    for (const same of ['https://APP.example.com', 'https://app.example.com:443']) {
      assert.match((await ask(portOf(server), from(same))).head.line, / 101 /, same)
    }
  })

  it('asks a function, and answers 500 when that throws', async () => {
    const server = await serve({
      port: 0,
      origins: (origin, request) => {
        if (origin === 'https://throws.example') throw new Error('mine')
        return origin === undefined && request.path === '/ok'
      },
    })
    const port = portOf(server)
    assert.match((await ask(port, { target: '/ok' })).head.line, / 101 /)
    assert.match((await ask(port, { target: '/other' })).head.line, / 403 /)
    assert.match((await ask(port, from('https://throws.example'))).head.line, / 500 /)
    assert.match((await ask(port, { target: '/ok' })).head.line, / 101 /)
  })
})

describe('authorize', () => {
  const FORBIDDEN: Refusal = {
    id: 'mine',
    status: 401,
    section: 'mine',
    text: 'Who are you?',
    headers: ['WWW-Authenticate', 'Bearer'],
  }

  it('lets pass, refuses, throws and rejects, at once or later', async () => {
    const server = await serve({
      port: 0,
      authorize: ({ path }) => {
        const act = (): Refusal | undefined => {
          if (path.endsWith('throw')) throw new Error('mine')
          return path.endsWith('no') ? FORBIDDEN : undefined
        }
        return path.startsWith('/later') ? sleep(20).then(act) : act()
      },
    })
    for (const path of ['/', '/later-']) {
      const ok = await open(portOf(server), { target: `${path}ok` })
      await ok.send({ opcode: 1, payload: 'in' })
      assert.deepEqual(await ok.expect(1), ['1 in'])
      const no = await ask(portOf(server), { target: `${path}no` })
      assert.match(no.head.line, / 401 /)
      assert.deepEqual(no.head.all('www-authenticate'), ['Bearer'])
      assert.match((await ask(portOf(server), { target: `${path}throw` })).head.line, / 500 /)
    }
  })

  it('loses nothing that an eager client sent meanwhile', async () => {
    const server = await serve({ port: 0, authorize: () => sleep(150) })
    const peer = await RawPeer.connect(portOf(server))
    later(() => peer.destroy())
    const { requestBytes, buildFrame } = await import('@tautline/testkit')
    await peer.write(Buffer.concat([requestBytes(), buildFrame({ opcode: 1, payload: 'one', mask: true })]))
    await sleep(50)
    await peer.write(buildFrame({ opcode: 1, payload: 'two', mask: true }))
    const head = await answer(peer)
    const { Raw } = await import('./open.ts')
    assert.deepEqual(await new Raw(peer, head).expect(2), ['1 one', '1 two'])
  })

  it('comes to nothing when the peer resets meanwhile: no error, no connection left', async () => {
    let decide: (() => void) | undefined
    const opened: Socket[] = []
    const server = await serve(
      {
        port: 0,
        authorize: () =>
          new Promise((resolve) => {
            decide = resolve
          }),
      },
      (socket) => opened.push(socket),
    )
    for (const how of ['reset', 'end'] as const) {
      decide = undefined
      const peer = await RawPeer.connect(portOf(server))
      await peer.write((await import('@tautline/testkit')).requestBytes())
      await until(() => decide !== undefined, 'asked')
      peer[how]()
      await sleep(30)
      ;(decide as unknown as () => void)()
      await sleep(30)
      await peer.destroy()
      await until(() => server.sockets.size === 0, `gone after ${how}`)
    }
  })

  it('that takes too long is answered 408, and its late decision comes to nothing', async () => {
    let decide: (() => void) | undefined
    const opened: Socket[] = []
    const server = await serve(
      { port: 0, handshakeTimeout: 100, authorize: () => new Promise((resolve) => (decide = resolve)) },
      (socket) => opened.push(socket),
    )
    const { head, peer } = await ask(portOf(server))
    assert.match(head.line, / 408 /)
    decide?.()
    await peer.untilEnd()
    assert.equal(opened.length, 0)
  })

  it('that never decides does not keep the server from closing', async () => {
    const server = await serve({ port: 0, handshakeTimeout: 100, authorize: () => new Promise(() => undefined) })
    await ask(portOf(server))
    const closed = await Promise.race([server.close().then(() => true), sleep(3000).then(() => false)])
    assert.equal(closed, true)
  })
})

describe('a callback of the application that throws', () => {
  it('in onConnection ends that connection only', async () => {
    const thrown: string[] = []
    const mine = (error: Error): void => {
      thrown.push(error.message)
    }
    const others = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', mine)
    try {
      const server = await serve({ port: 0 }, (socket, { path }) => {
        if (path === '/bad') throw new Error('mine')
        socket.send('fine')
      })
      const { peer } = await ask(portOf(server), { target: '/bad' }).catch(() => ({ peer: null }))
      if (peer !== null) assert.notEqual(await peer.untilEnd(), 'open')
      await until(() => server.sockets.size === 0, 'forgotten')
      assert.deepEqual(await (await open(portOf(server))).expect(1), ['1 fine'])
    } finally {
      process.off('uncaughtException', mine)
      for (const other of others) process.on('uncaughtException', other)
    }
    assert.deepEqual(thrown, ['mine'])
  })

  it('in subprotocols is answered 500', async () => {
    const server = await serve({ port: 0, subprotocols: () => 'not offered' })
    const { head } = await ask(portOf(server), { fields: [['Sec-WebSocket-Protocol', 'a, b']] })
    assert.match(head.line, / 500 /)
  })
})

describe('subprotocols', () => {
  it("are chosen in the server's order, or by a function, or not at all", async () => {
    const offer = { fields: [['Sec-WebSocket-Protocol', 'a, b, c']] as [string, string][] }
    const chosen = async (subprotocols: Parameters<typeof createServer>[0]['subprotocols']): Promise<string[]> => {
      const server = await serve({ port: 0, ...(subprotocols === undefined ? {} : { subprotocols }) }, (socket) =>
        socket.send(socket.subprotocol),
      )
      const raw = await open(portOf(server), offer)
      const [frame] = await raw.expect(1)
      const header = raw.head.all('sec-websocket-protocol')
      assert.equal(frame, `1 ${header[0] ?? ''}`)
      return header
    }
    assert.deepEqual(await chosen(['x', 'c', 'a']), ['c'])
    assert.deepEqual(await chosen(['x']), [])
    assert.deepEqual(await chosen(undefined), [])
    assert.deepEqual(await chosen((offered) => offered.at(-1)), ['c'])
    assert.deepEqual(await chosen(() => undefined), [])
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
    const server = createServer({ port: 0, host: 'localhost' }, () => undefined)
    await server.close()
    assert.equal(server.address(), null)
    await sleep(50)
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
