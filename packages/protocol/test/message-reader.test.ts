import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { buildFrame, buildFrames, byteByByte, chops, type FrameSpec } from '@tautline/testkit'
import { ByteBudget, MessageAssembler } from '../src/message-assembler.ts'
import { connectionOf, hear, platform, type Wanted } from './harness.ts'

const server = (wanted: Wanted, ...frames: FrameSpec[]): string[] =>
  hear(connectionOf('server', wanted), [buildFrames(...frames.map((frame) => ({ mask: true, ...frame })))])

describe('messages out of frames (RFC 6455 §5.4)', () => {
  it('joins fragments, with control frames between them', () => {
    const events = server(
      {},
      { opcode: 1, fin: false, payload: 'Hel' },
      { opcode: 9, payload: 'ping' },
      { opcode: 0, fin: false, payload: '' },
      { opcode: 10, payload: 'pong' },
      { opcode: 0, payload: 'lo' },
      { opcode: 2, payload: 'x' },
    )
    assert.deepEqual(events, ['ping 70696e67', 'pong 706f6e67', 'text "Hello"', 'binary 78'])
  })

  it('joins the same byte by byte, control frames split too', () => {
    const bytes = buildFrames(
      { opcode: 2, fin: false, payload: 'ab', mask: true },
      { opcode: 9, payload: 'split', mask: true },
      { opcode: 0, payload: 'cd', mask: true },
    )
    assert.deepEqual(hear(connectionOf('server'), byteByByte(bytes)), ['ping 73706c6974', 'binary 61626364'])
  })

  it('takes a message of exactly maxPayload, and refuses one byte more before it came', () => {
    const wanted = { limits: { maxPayload: 10 } }
    assert.deepEqual(server(wanted, { opcode: 1, payload: '0123456789' }), ['text "0123456789"'])
    const header = buildFrame({ opcode: 1, mask: true, declared: 11 })
    assert.deepEqual(hear(connectionOf('server', wanted), [header]), ['violation message-too-big'])
  })

  it('counts the fragments of a message together towards maxPayload, not over messages', () => {
    const wanted = { limits: { maxPayload: 10 } }
    const ten = [
      { opcode: 2, fin: false, payload: '012345' },
      { opcode: 0, payload: '6789' },
    ]
    assert.equal(server(wanted, ...ten, ...ten).length, 2)
    const over = [
      { opcode: 2, fin: false, payload: '012345' },
      { opcode: 0, payload: '67890' },
    ]
    assert.deepEqual(server(wanted, ...over), ['violation message-too-big'])
  })

  it('never counts control frames towards maxPayload', () => {
    const wanted = { limits: { maxPayload: 3 } }
    assert.equal(server(wanted, { opcode: 9, payload: 'x'.repeat(125) }, { opcode: 2, payload: 'abc' }).length, 2)
  })

  it('counts every fragment, empty ones too (CVE-2026-48779)', () => {
    const wanted = { limits: { maxFragments: 4 } }
    const empty = { opcode: 0, fin: false }
    const start = { opcode: 1, fin: false }
    assert.deepEqual(server(wanted, start, empty, empty, { opcode: 0 }), ['text ""'])
    assert.deepEqual(server(wanted, start, empty, empty, empty, empty), ['violation too-many-fragments'])
    assert.deepEqual(server(wanted, start, empty, empty, { opcode: 0 }, start, empty, empty, { opcode: 0 }).length, 2)
  })

  it('counts a fragment once, in however many pieces it comes', () => {
    const bytes = buildFrames(
      { opcode: 2, fin: false, payload: 'a'.repeat(50), mask: true },
      { opcode: 0, payload: 'b'.repeat(50), mask: true },
    )
    assert.equal(hear(connectionOf('server', { limits: { maxFragments: 2 } }), byteByByte(bytes)).length, 1)
  })

  it('fails text at its first bad byte, inside an unfinished frame of an unfinished message (RFC 6455 §8.1)', () => {
    const bytes = buildFrame({
      opcode: 1,
      fin: false,
      mask: true,
      payload: Buffer.from('good \xff and so on', 'latin1'),
    })
    const connection = connectionOf('server')
    assert.deepEqual(hear(connection, [bytes.subarray(0, 11)]), [])
    assert.deepEqual(hear(connection, [bytes.subarray(11, 12)]), ['violation text-utf8'])
  })

  it('takes a code point that fragments split, and refuses one that the end cuts', () => {
    const [a, b] = [Buffer.from([0xf0, 0x9f]), Buffer.from([0x98, 0x80])]
    assert.deepEqual(server({}, { opcode: 1, fin: false, payload: a }, { opcode: 0, payload: b }), ['text "😀"'])
    assert.deepEqual(server({}, { opcode: 1, fin: false, payload: a }, { opcode: 0, payload: '' }), [
      'violation text-utf8',
    ])
    assert.deepEqual(server({}, { opcode: 1, payload: a }), ['violation text-utf8'])
  })

  it('does not look at text where validation is off, nor ever at binary', () => {
    const payload = Buffer.from([0xff, 0xfe])
    assert.deepEqual(server({ limits: { validateUtf8: false } }, { opcode: 1, payload }), ['text "��"'])
    assert.deepEqual(server({}, { opcode: 2, payload }), ['binary fffe'])
  })

  it('passes parts on as they come, with last at the end, and checks text over them', () => {
    const bytes = buildFrames(
      { opcode: 1, fin: false, payload: 'abc', mask: true },
      { opcode: 9, mask: true },
      { opcode: 0, payload: 'def', mask: true },
    )
    const wanted = { limits: { parts: true, maxPayload: Number.POSITIVE_INFINITY } }
    const events = hear(connectionOf('server', wanted), chops(bytes, 2))
    const joined = events.filter((event) => event.startsWith('part text')).map((event) => event.split(' ')[2])
    assert.equal(Buffer.from(joined.join(''), 'hex').toString(), 'abcdef')
    assert.equal(events.filter((event) => event.endsWith(' last')).length, 1)
    assert.ok(events.at(-1)?.endsWith(' last'))
    const bad = buildFrame({ opcode: 1, payload: Buffer.from([0xc3]), mask: true })
    assert.deepEqual(hear(connectionOf('server', wanted), [bad]), ['violation text-utf8'])
  })

  it('judges the frame length against maxPayload in parts as well', () => {
    const header = buildFrame({ opcode: 2, mask: true, declared: 101, lengthForm: 7 })
    assert.deepEqual(hear(connectionOf('server', { limits: { parts: true, maxPayload: 100 } }), [header]), [
      'violation message-too-big',
    ])
  })
})

