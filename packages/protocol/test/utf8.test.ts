import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Utf8Validator } from '../src/utf8.ts'
import { platform } from './harness.ts'
import { couldBeUtf8 } from './reference.ts'

/** The outcome of pieces: the index of the first piece refused, or whether the end is complete. */
function check(pieces: readonly (readonly number[])[]): number | boolean {
  const validator = new Utf8Validator()
  for (let i = 0; i < pieces.length; i++) {
    const bytes = Uint8Array.from(pieces[i] as number[])
    if (!validator.push(platform, bytes, 0, bytes.length)) return i
  }
  return validator.complete
}

/** The first byte at which a text fails, byte by byte; its length if none does. */
function failsAt(bytes: readonly number[]): number {
  for (let i = 0; i < bytes.length; i++) if (!couldBeUtf8(bytes.slice(0, i + 1), false)) return i
  return bytes.length
}

function bytesOf(hex: string): number[] {
  return [...Buffer.from(hex.replaceAll(' ', ''), 'hex')]
}

const VALID = [
  '',
  '00',
  '7f',
  'c2 80',
  'df bf',
  'e0 a0 80',
  'ec bf bf',
  'ed 80 80',
  'ed 9f bf',
  'ee 80 80',
  'ef bf bd',
  'ef bf be',
  'ef bf bf',
  'f0 90 80 80',
  'f3 bf bf bf',
  'f4 80 80 80',
  'f4 8f bf bf',
  'ef bb bf',
  'ce ba e1 bd b9 cf 83 ce bc ce b5',
]

const INVALID = [
  '80',
  'bf',
  '80 80',
  'c0',
  'c0 80',
  'c1 bf',
  'c2',
  'c2 41',
  'c2 c2',
  'e0 80 80',
  'e0 9f bf',
  'e1 80',
  'e1 80 41',
  'ed a0 80',
  'ed af bf',
  'ed b0 80',
  'ed bf bf',
  'ed a0 80 ed b0 80',
  'f0 80 80 80',
  'f0 8f bf bf',
  'f1 80 80',
  'f4 90 80 80',
  'f5 80 80 80',
  'f7 bf bf bf',
  'f8 88 80 80 80',
  'fb bf bf bf bf',
  'fc 84 80 80 80 80',
  'fe',
  'ff',
  'fe fe ff ff',
  'e2 82',
  'f0 9f 98',
  'c3 28',
]

describe('UTF-8 in pieces (RFC 3629 §4)', () => {
  for (const hex of VALID) {
    it(`accepts "${hex}" at every split`, () => {
      const bytes = bytesOf(hex)
      for (let cut = 0; cut <= bytes.length; cut++) {
        assert.equal(check([bytes.slice(0, cut), bytes.slice(cut)]), true)
        assert.equal(
          check([
            [0x61, ...bytes.slice(0, cut)],
            [...bytes.slice(cut), 0x62],
          ]),
          true,
        )
      }
      assert.equal(check(bytes.map((byte) => [byte])), true)
    })
  }

  for (const hex of INVALID) {
    it(`refuses "${hex}" at its first bad byte, at every split`, () => {
      const bytes = bytesOf(hex)
      const bad = failsAt(bytes)
      for (const before of [[], [0x61], [0xc3, 0xa4], [0xf0, 0x9f, 0x98, 0x80]]) {
        const all = [...before, ...bytes]
        const at = before.length + bad
        const outcome = bad === bytes.length ? false : at
        assert.equal(check(all.map((byte) => [byte])), outcome)
        for (let cut = 0; cut <= all.length; cut++) {
          const expected = bad === bytes.length ? false : at < cut ? 0 : 1
          assert.equal(check([all.slice(0, cut), all.slice(cut)]), expected, `cut ${cut} of ${all}`)
        }
      }
    })
  }

  it('judges every sequence of two bytes as the definition does', () => {
    for (let a = 0; a < 256; a++) {
      for (let b = 0; b < 256; b++) {
        const outcome = check([[a], [b]])
        const expected = failsAt([a, b]) < 2 ? failsAt([a, b]) : couldBeUtf8([a, b], true)
        assert.equal(outcome, expected, `${a} ${b}`)
        assert.equal(check([[a, b]]), expected === true || expected === false ? expected : 0)
      }
    }
  })

  it('agrees with the definition on sequences of boundary bytes, in any pieces', () => {
    const edge = fc.constantFrom(
      0x00,
      0x41,
      0x7f,
      0x80,
      0x8f,
      0x90,
      0x9f,
      0xa0,
      0xbf,
      0xc0,
      0xc1,
      0xc2,
      0xdf,
      0xe0,
      0xe1,
      0xec,
      0xed,
      0xee,
      0xef,
      0xf0,
      0xf1,
      0xf3,
      0xf4,
      0xf5,
      0xff,
    )
    fc.assert(
      fc.property(fc.array(edge, { maxLength: 12 }), fc.array(fc.nat(5), { maxLength: 8 }), (bytes, sizes) => {
        const pieces: number[][] = []
        let at = 0
        for (const size of [...sizes, bytes.length]) {
          pieces.push(bytes.slice(at, at + size))
          at += size
        }
        const outcome = check(pieces)
        if (couldBeUtf8(bytes, true)) assert.equal(outcome, true)
        else if (couldBeUtf8(bytes, false)) assert.equal(outcome, false)
        else assert.equal(typeof outcome, 'number')
      }),
      { numRuns: 3000 },
    )
  })

  it('accepts every text in any pieces', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.nat(9), (text, size) => {
        const bytes = [...Buffer.from(text)]
        const pieces: number[][] = []
        for (let at = 0; at < bytes.length; at += size + 1) pieces.push(bytes.slice(at, at + size + 1))
        assert.equal(check(pieces), true)
      }),
    )
  })

  it('begins anew after reset, even inside a code point', () => {
    const validator = new Utf8Validator()
    assert.equal(validator.push(platform, Uint8Array.of(0xed), 0, 1), true)
    assert.equal(validator.complete, false)
    validator.reset()
    assert.equal(validator.complete, true)
    assert.equal(validator.push(platform, Uint8Array.of(0xe1, 0xbf, 0xbf), 0, 3), true)
    assert.equal(validator.complete, true)
  })
})
