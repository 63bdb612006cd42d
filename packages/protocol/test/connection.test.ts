import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { buildFrame, buildFrames, byteByByte, closePayload, type FrameSpec, parseFrames } from '@tautline/testkit'
import { CLOSE_CODES } from '../src/close-code.ts'
import { Connection, type ConnectionHandler } from '../src/connection.ts'
import type { EventConnection } from '../src/events.ts'
import { State } from '../src/lifecycle.ts'
import { VIOLATIONS, type ViolationId } from '../src/violation.ts'
import { connectionOf, endpointOf, FULL, hear, taken } from './harness.ts'

type Role = 'server' | 'client'
const ROLES: readonly Role[] = ['server', 'client']

/** Frames as the peer of `role` sends them. */
function peer(role: Role, ...frames: FrameSpec[]): Buffer {
  return buildFrames(...frames.map((frame) => ({ mask: role === 'server', ...frame })))
}

/** What the connection has to say, as `opcode payload`. */
function said(connection: EventConnection): string[] {
  const { frames, rest } = parseFrames(taken(connection))
  assert.equal(rest.length, 0)
  return frames.map(({ opcode, payload, fin }) => {
    if (opcode === 8) return `close ${payload.length < 2 ? 'empty' : payload.readUInt16BE(0)} ${payload.subarray(2)}`
    return `${fin ? '' : '~'}${opcode} ${payload}`
  })
}

