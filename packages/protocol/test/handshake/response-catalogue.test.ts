// Section 3 of the catalogue of hostile inputs (shared/vectors/bad-input.md): all whose outcome lies in the response.
// Each runs whole, byte by byte and at random cuts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { DeflateOffer } from '../../src/deflate/parameters.ts'
import { checkAccept, isHandshakeFailure, ResponseParser } from '../../src/handshake/mod.ts'
import { BYTEWISE, bytes, KEY, parseResponse, platform, switching } from './heads.ts'

interface Asked {
  readonly subprotocols?: readonly string[]
  readonly deflate?: DeflateOffer
}

/** `open …` with what was agreed, or the id of the failure. */
function outcome(text: string, asked: Asked, cuts: readonly number[] = []): string {
  const parser = new ResponseParser()
  parseResponse(bytes(text), cuts, parser)
  if (parser.failure !== null) return parser.failure.id
  if (parser.head === null) return 'more'
  const sent = { key: KEY, subprotocols: asked.subprotocols ?? [], deflate: asked.deflate ?? null }
  const result = checkAccept(parser.head, sent, platform)
  if (isHandshakeFailure(result)) return result.id
  return `open ${result.subprotocol}${result.deflate === null ? '' : ' deflate'}`.trim()
}

type Case = readonly [id: string, what: string, input: string, outcome: string, asked?: Asked]

const line = (text: string): string => switching({}, [], text)
const field = (...more: string[]): string => switching({}, more)
const pmd = (parameters: string): string => field(`Sec-WebSocket-Extensions: permessage-deflate; ${parameters}`)
const chat: Asked = { subprotocols: ['chat', 'other'] }
const plain: Asked = { deflate: {} }
const limited: Asked = { deflate: { clientMaxWindowBits: true } }
const INTERIM = 'HTTP/1.1 100 Continue\r\n\r\n'

