import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseFrames, ZlibPeer } from '@tautline/testkit'
import { createServer, prepare, SharedDeflate, type SharedDeflateOptions, sharedTally } from '../src/mod.ts'
import { ask, portOf, serve } from './server/open.ts'
import { messagesOf } from './shared-schedules.ts'
import { type Adopted, adopted, turn, until } from './wire.ts'

const SHARING = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: true,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
}

const open = (more: object = {}): Adopted =>
  adopted({ shared: true, compressionThreshold: 0, ...more }, { deflate: SHARING })

const quote = (i: number): string => JSON.stringify({ symbol: 'TAUT', price: 100 + i, bid: 99 + i, volume: 7 * i })

/** What a peer reads, with a mark before what was compressed. */
async function read({ wire }: Adopted): Promise<string[]> {
  const peer = new ZlibPeer()
  const texts: string[] = []
  for (const { isDeflated, payloads } of messagesOf(parseFrames(wire.written).frames)) {
    const payload = Buffer.concat(payloads)
    texts.push(isDeflated ? `*${await peer.inflate(payload)}` : `${payload}`)
  }
  peer.close()
  return texts
}

describe('messages of a SharedDeflate', () => {
  it('are compressed once for all, with those before them as context', async () => {
    const tally = sharedTally()
    const stream = new SharedDeflate({ tally })
    const [one, other] = [open(), open()]
    for (let i = 0; i < 20; i++) {
      const message = stream.prepare(quote(i))
      for (const { socket } of [one, other]) assert.equal(socket.send(message), 'sent')
    }
    await turn()
    assert.deepEqual(one.wire.written, other.wire.written)
    assert.deepEqual(
      await read(one),
      Array.from({ length: 20 }, (_, i) => `*${quote(i)}`),
    )
    assert.ok(one.wire.written.length < 0.4 * 20 * quote(0).length, `${one.wire.written.length}`)
    assert.equal(tally.sentBytes, 2 * one.wire.written.length)
    assert.deepEqual([tally.units, tally.resets], [20, 1])
  })

  it('may be bytes, text in bytes, and empty', async () => {
    const stream = new SharedDeflate()
    const peer = open()
    for (const [data, binary] of [
      [Buffer.from('bytes '.repeat(9)), true],
      ['', false],
    ] as const) {
      const message = stream.prepare(data)
      assert.equal(message.binary, binary)
      peer.socket.send(message)
    }
    peer.socket.send(stream.prepare(Buffer.from('bytes '.repeat(9)), { binary: false }))
    await turn()
    assert.deepEqual(
      parseFrames(peer.wire.written).frames.map(({ opcode, rsv }) => [opcode, rsv]),
      [
        [2, 4],
        [1, 4],
        [1, 4],
      ],
    )
    assert.throws(() => stream.prepare(5 as never), TypeError)
  })

  it('go as they are to who missed one, until the stream begins anew', async () => {
    const stream = new SharedDeflate({ resetAfter: 5 * quote(0).length })
    const [whole, skipper] = [open(), open()]
    for (let i = 0; i < 8; i++) {
      const message = stream.prepare(quote(i))
      whole.socket.send(message)
      if (i !== 1) skipper.socket.send(message)
    }
    await turn()
    const marks = (texts: string[]): string => texts.map((text) => (text.startsWith('*') ? '*' : '.')).join('')
    assert.equal(marks(await read(whole)), '********')
    assert.equal(marks(await read(skipper)), '*...***')
  })

  it('are prepared messages to a connection without compression, with a smaller window or none to share', async () => {
    const stream = new SharedDeflate()
    const plain = adopted({ shared: true })
    const small = adopted(
      { shared: true, compressionThreshold: 0 },
      { deflate: { ...SHARING, serverMaxWindowBits: 9 } },
    )
    const forgetful = adopted(
      { shared: true, compressionThreshold: 0 },
      { deflate: { ...SHARING, serverNoContextTakeover: true } },
    )
    const client = adopted({ shared: true }, { role: 'client' })
    const all = [plain, small, forgetful, client]
    for (let i = 0; i < 3; i++) {
      const message = stream.prepare(quote(i).repeat(3))
      for (const { socket } of all) socket.send(message)
    }
    await turn()
    const texts = Array.from({ length: 3 }, (_, i) => quote(i).repeat(3))
    assert.deepEqual(await read(plain), texts)
    assert.deepEqual(await read(client), texts)
    for (const one of [small, forgetful]) {
      assert.deepEqual(
        await read(one),
        texts.map((text) => `*${text}`),
      )
      const frames = parseFrames(one.wire.written).frames.map(({ payload }) => payload.length)
      assert.ok(Math.max(...frames) - Math.min(...frames) < 8, 'none refers to the one before')
    }
  })

  it('are compressed by a connection that takes its own context over only without sharing', async () => {
    const own = adopted({ compressionThreshold: 0 }, { deflate: SHARING })
    const stream = new SharedDeflate()
    own.socket.send('its own text, its own text', { compress: true })
    own.socket.send(stream.prepare('its own text, its own text'))
    own.socket.send('its own text, its own text', { compress: true })
    await turn()
    assert.deepEqual(await read(own), Array(3).fill('*its own text, its own text'))
  })

  it('can be sent again, late or never, and nobody reads anything else', async () => {
    const stream = new SharedDeflate()
    const peer = open()
    const messages = Array.from({ length: 6 }, (_, i) => stream.prepare(quote(i)))
    const order = [5, 5, 0, 3, 5]
    for (const i of order) peer.socket.send(messages[i] as (typeof messages)[0])
    const next = stream.prepare(quote(6))
    peer.socket.send(next)
    peer.socket.send(next)
    await turn()
    const texts = (await read(peer)).map((text) => text.replace('*', ''))
    assert.deepEqual(texts, [...order, 6, 6].map(quote))
  })

  it('begin anew when the stream was closed', async () => {
    const tally = sharedTally()
    const stream = new SharedDeflate({ tally })
    const peer = open()
    for (let i = 0; i < 6; i++) {
      if (i === 3) stream.close()
      peer.socket.send(stream.prepare(quote(i)))
    }
    await turn()
    assert.equal(tally.resets, 2)
    assert.deepEqual(
      await read(peer),
      Array.from({ length: 6 }, (_, i) => `*${quote(i)}`),
    )
  })

  it('take options that can be meant, and say which cannot', () => {
    const wrong: [SharedDeflateOptions, RegExp][] = [
      [{ windowBits: 7 }, /windowBits must be an integer from 8 to 15/],
      [{ resetAfter: -1 }, /resetAfter/],
      [{ joinWait: 'soon' as never }, /joinWait/],
      [{ level: 10 }, /level/],
    ]
    for (const [options, message] of wrong) assert.throws(() => new SharedDeflate(options), message)
  })
})

