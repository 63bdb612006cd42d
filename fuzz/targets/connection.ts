// A connection without compression, in both roles: what it hears is what the naive reference hears, at every split.

import assert from 'node:assert/strict'
import { connectionOf, hear } from '../../packages/protocol/test/harness.ts'
import { referenceEvents } from '../../packages/protocol/test/reference.ts'
import { chunks, type Target } from '../target.ts'

const LIMITS = { maxPayload: 600, maxFragments: 6 }
const WORDS = [
  '8180',
  '818000000000',
  '0180',
  '8080',
  '0080',
  '8980',
  '8a80',
  '8880',
  '8882',
  '88820000000003e8',
  '81fe',
  '81ff',
  'fe007e',
  'ff0000000000010000',
  '8100',
  '8101ff',
  '0101c3',
  '8001a4',
  'c180',
  '00000000',
  'ffffffff',
  'eda080',
  'f09f9880',
  'f4908080',
  '820a',
].map((hex) => Buffer.from(hex, 'hex'))

function target(role: 'server' | 'client'): Target {
  return {
    name: `connection-${role}`,
    dictionary: WORDS,
    run(bytes, random) {
      const expected = referenceEvents(bytes, role, LIMITS)
      assert.deepEqual(hear(connectionOf(role, { limits: LIMITS }), [bytes]), expected)
      assert.deepEqual(hear(connectionOf(role, { limits: LIMITS }), chunks(bytes, random)), expected)
    },
  }
}

export const connectionServer: Target = target('server')
export const connectionClient: Target = target('client')