const CASES: readonly Case[] = [
  ['C001', '200 with the fields of an upgrade', line('HTTP/1.1 200 OK'), 'status'],
  ['C002', '400', line('HTTP/1.1 400 Bad Request'), 'status'],
  ['C003', '401', line('HTTP/1.1 401 Unauthorized'), 'status'],
  ['C004', 'a redirect', 'HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\n\r\n', 'status'],
  ['C005', 'a 101 of HTTP/1.0', line('HTTP/1.0 101 Switching Protocols'), 'http-version'],
  ['C006', 'no Upgrade', switching({ Upgrade: null }), 'upgrade'],
  ['C007', 'Upgrade: h2c', switching({ Upgrade: 'h2c' }), 'upgrade'],
  ['C007', 'Upgrade: websocket, h2c', switching({ Upgrade: 'websocket, h2c' }), 'upgrade'],
  ['C008', 'no Connection', switching({ Connection: null }), 'connection'],
  ['C009', 'Connection: close', switching({ Connection: 'close' }), 'connection'],
  ['C010', 'no accept value', switching({ 'Sec-WebSocket-Accept': null }), 'accept-missing'],
  ['C011', 'a wrong accept value', switching({ 'Sec-WebSocket-Accept': `${'A'.repeat(27)}=` }), 'accept-wrong'],
  ['C012', 'an accept value in another case', switching().replace('s3pPL', 'S3PPl'), 'accept-wrong'],
  ['C013', 'two accept values', field('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo='), 'accept-repeated'],
  ['C014', 'another subprotocol', field('Sec-WebSocket-Protocol: foo'), 'subprotocol-not-offered', chat],
  ['C014', 'a subprotocol in another case', field('Sec-WebSocket-Protocol: Chat'), 'subprotocol-not-offered', chat],
  ['C014', 'an empty subprotocol', field('Sec-WebSocket-Protocol:'), 'subprotocol-not-offered', chat],
  ['C015', 'a subprotocol when none was asked for', field('Sec-WebSocket-Protocol: chat'), 'subprotocol-not-offered'],
  ['C016', 'two subprotocols', field('Sec-WebSocket-Protocol: chat, other'), 'subprotocol-not-offered', chat],
  [
    'C016',
    'two subprotocols in two fields',
    field('Sec-WebSocket-Protocol: chat', 'Sec-WebSocket-Protocol: other'),
    'subprotocol-repeated',
    chat,
  ],
  ['C017', 'no subprotocol though asked', switching(), 'open', chat],
  ['C017', 'a subprotocol as asked', field('Sec-WebSocket-Protocol: other'), 'open other', chat],
  ['C018', 'another extension', field('Sec-WebSocket-Extensions: foo'), 'extension-not-offered', plain],
  ['C018', 'another extension, nothing offered', field('Sec-WebSocket-Extensions: foo'), 'extension-not-offered'],
  ['C019', 'deflate when not offered', field('Sec-WebSocket-Extensions: permessage-deflate'), 'extension-not-offered'],
  ['C020', 'server_max_window_bits=7', pmd('server_max_window_bits=7'), 'deflate-parameter-value', plain],
  ['C021', 'server_max_window_bits=16', pmd('server_max_window_bits=16'), 'deflate-parameter-value', plain],
  ['C022', 'a huge window', pmd('server_max_window_bits=99999999999'), 'deflate-parameter-value', plain],
  ['C023', 'server_max_window_bits=0', pmd('server_max_window_bits=0'), 'deflate-parameter-value', plain],
  ['C024', 'server_max_window_bits', pmd('server_max_window_bits'), 'deflate-parameter-value', plain],
  ['C025', 'server_max_window_bits=08', pmd('server_max_window_bits=08'), 'deflate-parameter-value', plain],
  ['C026', 'client_max_window_bits=16', pmd('client_max_window_bits=16'), 'deflate-parameter-value', limited],
  ['C027', 'client_max_window_bits=7', pmd('client_max_window_bits=7'), 'deflate-parameter-value', limited],
  ['C028', 'client_max_window_bits', pmd('client_max_window_bits'), 'deflate-parameter-value', limited],
  ['C029', 'an unknown parameter', pmd('foo=1'), 'deflate-parameter-unknown', plain],
  ['C030', 'a value where none belongs', pmd('server_no_context_takeover=x'), 'deflate-parameter-value', plain],
  [
    'C031',
    'a repeated parameter',
    pmd('server_max_window_bits=9; server_max_window_bits=9'),
    'deflate-parameter-repeated',
    plain,
  ],
  ['C032', 'deflate twice', pmd('server_no_context_takeover, permessage-deflate'), 'extension-repeated', plain],
  ['C033', 'a malformed list', pmd(''), 'extensions-syntax', plain],
  ['C033', 'an empty list', field('Sec-WebSocket-Extensions:'), 'extensions-syntax', plain],
  ['C034', 'a field of 20 kB', field(`X-A: ${'a'.repeat(20_000)}`), 'head-too-large'],
  ['C036', 'three interim responses', INTERIM.repeat(3) + switching(), 'open'],
  ['C037', 'a frame in the same segment', `${switching()}\x81\x01a`, 'open'],
  ['C038', 'Content-Length: 5', `${field('Content-Length: 5')}hello`, 'body'],
  ['C038', 'Transfer-Encoding', `${field('Transfer-Encoding: chunked')}0\r\n\r\n`, 'body'],
  ['C038', 'Content-Length: 0', field('Content-Length: 0'), 'open'],
]

for (const [id, what, input, expected, asked = {}] of CASES) {
  test(`${id}: a client that gets ${what} ends as "${expected}", however it is cut`, () => {
    assert.equal(outcome(input, asked), expected)
    assert.equal(outcome(input, asked, BYTEWISE), expected)
    fc.assert(
      fc.property(
        fc.array(fc.nat(input.length), { maxLength: 12 }),
        (cuts) => outcome(input, asked, cuts) === expected,
      ),
      { numRuns: 20 },
    )
  })
}

test('the bytes behind a 101 are left for the frames (C037)', () => {
  const head = INTERIM.repeat(2) + switching()
  assert.equal(parseResponse(bytes(`${head}\x81\x01a`)).consumed, head.length)
  assert.equal(parseResponse(bytes(`${head}\x81\x01a`), BYTEWISE).consumed, head.length)
})
