import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DeflateCodec } from '../../src/deflate/codec.ts'
import type { DeflateParameters } from '../../src/deflate/parameters.ts'
import { SharedBudget } from '../../src/deflate/shared-budget.ts'
import { SharedStream, type SharedStreamOptions, type SharedTally } from '../../src/deflate/shared-stream.ts'
import type { Platform } from '../../src/platform.ts'
import { FULL, platform } from '../harness.ts'

const TEXT = Buffer.from('{"symbol":"TAUT","price":10.25,"bid":10.24,"ask":10.26}')

/** Time is the test's. */
class Clock {
  now = 0
  readonly platform: Platform = Object.assign(Object.create(platform) as Platform, { now: () => this.now })
}

function tally(): SharedTally {
  return { units: 0, resets: 0, members: 0, sentBytes: 0, plainBytes: 0 }
}

function streamOn(clock: Clock, options: Partial<SharedStreamOptions> = {}): SharedStream {
  const budget = new SharedBudget(1 << 26)
  return new SharedStream(
    { windowBits: 15, resetAfter: 65_536, joinWait: 5_000, tally: tally(), budget, ...options },
    clock.platform,
  )
}

function codecOf(over: Partial<DeflateParameters> = {}, role: 'server' | 'client' = 'server'): DeflateCodec {
  return new DeflateCodec(platform, { ...FULL, clientNoContextTakeover: true, ...over }, role, true)
}

/** Sends a unit to all, as a transport does; who took it. */
function tell(stream: SharedStream, text: Buffer, ...codecs: DeflateCodec[]): boolean[] {
  const unit = stream.begin(text.length)
  return codecs.map((codec) => {
    const takes = codec.mayTake(unit)
    if (takes && !unit.isMade) stream.deflate(unit, text)
    if (takes) codec.took(unit)
    else codec.skipped(unit)
    return takes
  })
}

describe('a shared stream', () => {
  it('begins with a reset, and goes on while somebody follows', () => {
    const stream = streamOn(new Clock())
    const codec = codecOf()
    for (let i = 0; i < 4; i++) assert.deepEqual(tell(stream, TEXT, codec), [true])
    assert.deepEqual([stream.tally.units, stream.tally.resets], [4, 1])
  })

  it('begins anew with every unit while nobody takes it, and compresses none of them', () => {
    const stream = streamOn(new Clock())
    for (let i = 0; i < 3; i++) assert.equal(stream.begin(TEXT.length).isReset, true)
    assert.equal(stream.newest?.isMade, false)
  })

  it('begins anew after so much plain text', () => {
    const stream = streamOn(new Clock(), { resetAfter: 10 * TEXT.length })
    const codec = codecOf()
    for (let i = 0; i < 25; i++) tell(stream, TEXT, codec)
    assert.equal(stream.tally.resets, 3)
  })

  it('begins anew when somebody has waited so long to join, who joins then', () => {
    const clock = new Clock()
    const stream = streamOn(clock)
    const [first, second] = [codecOf(), codecOf()]
    tell(stream, TEXT, first)
    clock.now = 1_000
    assert.deepEqual(tell(stream, TEXT, first, second), [true, false])
    clock.now = 5_999
    assert.deepEqual(tell(stream, TEXT, first, second), [true, false])
    clock.now = 6_000
    assert.deepEqual(tell(stream, TEXT, first, second), [true, true])
    assert.equal(stream.newest?.isReset, true)
  })

  it('refers to at most a window of what was said since the reset', () => {
    for (const windowBits of [8, 9, 15]) {
      const seen: number[] = []
      const clock = new Clock()
      const watched: Platform = Object.assign(Object.create(clock.platform) as Platform, {
        deflateRaw: (bytes: Uint8Array, dictionary: Uint8Array | null, bits: number) => {
          seen.push(dictionary?.length ?? 0)
          return platform.deflateRaw(bytes, dictionary, bits)
        },
      })
      const options = {
        windowBits,
        resetAfter: 4 * 40_000,
        joinWait: 0,
        tally: tally(),
        budget: new SharedBudget(1 << 26),
      }
      const stream = new SharedStream(options, watched)
      const codec = codecOf()
      for (let i = 0; i < 8; i++) tell(stream, Buffer.alloc(40_000, 'abcdefgh'), codec)
      const full = 2 ** windowBits
      assert.deepEqual(seen, [0, full, full, full, 0, full, full, full])
    }
  })

  it('counts its members, and what they were sent', () => {
    const stream = streamOn(new Clock())
    const codecs = [codecOf(), codecOf(), codecOf()]
    tell(stream, TEXT, ...codecs)
    tell(stream, TEXT, ...codecs.slice(1))
    assert.equal(stream.tally.members, 3)
    tell(stream, TEXT, ...codecs)
    assert.equal(stream.tally.members, 2)
    stream.end()
    assert.equal(stream.tally.members, 0)
  })
})

