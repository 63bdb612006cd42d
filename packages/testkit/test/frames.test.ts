import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  buildFrame,
  buildFrames,
  closePayload,
  NaiveFrameReader,
  parseFrames,
  Random,
  randomSplit,
} from '@tautline/testkit'

test('the builder writes the examples of RFC 6455 §5.7', () => {
  assert.equal(buildFrame({ opcode: 1, payload: 'Hello' }).toString('hex'), '810548656c6c6f')
  assert.equal(buildFrame({ opcode: 1, payload: 'Hello', mask: true }).toString('hex'), '818537fa213d7f9f4d5158')
  assert.equal(
    buildFrames({ opcode: 1, payload: 'Hel', fin: false }, { opcode: 0, payload: 'lo' }).toString('hex'),
    '010348656c80026c6f',
  )
  assert.equal(
    buildFrame({ opcode: 2, payload: new Uint8Array(256) })
      .subarray(0, 4)
      .toString('hex'),
    '827e0100',
  )
  assert.equal(
    buildFrame({ opcode: 2, payload: new Uint8Array(65536) })
      .subarray(0, 10)
      .toString('hex'),
    '827f0000000000010000',
  )
})

test('the builder writes what no legal peer would', () => {
  assert.equal(buildFrame({ opcode: 3, rsv: 7, fin: false }).toString('hex'), '7300')
  assert.equal(buildFrame({ opcode: 1, payload: 'x', lengthForm: 16 }).toString('hex'), '817e000178')
  assert.equal(buildFrame({ opcode: 1, payload: 'x', lengthForm: 64 }).toString('hex'), '817f000000000000000178')
  assert.equal(
    buildFrame({ opcode: 1, declared: 2n ** 63n, mask: true }).toString('hex'),
    '81ff800000000000000037fa213d',
  )
  assert.equal(closePayload(1000, 'ok').toString('hex'), '03e86f6b')
})

test('the reader gives back what the builder wrote, however it is split', () => {
  const random = new Random(1)
  const specs = [0, 1, 125, 126, 127, 65535, 65536, 3].map((size, i) => ({
    opcode: [1, 2, 0, 9][i & 3] as number,
    payload: random.bytes(size),
    fin: i % 3 !== 0,
    rsv: i & 7,
    mask: i % 2 === 0 ? random.bytes(4) : false,
  }))
  const bytes = buildFrames(...specs)
  const whole = parseFrames(bytes)
  assert.equal(whole.rest.length, 0)
  for (const [i, spec] of specs.entries()) {
    const frame = whole.frames[i]
    if (frame === undefined) throw new Error(`frame ${i} is missing`)
    assert.ok(frame.payload.equals(spec.payload))
    assert.deepEqual(
      [frame.fin, frame.rsv, frame.opcode, frame.masked],
      [spec.fin, spec.rsv, spec.opcode, spec.mask !== false],
    )
  }
  for (let run = 0; run < 20; run++) {
    const reader = new NaiveFrameReader()
    const frames = randomSplit(bytes, random, 40).flatMap((chunk) => reader.push(chunk))
    assert.deepEqual(frames, whole.frames)
    assert.equal(reader.pending, 0)
  }
})

test('an incomplete frame is the rest', () => {
  const bytes = buildFrames({ opcode: 1, payload: 'one' }, { opcode: 2, payload: 'two' })
  for (let cut = 0; cut <= bytes.length; cut++) {
    const { frames, rest } = parseFrames(bytes.subarray(0, cut))
    assert.equal(frames.length, Math.floor(cut / 5))
    assert.equal(rest.length, cut % 5)
  }
})
