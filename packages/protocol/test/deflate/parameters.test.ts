import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  acceptDeflate,
  type DeflateOffer,
  type DeflateParameters,
  type DeflatePreference,
  negotiateDeflate,
  offerDeflate,
} from '../../src/deflate/parameters.ts'
import { isHandshakeFailure, parseExtensions } from '../../src/handshake/mod.ts'

/** What the server answers, 'declined' if nothing. */
function answer(offers: string, preference: DeflatePreference = {}): string {
  return negotiateDeflate(parseExtensions(offers)!, preference)?.response ?? 'declined'
}

const PMD = 'permessage-deflate'

test('a plain offer is accepted as it is', () => {
  assert.deepEqual(negotiateDeflate(parseExtensions(PMD)!, {}), {
    response: PMD,
    parameters: {
      serverNoContextTakeover: false,
      clientNoContextTakeover: false,
      serverMaxWindowBits: 15,
      clientMaxWindowBits: 15,
    },
  })
})

const ANSWERS: readonly (readonly [offer: string, answer: string, preference?: DeflatePreference])[] = [
  // RFC 7692 §7.1.1.1: what the client asks of the server is granted.
  ['server_no_context_takeover', 'server_no_context_takeover'],
  ['client_no_context_takeover', 'client_no_context_takeover'],
  ['server_max_window_bits=10', 'server_max_window_bits=10'],
  ['server_max_window_bits="10"', 'server_max_window_bits=10'],
  ['server_max_window_bits=15', 'server_max_window_bits=15'],
  ['server_max_window_bits=8', 'server_max_window_bits=8'],
  // §7.1.2.2: only a client that names client_max_window_bits may be limited.
  ['client_max_window_bits', ''],
  ['client_max_window_bits=9', 'client_max_window_bits=9'],
  ['client_max_window_bits=15', 'client_max_window_bits=15'],
  ['client_max_window_bits', 'client_max_window_bits=10', { clientMaxWindowBits: 10 }],
  ['client_max_window_bits=9', 'client_max_window_bits=9', { clientMaxWindowBits: 10 }],
  ['client_max_window_bits=12', 'client_max_window_bits=10', { clientMaxWindowBits: 10 }],
  ['', '', { clientMaxWindowBits: 15 }],
  // Our own wishes need no offer.
  ['', 'server_no_context_takeover', { serverNoContextTakeover: true }],
  ['', 'client_no_context_takeover', { clientNoContextTakeover: true }],
  ['', 'server_max_window_bits=9', { serverMaxWindowBits: 9 }],
  ['server_max_window_bits=12', 'server_max_window_bits=9', { serverMaxWindowBits: 9 }],
  ['server_max_window_bits=9', 'server_max_window_bits=9', { serverMaxWindowBits: 12 }],
  [
    'client_max_window_bits; server_max_window_bits=11; client_no_context_takeover; server_no_context_takeover',
    'server_no_context_takeover; client_no_context_takeover; server_max_window_bits=11',
  ],
]

for (const [offer, expected, preference] of ANSWERS) {
  test(`"${offer}" is answered "${expected}" by a server that wants ${JSON.stringify(preference ?? {})}`, () => {
    const whole = (parameters: string): string => (parameters === '' ? PMD : `${PMD}; ${parameters}`)
    assert.equal(answer(whole(offer), preference), whole(expected))
  })
}

const BAD_BITS = [
  '',
  '0',
  '7',
  '16',
  '08',
  '010',
  '1',
  '100',
  '99999999999',
  'abc',
  '1a',
  '+9',
  '-9',
  '9.0',
  '0x9',
  '1e1',
]

