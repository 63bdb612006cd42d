import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { headerRules, ruleBroken } from '../src/header-rules.ts'

/** The rules once more, in the order of the specification. */
function expected(byte0: number, deflate: boolean, inside: boolean): string | null {
  const fin = byte0 >= 0x80
  const [rsv1, rsv2, rsv3] = [0x40, 0x20, 0x10].map((bit) => (byte0 & bit) !== 0)
  const opcode = byte0 & 15
  if (rsv2 || rsv3) return 'rsv'
  if (rsv1 && !deflate) return 'rsv'
  if (rsv1 && ![1, 2].includes(opcode)) return 'rsv1-misplaced'
  if (![0, 1, 2, 8, 9, 10].includes(opcode)) return 'opcode'
  if (opcode >= 8) return fin ? null : 'control-fragmented'
  if (opcode === 0) return inside ? null : 'continuation-without-start'
  return inside ? 'message-inside-message' : null
}

describe('the first byte of a frame (RFC 6455 §5.2, RFC 7692 §6)', () => {
  for (const deflate of [false, true]) {
    for (const inside of [false, true]) {
      const where = `${deflate ? 'with' : 'without'} permessage-deflate, ${inside ? 'inside' : 'outside'} a message`
      it(`is judged as the rules say, all 256 values, ${where}`, () => {
        const table = headerRules(deflate, inside)
        for (let byte0 = 0; byte0 < 256; byte0++) {
          const index = table[byte0] as number
          assert.equal(
            index === 0 ? null : ruleBroken(index).id,
            expected(byte0, deflate, inside),
            `0x${byte0.toString(16)}`,
          )
        }
      })
    }
  }
})
