// The same scenarios with real ws and with ours, as server and as client in all four pairings: each side must tell the
// story that it tells when both are ws.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { BOTH, bothClosed, closed, OURS, perform, REAL, type Stage } from './pairing.ts'

const closes = (code?: number, reason?: string) => async (stage: Stage) => {
  const socket = stage.connect(await stage.listen())
  await once(socket, 'open')
  await stage.accepted
  socket.close(code, reason)
  stage.client.add('state', socket.readyState)
  await bothClosed(stage, socket)
}

const serverCloses = (code?: number, reason?: string | Buffer) => async (stage: Stage) => {
  const socket = stage.connect(await stage.listen({}, (peer) => peer.close(code, reason)))
  await bothClosed(stage, socket)
}

/** The client sends, the server echoes, and the client closes behind the last answer. */
const echoes =
  (count: number, send: (socket: import('ws').WebSocket) => void, serverOptions = {}, clientOptions = {}) =>
  async (stage: Stage) => {
    const url = await stage.listen(serverOptions, (peer) => {
      peer.on('message', (data, isBinary) => peer.send(data as Buffer, { binary: isBinary }))
    })
    const socket = stage.connect(url, [], clientOptions)
    await once(socket, 'open')
    let left = count
    const done = new Promise<void>((resolve) => {
      socket.on('message', () => {
        if (--left === 0) resolve()
      })
    })
    send(socket)
    await done
    socket.close(1000, 'done')
    await bothClosed(stage, socket)
  }

const mixed = (socket: import('ws').WebSocket): void => {
  socket.send('text')
  socket.send('ünïcödé ☃ 😀')
  socket.send('')
  socket.send(Buffer.from('buffer'))
  socket.send(new Uint16Array([0x4142, 0x4344]))
  socket.send(new DataView(new ArrayBuffer(3), 1))
  socket.send(new TextEncoder().encode('array').buffer)
  socket.send([1, 2, 3])
  socket.send(42)
  socket.send(Buffer.from('as text'), { binary: false })
  socket.send('as bytes', { binary: true })
  socket.send(undefined as never)
  socket.send(null as never)
  socket.send('x'.repeat(70_000))
  socket.send(Buffer.alloc(200_000, 7))
}

const fragments = (socket: import('ws').WebSocket): void => {
  socket.send('fr', { fin: false })
  socket.send('ag', { fin: false })
  socket.ping('between')
  socket.send('ments', { fin: true })
  socket.send(Buffer.from('a'), { fin: false })
  socket.send(Buffer.from('b'))
}

