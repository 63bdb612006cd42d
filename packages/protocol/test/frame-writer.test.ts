import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseFrames, type WireFrame } from '@tautline/testkit'
import fc from 'fast-check'
import { COPY_UP_TO, FrameWriter, headerBytes, Slab, writeHeader } from '../src/frame-writer.ts'
import { MASK } from '../src/opcode.ts'
import type { Platform } from '../src/platform.ts'
import { platform } from './harness.ts'

/** Memory full of 0x5a: what the writer leaves unwritten shows. */
const dirty: Platform = Object.assign(Object.create(platform) as Platform, {
  allocate: (size: number) => Buffer.alloc(size, 0x5a),
})

function joined(writer: FrameWriter): Buffer {
  const out = writer.take()
  return out === null
    ? Buffer.alloc(0)
    : out instanceof Uint8Array
      ? Buffer.from(out)
      : Buffer.concat(out as Uint8Array[])
}

/** Every byte of the output belongs to a frame in its minimal form. */
function framesOf(writer: FrameWriter, masked: boolean): WireFrame[] {
  const { pending } = writer
  const bytes = joined(writer)
  assert.equal(bytes.length, pending)
  const { frames, rest } = parseFrames(bytes)
  assert.equal(rest.length, 0)
  for (const frame of frames) {
    assert.equal(frame.masked, masked)
    assert.equal(frame.lengthForm, frame.payload.length < 126 ? 7 : frame.payload.length < 65536 ? 16 : 64)
  }
  return frames
}

const SIZES = [
  0,
  1,
  23,
  24,
  63,
  64,
  124,
  125,
  126,
  127,
  128,
  4000,
  8191,
  8192,
  8193,
  21845,
  21846,
  32767,
  32768,
  32769,
  65535,
  65536,
  65537,
  200_000,
  COPY_UP_TO - 1,
  COPY_UP_TO,
  COPY_UP_TO + 1,
]

for (const masked of [false, true]) {
  describe(`a frame written by a ${masked ? 'client' : 'server'}`, () => {
    it('carries its bytes for every size around a boundary', () => {
      const writer = new FrameWriter(dirty, new Slab(dirty), masked)
      for (const size of SIZES) {
        const payload = Buffer.from(Array.from({ length: size }, (_, i) => i % 251))
        writer.bytes(0x82, Buffer.concat([Buffer.from('before'), payload, Buffer.from('behind')]), 6, 6 + size)
        const [frame, ...more] = framesOf(writer, masked)
        assert.equal(more.length, 0)
        assert.deepEqual(frame?.payload, payload, `${size}`)
      }
    })

    // One, two, three and four bytes of UTF-8 a character, and what is no character at all.
    for (const unit of ['a', 'é', '漢', '😀', '\ud800', '\udc00x']) {
      it(`carries a text of ${JSON.stringify(unit)} for every length around a boundary`, () => {
        const writer = new FrameWriter(dirty, new Slab(dirty), masked)
        for (const size of SIZES) {
          const text = unit.repeat(Math.ceil(size / unit.length)).slice(0, size)
          const length = writer.text(0x81, text)
          const [frame] = framesOf(writer, masked)
          assert.ok(frame?.payload.equals(Buffer.from(text)), `${size}`)
          assert.equal(length, frame?.payload.length)
        }
      })
    }

    it('keeps its order among others, shared slab or not', () => {
      const piece = fc.oneof(
        fc.string({ unit: 'binary', maxLength: 200 }).map((text): [string, Uint8Array] => ['text', Buffer.from(text)]),
        fc.uint8Array({ maxLength: 300 }).map((bytes): [string, Uint8Array] => ['bytes', bytes]),
        fc.nat(3 * COPY_UP_TO).map((size): [string, Uint8Array] => ['bytes', new Uint8Array(size).fill(size)]),
        fc
          .constantFrom(COPY_UP_TO, COPY_UP_TO + 1, 21846, 32768)
          .map((n): [string, Uint8Array] => ['text', Buffer.from('漢'.repeat(n))]),
      )
      const step = fc.tuple(fc.nat(2), piece, fc.boolean())
      const slab = new Slab(dirty)
      fc.assert(
        fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
          const writers = [0, 1, 2].map(() => new FrameWriter(dirty, slab, masked))
          const expected: string[][] = [[], [], []]
          const got: string[][] = [[], [], []]
          const drain = (i: number): void => {
            const writer = writers[i] as FrameWriter
            for (const frame of framesOf(writer, masked)) (got[i] as string[]).push(frame.payload.toString('latin1'))
          }
          for (const [i, [kind, bytes], take] of steps) {
            const writer = writers[i] as FrameWriter
            if (kind === 'text') writer.text(0x81, Buffer.from(bytes).toString())
            else writer.bytes(0x82, bytes, 0, bytes.length)
            ;(expected[i] as string[]).push(Buffer.from(bytes).toString('latin1'))
            if (take) drain(i)
          }
          for (const i of [0, 1, 2]) drain(i)
          assert.deepEqual(got, expected)
        }),
        { numRuns: 60 },
      )
    })
  })
}

