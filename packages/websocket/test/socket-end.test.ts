import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { closePayload } from '@tautline/testkit'
import { prepare } from '../src/mod.ts'
import { adopted, turn, until } from './wire.ts'

const DEFLATE = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
}

describe('the end of a connection', () => {
  it('a server closes TCP at once when both Close frames are exchanged, whoever began (RFC 6455 §7.1.1)', async () => {
    for (const weBegin of [false, true]) {
      const { feed, heard, socket, wire } = adopted()
      if (weBegin) {
        socket.close(1001, 'going')
        await turn()
      }
      feed({ opcode: 8, payload: closePayload(1001, 'ok') })
      await until(() => wire.writableEnded, `the server ends TCP (${weBegin ? 'we began' : 'the peer began'})`, 1000)
      wire.push(null)
      await until(() => socket.state === 'closed', 'closed')
      assert.deepEqual(heard, ['close 1001 ok clean'])
      assert.equal(wire.frames.length, 1)
    }
  })

  it('a client waits for the server to close TCP, but not for ever', async () => {
    const { feed, heard, socket, wire } = adopted({ closeTimeout: 200 }, { role: 'client' })
    socket.close(1000)
    await turn()
    feed({ opcode: 8, payload: closePayload(1000) })
    await turn()
    assert.equal(wire.writableEnded, false)
    await until(() => socket.state === 'closed', 'closed')
    assert.deepEqual(heard, ['close 1000  clean'])
  })

  it('is 1006 when the peer never answers our Close', async () => {
    const { heard, socket } = adopted({ closeTimeout: 100 })
    socket.close(1000, 'bye')
    assert.equal(socket.state, 'closing')
    await until(() => socket.state === 'closed', 'closed')
    assert.deepEqual(heard, ['close 1006 '])
  })

  it('never comes by itself where closeTimeout is Infinity', async () => {
    const { socket } = adopted({ closeTimeout: Number.POSITIVE_INFINITY })
    socket.close(1000)
    await turn()
    assert.equal(socket.state, 'closing')
    socket.terminate()
    await until(() => socket.state === 'closed', 'closed')
  })

  it('is 1006 when the stream ends or errs without a Close frame, with the error first', async () => {
    const ended = adopted()
    ended.wire.push(null)
    await until(() => ended.socket.state === 'closed', 'closed')
    assert.deepEqual(ended.heard, ['close 1006 '])
    const reset = adopted()
    reset.wire.destroy(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))
    await until(() => reset.socket.state === 'closed', 'closed')
    assert.deepEqual(reset.heard, ['error ECONNRESET', 'close 1006 '])
  })

  it('is 1006 for terminate, and nothing is sent or taken any more', async () => {
    const { heard, socket, wire } = adopted()
    socket.send('before')
    await turn()
    socket.terminate()
    assert.equal(socket.send('behind'), 'dropped')
    assert.equal(socket.ping(), 'dropped')
    await until(() => socket.state === 'closed', 'closed')
    assert.equal(socket.send('later'), 'dropped')
    assert.equal(socket.pong(), 'dropped')
    socket.close(1000)
    socket.terminate()
    socket.pause()
    socket.resume()
    await turn()
    assert.deepEqual(wire.frames, ['1 before'])
    assert.deepEqual(heard, ['close 1006 '])
  })

  it('fails a violation with its code on the wire, an error, and 1006', async () => {
    const { feed, heard, socket, wire } = adopted()
    feed({ opcode: 1, payload: 'good' }, { opcode: 3 }, { opcode: 1, payload: 'deaf' })
    await until(() => wire.writableEnded, 'the end')
    wire.push(null)
    await until(() => socket.state === 'closed', 'closed')
    assert.equal(wire.frames[0], '8 1002 reserved opcode')
    assert.deepEqual(heard, ['text good', 'error TAUTLINE_OPCODE', 'close 1006 '])
  })

  it('comes once', async () => {
    const { feed, heard, socket, wire } = adopted()
    socket.close(1000)
    feed({ opcode: 8, payload: closePayload(1000) })
    await turn()
    wire.push(null)
    socket.terminate()
    socket.terminate()
    await until(() => socket.state === 'closed', 'closed')
    await turn()
    assert.equal(heard.filter((line) => line.startsWith('close')).length, 1)
  })
})

describe('a fragmented message', () => {
  it('is not broken by a prepared one', async () => {
    for (const role of ['server', 'client'] as const) {
      const { socket, wire } = adopted({}, { role })
      socket.send('begin', { fin: false })
      assert.throws(() => socket.send(prepare('whole message')), TypeError)
      socket.send(' and end', { fin: true })
      assert.equal(socket.send(prepare('whole message')), 'sent')
      await turn()
      assert.deepEqual(wire.frames, ['~1 begin', '0  and end', '1 whole message'])
    }
  })

  it('keeps the choice of its first fragment, compressed or not', async () => {
    const { socket, wire } = adopted({ compressionThreshold: 0 }, { deflate: DEFLATE })
    socket.send('a', { fin: false, compress: false })
    socket.send('b', { compress: true })
    socket.send('c', { fin: false })
    socket.ping('between')
    socket.send('d', { compress: false })
    await turn()
    assert.deepEqual(
      wire.frames.map((frame) => frame.split(' ')[0]),
      ['~1', '0', '~*1', '9', '0'],
    )
  })
})
