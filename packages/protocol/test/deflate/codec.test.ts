import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { constants, createInflateRaw, deflateRawSync } from 'node:zlib'
import { plainInflate, Random, ZlibPeer } from '@tautline/testkit'
import { nodePlatform } from '@tautline/websocket'
import fc from 'fast-check'
import { DeflateCodec } from '../../src/deflate/codec.ts'
import type { DeflateParameters } from '../../src/deflate/parameters.ts'
import type { Platform } from '../../src/platform.ts'
import { FULL, platform } from '../harness.ts'

const TAIL = Buffer.from([0, 0, 0xff, 0xff])
const NO_LIMIT = 1 << 26

function codec(over: Partial<DeflateParameters> = {}, role: 'server' | 'client' = 'server'): DeflateCodec {
  return new DeflateCodec(platform, { ...FULL, ...over }, role)
}

function inflate(from: DeflateCodec, bytes: Uint8Array, max = NO_LIMIT): string | Buffer {
  const plain = from.inflate(bytes, 0, bytes.length, max)
  return typeof plain === 'string' ? plain : Buffer.from(plain)
}

/** Messages like real ones: words that come again, noise, nothing, long runs. */
function message(random: Random, words: readonly string[]): Buffer {
  const kind = random.below(12)
  if (kind === 0) return Buffer.alloc(0)
  if (kind === 1) return random.bytes(random.below(3000))
  if (kind === 2) return Buffer.alloc(random.below(40_000), random.below(256))
  const out: string[] = []
  for (let i = random.below(kind === 3 ? 4000 : 60); i >= 0; i--) out.push(random.pick(words))
  return Buffer.from(out.join(' '))
}

function vocabulary(random: Random): string[] {
  return Array.from({ length: 400 }, () => random.text(random.between(2, 14)))
}

describe('permessage-deflate with context takeover (RFC 7692 §7.1.1)', () => {
  for (const bits of [8, 9, 10, 11, 12, 13, 14, 15]) {
    it(`stays in step with persistent zlib streams both ways, window ${bits}`, async () => {
      const random = new Random(bits)
      const words = vocabulary(random)
      const ours = codec({ serverMaxWindowBits: bits, clientMaxWindowBits: bits })
      const peer = new ZlibPeer({ deflateBits: bits, inflateBits: bits })
      for (let i = 0; i < (bits === 15 ? 600 : 150); i++) {
        const out = message(random, words)
        assert.ok((await peer.inflate(ours.deflate(out, true))).equals(out), `our message ${i}`)
        const back = message(random, words)
        assert.deepEqual(inflate(ours, await peer.deflate(back)), back, `its message ${i}`)
      }
      peer.close()
    })

    it(`never reaches back further than a window of ${bits} bits`, () => {
      const random = new Random(bits * 7)
      const words = vocabulary(random)
      for (const level of [1, 6, 9]) {
        const sender = new DeflateCodec(levelled(level), { ...FULL, serverMaxWindowBits: bits }, 'server')
        const all: Uint8Array[] = []
        const plain: Uint8Array[] = []
        for (let i = 0; i < 25; i++) {
          const out = message(random, words)
          plain.push(out)
          all.push(sender.deflate(out, true), TAIL)
        }
        const { bytes, reach } = plainInflate(Buffer.concat(all.slice(0, -1)))
        assert.ok(bytes.equals(Buffer.concat(plain)))
        assert.ok(reach <= 2 ** bits, `${reach} > ${2 ** bits} at level ${level}`)
        assert.ok(reach > 2 ** bits / 8, 'the window is used')
      }
    })
  }

  it('is decoded by a zlib that allows no larger window', async () => {
    for (const bits of [8, 9, 11, 15]) {
      const sender = codec({ serverMaxWindowBits: bits })
      // Raw inflate takes windowBits 8 at its word, unlike deflate.
      const inflater = createInflateRaw({ windowBits: bits, finishFlush: constants.Z_SYNC_FLUSH })
      const random = new Random(1)
      const plain = Array.from({ length: 30 }, () => message(random, vocabulary(new Random(2))))
      for (const one of plain) {
        inflater.write(sender.deflate(one, true))
        inflater.write(TAIL)
      }
      inflater.end()
      const got: Buffer[] = []
      for await (const chunk of inflater) got.push(chunk as Buffer)
      assert.ok(Buffer.concat(got).equals(Buffer.concat(plain)), `${bits}`)
    }
  })
})

