import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { closePayload } from '@tautline/testkit'
import { prepare } from '../src/mod.ts'
import { adopted, adoptedOnClock, turn, until, Wire } from './wire.ts'

describe('one write per turn of the loop', () => {
  it('carries everything that was sent in the turn, in order', async () => {
    const { socket, wire } = adopted()
    for (let i = 0; i < 50; i++) assert.equal(socket.send(`message ${i}`), 'sent')
    socket.ping('p')
    assert.equal(wire.writes.length, 0)
    await turn()
    assert.equal(wire.writes.length, 1)
    assert.equal(wire.frames.length, 51)
    assert.equal(wire.frames[49], '1 message 49')
  })

  it('carries large payloads, too: one cork', async () => {
    const { socket, wire } = adopted()
    socket.send('before')
    socket.send(Buffer.alloc(100_000, 1))
    socket.send('between')
    socket.send(Buffer.alloc(300_000, 2))
    socket.send('behind')
    await turn()
    assert.equal(wire.writes.length, 1)
    assert.deepEqual(
      wire.frames.map((frame) => frame.length),
      [8, 100_002, 9, 300_002, 8],
    )
  })

  it('carries all replies to one read, at once', async () => {
    const { feed, socket, wire } = adopted()
    socket.onmessage = (data) => {
      socket.send(`echo ${data}`)
    }
    feed(...Array.from({ length: 32 }, (_, i) => ({ opcode: 1, payload: `${i}` })))
    await until(() => wire.writes.length > 0, 'a write')
    assert.equal(wire.writes.length, 1)
    assert.equal(wire.frames.length, 32)
    await turn()
    assert.equal(wire.writes.length, 1, 'nothing is written twice')
  })

  it('carries pongs with the replies, and no more than 17 for any number of pings', async () => {
    const { feed, wire } = adopted()
    feed(...Array.from({ length: 1000 }, (_, i) => ({ opcode: 9, payload: `${i}` })))
    await until(() => wire.writes.length > 0, 'a write')
    assert.equal(wire.frames.length, 17)
    assert.equal(wire.frames.at(-1), '10 999')
  })

  it('carries a prepared message to everyone from the same bytes', async () => {
    const message = prepare('to everyone')
    const all = Array.from({ length: 5 }, () => adopted())
    for (const { socket } of all) socket.send(message)
    await turn()
    for (const { wire } of all) assert.deepEqual(wire.frames, ['1 to everyone'])
  })
})

