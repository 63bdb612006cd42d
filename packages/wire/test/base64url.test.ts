import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { base64url, unbase64url } from '../src/mod.ts'

test('bytes have the text that Node gives them, and come back from it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = base64url(bytes)
      assert.equal(text, Buffer.from(bytes).toString('base64url'))
      assert.deepEqual([...(unbase64url(text) ?? [])], [...bytes])
    }),
  )
})

test('a text is either the one text of some bytes, or refused', () => {
  const unit = fc.constantFrom(...'ABQgwxyz0189-_+/= é\n\u0100\ud800')
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 12 }), (text) => {
      const bytes = unbase64url(text)
      if (bytes !== null) assert.equal(base64url(bytes), text)
      else assert.notEqual(Buffer.from(text, 'base64url').toString('base64url'), text)
    }),
    { numRuns: 2000 },
  )
})

test('padding, the other alphabet, leftover bits and a lone character are refused', () => {
  for (const text of ['QQ==', 'QUI=', '+/+/', 'QR', 'QUJ', 'A', 'QUJDR', 'QU\n', ' QUI', 'QUJÁ']) {
    assert.equal(unbase64url(text), null, JSON.stringify(text))
  }
  assert.equal(unbase64url('')?.length, 0)
})
