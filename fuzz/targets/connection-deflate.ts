// A connection with permessage-deflate: the same events at every split, nothing above its limits, and an uncompressed
// message of the same frames never looks at the codec.

import assert from 'node:assert/strict'
import { connectionOf, FULL, hear } from '../../packages/protocol/test/harness.ts'
import { chunks, type Target } from '../target.ts'

const LIMITS = { maxPayload: 5000, maxFragments: 6 }
const WORDS = [
  'c180',
  'c187',
  '4180',
  'c200',
  'c100',
  'c107f248cdc9c90700',
  '0100',
  '8000',
  'c0',
  '00',
  '0000ffff',
  'f248cdc9c90700',
  'f2001100',
  '030000',
  '010000ffff',
  'ffffffff',
].map((hex) => Buffer.from(hex, 'hex'))

export const connectionDeflate: Target = {
  name: 'connection-deflate',
  dictionary: WORDS,
  run(bytes, random) {
    const role = random.pick(['server', 'client'] as const)
    const deflate = {
      ...FULL,
      serverNoContextTakeover: random.below(2) === 0,
      clientMaxWindowBits: random.between(8, 15),
    }
    const whole = hear(connectionOf(role, { deflate, limits: LIMITS }), [bytes])
    assert.deepEqual(hear(connectionOf(role, { deflate, limits: LIMITS }), chunks(bytes, random)), whole)
    for (const event of whole) if (event.startsWith('binary ')) assert.ok(event.length <= 7 + 2 * LIMITS.maxPayload)
    assert.ok(whole.filter((event) => /^(violation|close)/.test(event)).length <= 1)
  },
}
