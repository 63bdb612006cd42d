import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainInflate, Random, ZlibPeer } from '@tautline/testkit'

function messages(): Buffer[] {
  const random = new Random(5)
  const words = Array.from({ length: 40 }, () => random.text(random.between(3, 12)))
  const text = (size: number): Buffer => {
    let out = ''
    while (out.length < size) out += `${random.pick(words)} `
    return Buffer.from(out.slice(0, size))
  }
  return [text(0), text(1), text(20), random.bytes(300), text(5000), Buffer.alloc(10_000), text(0), text(40_000)]
}

for (const bits of [8, 9, 12, 15]) {
  for (const noTakeover of [false, true]) {
    test(`messages survive a window of ${bits} bits ${noTakeover ? 'without' : 'with'} takeover, and stay within it (RFC 7692 §7.2)`, async () => {
      const peer = new ZlibPeer({
        deflateBits: bits,
        inflateBits: bits,
        deflateNoTakeover: noTakeover,
        inflateNoTakeover: noTakeover,
      })
      let history = Buffer.alloc(0)
      for (const message of messages()) {
        const packed = await peer.deflate(message)
        assert.ok((await peer.inflate(packed)).equals(message))
        const { bytes, reach } = plainInflate(packed, noTakeover ? undefined : history)
        assert.ok(bytes.equals(message))
        assert.ok(reach <= 1 << bits, `reaches ${reach} back`)
        history = Buffer.concat([history, message])
      }
      peer.close()
    })
  }
}

test('the examples of RFC 7692 §7.2.3 decode', async () => {
  const peer = new ZlibPeer()
  const hello = Buffer.from('Hello')
  for (const hex of [
    'f248cdc9c90700',
    'f200110000',
    '000500faff48656c6c6f00',
    'f348cdc9c9070000',
    'f248050000' + '00ffffcac9c90700',
  ]) {
    assert.deepEqual(await peer.inflate(Buffer.from(hex, 'hex')), hello, hex)
    if (hex !== 'f200110000') assert.deepEqual(plainInflate(Buffer.from(hex, 'hex')).bytes, hello, hex)
  }
  await assert.rejects(peer.inflate(Buffer.from('07', 'hex')))
  assert.throws(() => plainInflate(Buffer.from('07', 'hex')), /reserved/)
  peer.close()
})
