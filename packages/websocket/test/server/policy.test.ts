import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { buildFrame, handlesReturnTo, openHandles, RawPeer, requestBytes } from '@tautline/testkit'
import type { createServer, Refusal, Socket } from '../../src/mod.ts'
import { turn, uncaught, until } from '../wire.ts'
import { answer, ask, later, open, portOf, Raw, serve, sleep } from './open.ts'

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

  it('answers what a function refuses with, and takes nothing but true for a yes', async () => {
    const refusal: Refusal = { id: 'mine', status: 403, section: 'mine', text: 'List your page first.' }
    const server = await serve({
      port: 0,
      // Untyped code may be async: a promise is no yes.
      origins: ((origin: string | undefined) => (origin === undefined ? refusal : Promise.resolve(true))) as never,
    })
    const refused = await ask(portOf(server))
    assert.match(refused.head.line, / 403 /)
    assert.ok(await refused.peer.until((peer) => peer.received.toString().endsWith('List your page first.\n')))
    assert.match((await ask(portOf(server), from('https://app.example.com'))).head.line, / 403 /)
  })

  it('takes an address of version 6 with its default port', async () => {
    const server = await serve({ port: 0, origins: ['https://[2001:db8::1]'] })
    assert.match((await ask(portOf(server), from('https://[2001:DB8::1]:443'))).head.line, / 101 /)
    assert.match((await ask(portOf(server), from('https://[2001:db8::1]:444'))).head.line, / 403 /)
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
    let decide: (() => void) | undefined
    const server = await serve({ port: 0, authorize: () => new Promise((resolve) => (decide = resolve)) })
    const peer = await RawPeer.connect(portOf(server))
    later(() => peer.destroy())
    await peer.write(Buffer.concat([requestBytes(), buildFrame({ opcode: 1, payload: 'one', mask: true })]))
    await until(() => decide !== undefined, 'asked')
    await peer.write(buildFrame({ opcode: 1, payload: 'two', mask: true }))
    await turn()
    decide?.()
    const head = await answer(peer)
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
    const base = openHandles()
    for (const how of ['reset', 'end', 'destroy'] as const) {
      decide = undefined
      const peer = await RawPeer.connect(portOf(server))
      later(() => peer.destroy())
      await peer.write(requestBytes())
      await until(() => decide !== undefined, 'asked')
      await peer[how]()
      // Nobody has decided yet, and both ends of the connection are gone.
      await handlesReturnTo(base)
      ;(decide as unknown as () => void)()
      await turn()
      assert.deepEqual(opened, [], how)
      assert.equal(server.sockets.size, 0)
      assert.equal(peer.received.length, 0)
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
    const thrown = await uncaught(async () => {
      const server = await serve({ port: 0 }, (socket, { path }) => {
        if (path === '/bad') throw new Error('mine')
        socket.send('fine')
      })
      const { peer } = await ask(portOf(server), { target: '/bad' }).catch(() => ({ peer: null }))
      if (peer !== null) assert.notEqual(await peer.untilEnd(), 'open')
      await until(() => server.sockets.size === 0, 'forgotten')
      assert.deepEqual(await (await open(portOf(server))).expect(1), ['1 fine'])
    })
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
