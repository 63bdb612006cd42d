// Thousands of messages with context takeover, for every window, against zlib's own persistent streams.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Random, ZlibPeer } from '@tautline/testkit'
import { DeflateCodec } from '../../src/deflate/codec.ts'
import { platform } from '../harness.ts'

describe('permessage-deflate over thousands of messages', () => {
  for (let bits = 8; bits <= 15; bits++) {
    it(`stays in step with zlib both ways, window ${bits}`, async () => {
      const random = new Random(bits + 1000)
      const parameters = {
        serverNoContextTakeover: false,
        clientNoContextTakeover: false,
        serverMaxWindowBits: bits,
        clientMaxWindowBits: bits,
      }
      const ours = new DeflateCodec(platform, parameters, 'server')
      const peer = new ZlibPeer({ deflateBits: bits, inflateBits: bits })
      const words = Array.from({ length: 2000 }, () => random.text(random.between(1, 20)))
      const message = (): Buffer => {
        const size = random.below(10) === 0 ? random.below(3000) : random.below(40)
        return Buffer.from(Array.from({ length: size }, () => random.pick(words)).join(' '))
      }
      for (let i = 0; i < 5000; i++) {
        const [out, back] = [message(), message()]
        assert.ok((await peer.inflate(ours.deflate(out, true))).equals(out), `our message ${i}`)
        const payload = await peer.deflate(back)
        const plain = ours.inflate(payload, 0, payload.length, 1 << 24)
        assert.ok(typeof plain !== 'string' && Buffer.from(plain).equals(back), `its message ${i}`)
      }
      peer.close()
    })
  }
})