describe('a socket and its backpressure', () => {
  it('says sent, then queued while the peer does not read, and drains', async () => {
    const wire = new Wire(1024)
    wire.held = true
    const { heard, socket } = adopted({}, {}, wire)
    assert.equal(socket.send('x'.repeat(2000)), 'sent')
    assert.equal(socket.bufferedAmount, 2004)
    await turn()
    assert.equal(socket.send('second'), 'queued')
    assert.equal(socket.send('third'), 'queued')
    assert.equal(socket.bufferedAmount, 2004 + 8 + 7)
    await turn()
    assert.equal(wire.writes.length, 1)
    wire.release()
    await until(() => heard.includes('drain'), 'drain')
    assert.equal(wire.writes.length, 2, 'what waited is one write')
    assert.equal(wire.frames.length, 3)
    assert.equal(socket.bufferedAmount, 0)
    assert.equal(socket.send('again'), 'sent')
  })

  it('keeps only the newest unanswered pings while the peer does not read', async () => {
    const wire = new Wire(1024)
    wire.held = true
    const { feed, socket } = adopted({}, {}, wire)
    socket.send('x'.repeat(2000))
    await turn()
    for (let i = 0; i < 20; i++) {
      feed(...Array.from({ length: 50 }, (_, j) => ({ opcode: 9, payload: `${i}.${j}` })))
      await turn()
    }
    wire.release()
    await turn()
    assert.equal(wire.frames.length, 1 + 17)
    assert.equal(wire.frames.at(-1), '10 19.49')
  })

  it('cuts a consumer that is too slow', async () => {
    const wire = new Wire(1024)
    wire.held = true
    const { heard, socket } = adopted({ maxBuffered: 10_000 }, {}, wire)
    for (let i = 0; i < 10; i++) assert.notEqual(socket.send('x'.repeat(1000)), 'dropped')
    assert.equal(socket.send('one too many'), 'dropped')
    assert.equal(socket.send('another'), 'dropped')
    await until(() => socket.state === 'closed', 'closed')
    assert.deepEqual(heard, ['error TAUTLINE_SLOW_CONSUMER', 'close 1006 '])
  })

  it('or drops what does not fit, whole messages only, and goes on', async () => {
    const wire = new Wire(1024)
    wire.held = true
    const { heard, socket } = adopted({ maxBuffered: 10_000, slowConsumer: 'drop' }, {}, wire)
    const statuses = Array.from({ length: 30 }, (_, i) => socket.send(`${i} ${'x'.repeat(1000)}`))
    assert.equal(statuses.filter((status) => status === 'dropped').length, 20)
    await turn()
    wire.release()
    await until(() => heard.includes('drain'), 'drain')
    assert.equal(socket.send('later'), 'sent')
    await turn()
    assert.deepEqual(
      wire.frames.map((frame) => frame.split(' ')[1]),
      ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'later'],
    )
    assert.equal(socket.state, 'open')
  })

  it('calls whenWritten when the kernel has taken what was sent so far', async () => {
    const wire = new Wire(1024)
    wire.held = true
    const { heard, socket } = adopted({}, {}, wire)
    socket.send('x'.repeat(3000))
    socket.whenWritten((error) => heard.push(`written ${error}`))
    await turn()
    socket.send('more')
    socket.whenWritten((error) => heard.push(`more ${error}`))
    await turn()
    assert.deepEqual(heard, [])
    wire.release()
    await until(() => heard.length === 3, 'both')
    assert.deepEqual(heard.sort(), ['drain', 'more undefined', 'written undefined'])
  })

  it('calls whenWritten although nothing is pending', async () => {
    const { heard, socket } = adopted()
    socket.whenWritten((error) => heard.push(`written ${error}`))
    await until(() => heard.length === 1, 'written')
    assert.deepEqual(heard, ['written undefined'])
  })

  it('calls whenWritten with an error when the connection is cut, and afterwards', async () => {
    const wire = new Wire(1024)
    wire.held = true
    const { heard, socket } = adopted({}, {}, wire)
    socket.send('x'.repeat(3000))
    await turn()
    socket.send('never')
    socket.whenWritten((error) => heard.push(`written ${error?.name}`))
    socket.terminate()
    socket.whenWritten((error) => heard.push(`late ${error?.name}`))
    await until(() => socket.state === 'closed', 'closed')
    socket.whenWritten((error) => heard.push(`after ${error?.name}`))
    await turn()
    assert.deepEqual(heard.sort(), [
      'after WebSocketError',
      'close 1006 ',
      'late WebSocketError',
      'written WebSocketError',
    ])
  })

  it('calls whenWritten behind the closing handshake as well, and the Close frame still goes out', async () => {
    const { feed, heard, socket, wire } = adopted()
    socket.send('last')
    feed({ opcode: 8, payload: closePayload(1000) })
    await until(() => wire.writableEnded, 'the end')
    socket.whenWritten((error) => heard.push(`written ${error}`))
    await until(() => heard.length > 0, 'written')
    assert.deepEqual(heard, ['written undefined'])
    wire.push(null)
    await until(() => socket.state === 'closed', 'closed')
    assert.deepEqual(wire.frames, ['1 last', '8 1000 '])
    assert.deepEqual(heard, ['written undefined', 'close 1000  clean'])
  })
})

