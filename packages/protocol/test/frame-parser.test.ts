import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { buildFrame, byteByByte, type FrameSpec } from '@tautline/testkit'
import { FrameParser, type FrameSink } from '../src/frame-parser.ts'
import type { Violation } from '../src/violation.ts'

/** Notes the calls; stops where it is told to. */
class Notes implements FrameSink {
  readonly calls: string[] = []
  stopAt = ''
  onStart(byte0: number, byte1: number): boolean {
    return this.note(`start ${byte0} ${byte1}`)
  }
  onLength(_byte0: number, length: number): boolean {
    return this.note(`length ${length}`)
  }
  onFrame(_byte0: number, bytes: Uint8Array, start: number, end: number): boolean {
    return this.note(`frame ${Buffer.from(bytes.subarray(start, end)).toString('latin1')}`)
  }
  onPiece(_byte0: number, bytes: Uint8Array, start: number, end: number, left: number): boolean {
    return this.note(`piece ${Buffer.from(bytes.subarray(start, end)).toString('latin1')} left ${left}`)
  }
  onViolation(violation: Violation): void {
    this.calls.push(`violation ${violation.id}`)
  }
  private note(call: string): boolean {
    this.calls.push(call)
    return this.stopAt === '' || !call.startsWith(this.stopAt)
  }
}

function walk(bytes: Uint8Array, masked: boolean, stopAt = ''): { calls: string[]; at: number; parser: FrameParser } {
  const notes = new Notes()
  notes.stopAt = stopAt
  const parser = new FrameParser(notes, masked)
  return { at: parser.push(bytes, 0, bytes.length), calls: notes.calls, parser }
}

const text = (payload: string, more: Partial<FrameSpec> = {}): Buffer => buildFrame({ opcode: 1, payload, ...more })