test('an offer with a bad parameter is declined (H079 to H089)', () => {
  const bits = BAD_BITS.map((value) => (value === '' ? 'server_max_window_bits' : `server_max_window_bits=${value}`))
  const clientBits = BAD_BITS.slice(1).map((value) => `client_max_window_bits=${value}`)
  for (const bad of [
    ...bits,
    ...clientBits,
    'server_max_window_bits=10; server_max_window_bits=10',
    'client_max_window_bits; client_max_window_bits',
    'client_max_window_bits=9; client_max_window_bits',
    'server_no_context_takeover; server_no_context_takeover',
    'client_no_context_takeover; client_no_context_takeover',
    'server_no_context_takeover=1',
    'client_no_context_takeover=true',
    'foo',
    'foo=1',
    'Server_Max_Window_Bits=10',
    '__proto__',
    'constructor=1',
  ]) {
    assert.equal(answer(`${PMD}; ${bad}`), 'declined', bad)
    assert.equal(answer(`${PMD}; client_max_window_bits=9; foo, ${PMD}; ${bad}, x, ${PMD}`), PMD, bad)
  }
})

test('other extensions are none of ours', () => {
  assert.equal(answer('permessage-bzip2, x-webkit-deflate-frame, Permessage-Deflate'), 'declined')
  assert.equal(negotiateDeflate([], {}), null)
})

test('the first offer that can be accepted wins (RFC 7692 §5)', () => {
  assert.equal(answer(`${PMD}; server_max_window_bits=9, ${PMD}`), `${PMD}; server_max_window_bits=9`)
})

test('an offer that does not let us limit the client is declined where we must (RFC 7692 §7.1.2.2)', () => {
  assert.equal(answer(PMD, { clientMaxWindowBits: 10 }), 'declined')
  assert.equal(
    answer(`${PMD}, ${PMD}; client_max_window_bits`, { clientMaxWindowBits: 10 }),
    `${PMD}; client_max_window_bits=10`,
  )
})

test('a window of ours that is not 8 to 15 is a RangeError', () => {
  for (const bits of [7, 16, 0, -1, 9.5, Number.NaN]) {
    assert.throws(() => negotiateDeflate([], { serverMaxWindowBits: bits }), RangeError)
    assert.throws(() => negotiateDeflate([], { clientMaxWindowBits: bits }), RangeError)
    assert.throws(() => offerDeflate({ serverMaxWindowBits: bits }), RangeError)
    assert.throws(() => offerDeflate({ clientMaxWindowBits: bits }), RangeError)
  }
})

test('an offer is written in the order of RFC 7692 §7.1', () => {
  assert.equal(offerDeflate({}), PMD)
  assert.equal(offerDeflate({ clientMaxWindowBits: true }), `${PMD}; client_max_window_bits`)
  assert.equal(
    offerDeflate({
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
      serverMaxWindowBits: 8,
      clientMaxWindowBits: 15,
    }),
    `${PMD}; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=8; client_max_window_bits=15`,
  )
})

/** The failure's id, or what was agreed as `s|-`, `c|-`, server bits, client bits. */
function judged(response: string, offer: DeflateOffer): string {
  const result = acceptDeflate(parseExtensions(response)!, offer)
  if (isHandshakeFailure(result)) return result.id
  const { serverNoContextTakeover: s, clientNoContextTakeover: c } = result
  return `${s ? 's' : '-'}${c ? 'c' : '-'} ${result.serverMaxWindowBits} ${result.clientMaxWindowBits}`
}

