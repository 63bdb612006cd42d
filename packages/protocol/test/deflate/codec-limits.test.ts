import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { constants, deflateRawSync } from 'node:zlib'
import { buildFrame } from '@tautline/testkit'
import { DeflateCodec } from '../../src/deflate/codec.ts'
import { EventConnection } from '../../src/events.ts'
import { FULL, limits, platform, slab } from '../harness.ts'

test('a message of exactly maxPayload that does not compress is taken, though it grew on the way', () => {
  const payload = randomBytes(1 << 16)
  const codec = new DeflateCodec(platform, FULL, 'server')
  const options = { role: 'server', limits: limits({ maxPayload: payload.length }), codec, autoPong: true } as const
  const deflated = deflateRawSync(payload, { level: 0, finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)
  assert.ok(deflated.length > payload.length)
  const connection = new EventConnection(options, platform, slab)
  const events = connection.receive(buildFrame({ opcode: 2, rsv: 4, payload: deflated, mask: true }))
  assert.deepEqual(
    events.map((event) => event.type),
    ['binary'],
  )
})