describe('the memory of unfinished messages', () => {
  it('follows what has arrived, not what was declared', () => {
    const budget = new ByteBudget(1 << 30)
    const header = buildFrame({ opcode: 2, mask: true, declared: 1 << 20 })
    const connection = connectionOf('server', { limits: { budget } })
    connection.receive(header)
    assert.equal(budget.used, 0)
    connection.receive(Buffer.alloc(100))
    assert.equal(budget.used, 0)
    connection.receive(Buffer.alloc(100_000))
    assert.ok(budget.used >= 80_000 && budget.used <= 4 * 100_100, `${budget.used}`)
  })

  it('is given back when a message is complete, when the rule is broken, and when the connection ends', () => {
    const budget = new ByteBudget(1 << 20)
    const wanted = { limits: { budget } }
    const part = buildFrame({ opcode: 2, fin: false, mask: true, payload: 'x'.repeat(50_000) })
    const whole = connectionOf('server', wanted)
    whole.receive(Buffer.from(part))
    assert.ok(budget.used >= 30_000)
    whole.receive(buildFrame({ opcode: 0, mask: true }))
    assert.equal(budget.used, 0)
    const broken = connectionOf('server', wanted)
    broken.receive(Buffer.from(part))
    broken.receive(Buffer.from([0xff, 0xff]))
    assert.equal(budget.used, 0)
    const ended = connectionOf('server', wanted)
    ended.receive(Buffer.from(part))
    ended.connection.end()
    assert.equal(budget.used, 0)
    const control = connectionOf('server', wanted)
    control.receive(buildFrame({ opcode: 9, mask: true, payload: 'half a ping' }).subarray(0, 10))
    assert.equal(budget.used, 0)
  })

  it('is bounded for all connections together: when it is spent, whoever holds most fails with 1008', () => {
    const budget = new ByteBudget(140_000)
    const part = (size: number): Buffer =>
      buildFrame({ opcode: 2, fin: false, mask: true, payload: Buffer.alloc(size) })
    const greedy = connectionOf('server', { limits: { budget } })
    assert.equal(hear(greedy, [part(100_000)]).join(), '')
    const honest = connectionOf('server', { limits: { budget } })
    assert.equal(hear(honest, [part(80_000)]).join(), '')
    assert.deepEqual(
      greedy.events().map((event) => (event.type === 'violation' ? event.violation.id : event.type)),
      ['incomplete-budget'],
    )
    // And whoever asks for more than all others hold is the one to fail.
    const more = buildFrame({ opcode: 0, fin: false, mask: true, payload: Buffer.alloc(120_000) })
    assert.ok(hear(honest, [more]).includes('violation incomplete-budget'))
    assert.equal(budget.used, 0)
  })

  it('lets small messages pass while the budget is spent: the first 16 KiB are free, control frames too', () => {
    const budget = new ByteBudget(0)
    const connection = connectionOf('server', { limits: { budget } })
    for (const [type, frame] of [
      ['binary', { opcode: 2, mask: true, payload: Buffer.alloc(8000) }],
      ['ping', { opcode: 9, mask: true, payload: 'ping' }],
    ] as const) {
      const bytes = buildFrame(frame)
      assert.deepEqual(connection.receive(bytes.subarray(0, 9)), [])
      assert.equal(connection.receive(bytes.subarray(9))[0]?.type, type)
    }
    assert.equal(budget.used, 0)
  })

  it('holds exactly what was appended, whatever the pieces', () => {
    const assembler = new MessageAssembler(platform, new ByteBudget(1 << 24), { onEvicted: () => assert.fail() })
    const parts: Buffer[] = []
    for (let i = 0; i < 300; i++) {
      const part = Buffer.alloc(i % 20 === 7 ? 70_000 + i : (i * 37) % 500, i)
      parts.push(part)
      const padded = Buffer.concat([Buffer.from('<'), part, Buffer.from('>')])
      assert.equal(assembler.append(padded, 1, 1 + part.length, i % 3 === 0 ? 1_000_000 : 0, i % 2 === 0), null)
    }
    assert.equal(assembler.length, Buffer.concat(parts).length)
    assert.ok(Buffer.concat(parts).equals(assembler.finish()))
  })

  it('moves a message of a known length at most three times, and one of many fragments as often as it doubles', () => {
    const moves = (pieces: number, leftOf: (i: number) => number, final: boolean): number => {
      let allocated = 0
      const allocate = (size: number): Uint8Array => {
        allocated++
        return platform.allocate(size)
      }
      const counting = { allocate, free: () => {} }
      const assembler = new MessageAssembler(counting, new ByteBudget(1 << 28), { onEvicted: () => assert.fail() })
      const piece = new Uint8Array(16 * 1024)
      for (let i = 0; i < pieces; i++) assembler.append(piece, 0, piece.length, leftOf(i), final)
      return allocated
    }
    assert.ok(moves(64, (i) => (63 - i) * 16 * 1024, true) <= 4)
    assert.ok(moves(1024, () => 0, false) <= 11)
    assert.ok(moves(1024, () => 100, false) <= 12)
  })
})
