import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { constants, deflateRawSync } from 'node:zlib'
import { buildFrame } from '@tautline/testkit'
import { DeflateCodec } from '../../src/deflate/codec.ts'
import { EventConnection } from '../../src/events.ts'
import { endpointOf, FULL, platform } from '../harness.ts'

test('a message of exactly maxPayload that does not compress is taken, though it grew on the way', () => {
  const payload = randomBytes(1 << 16)
  const codec = new DeflateCodec(platform, FULL, 'server')
  const deflated = deflateRawSync(payload, { level: 0, finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)
  assert.ok(deflated.length > payload.length)
  const connection = new EventConnection(endpointOf('server', { limits: { maxPayload: payload.length } }), codec)
  const events = connection.receive(buildFrame({ opcode: 2, rsv: 4, payload: deflated, mask: true }))
  assert.deepEqual(
    events.map((event) => event.type),
    ['binary'],
  )
})

test('blocks behind two final ones may still refer to the carried window (RFC 7692 §7.2.3.4)', () => {
  const codec = new DeflateCodec(platform, FULL, 'server')
  const first = Buffer.from('the carried window, which later messages refer to. '.repeat(30))
  const sync = { finishFlush: constants.Z_SYNC_FLUSH }
  assert.equal(
    codec.inflate(deflateRawSync(first, sync), 0, deflateRawSync(first, sync).length - 4, 1 << 20).length,
    first.length,
  )
  const [a, b] = [Buffer.from('one '), Buffer.from('two ')]
  const parts = [
    deflateRawSync(a, { dictionary: first }),
    deflateRawSync(b, { dictionary: Buffer.concat([first, a]) }),
    deflateRawSync(first, { ...sync, dictionary: Buffer.concat([first, a, b]) }).subarray(0, -4),
  ]
  const message = Buffer.concat(parts)
  const plain = codec.inflate(message, 0, message.length, 1 << 20)
  assert.ok(plain instanceof Uint8Array)
  assert.ok(Buffer.from(plain).equals(Buffer.concat([a, b, first])))
})