describe('permessage-deflate without context takeover', () => {
  it("starts each message anew, and keeps nothing of the peer's", async () => {
    const ours = codec({ serverNoContextTakeover: true, clientNoContextTakeover: true })
    const peer = new ZlibPeer({ deflateNoTakeover: true, inflateNoTakeover: true })
    const text = Buffer.from('the same text again and again '.repeat(10))
    const first = ours.deflate(text, true)
    for (let i = 0; i < 10; i++) {
      assert.deepEqual(Buffer.from(ours.deflate(text, true)), Buffer.from(first))
      assert.deepEqual(inflate(ours, await peer.deflate(text)), text)
      assert.ok((await peer.inflate(ours.deflate(text, true))).equals(text))
    }
    assert.equal(ours.forgets, true)
    peer.close()
  })

  it('is chosen for each direction on its own, seen from both roles', () => {
    const text = Buffer.from('abcdefghijklmnopqrstuvwxyz'.repeat(3))
    for (const serverForgets of [true, false]) {
      for (const clientForgets of [true, false]) {
        const parameters = { serverNoContextTakeover: serverForgets, clientNoContextTakeover: clientForgets }
        const [server, client] = [codec(parameters, 'server'), codec(parameters, 'client')]
        const sizes = [server, client].map((from) => {
          const to = from === server ? client : server
          const [a, b] = [from.deflate(text, true), from.deflate(text, true)]
          assert.deepEqual(inflate(to, a), text)
          assert.deepEqual(inflate(to, b), text)
          return b.length < a.length
        })
        assert.deepEqual(sizes, [!serverForgets, !clientForgets], 'a window that is kept makes the second one smaller')
      }
    }
  })
})