const JUDGEMENTS: readonly (readonly [response: string, offer: DeflateOffer, expected: string])[] = [
  ['', {}, '-- 15 15'],
  ['; server_no_context_takeover', {}, 's- 15 15'],
  ['; client_no_context_takeover', {}, '-c 15 15'],
  ['; server_max_window_bits=9', {}, '-- 9 15'],
  ['; server_max_window_bits=9', { serverMaxWindowBits: 10 }, '-- 9 15'],
  ['; server_max_window_bits=10', { serverMaxWindowBits: 10 }, '-- 10 15'],
  ['; client_max_window_bits=9', { clientMaxWindowBits: true }, '-- 15 9'],
  ['; client_max_window_bits=9', { clientMaxWindowBits: 9 }, '-- 15 9'],
  // What we announced holds, whatever the answer says.
  ['', { clientMaxWindowBits: 9 }, '-- 15 9'],
  ['', { clientMaxWindowBits: true }, '-- 15 15'],
  ['', { clientNoContextTakeover: true }, '-c 15 15'],
  // What we asked for must be granted (§7.1.1.1, §7.1.2.1).
  ['', { serverNoContextTakeover: true }, 'deflate-parameter-missing'],
  ['', { serverMaxWindowBits: 10 }, 'deflate-parameter-missing'],
  // To ask for 15 is to ask for nothing.
  ['', { serverMaxWindowBits: 15 }, '-- 15 15'],
  ['; server_max_window_bits=11', { serverMaxWindowBits: 10 }, 'deflate-parameter-not-offered'],
  // §7.1.2.2: an answer "MUST NOT include" what the offer did not have, nor a larger value.
  ['; client_max_window_bits=9', {}, 'deflate-parameter-not-offered'],
  ['; client_max_window_bits=10', { clientMaxWindowBits: 9 }, 'deflate-parameter-not-offered'],
  ['; client_max_window_bits', { clientMaxWindowBits: true }, 'deflate-parameter-value'],
  ['; foo', {}, 'deflate-parameter-unknown'],
  ['; server_no_context_takeover; server_no_context_takeover', {}, 'deflate-parameter-repeated'],
  [', permessage-deflate', {}, 'extension-repeated'],
  [', x', {}, 'extension-not-offered'],
]

for (const [response, offer, expected] of JUDGEMENTS) {
  test(`a client that offered ${JSON.stringify(offer)} judges "${PMD}${response}" as ${expected}`, () => {
    assert.equal(judged(PMD + response, offer), expected)
  })
}

test('an answer with a bad window fails (C020 to C028)', () => {
  for (const value of BAD_BITS) {
    const is = value === '' ? '' : `=${value}`
    assert.equal(judged(`${PMD}; server_max_window_bits${is}`, {}), 'deflate-parameter-value', value)
    assert.equal(
      judged(`${PMD}; client_max_window_bits${is}`, { clientMaxWindowBits: true }),
      'deflate-parameter-value',
      value,
    )
  }
})

test('every offer, met by every preference, ends in the same parameters on both sides', () => {
  const flags = [false, true]
  const bits = [8, 9, 12, 15]
  let agreed = 0
  for (const serverNoContextTakeover of flags)
    for (const clientNoContextTakeover of flags)
      for (const serverMaxWindowBits of [undefined, ...bits])
        for (const clientMaxWindowBits of [undefined, true as const, ...bits]) {
          const offer: DeflateOffer = {
            serverNoContextTakeover,
            clientNoContextTakeover,
            ...(serverMaxWindowBits === undefined ? {} : { serverMaxWindowBits }),
            ...(clientMaxWindowBits === undefined ? {} : { clientMaxWindowBits }),
          }
          for (const wantsServer of flags)
            for (const wantsClient of flags)
              for (const serverBits of bits)
                for (const clientBits of bits) {
                  const result = negotiateDeflate(parseExtensions(offerDeflate(offer))!, {
                    serverNoContextTakeover: wantsServer,
                    clientNoContextTakeover: wantsClient,
                    serverMaxWindowBits: serverBits,
                    clientMaxWindowBits: clientBits,
                  })
                  assert.equal(result === null, clientBits < 15 && clientMaxWindowBits === undefined)
                  if (result === null) continue
                  const seen = acceptDeflate(parseExtensions(result.response)!, offer) as DeflateParameters
                  assert.deepEqual(seen, result.parameters)
                  assert.ok(seen.serverMaxWindowBits <= Math.min(serverBits, serverMaxWindowBits ?? 15))
                  assert.ok(seen.clientMaxWindowBits <= clientBits)
                  agreed++
                }
        }
  assert.ok(agreed > 5000)
})
