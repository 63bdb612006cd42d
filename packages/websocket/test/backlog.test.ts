import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inflateRawSync } from 'node:zlib'
import { closePayload, parseFrames } from '@tautline/testkit'
import { prepare } from '../src/mod.ts'
import { type Adopted, adopted, turn, until } from './wire.ts'

const FORGETFUL = {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
}
const LARGE = 200_000

/** What was sent, inflated: `opcode length first-byte`. */
function told({ wire }: Adopted): string[] {
  return parseFrames(wire.written).frames.map(({ opcode, payload, rsv }) => {
    const plain =
      rsv === 4
        ? inflateRawSync(Buffer.concat([payload, Buffer.from([0, 0, 0xff, 0xff])]), { finishFlush: 2 })
        : payload
    return `${opcode} ${plain.length} ${String.fromCharCode(plain[0] ?? 32)}`
  })
}

const open = (more: object = {}): Adopted => adopted({ compressionThreshold: 0, ...more }, { deflate: FORGETFUL })

describe('what follows a large message that is compressed on threads', () => {
  it('waits for it, in order, further large ones included', async () => {
    const socket = open()
    socket.socket.send('first')
    socket.socket.send('a'.repeat(LARGE))
    assert.equal(socket.socket.send('second'), 'queued')
    socket.socket.send(Buffer.alloc(LARGE, 'b'))
    socket.socket.send(prepare('third'))
    socket.socket.send('c', { compress: false, fin: false })
    socket.socket.send('d')
    socket.socket.send('e'.repeat(LARGE), { compress: false })
    assert.ok(socket.socket.bufferedAmount >= 3 * LARGE)
    await until(() => told(socket).length === 8, 'all')
    assert.deepEqual(told(socket), [
      '1 5 f',
      `1 ${LARGE} a`,
      '1 6 s',
      `2 ${LARGE} b`,
      '1 5 t',
      '1 1 c',
      '0 1 d',
      `1 ${LARGE} e`,
    ])
    await turn()
    assert.equal(socket.socket.bufferedAmount, 0)
    assert.equal(socket.socket.send('later'), 'sent')
  })

  it('may change if it is small: it was copied', async () => {
    const socket = open()
    socket.socket.send('a'.repeat(LARGE))
    const small = Buffer.from('small')
    socket.socket.send(small)
    small.fill('x')
    await until(() => told(socket).length === 2, 'both')
    assert.equal(told(socket)[1], '2 5 s')
  })

  it('is overtaken by control frames only', async () => {
    const socket = open()
    socket.socket.send('a'.repeat(LARGE))
    socket.socket.ping('p')
    await until(() => told(socket).length === 2, 'both')
    assert.deepEqual(told(socket), ['9 1 p', `1 ${LARGE} a`])
  })

  it('is the Close frame, too', async () => {
    const socket = open({ closeTimeout: 200 })
    socket.socket.send('a'.repeat(LARGE))
    socket.socket.close(1000, 'done')
    assert.equal(socket.socket.state, 'closing')
    assert.equal(socket.socket.send('too late'), 'dropped')
    socket.socket.close(4000)
    await until(() => socket.socket.state === 'closed', 'closed')
    const { frames } = parseFrames(socket.wire.written)
    assert.deepEqual(
      frames.map(({ opcode }) => opcode),
      [1, 8],
    )
    assert.equal(frames[1]?.payload.readUInt16BE(0), 1000)
  })

  it('counts towards maxBuffered', async () => {
    const socket = open({ maxBuffered: 300_000, slowConsumer: 'drop' })
    assert.notEqual(socket.socket.send('a'.repeat(LARGE)), 'dropped')
    assert.notEqual(socket.socket.send('b'.repeat(LARGE)), 'dropped')
    assert.equal(socket.socket.send('c'), 'dropped')
    await until(() => told(socket).length === 2, 'two')
  })

  it('tells whenWritten in its turn, or that it never will be', async () => {
    const [whole, cut] = [open(), open()]
    for (const { heard, socket } of [whole, cut]) {
      socket.send('a'.repeat(LARGE))
      socket.whenWritten((error) => heard.push(`written ${error?.name}`))
    }
    cut.socket.terminate()
    await until(() => whole.heard.length > 1 && cut.heard.length > 1, 'told')
    // `send` had answered 'queued', so ondrain says when to go on.
    assert.deepEqual(whole.heard, ['drain', 'written undefined'])
    assert.deepEqual(told(whole), [`1 ${LARGE} a`])
    assert.deepEqual(cut.heard.sort(), ['close 1006 ', 'written WebSocketError'])
    assert.deepEqual(told(cut), [])
  })

  it('tells whenWritten of the end where a payload was detached while it waited', async () => {
    const { socket, heard } = open()
    const payload = new ArrayBuffer(LARGE * 2)
    socket.send('a'.repeat(LARGE))
    socket.send(payload)
    const told: unknown[] = []
    socket.whenWritten((error) => told.push((error as { code?: string } | undefined)?.code))
    structuredClone(payload, { transfer: [payload] })
    await until(() => socket.state === 'closed' && told.length > 0, 'closed and told')
    assert.deepEqual(told, ['TAUTLINE_CLOSED'])
    assert.ok(heard.some((word) => word.startsWith('error')))
  })

  it('is dropped when the peer closes meanwhile, and nothing follows our answer', async () => {
    const socket = open()
    socket.socket.send('a'.repeat(LARGE))
    socket.socket.send('b')
    const written = new Promise((resolve) => socket.socket.whenWritten(resolve))
    socket.feed({ opcode: 8, payload: closePayload(1000) })
    await until(() => socket.wire.writableEnded, 'answered')
    // What was acknowledged as queued was not sent, and whoever asked hears that when the compression is done.
    assert.equal(((await written) as { code?: string } | undefined)?.code, 'TAUTLINE_CLOSED')
    await turn()
    assert.equal(parseFrames(socket.wire.written).frames.at(-1)?.opcode, 8)
    socket.wire.push(null)
    await until(() => socket.socket.state === 'closed', 'closed')
    assert.deepEqual(socket.heard, ['close 1000  clean'])
  })

  it('does not let a prepared message into a fragmented one', async () => {
    const socket = open()
    socket.socket.send('a'.repeat(LARGE))
    socket.socket.send('begin', { fin: false })
    assert.throws(() => socket.socket.send(prepare('whole')), TypeError)
    socket.socket.send('end')
    assert.equal(socket.socket.send(prepare('whole')), 'queued')
    await until(() => told(socket).length === 4, 'all')
    assert.deepEqual(
      told(socket).map((line) => line.split(' ')[0]),
      ['1', '1', '0', '1'],
    )
  })
})