describe('the frame writer', () => {
  it('gives small frames of one turn as one run of bytes', () => {
    const writer = new FrameWriter(platform, new Slab(platform), false)
    for (let i = 0; i < 20; i++) writer.text(0x81, `message ${i}`)
    assert.ok(writer.take() instanceof Uint8Array)
    assert.equal(writer.take(), null)
  })

  it('never writes over what was taken', () => {
    const slab = new Slab(platform)
    const writer = new FrameWriter(platform, slab, false)
    const other = new FrameWriter(platform, slab, false)
    writer.text(0x81, 'kept')
    const kept = writer.take() as Uint8Array
    const copy = Buffer.from(kept)
    for (let i = 0; i < 20_000; i++) (i % 2 === 0 ? writer : other).text(0x81, 'something else')
    assert.deepEqual(Buffer.from(kept), copy)
  })

  it('writes into the same memory again once it is told that what was taken is written', () => {
    const slab = new Slab(platform)
    const writers = [new FrameWriter(platform, slab, false), new FrameWriter(platform, slab, false)] as const
    const { bytes } = slab.block
    for (let turn = 0; turn < 5_000; turn++) {
      for (const writer of writers) writer.text(0x81, `turn ${turn}`)
      for (const writer of writers) {
        assert.equal(framesOf(writer, false)[0]?.payload.toString(), `turn ${turn}`)
        slab.conclude(true)
      }
    }
    assert.equal(slab.block.bytes, bytes)
    assert.equal(slab.used, 0)
  })

  it('leaves alone what another connection has not written yet', () => {
    const slab = new Slab(platform)
    const writer = new FrameWriter(platform, slab, false)
    const slow = new FrameWriter(platform, slab, false)
    slow.text(0x81, 'slow')
    const kept = slow.take() as Uint8Array
    const copy = Buffer.from(kept)
    for (let i = 0; i < 20_000; i++) {
      writer.text(0x81, 'something else')
      writer.prepared(Buffer.alloc(9_000))
      writer.text(0x81, 'and more')
      writer.take()
      slab.conclude(true)
    }
    assert.deepEqual(Buffer.from(kept), copy)
  })

  it('appends prepared frames from where they lie, or copies small ones behind others', () => {
    const writer = new FrameWriter(platform, new Slab(platform), false)
    const frame = Buffer.from([0x81, 2, 0x68, 0x69])
    writer.prepared(frame)
    assert.equal(writer.take(), frame)
    writer.text(0x81, 'a')
    writer.prepared(frame)
    writer.text(0x81, 'b')
    assert.deepEqual(
      framesOf(writer, false).map((one) => one.payload.toString()),
      ['a', 'hi', 'b'],
    )
  })

  it('copies up to COPY_UP_TO bytes, so that the caller may change them', () => {
    const writer = new FrameWriter(platform, new Slab(platform), false)
    const bytes = Buffer.alloc(COPY_UP_TO, 1)
    writer.bytes(0x82, bytes, 0, bytes.length)
    bytes.fill(2)
    assert.ok(framesOf(writer, false)[0]?.payload.every((byte) => byte === 1))
  })

  it("as a client never changes the caller's bytes", () => {
    const writer = new FrameWriter(platform, new Slab(platform), true)
    for (const size of [5, 100, COPY_UP_TO + 1]) {
      const bytes = Buffer.alloc(size, 7)
      writer.bytes(0x82, bytes, 0, size)
      assert.ok(bytes.every((byte) => byte === 7))
      framesOf(writer, true)
    }
  })

  it('masks each frame with a key of its own (RFC 6455 §5.3)', () => {
    const writer = new FrameWriter(platform, new Slab(platform), true)
    const keys = new Set<string>()
    for (let i = 0; i < 50; i++) {
      writer.text(0x81, 'same')
      keys.add(joined(writer).subarray(2, 6).toString('hex'))
    }
    assert.ok(keys.size > 45)
  })

  it('writes headers as long as headerBytes says, lengths above 2^32 too', () => {
    for (const mask of [0, MASK]) {
      for (const length of [0, 125, 126, 65535, 65536, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 5, 2 ** 53 - 1]) {
        const bytes = new Uint8Array(14)
        const end = writeHeader(bytes, 0, 0x82, length, mask, 0x04030201)
        assert.equal(end, headerBytes(length, mask))
        const view = Buffer.from(bytes)
        const code = (bytes[1] as number) & 127
        const read = code === 127 ? Number(view.readBigUInt64BE(2)) : code === 126 ? view.readUInt16BE(2) : code
        assert.equal(read, length)
        if (mask !== 0) assert.deepEqual([...bytes.subarray(end - 4, end)], [1, 2, 3, 4])
      }
    }
  })
})