const SCENARIOS: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  'a close with a code and a reason': closes(4001, 'bye'),
  'a close with a code': closes(1001),
  'a close without a code': closes(),
  'a close by the server with a code and a reason': serverCloses(1012, 'restart'),
  'a close by the server with a reason in bytes': serverCloses(1000, Buffer.from('bytes')),
  'a close by the server without a code': serverCloses(),
  'messages of every kind': echoes(15, mixed),
  'messages of every kind, compressed': echoes(15, mixed, { perMessageDeflate: true }),
  'messages of every kind, compressed without takeover': echoes(15, mixed, {
    perMessageDeflate: { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 10 },
  }),
  'messages with small windows': echoes(
    15,
    mixed,
    { perMessageDeflate: { serverMaxWindowBits: 10, clientMaxWindowBits: 9 } },
    { perMessageDeflate: { clientMaxWindowBits: 12 } },
  ),
  'fragments, with a ping between them': echoes(2, fragments),
  'compressed fragments': echoes(2, fragments, { perMessageDeflate: { threshold: 0 } }),
  'messages, one event in a turn of the loop': echoes(
    15,
    mixed,
    { allowSynchronousEvents: false },
    {
      allowSynchronousEvents: false,
    },
  ),
  'blobs between other messages': echoes(4, (socket) => {
    socket.send('before')
    socket.send(new Blob(['blob']))
    socket.send('behind')
    socket.send(new Blob(['text blob']), { binary: false })
  }),
  'pings and pongs with payloads': async (stage) => {
    const socket = stage.connect(await stage.listen())
    await once(socket, 'open')
    const peer = await stage.accepted
    const pongs = [once(socket, 'pong'), once(peer, 'pong')]
    socket.ping('from the client')
    peer.ping(Buffer.from('from the server'))
    await Promise.all(pongs)
    const unsolicited = once(peer, 'pong')
    socket.pong('unsolicited', true)
    await unsolicited
    const numbers = once(peer, 'ping')
    socket.ping(0)
    await numbers
    socket.close(1000)
    await bothClosed(stage, socket)
  },
  'no automatic pongs': async (stage) => {
    const socket = stage.connect(
      await stage.listen({ autoPong: false }, (peer) => {
        peer.once('ping', () => peer.pong('by hand'))
      }),
    )
    await once(socket, 'open')
    socket.ping('first')
    await once(socket, 'pong')
    socket.close(1000)
    await bothClosed(stage, socket)
  },
  'a client that is cut': async (stage) => {
    const socket = stage.connect(await stage.listen())
    await once(socket, 'open')
    await stage.accepted
    socket.terminate()
    stage.client.add('state', socket.readyState)
    await bothClosed(stage, socket)
  },
  'a last word before the cut': async (stage) => {
    const socket = stage.connect(
      await stage.listen({}, (peer) => {
        peer.send('last word')
        peer.terminate()
      }),
    )
    await bothClosed(stage, socket)
  },
  'sending when it is too late': async (stage) => {
    const socket = stage.connect(await stage.listen())
    await once(socket, 'open')
    await stage.accepted
    socket.close(1000)
    for (const method of ['send', 'ping', 'pong'] as const) {
      await new Promise<void>((resolve) => {
        const callback = (error?: Error): void => {
          stage.client.add(method, error)
          resolve()
        }
        if (method === 'send') socket.send('late', callback)
        else socket[method]('late', true, callback)
      })
    }
    stage.client.attempt('close again', () => socket.close(1000))
    await bothClosed(stage, socket)
    stage.client.add('bufferedAmount', socket.bufferedAmount)
  },
  'calls while connecting': async (stage) => {
    const socket = stage.connect(await stage.listen())
    stage.client.add('state', socket.readyState, socket.bufferedAmount, socket.isPaused, socket.url.startsWith('ws://'))
    for (const method of ['send', 'ping', 'pong'] as const) stage.client.attempt(method, () => socket[method]('early'))
    stage.client.attempt('pause', () => socket.pause())
    socket.close()
    stage.client.add('state', socket.readyState)
    await closed(socket)
  },
  'a cut while connecting': async (stage) => {
    const socket = stage.connect(await stage.listen())
    socket.terminate()
    await closed(socket)
  },
  'callbacks of sends': async (stage) => {
    const socket = stage.connect(await stage.listen())
    await once(socket, 'open')
    await new Promise<void>((resolve) => {
      socket.send('a', (error) => stage.client.add('a', error ?? 'no error'))
      socket.send('b', { compress: true }, (error) => stage.client.add('b', error ?? 'no error'))
      socket.send(new Blob(['c']), (error) => stage.client.add('c', error ?? 'no error'))
      socket.ping('d', undefined, (error) => stage.client.add('d', error ?? 'no error'))
      socket.pong('e', undefined, (error) => {
        stage.client.add('e', error ?? 'no error')
        resolve()
      })
    })
    socket.close(1000)
    await bothClosed(stage, socket)
  },
  'wrong arguments': async (stage) => {
    const socket = stage.connect(await stage.listen())
    await once(socket, 'open')
    for (const value of [{}, true, Symbol('s'), 1n, () => {}, new Map()] as never[]) {
      for (const method of ['send', 'ping', 'pong'] as const) {
        // A function is a callback for ping and pong.
        if (method !== 'send' && typeof value === 'function') continue
        stage.client.attempt(`${method} ${typeof value}`, () => socket[method](value))
      }
    }
    stage.client.attempt('long ping', () => socket.ping('x'.repeat(126)))
    stage.client.attempt('long pong', () => socket.pong(Buffer.alloc(126)))
    for (const code of ['1000', 999, 1004, 1005, 1006, 1015, 2999, 5000, null, Number.NaN] as never[]) {
      stage.client.attempt(`close ${String(code)}`, () => socket.close(code))
    }
    stage.client.attempt('long reason', () => socket.close(1000, 'ü'.repeat(62)))
    socket.close(1000, 'ü'.repeat(61))
    await bothClosed(stage, socket)
  },
  subprotocols: async (stage) => {
    const handleProtocols = (offered: Set<string>): string | false => {
      stage.server.add('offered', [...offered])
      return 'b'
    }
    const socket = stage.connect(await stage.listen({ handleProtocols }), ['a', 'b'])
    await once(socket, 'open')
    socket.close(1000)
    await bothClosed(stage, socket)
  },
  'no subprotocol chosen': async (stage) => {
    const socket = stage.connect(await stage.listen({ handleProtocols: () => false }), ['a'])
    await bothClosed(stage, socket)
  },
  'the first subprotocol by default': async (stage) => {
    const socket = stage.connect(await stage.listen(), ['z', 'a'])
    await once(socket, 'open')
    socket.close(1000)
    await bothClosed(stage, socket)
  },
  'a refusal by verifyClient': async (stage) => {
    const socket = stage.connect(await stage.listen({ verifyClient: () => false }))
    await closed(socket)
  },
  'a refusal by verifyClient with a callback': async (stage) => {
    const url = await stage.listen({
      verifyClient: (_info, callback) => setImmediate(callback, false, 403, 'not you', { 'X-Why': 'because' }),
    })
    const socket = stage.connect(url)
    socket.on('unexpected-response', (request, response) => {
      const { headers, statusCode, statusMessage } = response
      stage.client.add('unexpected', statusCode, statusMessage, headers['x-why'], headers['content-type'])
      response.on('data', (chunk) => stage.client.add('body', chunk))
      response.on('end', () => request.destroy(new Error('enough')))
    })
    await closed(socket)
  },
  'the events of a handshake': async (stage) => {
    const url = await stage.listen({ perMessageDeflate: true })
    stage.wss().on('headers', (headers, request) => {
      stage.server.add(
        'headers',
        headers.map((line) => line.replace(/Accept: .*/, 'Accept: …')),
        request.url,
      )
      headers.push('X-Extra: yes')
    })
    const socket = stage.connect(`${url}path?query`, ['chat'])
    socket.on('upgrade', (response) => stage.client.add('upgrade', response.headers['x-extra'], socket.readyState))
    await once(socket, 'open')
    socket.close(1000)
    await bothClosed(stage, socket)
  },
  'a message larger than maxPayload': async (stage) => {
    const socket = stage.connect(await stage.listen({ maxPayload: 10 }))
    await once(socket, 'open')
    socket.send('eleven bytes')
    await bothClosed(stage, socket)
  },
  'a compressed message larger than maxPayload': async (stage) => {
    const socket = stage.connect(await stage.listen({ maxPayload: 100, perMessageDeflate: true }))
    await once(socket, 'open')
    socket.send('a'.repeat(2000))
    await bothClosed(stage, socket)
  },
  'more fragments than maxFragments': async (stage) => {
    const socket = stage.connect(await stage.listen({ maxFragments: 2 }))
    await once(socket, 'open')
    for (const text of ['a', 'b', 'c']) socket.send(text, { fin: false })
    await bothClosed(stage, socket)
  },
  'text that is no UTF-8': async (stage) => {
    const socket = stage.connect(await stage.listen())
    await once(socket, 'open')
    socket.send(Buffer.from([0x61, 0xff]), { binary: false })
    await bothClosed(stage, socket)
  },
  'a wait that pause makes': async (stage) => {
    const socket = stage.connect(await stage.listen())
    await once(socket, 'open')
    const peer = await stage.accepted
    peer.pause()
    stage.server.add('paused', peer.isPaused)
    socket.send('one')
    await new Promise<void>((resolve) => socket.send('two', () => setImmediate(resolve)))
    // Long enough for both to arrive, were nothing holding them back.
    for (let turn = 0; turn < 20; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
    stage.server.add('resumed')
    peer.resume()
    await once(peer, 'message')
    socket.close(1000)
    await bothClosed(stage, socket)
  },
  ...Object.fromEntries(
    (['arraybuffer', 'fragments', 'blob'] as const).map((type) => [
      `binaryType ${type}`,
      async (stage: Stage) => {
        const url = await stage.listen({}, (peer) => {
          peer.binaryType = type as 'arraybuffer'
          peer.binaryType = 'nonsense' as never
          stage.server.add('type', peer.binaryType)
        })
        const socket = stage.connect(url)
        await once(socket, 'open')
        socket.send(Buffer.from('binary'))
        socket.send('text')
        socket.send(Buffer.alloc(0))
        socket.close(1000)
        await bothClosed(stage, socket)
      },
    ]),
  ),
}

