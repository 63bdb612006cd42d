// The codec: any bytes inflate to something within the limit, to 'corrupt' or to 'too-big', as a plain zlib says; and
// what it deflates it inflates again.

import assert from 'node:assert/strict'
import { constants, inflateRawSync } from 'node:zlib'
import { DeflateCodec } from '@tautline/protocol'
import { nodePlatform } from '@tautline/websocket'
import { FULL } from '../../packages/protocol/test/harness.ts'
import type { Target } from '../target.ts'

const LIMIT = 20_000
const TAIL = Buffer.from([0, 0, 0xff, 0xff])

function codec(bits: number): DeflateCodec {
  return new DeflateCodec(nodePlatform, { ...FULL, clientMaxWindowBits: bits, serverMaxWindowBits: bits }, 'server')
}

/** What zlib makes of the first block sequence; null where more follows a final block, or where it is corrupt. */
function reference(bytes: Uint8Array): Buffer | null {
  const input = Buffer.concat([bytes, TAIL])
  try {
    const options = { finishFlush: constants.Z_SYNC_FLUSH, info: true, maxOutputLength: LIMIT + 1 }
    const { buffer, engine } = inflateRawSync(input, options) as unknown as {
      buffer: Buffer
      engine: { bytesWritten: number }
    }
    return engine.bytesWritten === input.length ? buffer : null
  } catch {
    return null
  }
}

export const inflate: Target = {
  name: 'inflate',
  dictionary: [
    '00',
    '0000ffff',
    '030000',
    '0300',
    'f248cdc9c90700',
    'f200110000',
    '000500faff48656c6c6f',
    'ed',
    '05',
    '07',
    'ffff',
  ].map((hex) => Buffer.from(hex, 'hex')),
  run(bytes, random) {
    const bits = random.between(8, 15)
    const [first, second] = [codec(bits), codec(bits)]
    for (let round = 0; round < 2; round++) {
      const plain = first.inflate(bytes, 0, bytes.length, LIMIT)
      assert.deepEqual(
        second.inflate(Buffer.concat([TAIL, bytes]), TAIL.length, TAIL.length + bytes.length, LIMIT),
        plain,
      )
      if (typeof plain === 'string') {
        assert.ok(['corrupt', 'too-big'].includes(plain))
        break
      }
      assert.ok(plain.length <= LIMIT)
      const expected = round === 0 ? reference(bytes) : null
      if (expected !== null) assert.ok(expected.equals(plain))
    }
    const payload = codec(bits).deflate(bytes, true)
    assert.deepEqual(codec(bits).inflate(payload, 0, payload.length, bytes.length), Buffer.from(bytes))
  },
}