for (const role of ROLES) {
  describe(`a ${role}'s connection`, () => {
    it('answers a ping with a pong of the same payload (RFC 6455 §5.5.2)', () => {
      const connection = connectionOf(role)
      assert.deepEqual(hear(connection, [peer(role, { opcode: 9, payload: 'are you there' })]).length, 1)
      assert.deepEqual(said(connection), ['10 are you there'])
      assert.deepEqual(said(connection), [])
    })

    it('answers up to 16 pings of a turn one by one, then the newest only (RFC 6455 §5.5.3)', () => {
      const connection = connectionOf(role)
      const pings = Array.from({ length: 100 }, (_, i) => ({ opcode: 9, payload: `p${i}` }))
      assert.equal(hear(connection, [peer(role, ...pings)]).length, 100)
      const expected = [...Array.from({ length: 16 }, (_, i) => `10 p${i}`), '10 p99']
      assert.deepEqual(said(connection), expected)
      hear(connection, [peer(role, { opcode: 9, payload: 'again' })])
      assert.deepEqual(said(connection), ['10 again'], 'the next turn counts from the beginning')
    })

    it('leaves pings to the application where autoPong is off', () => {
      const connection = connectionOf(role, { autoPong: false })
      assert.deepEqual(hear(connection, [peer(role, { opcode: 9, payload: 'x' })]), ['ping 78'])
      assert.equal(connection.connection.hasOutput, false)
      assert.equal(connection.connection.sendControl(10, Buffer.from('x')), true)
      assert.deepEqual(said(connection), ['10 x'])
    })

    it('takes a close first: answers with the same code, is done, and deaf', () => {
      for (const code of [...CLOSE_CODES.filter((row) => row.wire).map((row) => row.code), 3000, 3999, 4000, 4999]) {
        const connection = connectionOf(role)
        const bytes = peer(role, { opcode: 8, payload: closePayload(code, 'bye') }, { opcode: 1, payload: 'late' })
        assert.deepEqual(hear(connection, [bytes, peer(role, { opcode: 9 })]), [`close ${code} "bye"`])
        assert.equal(connection.connection.state, State.DONE)
        assert.equal(said(connection)[0]?.startsWith(`close ${code}`), true)
        assert.equal(connection.connection.hasOutput, false)
        assert.equal(connection.connection.sendText('late', false), false)
      }
    })

    it('takes a close without a code as 1005, and answers without one', () => {
      const connection = connectionOf(role)
      assert.deepEqual(hear(connection, [peer(role, { opcode: 8 })]), ['close 1005 ""'])
      assert.deepEqual(said(connection), ['close empty '])
      assert.equal(connection.connection.closeCode, 1005)
    })

    it("closes first: its data stops, the peer's still counts, the answer ends it", () => {
      const connection = connectionOf(role)
      connection.connection.close(1001, 'going')
      assert.deepEqual(said(connection), ['close 1001 going'])
      assert.equal(connection.connection.state, State.CLOSING)
      assert.equal(connection.connection.sendText('x', false), false)
      assert.equal(connection.connection.sendBytes(2, Buffer.from('x'), 0, 1, false), false)
      assert.equal(connection.connection.sendControl(9, Buffer.from('x')), false)
      connection.connection.close(1000)
      const bytes = peer(
        role,
        { opcode: 1, payload: 'last words' },
        { opcode: 9 },
        { opcode: 8, payload: closePayload(1001) },
      )
      assert.deepEqual(hear(connection, [bytes]), ['text "last words"', 'ping ', 'close 1001 ""'])
      assert.equal(connection.connection.state, State.DONE)
      assert.deepEqual(said(connection), [], 'one Close frame is enough')
    })

    it('finishes when both closed at once', () => {
      const connection = connectionOf(role)
      connection.connection.close(4000)
      assert.deepEqual(hear(connection, [peer(role, { opcode: 8, payload: closePayload(3000, 'mine') })]), [
        'close 3000 "mine"',
      ])
      assert.deepEqual(said(connection), ['close 4000 '])
      assert.equal(connection.connection.closeCode, 3000)
    })

    it('takes a close inside a fragmented message', () => {
      const connection = connectionOf(role)
      const bytes = peer(role, { opcode: 1, fin: false, payload: 'x' }, { opcode: 8, payload: closePayload(1000) })
      assert.deepEqual(hear(connection, byteByByte(bytes)), ['close 1000 ""'])
    })

    it('reports 1006 while no Close frame has come', () => {
      const connection = connectionOf(role)
      connection.connection.end()
      assert.equal(connection.connection.state, State.CLOSED)
      assert.equal(connection.connection.closeCode, 1006)
      connection.connection.end()
      assert.equal(connection.connection.state, State.CLOSED)
      assert.deepEqual(hear(connection, [peer(role, { opcode: 1, payload: 'x' })]), [])
    })

    it("fails with the violation's code and reason, and hears nothing more (RFC 6455 §7.1.7)", () => {
      const mask = role === 'server'
      const cases: [FrameSpec[], ViolationId][] = [
        [[{ opcode: 1, payload: 'x', mask: !mask }], mask ? 'mask-missing' : 'mask-present'],
        [[{ opcode: 1, rsv: 2 }], 'rsv'],
        [[{ opcode: 1, rsv: 4 }], 'rsv'],
        [[{ opcode: 3 }], 'opcode'],
        [[{ opcode: 15 }], 'opcode'],
        [[{ opcode: 9, fin: false }], 'control-fragmented'],
        [[{ opcode: 9, payload: 'x'.repeat(126) }], 'control-too-long'],
        [[{ opcode: 10, payload: 'x', lengthForm: 16 }], 'control-too-long'],
        [[{ opcode: 2, payload: 'x', lengthForm: 64 }], 'length-not-minimal'],
        [[{ opcode: 0, payload: 'x' }], 'continuation-without-start'],
        [[{ opcode: 1, fin: false }, { opcode: 2 }], 'message-inside-message'],
        [[{ opcode: 8, payload: Buffer.from([3]) }], 'close-one-byte'],
        [[{ opcode: 8, payload: closePayload(1005) }], 'close-code'],
        [[{ opcode: 8, payload: closePayload(1000, Buffer.from([0xc3])) }], 'close-reason-utf8'],
        [[{ opcode: 1, payload: Buffer.from([0xff]) }], 'text-utf8'],
      ]
      for (const [frames, id] of cases) {
        for (const split of [false, true]) {
          const connection = connectionOf(role)
          const bytes = Buffer.concat([peer(role, ...frames), peer(role, { opcode: 1, payload: 'deaf' })])
          const events = hear(connection, split ? byteByByte(bytes) : [bytes])
          assert.deepEqual(events, [`violation ${id}`])
          assert.equal(connection.connection.state, State.FAILED)
          assert.deepEqual(said(connection), [`close ${VIOLATIONS[id].closeCode} ${VIOLATIONS[id].text}`])
          assert.equal(connection.connection.sendText('x', false), false)
        }
      }
    })

    it('fails with RSV1 misplaced where permessage-deflate is on (RFC 7692 §6)', () => {
      for (const opcode of [8, 9, 10]) {
        const connection = connectionOf(role, { deflate: FULL })
        assert.deepEqual(hear(connection, [peer(role, { opcode, rsv: 4 })]), ['violation rsv1-misplaced'])
      }
      const connection = connectionOf(role, { deflate: FULL })
      const bytes = peer(role, { opcode: 1, fin: false, payload: 'a' }, { opcode: 0, rsv: 4, payload: 'b' })
      assert.deepEqual(hear(connection, [bytes]), ['violation rsv1-misplaced'])
    })

    it('writes no second Close frame when a violation follows its own', () => {
      const connection = connectionOf(role)
      connection.connection.close(1000)
      said(connection)
      assert.deepEqual(hear(connection, [peer(role, { opcode: 3 })]), ['violation opcode'])
      assert.deepEqual(said(connection), [])
      assert.equal(connection.connection.state, State.FAILED)
    })

    it('drops the unanswered ping when it closes: nothing follows a Close frame', () => {
      const connection = connectionOf(role)
      const pings = Array.from({ length: 20 }, () => ({ opcode: 9 }))
      hear(connection, [peer(role, ...pings)])
      connection.connection.close(1000)
      assert.equal(said(connection).at(-1), 'close 1000 ')
      assert.equal(connection.connection.hasOutput, false)
    })

    it('refuses codes and reasons that must not be sent, and stays open', () => {
      const { connection } = connectionOf(role)
      for (const code of [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65536, -1, 1000.5, Number.NaN]) {
        assert.throws(() => connection.close(code), RangeError, `${code}`)
      }
      assert.throws(() => connection.close(1000, 'x'.repeat(124)), RangeError)
      assert.throws(() => connection.close(1000, 'é'.repeat(62)), RangeError)
      assert.throws(() => connection.close(undefined, 'why'), TypeError)
      assert.throws(() => connection.sendControl(9, Buffer.alloc(126)), RangeError)
      assert.equal(connection.state, State.OPEN)
      assert.equal(connection.hasOutput, false)
      connection.close(1000, `${'é'.repeat(61)}x`)
      assert.equal(connection.state, State.CLOSING)
    })

    it('sends fragments as one message, whatever is asked of the later ones (RFC 6455 §5.4)', () => {
      const connection = connectionOf(role)
      connection.connection.sendText('a', false, false)
      connection.connection.sendControl(9, Buffer.from('in between'))
      connection.connection.sendText('b', true, false)
      connection.connection.sendBytes(2, Buffer.from('c'), 0, 1, false, true)
      connection.connection.sendText('next', false)
      assert.deepEqual(said(connection), ['~1 a', '9 in between', '~0 b', '0 c', '1 next'])
    })

    it('stops behind the message at which its handler paused, and goes on from there', () => {
      const connection = connectionOf(role)
      const { connection: inner } = connection
      const heard: string[] = []
      const target = connection as unknown as { onText: ConnectionHandler['onText'] }
      const onText = target.onText.bind(connection)
      target.onText = (bytes, start, end, seen, owned) => {
        onText(bytes, start, end, seen, owned)
        inner.pause()
      }
      inner.receive(
        peer(
          role,
          { opcode: 1, payload: 'one' },
          { opcode: 9 },
          { opcode: 1, payload: 'two' },
          { opcode: 1, payload: 'three' },
        ),
      )
      const more = (): void => {
        for (const event of connection.events()) heard.push(event.type === 'text' ? event.text : event.type)
      }
      more()
      assert.deepEqual(heard, ['one'])
      assert.equal(inner.hasRest, true)
      inner.resume()
      more()
      assert.deepEqual(heard, ['one', 'ping', 'two'])
      inner.receive(peer(role, { opcode: 1, payload: 'four' }))
      inner.resume()
      inner.resume()
      inner.resume()
      more()
      assert.deepEqual(heard, ['one', 'ping', 'two', 'three', 'four'])
      assert.equal(inner.hasRest, false)
    })

    it('keeps what came while paused, in the middle of a frame too', () => {
      const connection = connectionOf(role)
      const bytes = peer(role, { opcode: 1, payload: 'cut in two' })
      connection.receive(Buffer.from(bytes.subarray(0, 8)))
      connection.connection.pause()
      assert.deepEqual(connection.receive(Buffer.from(bytes.subarray(8, 10))), [])
      assert.deepEqual(connection.receive(Buffer.from(bytes.subarray(10))), [])
      connection.connection.resume()
      assert.deepEqual(connection.events(), [{ type: 'text', text: 'cut in two' }])
    })

    it('says whether the peer owes the rest of a frame or message', () => {
      const connection = connectionOf(role)
      const { connection: inner } = connection
      assert.equal(inner.insideMessage, false)
      const bytes = peer(role, { opcode: 1, fin: false, payload: 'abc' }, { opcode: 0, payload: 'def' })
      for (const byte of byteByByte(bytes.subarray(0, -1))) {
        inner.receive(Buffer.from(byte))
        assert.equal(inner.insideMessage, true)
      }
      inner.receive(Buffer.from(bytes.subarray(-1)))
      assert.equal(inner.insideMessage, false)
    })
  })
}