describe('a connection in a stream', () => {
  it('is sent everything else uncompressed, whoever asks for it', async () => {
    const stream = new SharedDeflate()
    const peer = open()
    const { socket } = peer
    const large = 'l'.repeat(70_000)
    socket.send('before', { compress: true })
    socket.send(stream.prepare(quote(0)))
    socket.send('text', { compress: true })
    socket.send(Buffer.from('bytes'), { compress: true })
    socket.send(prepare('prepared'))
    socket.send(large, { compress: true })
    socket.send(Buffer.from('frag'), { compress: true, fin: false })
    socket.send(Buffer.from('ments'), { compress: true })
    socket.send(stream.prepare(quote(1)))
    await turn()
    assert.equal(socket.bufferedAmount, 0)
    assert.deepEqual(await read(peer), [
      '*before',
      `*${quote(0)}`,
      'text',
      'bytes',
      'prepared',
      large,
      'fragments',
      `*${quote(1)}`,
    ])
  })

  it('takes messages behind a large one that is being compressed, in order', async () => {
    const stream = new SharedDeflate()
    const [peer, quick] = [open(), open()]
    const large = 'l'.repeat(70_000)
    peer.socket.send(large)
    for (let i = 0; i < 3; i++) {
      const message = stream.prepare(quote(i))
      quick.socket.send(message)
      assert.equal(peer.socket.send(message), 'queued')
    }
    peer.socket.send('own', { compress: true })
    await until(() => messagesOf(parseFrames(peer.wire.written).frames).length === 5, 'all')
    assert.deepEqual(await read(peer), [`*${large}`, ...[0, 1, 2].map((i) => `*${quote(i)}`), 'own'])
  })

  it('leaves it when a message was dropped, because the peer reads too slowly', async () => {
    const stream = new SharedDeflate()
    const [slow, quick] = [open({ maxBuffered: 4_000, slowConsumer: 'drop' }), open()]
    slow.wire.held = true
    const told: string[] = []
    for (let i = 0; i < 400; i++) {
      const message = stream.prepare(quote(i))
      quick.socket.send(message)
      if (slow.socket.send(message) !== 'dropped') told.push(quote(i))
      if (i % 10 === 0) await turn()
      if (i === 300) slow.wire.release()
    }
    await until(() => slow.socket.bufferedAmount === 0, 'sent')
    assert.ok(told.length < 400)
    assert.deepEqual(
      (await read(slow)).map((text) => text.replace('*', '')),
      told,
    )
  })

  it('compresses its own again, alone, once the stream has gone on without it', async () => {
    const stream = new SharedDeflate()
    const [leaver, stayer] = [open(), open()]
    for (let i = 0; i < 3; i++) {
      const message = stream.prepare(quote(i))
      stayer.socket.send(message)
      if (i < 2) leaver.socket.send(message)
    }
    for (const { socket } of [leaver, stayer]) socket.send('personal', { compress: true })
    await turn()
    assert.equal((await read(leaver)).at(-1), '*personal')
    assert.equal((await read(stayer)).at(-1), 'personal')
  })
})

describe('a server with compression.shared', () => {
  const answered = async (offer: string, compression: object = {}): Promise<string> => {
    const server = await serve({ port: 0, compression: { shared: true, ...compression } })
    const { head, peer } = await ask(portOf(server), { fields: [['Sec-WebSocket-Extensions', offer]] })
    peer.destroy()
    return head.all('sec-websocket-extensions').join()
  }

  it('keeps its window and lets the client forget its own', async () => {
    assert.equal(
      await answered('permessage-deflate; client_max_window_bits'),
      'permessage-deflate; client_no_context_takeover',
    )
  })

  it('does as the client demands', async () => {
    assert.equal(
      await answered('permessage-deflate; server_no_context_takeover; server_max_window_bits=10'),
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10',
    )
    assert.equal(
      await answered('permessage-deflate', { serverMaxWindowBits: 12 }),
      'permessage-deflate; client_no_context_takeover; server_max_window_bits=12',
    )
  })

  it('decides on context takeover itself', () => {
    for (const wrong of [{ serverNoContextTakeover: true }, { clientNoContextTakeover: false }]) {
      const compression = { shared: true, ...wrong }
      assert.throws(() => createServer({ port: 0, compression }, () => {}), /shared decides on context takeover/)
    }
    assert.throws(() => createServer({ port: 0, compression: { shared: 1 as never } }, () => {}), /compression.shared/)
  })
})
