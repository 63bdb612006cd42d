// What holds while the kernel takes nothing, and when a connection is given up: regression tests of a review.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseFrames } from '@tautline/testkit'
import { adopt, adoption, prepare } from '../src/mod.ts'
import { open, portOf, serve } from './server/open.ts'
import { adopted, turn, until, Wire } from './wire.ts'

/** A socket whose kernel takes nothing any more. */
async function stalled(options = {}): Promise<ReturnType<typeof adopted>> {
  const socket = adopted(options)
  socket.wire.held = true
  socket.socket.send(Buffer.alloc(200_000))
  await turn()
  return socket
}

describe('a connection whose kernel takes nothing', () => {
  it('gathers small frames in memory of its own, so that it pins nothing that others write', async () => {
    const { socket, wire } = await stalled()
    const other = adopted()
    const filler = 'y'.repeat(6000)
    for (let i = 0; i < 400; i++) {
      socket.send('x'.repeat(100))
      for (let k = 0; k < 10; k++) other.socket.send(filler)
      if (i % 10 === 0) await turn()
    }
    wire.release()
    await turn()
    await turn()
    const { frames } = parseFrames(wire.written)
    assert.equal(frames.length, 401)
    // What waited went out as few runs of bytes: 40 KB in the own slabs of 4 KiB, not 400 views of shared ones.
    assert.ok(frames.slice(1).every(({ payload }) => payload.length === 100))
  })

  it('keeps prepared frames as they are, in order with others', async () => {
    const { socket, wire } = await stalled()
    const shared = prepare('shared')
    for (let i = 0; i < 3; i++) {
      socket.send(`own ${i}`)
      socket.send(shared)
    }
    wire.release()
    await turn()
    await turn()
    assert.deepEqual(wire.frames.slice(1), ['1 own 0', '1 shared', '1 own 1', '1 shared', '1 own 2', '1 shared'])
  })

  it('still answers the Close of a peer that ends its half at once', async () => {
    const { socket, wire, feed, heard } = await stalled()
    socket.send('last words')
    feed({ opcode: 8, payload: Buffer.from([3, 232]) })
    wire.push(null)
    await turn()
    wire.release()
    await until(() => socket.state === 'closed', 'closed')
    assert.deepEqual(wire.frames.slice(1), ['1 last words', '8 1000 '])
    assert.deepEqual(
      heard.filter((word) => word.startsWith('close')),
      ['close 1000  clean'],
    )
  })

  it('drops a fragmented message whole, and cuts the connection where its rest cannot be sent', async () => {
    const dropped = await stalled({ maxBuffered: 100, slowConsumer: 'drop' })
    assert.equal(dropped.socket.send('a', { fin: false }), 'dropped')
    dropped.wire.release()
    await turn()
    await turn()
    // The way is free again, but these are the rest of what was dropped.
    assert.equal(dropped.socket.send('b', { fin: false }), 'dropped')
    assert.equal(dropped.socket.send('c'), 'dropped')
    assert.equal(dropped.socket.send('d'), 'sent')
    await turn()
    assert.deepEqual(dropped.wire.frames.slice(1), ['1 d'])
    const begun = adopted({ maxBuffered: 100, slowConsumer: 'drop' })
    begun.socket.send('a', { fin: false })
    await turn()
    begun.wire.held = true
    begun.socket.send('x'.repeat(200_000), { fin: false })
    await turn()
    assert.equal(begun.socket.send('rest'), 'dropped')
    await until(() => begun.socket.state === 'closed', 'cut')
    assert.ok(begun.heard.includes('error TAUTLINE_SLOW_CONSUMER'))
  })
})

describe('a connection that is given up', () => {
  it('delivers nothing after terminate(), not even what came in the same chunk', async () => {
    const { socket, feed, heard } = adopted()
    const { onmessage } = socket
    socket.onmessage = (data, isBinary) => {
      onmessage?.(data, isBinary)
      socket.terminate()
    }
    feed({ opcode: 1, payload: 'one' }, { opcode: 1, payload: 'two' })
    await until(() => socket.state === 'closed', 'closed')
    assert.deepEqual(heard, ['text one', 'close 1006 '])
  })

  it('keeps the deadline of a close() in onConnection, before the reading has begun', async () => {
    const options = { port: 0, closeTimeout: 200, heartbeat: { interval: 60_000 } }
    const server = await serve(options, (socket) => socket.close(1000))
    // A peer that never answers the Close.
    const { peer } = await open(portOf(server))
    assert.notEqual(await peer.untilEnd(5000), 'open')
  })

  it('refuses compression together with parts: nothing would be inflated', () => {
    const deflate = {
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
      serverMaxWindowBits: 15,
      clientMaxWindowBits: 15,
    }
    assert.throws(
      () => adopt(new Wire(), Buffer.alloc(0), { role: 'server', deflate }, adoption({ parts: true })),
      TypeError,
    )
  })
})