describe('two connections, one for each role', () => {
  it('understand each other, close handshake included', () => {
    for (const deflate of [null, FULL]) {
      const [client, server] = [connectionOf('client', { deflate }), connectionOf('server', { deflate })]
      client.connection.sendText('hello', true)
      client.connection.sendBytes(2, Buffer.alloc(100_000, 7), 0, 100_000, true)
      client.connection.sendControl(9, Buffer.from('p'))
      const heard = server.receive(taken(client))
      assert.deepEqual(
        heard.map((event) => event.type),
        ['text', 'binary', 'ping'],
      )
      server.connection.sendText('welcome', true)
      server.connection.close(4001, 'enough')
      const back = client.receive(taken(server))
      assert.deepEqual(
        back.map((event) => event.type),
        ['pong', 'text', 'close'],
      )
      assert.deepEqual(
        server.receive(taken(client)).map((event) => event.type),
        ['close'],
      )
      assert.equal(client.connection.state, State.DONE)
      assert.equal(server.connection.state, State.DONE)
    }
  })
})

describe('the pong owed to the newest ping', () => {
  it('is a copy: the read chunk may be reused', () => {
    const silent = new Proxy({} as ConnectionHandler, { get: () => () => undefined })
    const connection = new Connection(endpointOf('server'), silent)
    const bytes = buildFrames(...Array.from({ length: 17 }, (_, i) => ({ opcode: 9, payload: `p${i}`, mask: true })))
    connection.receive(bytes)
    bytes.fill(0)
    const output = connection.take()
    const { frames } = parseFrames(output instanceof Uint8Array ? output : Buffer.concat(output as Uint8Array[]))
    assert.equal(frames.at(-1)?.payload.toString(), 'p16')
    assert.equal(buildFrame({ opcode: 9 }).length, 2)
  })
})