describe('the payload of a compressed message', () => {
  it('is one byte 00 for nothing (RFC 7692 §7.2.3.6), and nothing is read of it', () => {
    const ours = codec()
    assert.deepEqual(Buffer.from(ours.deflate(Buffer.alloc(0), true)), Buffer.from([0]))
    assert.deepEqual(inflate(codec(), Buffer.from([0])), Buffer.alloc(0))
    assert.deepEqual(inflate(codec(), Buffer.alloc(0)), Buffer.alloc(0))
    const text = Buffer.from('then a text')
    assert.deepEqual(Buffer.from(ours.deflate(Buffer.alloc(0), true)), Buffer.from([0]))
    assert.deepEqual(inflate(codec(), ours.deflate(text, true)), text)
  })

  it('may be compressed in fragments that share one window (RFC 7692 §6.1)', () => {
    for (const forgets of [false, true]) {
      const parameters = { serverNoContextTakeover: forgets }
      const [from, to] = [codec(parameters), codec(parameters, 'client')]
      for (let round = 0; round < 5; round++) {
        const parts = [
          'fragment one, ',
          '',
          'fragment two, ',
          'fragment one again',
          round % 2 === 0 ? '' : ' and an end',
        ].map((part) => Buffer.from(part))
        const wire = Buffer.concat(parts.map((part, i) => from.deflate(part, i === parts.length - 1)))
        assert.deepEqual(inflate(to, wire), Buffer.concat(parts))
      }
    }
  })

  it('survives every example of RFC 7692 §7.2.3', () => {
    const hello = Buffer.from('Hello')
    const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
    assert.deepEqual(inflate(codec(), hex('f2 48 cd c9 c9 07 00')), hello)
    const shared = codec()
    assert.deepEqual(inflate(shared, hex('f2 48 cd c9 c9 07 00')), hello)
    assert.deepEqual(inflate(shared, hex('f2 00 11 00 00')), hello, '§7.2.3.2: sharing the window')
    assert.deepEqual(inflate(codec(), hex('00 05 00 fa ff 48 65 6c 6c 6f 00')), hello, '§7.2.3.3: a stored block')
    assert.deepEqual(inflate(codec(), hex('f3 48 cd c9 c9 07 00 00')), hello, '§7.2.3.4: BFINAL')
    assert.deepEqual(inflate(codec(), hex('f2 48 05 00 00 00 ff ff ca c9 c9 07 00')), hello, '§7.2.3.5: two blocks')
  })

  it('may have a block with BFINAL set in its middle, its window included', () => {
    const final = deflateRawSync('first half, ')
    const rest = deflateRawSync('second half', {
      finishFlush: constants.Z_SYNC_FLUSH,
      dictionary: Buffer.from('first half, '),
    })
    const ours = codec()
    assert.deepEqual(inflate(ours, Buffer.concat([final, rest.subarray(0, -4)])).toString(), 'first half, second half')
    assert.deepEqual(
      inflate(ours, deflateRawSync('third', { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)).toString(),
      'third',
    )
  })

  it('full of final blocks costs no more than a bounded number of starts', () => {
    const blocks = Buffer.concat(Array.from({ length: 100_000 }, () => Buffer.from([3, 0])))
    const start = performance.now()
    assert.equal(inflate(codec(), blocks), 'corrupt')
    assert.ok(performance.now() - start < 2000)
  })

  it('that is corrupt is told from one that is too big', () => {
    assert.equal(inflate(codec(), Buffer.from([0x06])), 'corrupt', 'block type 11')
    assert.equal(inflate(codec(), Buffer.from([0x00, 5, 0, 5, 0])), 'corrupt', 'LEN and NLEN')
    const big = codec({}, 'client').deflate(Buffer.alloc(1001), true)
    assert.equal(inflate(codec(), big, 1000), 'too-big')
    assert.equal((inflate(codec(), big, 1001) as Buffer).length, 1001)
    assert.equal(inflate(codec(), codec({}, 'client').deflate(Buffer.from('x'), true), 0), 'too-big')
    assert.deepEqual(inflate(codec(), Buffer.from([0]), 0), Buffer.alloc(0))
  })

  it('may be of any size where no limit is asked for', () => {
    const big = codec({}, 'client').deflate(Buffer.alloc(1_000_000, 1), true)
    assert.equal((inflate(codec(), big, Number.POSITIVE_INFINITY) as Buffer).length, 1_000_000)
    assert.equal((inflate(codec(), big, Number.MAX_SAFE_INTEGER) as Buffer).length, 1_000_000)
  })

  it('refers to nothing outside the agreed window of the peer', () => {
    // A window of 256 bytes: what the first message said 300 bytes ago is no longer there.
    const [from, to] = [codec({}, 'client'), codec({ clientMaxWindowBits: 8 })]
    const first = Buffer.concat([Buffer.from('unforgettable words to be repeated'), new Random(3).bytes(400)])
    assert.deepEqual(inflate(to, from.deflate(first, true)), first)
    const again = from.deflate(Buffer.from('unforgettable words to be repeated'), true)
    assert.equal(inflate(to, again), 'corrupt')
  })
})

describe('the budget for inflating (RFC 7692 §8)', () => {
  /** A platform whose time passes on command. */
  function clocked(): { at: Platform; clock: { now: number } } {
    const clock = { now: 0 }
    return { at: Object.assign(Object.create(platform) as Platform, { now: () => clock.now }), clock }
  }

  const bomb = codec({ clientNoContextTakeover: true }, 'client').deflate(Buffer.alloc(16 << 20), true)
  const PARAMETERS = { ...FULL, clientNoContextTakeover: true }

  it('runs out by bombs that each stay below maxPayload, and comes back with time', () => {
    const { at, clock } = clocked()
    const ours = new DeflateCodec(at, PARAMETERS, 'server')
    const outcomes = Array.from({ length: 6 }, () => typeof inflate(ours, bomb))
    assert.ok(outcomes.indexOf('string') >= 3 && outcomes.includes('string'), `${outcomes}`)
    assert.equal(inflate(ours, bomb), 'over-budget')
    clock.now += 60_000
    assert.equal((inflate(ours, bomb) as Buffer).length, 16 << 20)
  })

  it('is never touched by messages of an ordinary ratio', () => {
    const { at } = clocked()
    const ours = new DeflateCodec(at, PARAMETERS, 'server')
    const text = Buffer.from(new Random(5).text(200).repeat(200))
    const wire = codec({ clientNoContextTakeover: true }, 'client').deflate(text, true)
    for (let i = 0; i < 300; i++) assert.equal((inflate(ours, wire) as Buffer).length, text.length)
  })
})

describe('any messages', () => {
  it('come out as they went in, for any windows, takeovers and fragments', () => {
    const chunk = fc.oneof(
      fc.string({ maxLength: 60 }).map((text) => Buffer.from(text)),
      // Words that come again: without them nothing refers to anything.
      fc
        .array(fc.constantFrom('hello ', 'world ', 'again ', 'and '), { maxLength: 30 })
        .map((all) => Buffer.from(all.join(''))),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc.tuple(fc.nat(255), fc.nat(5000)).map(([byte, size]) => Buffer.alloc(size, byte)),
    )
    const bits = fc.integer({ min: 8, max: 15 })
    fc.assert(
      fc.property(
        bits,
        fc.boolean(),
        fc.array(fc.array(chunk, { minLength: 1, maxLength: 4 }), { maxLength: 12 }),
        (window, forgets, all) => {
          const parameters = { serverMaxWindowBits: window, serverNoContextTakeover: forgets }
          const [from, to] = [codec(parameters), codec(parameters, 'client')]
          for (const parts of all) {
            const wire = Buffer.concat(parts.map((part, i) => from.deflate(part, i === parts.length - 1)))
            assert.deepEqual(inflate(to, wire), Buffer.concat(parts))
          }
        },
      ),
      { numRuns: 150 },
    )
  })
})

function levelled(level: number): Platform {
  const { deflateRaw } = new (nodePlatform.constructor as new (effort: object) => Platform)({ level })
  const own = new (nodePlatform.constructor as new (effort: object) => Platform)({ level })
  return Object.assign(Object.create(platform) as Platform, { deflateRaw: deflateRaw.bind(own) })
}
