import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nodePlatform } from '@tautline/websocket'
import fc from 'fast-check'
import { xorMask } from '../src/mask.ts'

type Mask = typeof xorMask

/** RFC 6455 §5.3, word by word. */
function naive(bytes: Uint8Array, key: readonly number[], phase: number): Uint8Array {
  return bytes.map((byte, i) => byte ^ (key[(i + phase) % 4] as number))
}

function keyOf(bytes: readonly number[]): number {
  return Buffer.from(bytes).readInt32LE(0)
}

const KEY = [0x80, 0x01, 0xfe, 0x37]
const implementations: [string, Mask][] = [
  ['xorMask', xorMask],
  ['the platform', (...call) => nodePlatform.xorMask(...call)],
]

for (const [name, mask] of implementations) {
  describe(`masking by ${name} (RFC 6455 §5.3)`, () => {
    it('is the XOR with key[i mod 4] at every alignment, phase and length', () => {
      const source = Buffer.from(Array.from({ length: 160 }, (_, i) => (i * 73 + 11) & 0xff))
      for (let align = 0; align < 8; align++) {
        for (let phase = 0; phase < 6; phase++) {
          for (let length = 0; length <= 140; length += length < 70 ? 1 : 7) {
            const memory = new Uint8Array(200).fill(0x55)
            const bytes = memory.subarray(align, align + 180)
            bytes.set(source.subarray(0, length), 3)
            mask(bytes, 3, 3 + length, keyOf(KEY), phase)
            assert.deepEqual(bytes.slice(3, 3 + length), naive(new Uint8Array(source.subarray(0, length)), KEY, phase))
            assert.ok(
              memory.subarray(0, align + 3).every((byte) => byte === 0x55),
              'nothing before is touched',
            )
            assert.ok(
              memory.subarray(align + 3 + length).every((byte) => byte === 0x55),
              'nothing behind is touched',
            )
          }
        }
      }
    })

    it('is the XOR for payloads around every block size of a quicker path', () => {
      for (const size of [1023, 1024, 1025, 1087, 65535, 65536, 65537, 131073, 200001]) {
        for (const phase of [0, 1, 2, 3]) {
          const bytes = Buffer.alloc(size, 0xa5)
          mask(bytes, 0, size, keyOf(KEY), phase)
          assert.ok(Buffer.from(naive(new Uint8Array(size).fill(0xa5), KEY, phase)).equals(bytes), `${size} ${phase}`)
        }
      }
    })

    it('says below 0x80 only if every byte written is ASCII', () => {
      const ascii = fc.array(fc.integer({ min: 0, max: 0x7f }), { maxLength: 3000 })
      const key = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255))
      fc.assert(
        fc.property(
          ascii,
          key,
          fc.option(fc.tuple(fc.nat(), fc.integer({ min: 0x80, max: 0xff }))),
          (plain, k, bad) => {
            const bytes = Uint8Array.from(plain)
            const spoiled = bad !== null && bytes.length > 0
            if (spoiled) bytes[bad[0] % bytes.length] = bad[1]
            const wire = naive(bytes, k, 0)
            const seen = mask(wire, 0, wire.length, keyOf(k), 0)
            assert.deepEqual(wire, bytes)
            if (spoiled) assert.ok(seen >= 0x80)
          },
        ),
        { numRuns: 200 },
      )
    })

    it('says that short ASCII payloads are ASCII', () => {
      for (let length = 0; length < 200; length++) {
        const wire = naive(new Uint8Array(length).fill(0x41), KEY, 0)
        assert.ok(mask(wire, 0, length, keyOf(KEY), 0) < 0x80, `${length}`)
      }
    })

    it('applied twice is the identity, in any pieces', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 400 }), fc.integer(), fc.array(fc.nat(60)), (bytes, key, cuts) => {
          const copy = Uint8Array.from(bytes)
          mask(copy, 0, copy.length, key, 0)
          let at = 0
          for (const cut of [...cuts, copy.length]) {
            const end = Math.min(copy.length, at + cut)
            mask(copy, at, end, key, at)
            at = end
          }
          assert.deepEqual(copy, bytes)
        }),
      )
    })
  })
}

describe('the mask view', () => {
  it('follows when the buffer changes under it', () => {
    for (let i = 0; i < 3; i++) {
      const bytes = new Uint8Array(64)
      xorMask(bytes, 0, 64, -1, 0)
      assert.ok(bytes.every((byte) => byte === 0xff))
    }
  })
})