describe('who is sent a unit compressed', () => {
  it('is nobody who missed the one before, until the stream begins anew', () => {
    const stream = streamOn(new Clock(), { resetAfter: 5 * TEXT.length })
    const [whole, other] = [codecOf(), codecOf()]
    tell(stream, TEXT, whole, other)
    tell(stream, TEXT, whole)
    assert.deepEqual(tell(stream, TEXT, whole, other), [true, false])
    assert.deepEqual(tell(stream, TEXT, whole, other), [true, false])
    assert.deepEqual(tell(stream, TEXT, whole, other), [true, false])
    assert.deepEqual(tell(stream, TEXT, whole, other), [true, true])
  })

  it('is no client, no peer with a smaller window, and none that agreed that we forget ours', () => {
    const unit = streamOn(new Clock(), { windowBits: 12 }).begin(1)
    assert.equal(codecOf({ serverMaxWindowBits: 12 }).canShare(unit), true)
    assert.equal(codecOf({ serverMaxWindowBits: 11 }).canShare(unit), false)
    assert.equal(codecOf({ serverNoContextTakeover: true }).canShare(unit), false)
    assert.equal(codecOf({}, 'client').canShare(unit), false)
    assert.equal(new DeflateCodec(platform, FULL, 'server').canShare(unit), false)
  })

  it('is not who comes late to a unit that nobody had compressed', () => {
    const stream = streamOn(new Clock())
    const codec = codecOf()
    const old = stream.begin(TEXT.length)
    stream.begin(TEXT.length)
    assert.equal(codec.mayTake(old), false)
    assert.throws(() => stream.deflate(old, TEXT), /only the newest/)
  })

  it('is who waited behind a backlog for a unit that others had taken', () => {
    const stream = streamOn(new Clock())
    const [quick, late] = [codecOf(), codecOf()]
    const first = stream.begin(TEXT.length)
    stream.deflate(first, TEXT)
    quick.took(first)
    const second = stream.begin(TEXT.length)
    stream.deflate(second, TEXT)
    quick.took(second)
    for (const unit of [first, second]) {
      assert.equal(late.mayTake(unit), true)
      late.took(unit)
    }
  })

  it('stays with its stream until another one carries twice as much, and moves at that one’s reset only', () => {
    const clock = new Clock()
    const [calm, busy] = [streamOn(clock), streamOn(clock, { resetAfter: 20 * TEXT.length })]
    const [mover, busyOnly] = [codecOf(), codecOf()]
    const moves: number[] = []
    for (let i = 0; i < 60; i++) {
      clock.now += 100
      if (i % 4 === 0) tell(calm, TEXT, mover)
      if (tell(busy, TEXT, busyOnly, mover)[1] === true && !busy.newest?.isReset) break
      if (busy.newest?.isReset) moves.push(i)
    }
    assert.deepEqual(moves, [0, 20])
    assert.equal(mover.mayCompress(), false)
  })

  it('moves to any other stream once its own went on without it', () => {
    const clock = new Clock()
    const [own, other] = [streamOn(clock), streamOn(clock)]
    const [member, stayer] = [codecOf(), codecOf()]
    for (let i = 0; i < 50; i++) tell(own, TEXT, member, stayer)
    assert.deepEqual(tell(other, TEXT, member), [false])
    tell(own, TEXT, stayer)
    assert.deepEqual(tell(other, TEXT, member), [true])
  })
})

describe('a member of a stream', () => {
  it('is sent nothing else compressed, until the stream goes on without it, falls silent or ends', () => {
    for (const leave of ['goes on', 'silent', 'ends']) {
      const clock = new Clock()
      const stream = streamOn(clock)
      const codec = new DeflateCodec(clock.platform, { ...FULL, clientNoContextTakeover: true }, 'server', true)
      assert.equal(codec.mayCompress(), true)
      tell(stream, TEXT, codec)
      assert.equal(codec.mayCompress(), false)
      if (leave === 'goes on') stream.begin(1)
      else if (leave === 'ends') stream.end()
      else clock.now = 60_001
      assert.equal(codec.mayCompress(), true, leave)
      const { newest } = stream
      if (leave === 'silent' && newest !== null) assert.equal(tell(stream, TEXT, codec)[0], false)
    }
  })

  it('takes no context of its own over, however it was agreed', () => {
    const codec = codecOf()
    const [first, second] = [codec.deflate(TEXT, true), codec.deflate(TEXT, true)]
    assert.equal(codec.forgets, true)
    assert.deepEqual(first, second)
  })
})

describe('the memory of all streams', () => {
  it('is bounded: the one that was silent longest ends', () => {
    const clock = new Clock()
    const budget = new SharedBudget(2_500)
    const [first, second, third] = Array.from({ length: 3 }, () => streamOn(clock, { budget })) as [
      SharedStream,
      SharedStream,
      SharedStream,
    ]
    const codecs = [codecOf(), codecOf(), codecOf()] as const
    tell(first, TEXT, codecs[0])
    tell(second, TEXT, codecs[1])
    tell(first, TEXT, codecs[0])
    tell(third, TEXT, codecs[2])
    assert.deepEqual(
      [first, second, third].map(({ newest }) => newest === null),
      [false, true, false],
    )
    tell(first, TEXT, codecs[0])
    tell(second, TEXT, codecs[1])
    assert.deepEqual(
      [first, second].map(({ newest }) => newest?.isReset),
      [false, true],
    )
  })

  it('never ends the one that speaks', () => {
    const stream = streamOn(new Clock(), { budget: new SharedBudget(100) })
    const codec = codecOf()
    tell(stream, TEXT, codec)
    tell(stream, TEXT, codec)
    assert.equal(stream.newest?.isReset, false)
  })
})
