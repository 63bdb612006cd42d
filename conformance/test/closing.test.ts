/** The closing handshake begun by our engine, seen from the wire: every code, every length of reason (RFC 6455 §7). */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  buildFrame,
  NaiveFrameReader,
  RawPeer,
  RawServer,
  readHead,
  requestBytes,
  responseBytes,
  type WireFrame,
} from '@tautline/testkit'
import { connect, createServer, type Server, type Socket } from '@tautline/websocket'
import { mixedText } from '../cases/own.ts'
import { mayBeSent } from '../cases/own-close.ts'
import { Watch } from '../run/general.ts'

interface Pair {
  readonly peer: RawPeer
  readonly socket: Socket
  /** Frames that came from our engine so far. */
  readonly frames: WireFrame[]
}

type Open = () => Promise<Pair>

function collecting(peer: RawPeer, socket: Socket): Pair {
  const frames: WireFrame[] = []
  const reader = new NaiveFrameReader()
  peer.onData = (chunk) => frames.push(...reader.push(chunk))
  return { peer, socket, frames }
}

const codes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]
const illegal = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1999, 2000, 2999, 5000, 65535, 65536, -1, 1000.5, Number.NaN]

function closingSuite(role: 'server' | 'client', open: Open): void {
  const mask = role === 'server'

  /** The engine closes, the peer answers with the same payload, and both see the end. */
  async function closes(code: number | undefined, reason: string | undefined): Promise<void> {
    const { peer, socket, frames } = await open()
    const closed = new Promise<[number, string, boolean]>((resolve) => {
      socket.onclose = (...event) => resolve(event)
    })
    if (reason === undefined) socket.close(code)
    else socket.close(code, reason)
    assert.ok(await peer.until(() => frames.length > 0))
    const [frame] = frames
    assert.equal(frame?.opcode, 8)
    assert.equal(frame?.masked, role === 'client')
    const expected = code === undefined ? '' : String.fromCharCode(code >> 8, code & 255)
    assert.equal(frame?.payload.toString('latin1'), expected + Buffer.from(reason ?? '').toString('latin1'))
    await peer.write(buildFrame({ opcode: 8, payload: frame?.payload ?? '', mask }))
    // RFC 6455 §7.1.1: the server closes TCP first.
    if (role === 'client') peer.end()
    assert.notEqual(await peer.untilEnd(), 'open')
    peer.end()
    assert.deepEqual(await closed, [code ?? 1005, reason ?? '', true])
    assert.equal(frames.length, 1)
    await peer.destroy()
  }

  for (const code of codes) {
    test(`a ${role} closes with ${code} as told (RFC 6455 §7.4)`, () => closes(code, 'why'))
  }
  test(`a ${role} closes without a code as told (RFC 6455 §5.5.1)`, () => closes(undefined, undefined))
  test(`a ${role} sends every length of reason from 0 to 123 bytes (RFC 6455 §5.5)`, async () => {
    for (let size = 0; size <= 123; size++) await closes(4000, mixedText(size))
  })

  test(`a ${role} throws for codes and reasons that must not be sent, and stays open (RFC 6455 §7.4)`, async () => {
    const { peer, socket, frames } = await open()
    for (const code of illegal) {
      assert.equal(mayBeSent(code) && Number.isInteger(code), false)
      assert.throws(() => socket.close(code), /RangeError|TypeError/, `code ${code}`)
    }
    assert.throws(() => socket.close(1000, 'x'.repeat(124)), RangeError)
    assert.throws(() => socket.close(1000, '€'.repeat(42)), RangeError)
    assert.equal(socket.state, 'open')
    socket.send('still here')
    assert.ok(await peer.until(() => frames.length > 0))
    assert.equal(frames[0]?.payload.toString(), 'still here')
    socket.onclose = () => undefined
    await peer.destroy()
  })

  test(`a ${role} that closed sends nothing more, and takes what comes before the answer (RFC 6455 §5.5.1)`, async () => {
    const { peer, socket, frames } = await open()
    const heard: unknown[] = []
    socket.onmessage = (data) => heard.push(data)
    const closed = new Promise<number>((resolve) => {
      socket.onclose = (code) => resolve(code)
    })
    socket.close(1000)
    assert.equal(socket.send('too late'), 'dropped')
    assert.equal(socket.ping(), 'dropped')
    await peer.write(buildFrame({ opcode: 1, payload: 'on its way', mask }))
    await peer.write(buildFrame({ opcode: 9, payload: 'ping', mask }))
    assert.ok(await peer.until(() => frames.length > 0))
    await peer.write(buildFrame({ opcode: 8, payload: Buffer.from([3, 233]), mask }))
    if (role === 'client') peer.end()
    assert.notEqual(await peer.untilEnd(), 'open')
    peer.end()
    assert.equal(await closed, 1001)
    assert.deepEqual(heard, ['on its way'])
    assert.deepEqual(
      frames.map(({ opcode }) => opcode),
      [8],
    )
    await peer.destroy()
  })
}

describe('a server closes', () => {
  let watch: Watch
  let server: Server
  let next: ((socket: Socket) => void) | null = null
  before(async () => {
    watch = new Watch()
    server = createServer({ port: 0, host: '127.0.0.1' }, (socket) => next?.(socket))
    await server.listening
  })
  after(async () => {
    await server.close()
    await watch.done()
  })
  closingSuite('server', async () => {
    const accepted = new Promise<Socket>((resolve) => {
      next = resolve
    })
    const peer = await RawPeer.connect(server.address()?.port ?? 0)
    await peer.write(requestBytes())
    await peer.until(() => readHead(peer.received) !== null)
    peer.take()
    return collecting(peer, await accepted)
  })
})

describe('a client closes', () => {
  let watch: Watch
  let server: RawServer
  before(async () => {
    watch = new Watch()
    server = await RawServer.listen()
  })
  after(async () => {
    await server.close()
    await watch.done()
  })
  closingSuite('client', async () => {
    const opening = connect(`ws://127.0.0.1:${server.port}/`)
    const peer = await server.accept()
    await peer.until(() => readHead(peer.received) !== null)
    const key = readHead(peer.take())?.all('Sec-WebSocket-Key')[0] ?? ''
    await peer.write(responseBytes(key))
    return collecting(peer, await opening)
  })
})