describe('the heartbeat', () => {
  const heartbeat = { interval: 1000, timeout: 1000 }

  it('leaves a peer alone that answers its pings', async () => {
    const { clock, feed, heard, wire } = adoptedOnClock({ heartbeat })
    let answered = 0
    for (let i = 0; i < 50; i++) {
      clock.advance(500)
      await turn()
      for (; answered < wire.frames.length; answered++) feed({ opcode: 10 })
      await turn()
    }
    assert.ok(answered >= 5, `${answered} pings`)
    assert.deepEqual(new Set(wire.frames), new Set(['9 ']))
    assert.deepEqual(new Set(heard), new Set(['pong ']))
    assert.equal(wire.destroyed, false)
  })

  it('does not ask a peer that talks', async () => {
    const { clock, feed, wire } = adoptedOnClock({ heartbeat })
    for (let i = 0; i < 50; i++) {
      feed({ opcode: 1, payload: 'x' })
      await turn()
      clock.advance(500)
    }
    await turn()
    assert.deepEqual(wire.frames, [])
    assert.equal(wire.destroyed, false)
  })
})

describe('pause and resume', () => {
  it('stop at a message boundary and go on with the next', async () => {
    const { feed, heard, socket } = adopted()
    const note = socket.onmessage
    socket.onmessage = (data, isBinary) => {
      note?.(data, isBinary)
      socket.pause()
    }
    feed({ opcode: 1, payload: 'one' }, { opcode: 1, payload: 'two' }, { opcode: 1, fin: false, payload: 'thr' })
    feed({ opcode: 0, payload: 'ee' })
    for (const expected of ['text one', 'text two', 'text three']) {
      await until(() => heard.at(-1) === expected, expected)
      assert.equal(socket.isPaused, true)
      await turn()
      assert.equal(heard.at(-1), expected)
      socket.resume()
    }
    await turn()
    assert.deepEqual(heard, ['text one', 'text two', 'text three'])
  })

  it('hold the stream back: what is not read stays in the kernel', async () => {
    const { feed, socket, wire } = adopted()
    socket.pause()
    assert.equal(wire.isPaused(), true)
    for (let i = 0; i < 10; i++) feed({ opcode: 2, payload: Buffer.alloc(10_000) })
    await turn()
    assert.ok(wire.readableLength >= 100_000)
    socket.resume()
    await until(() => wire.readableLength === 0, 'read')
  })

  it('within one message change nothing, and replies are still one write', async () => {
    const { feed, socket, wire } = adopted()
    socket.onmessage = (data) => {
      socket.pause()
      socket.send(`echo ${data}`)
      socket.resume()
    }
    feed(...Array.from({ length: 10 }, (_, i) => ({ opcode: 1, payload: `${i}` })))
    await until(() => wire.frames.length === 10, 'replies')
    assert.equal(wire.writes.length, 1)
  })

  it('never cost the connection its life: a heartbeat does not judge who is not read', async () => {
    const { clock, heard, socket, wire } = adoptedOnClock({ heartbeat: { interval: 1000, timeout: 1000 } })
    socket.pause()
    // The peer answers every ping; nobody reads it.
    for (let i = 0; i < 10; i++) {
      clock.advance(1000)
      await turn()
    }
    assert.deepEqual(heard, [])
    assert.equal(wire.destroyed, false)
    socket.resume()
    // Now the silence is the peer's.
    for (let i = 0; i < 4 && !wire.destroyed; i++) {
      clock.advance(1000)
      await turn()
    }
    await until(() => socket.state === 'closed', 'closed')
    assert.deepEqual(heard, ['error TAUTLINE_HEARTBEAT', 'close 1006 '])
  })

  it('before the closing handshake hold its answer back until resume', async () => {
    const { feed, heard, socket, wire } = adopted()
    socket.pause()
    feed({ opcode: 1, payload: 'first' }, { opcode: 8, payload: closePayload(1000) })
    await turn()
    socket.resume()
    await until(() => wire.writableEnded, 'answered')
    wire.push(null)
    await until(() => socket.state === 'closed', 'closed')
    assert.deepEqual(heard, ['text first', 'close 1000  clean'])
  })
})