describe('the frame parser (RFC 6455 §5.2)', () => {
  it('asks about a frame in three steps: its two bytes, its length, its payload', () => {
    assert.deepEqual(walk(text('hi'), false).calls, ['start 129 2', 'length 2', 'frame hi'])
    assert.deepEqual(walk(text('hi', { mask: true }), true).calls, ['start 129 130', 'length 2', 'frame hi'])
  })

  it('walks several frames of one chunk and says it consumed them', () => {
    const bytes = Buffer.concat([text('a'), text(''), text('bc')])
    const { at, calls } = walk(bytes, false)
    assert.equal(at, bytes.length)
    assert.deepEqual(
      calls.filter((call) => call.startsWith('frame')),
      ['frame a', 'frame ', 'frame bc'],
    )
  })

  for (const size of [0, 1, 125, 126, 127, 128, 65535, 65536, 65537]) {
    it(`reads a payload of ${size} bytes whole, and in two pieces at any cut of the header`, () => {
      for (const masked of [false, true]) {
        const payload = 'x'.repeat(size)
        const whole = walk(text(payload, { mask: masked }), masked)
        assert.deepEqual(whole.calls.slice(1), [`length ${size}`, `frame ${payload}`])
        for (let cut = 1; cut < 16; cut++) {
          const bytes = text(payload, { mask: masked })
          if (cut >= bytes.length) break
          const notes = new Notes()
          const parser = new FrameParser(notes, masked)
          assert.equal(parser.push(bytes, 0, cut), cut)
          assert.equal(parser.insideFrame, true)
          assert.equal(parser.push(bytes, cut, bytes.length), bytes.length)
          assert.equal(parser.insideFrame, false)
          const got = notes.calls.filter((call) => /^(frame|piece)/.test(call))
          const joined = got.map((call) => call.replace(/^\w+ /, '').replace(/ left \d+$/, '')).join('')
          assert.equal(joined, payload)
        }
      }
    })
  }

  it('reads masked frames byte by byte', () => {
    const bytes = Buffer.concat([
      text('Hello', { mask: true }),
      text('y'.repeat(130), { mask: Buffer.from([9, 8, 7, 6]) }),
    ])
    const notes = new Notes()
    const parser = new FrameParser(notes, true)
    for (const byte of byteByByte(bytes)) assert.equal(parser.push(byte, 0, 1), 1)
    const pieces = notes.calls.filter((call) => call.startsWith('piece'))
    assert.equal(pieces.map((call) => call.slice(6, 7)).join(''), `Hello${'y'.repeat(130)}`)
    assert.equal(pieces[4], 'piece o left 0')
  })

  it('asks about the first two bytes as soon as they are there', () => {
    assert.deepEqual(walk(Buffer.from([0x81]), true).calls, [])
    assert.deepEqual(walk(Buffer.from([0x81, 0xfe]), true).calls, ['start 129 254'])
    const notes = new Notes()
    const parser = new FrameParser(notes, true)
    parser.push(Buffer.from([0x81]), 0, 1)
    parser.push(Buffer.from([0xfe]), 0, 1)
    assert.deepEqual(notes.calls, ['start 129 254'])
  })

  it('tells the length before any payload byte has come', () => {
    const header = text('z'.repeat(70000), { mask: true }).subarray(0, 14)
    assert.deepEqual(walk(header, true).calls, ['start 129 255', 'length 70000'])
  })

  it('stops where the sink says so, with the rest untouched', () => {
    const bytes = Buffer.concat([text('one', { mask: true }), text('two', { mask: true })])
    const behind = Buffer.from(bytes.subarray(9))
    const { at, calls } = walk(bytes, true, 'frame one')
    assert.equal(at, 9)
    assert.equal(calls.at(-1), 'frame one')
    assert.deepEqual(bytes.subarray(9), behind, 'the second frame is still masked')
  })

  it('stops behind the last piece of a frame that a cut split', () => {
    const bytes = Buffer.concat([text('one'), text('two')])
    const notes = new Notes()
    notes.stopAt = 'piece ne left 0'
    const parser = new FrameParser(notes, false)
    assert.equal(parser.push(bytes, 0, 3), 3)
    assert.equal(parser.push(bytes, 3, bytes.length), 5)
    notes.stopAt = ''
    assert.equal(parser.push(bytes, 5, bytes.length), bytes.length)
    assert.equal(notes.calls.at(-1), 'frame two')
  })

  it('stops behind a frame whose header was split', () => {
    const bytes = Buffer.concat([text('one'), text('two')])
    const notes = new Notes()
    notes.stopAt = 'frame one'
    const parser = new FrameParser(notes, false)
    parser.push(bytes, 0, 1)
    assert.equal(parser.push(bytes, 1, bytes.length), 5)
  })

  const lengths: [string, Partial<FrameSpec>, string][] = [
    ['16 bits for 0', { declared: 0, lengthForm: 16 }, 'length-not-minimal'],
    ['16 bits for 125', { declared: 125, lengthForm: 16 }, 'length-not-minimal'],
    ['64 bits for 5', { declared: 5, lengthForm: 64 }, 'length-not-minimal'],
    ['64 bits for 65535', { declared: 65535, lengthForm: 64 }, 'length-not-minimal'],
    ['2^53', { declared: 2n ** 53n, lengthForm: 64 }, 'message-too-big'],
    ['2^63 - 1', { declared: 2n ** 63n - 1n, lengthForm: 64 }, 'message-too-big'],
    ['2^63', { declared: 2n ** 63n, lengthForm: 64 }, 'length-over-63-bits'],
    ['2^64 - 1', { declared: 2n ** 64n - 1n, lengthForm: 64 }, 'length-over-63-bits'],
  ]
  for (const [name, spec, id] of lengths) {
    it(`refuses a length of ${name} as ${id}, whole and byte by byte`, () => {
      const bytes = text('', { mask: true, ...spec })
      assert.equal(walk(bytes, true).calls.at(-1), `violation ${id}`)
      const notes = new Notes()
      const parser = new FrameParser(notes, true)
      for (const byte of byteByByte(bytes)) if (!notes.calls.at(-1)?.startsWith('violation')) parser.push(byte, 0, 1)
      assert.equal(notes.calls.at(-1), `violation ${id}`)
    })
  }

  it('counts up to 2^53 - 1 exactly', () => {
    const bytes = text('', { mask: true, declared: 2n ** 53n - 1n, lengthForm: 64 })
    assert.equal(walk(bytes, true).calls.at(-1), `length ${2 ** 53 - 1}`)
  })

  it('reads within the bounds it is given only', () => {
    const bytes = Buffer.concat([Buffer.from('##'), text('ok'), Buffer.from('##')])
    const notes = new Notes()
    const parser = new FrameParser(notes, false)
    assert.equal(parser.push(bytes, 2, 6), 6)
    assert.deepEqual(notes.calls, ['start 129 2', 'length 2', 'frame ok'])
    assert.equal(parser.insideFrame, false)
  })
})
