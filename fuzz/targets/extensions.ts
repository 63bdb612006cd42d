// Sec-WebSocket-Extensions: parsed or refused, never thrown; what is agreed on lies in its bounds and is understood by
// our own client.

import assert from 'node:assert/strict'
import {
  acceptDeflate,
  type DeflateParameters,
  isHandshakeFailure,
  negotiateDeflate,
  parseExtensions,
  parseTokenList,
} from '@tautline/protocol'
import { type Target, words } from '../target.ts'

function inBounds(parameters: DeflateParameters): void {
  for (const bits of [parameters.serverMaxWindowBits, parameters.clientMaxWindowBits])
    assert.ok(Number.isInteger(bits) && bits >= 8 && bits <= 15)
}

export const extensions: Target = {
  name: 'extensions',
  dictionary: words(
    'permessage-deflate',
    ';',
    ',',
    '=',
    '"',
    '\\',
    ' ',
    '\t',
    'server_max_window_bits',
    'client_max_window_bits',
    'server_no_context_takeover',
    'client_no_context_takeover',
    '=8',
    '=15',
    '=08',
    '=16',
    '="10"',
    '=""',
    '__proto__',
    'x',
    '\x80',
  ),
  run(bytes, random) {
    const text = Buffer.from(bytes).toString('latin1')
    parseTokenList(text)
    const offers = parseExtensions(text)
    if (offers === null) return
    for (const { name, parameters } of offers) {
      assert.ok(name.length > 0)
      for (const [parameter, value] of parameters) assert.ok(parameter.length > 0 && value !== '')
    }
    const preference = { serverMaxWindowBits: random.between(8, 15), serverNoContextTakeover: random.below(2) === 0 }
    const agreed = negotiateDeflate(offers, preference)
    if (agreed !== null) {
      inBounds(agreed.parameters)
      assert.ok(agreed.parameters.serverMaxWindowBits <= preference.serverMaxWindowBits)
      const answer = parseExtensions(agreed.response)
      assert.equal(answer?.length, 1)
      const accepted = acceptDeflate(answer ?? [], { clientMaxWindowBits: true })
      assert.ok(!isHandshakeFailure(accepted), 'our client takes what our server answers')
      assert.deepEqual(accepted, agreed.parameters)
    }
    const accepted = acceptDeflate(offers, { clientMaxWindowBits: true })
    if (!isHandshakeFailure(accepted)) inBounds(accepted)
  },
}