/** A line of the story that is another one where the side named in `of` is ours, with the reason. */
interface Difference {
  readonly scenario: string
  readonly side: 'server' | 'client'
  readonly of: 'server' | 'client'
  readonly lines: Readonly<Record<string, string>>
  readonly reason: string
}

const CLOSE_REASON = 'our Close frame names in its reason the rule that was broken; ws sends none'

const closeReason = (scenario: string, code: number, text: string): Difference => ({
  scenario,
  side: 'client',
  of: 'server',
  lines: { [`'close' ${code} '' 3`]: `'close' ${code} '${text}' 3` },
  reason: CLOSE_REASON,
})

const DIFFERENCES: readonly Difference[] = [
  closeReason('a message larger than maxPayload', 1009, 'message too big'),
  closeReason('a compressed message larger than maxPayload', 1009, 'message too big'),
  closeReason('more fragments than maxFragments', 1008, 'too many fragments in one message'),
  closeReason('text that is no UTF-8', 1007, 'the text is not valid UTF-8'),
]

for (const [name, scenario] of Object.entries(SCENARIOS)) {
  test(`${name}: the same story with ws and with ours`, { timeout: 20_000 }, async (t) => {
    const told = await perform(scenario, REAL, REAL)
    for (const servers of BOTH) {
      for (const clients of BOTH) {
        if (servers === REAL && clients === REAL) continue
        const seen = await perform(scenario, servers, clients)
        for (const side of ['server', 'client'] as const) {
          const pairing = `${side} of server ${servers.name} and client ${clients.name}`
          const rows = DIFFERENCES.filter((row) => {
            return row.scenario === name && row.side === side && (row.of === 'server' ? servers : clients) === OURS
          })
          const expected = told[side].map((line) => rows.find((row) => line in row.lines)?.lines[line] ?? line)
          assert.deepEqual(seen[side], expected, pairing)
          for (const { reason } of rows) t.diagnostic(`${pairing} differs: ${reason}`)
        }
      }
    }
  })
}
