// Section 1 of the catalogue of hostile inputs (shared/vectors/bad-input.md): all whose outcome lies in the request.
// Each runs whole, byte by byte and at random cuts; what node:http would also let through runs on its form as well.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkUpgrade, isRefusal, REFUSALS, RequestParser } from '../../src/handshake/mod.ts'
import { answer, BYTEWISE, bytes, KEY, nodeHead, parseRequest, upgrade } from './heads.ts'

/** id, what it is, input, every outcome that is allowed. */
type Case = readonly [id: string, what: string, input: string, allowed: readonly string[]]

const line = (text: string): string => upgrade({}, [], text)
const field = (...more: string[]): string => upgrade({}, more)
const deflate = (parameters: string): string => field(`Sec-WebSocket-Extensions: permessage-deflate; ${parameters}`)
const EXT = 'Sec-WebSocket-Extensions'
const SUB = 'Sec-WebSocket-Protocol'

const CASES: readonly Case[] = [
  ['H001', 'a TLS ClientHello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', ['400']],
  ['H002', 'POST', line('POST / HTTP/1.1'), ['405']],
  ['H003', 'HEAD', line('HEAD / HTTP/1.1'), ['405']],
  ['H004', 'CONNECT', line('CONNECT example.com:80 HTTP/1.1'), ['405']],
  ['H005', 'a lower-case method', line('get / HTTP/1.1'), ['400']],
  ['H006', 'HTTP/1.0', line('GET / HTTP/1.0'), ['400']],
  ['H007', 'an HTTP/0.9 simple request', 'GET /\r\n', ['400']],
  ['H008', 'the HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', ['505']],
  ['H009', 'HTTP/1.9', line('GET / HTTP/1.9'), ['505']],
  ['H010', 'two spaces before the target', line('GET  / HTTP/1.1'), ['400']],
  ['H010', 'two spaces before the version', line('GET /  HTTP/1.1'), ['400']],
  ['H010', 'a space behind the version', line('GET / HTTP/1.1 '), ['400']],
  ['H010', 'a tab in the request line', line('GET\t/ HTTP/1.1'), ['400']],
  ['H011', 'a NUL in the target', line('GET /\0x HTTP/1.1'), ['400']],
  ['H012', 'a fragment in the target', line('GET /a#b HTTP/1.1'), ['400']],
  ['H013', 'bad percent-encoding', line('GET /%zz%2 HTTP/1.1'), ['101']],
  ['H014', 'a target that looks like an authority', line('GET //evil.example/x HTTP/1.1'), ['101']],
  ['H015', 'absolute-form with another authority', line('GET http://evil.example/ HTTP/1.1'), ['400']],
  ['H016', 'asterisk-form', line('GET * HTTP/1.1'), ['400']],
  ['H017', 'a target of 20 kB', line(`GET /${'a'.repeat(20_000)} HTTP/1.1`), ['414']],
  ['H018', 'no Host', upgrade({ Host: null }), ['400']],
  ['H019', 'two Hosts', field('Host: example.com'), ['400']],
  ['H020', 'a Host with a space', upgrade({ Host: 'example.com evil' }), ['400']],
  ['H021', 'a Host with userinfo', upgrade({ Host: 'user@example.com' }), ['400']],
  ['H022', 'a space before the colon', field('X-A : b'), ['400']],
  ['H023', 'a folded line', field('X-A: b', ' c'), ['400']],
  ['H024', 'bare LF', upgrade().replaceAll('\r\n', '\n'), ['400']],
  ['H025', 'a bare CR in a value', field('X-A: a\rX-B: b'), ['400']],
  ['H026', 'a NUL in a value', field('X-A: a\0b'), ['400']],
  ['H027', 'a control character in a value', field('X-A: a\x01b'), ['400']],
  ['H028', 'a space in a name', field('X A: b'), ['400']],
  ['H029', 'an empty name', field(': b'), ['400']],
  ['H030', 'a line without colon', field('nonsense'), ['400']],
  ['H031', 'a field of 20 kB', field(`X-A: ${'a'.repeat(20_000)}`), ['431']],
  ['H032', '2,000 fields', field(...Array.from({ length: 2000 }, (_, i) => `a${i}: b`)), ['431']],
  ['H033', 'Content-Length: 5', `${field('Content-Length: 5')}hello`, ['400']],
  ['H034', 'Transfer-Encoding', `${field('Transfer-Encoding: chunked')}0\r\n\r\n`, ['400']],
  ['H035', 'both', field('Transfer-Encoding: chunked', 'Content-Length: 5'), ['400']],
  ['H036', 'two Content-Lengths', field('Content-Length: 0', 'Content-Length: 5'), ['400']],
  ['H037', 'Content-Length: -1', field('Content-Length: -1'), ['400']],
  ['H038', 'Expect: 100-continue', field('Expect: 100-continue'), ['417']],
  ['H039', 'no Upgrade', upgrade({ Upgrade: null }), ['426']],
  ['H040', 'Upgrade: h2c', upgrade({ Upgrade: 'h2c' }), ['426']],
  ['H041', 'Upgrade: websocket2', upgrade({ Upgrade: 'websocket2' }), ['426']],
  ['H042', 'an empty Upgrade', upgrade({ Upgrade: '' }), ['426']],
  ['H043', 'Upgrade: WebSocket', upgrade({ Upgrade: 'WebSocket' }), ['101']],
  ['H044', 'Connection: keep-alive', upgrade({ Connection: 'keep-alive' }), ['426']],
  ['H045', 'Connection: upgradex', upgrade({ Connection: 'upgradex' }), ['426']],
  ['H046', 'Connection: keep-alive, Upgrade', upgrade({ Connection: 'keep-alive, Upgrade' }), ['101']],
  ['H047', 'no key', upgrade({ 'Sec-WebSocket-Key': null }), ['400']],
  ['H048', 'an empty key', upgrade({ 'Sec-WebSocket-Key': '' }), ['400']],
  ['H049', 'a key of 15 bytes', upgrade({ 'Sec-WebSocket-Key': 'MTIzNDU2Nzg5MDEyMzQ1' }), ['400']],
  ['H050', 'a key of 17 bytes', upgrade({ 'Sec-WebSocket-Key': 'MTIzNDU2Nzg5MDEyMzQ1Njc=' }), ['400']],
  ['H051', 'a key of another alphabet', upgrade({ 'Sec-WebSocket-Key': 'dGhlIHNhbXBs!SBub25jZQ==' }), ['400']],
  ['H052', 'a URL-safe key', upgrade({ 'Sec-WebSocket-Key': 'dGhlIHNhb-Bs_SBub25jZQ==' }), ['400']],
  ['H053', 'a key without padding', upgrade({ 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ' }), ['400']],
  ['H054', 'two keys', field(`Sec-WebSocket-Key: ${KEY}`), ['400']],
  ['H055', 'no version', upgrade({ 'Sec-WebSocket-Version': null }), ['426']],
  ...['8', '0', '14', '13, 8', '+13', '013', '13.0'].map(
    (version, i): Case => [`H0${56 + i}`, `version ${version}`, upgrade({ 'Sec-WebSocket-Version': version }), ['426']],
  ),
  ['H063', 'the version twice', field('Sec-WebSocket-Version: 13'), ['426']],
  ['H064', 'an empty subprotocol', field(`${SUB}: `), ['400']],
  ['H065', 'a subprotocol twice', field(`${SUB}: a, b, a`), ['400']],
  ['H065', 'a subprotocol twice in two fields', field(`${SUB}: a`, `${SUB}: a`), ['400']],
  ['H066', 'a separator in a subprotocol', field(`${SUB}: a/b`), ['400']],
  ['H067', 'a subprotocol of two words', field(`${SUB}: a b`), ['400']],
  ['H068', 'a trailing comma', field(`${SUB}: a,`), ['400']],
  ['H069', '14 kB of blanks', field(`${SUB}: a${' '.repeat(14_000)}b`), ['400']],
  ['H069', '14 kB of blanks at the end', field(`${SUB}: a,${' '.repeat(14_000)}`), ['400']],
  ['H070', '3,000 subprotocols', field(`${SUB}: ${Array.from({ length: 3000 }, (_, i) => i).join(',')}`), ['101']],
  ['H071', 'extensions named as prototypes', field(`${EXT}: constructor, __proto__, hasOwnProperty`), ['101']],
  ['H072', 'an unbalanced quote', field(`${EXT}: a; b="c`), ['400']],
  ['H073', '10 kB of backslashes', field(`${EXT}: a; b="${'\\'.repeat(10_000)}"`), ['400']],
  ['H074', 'a trailing semicolon', field(`${EXT}: a;`), ['400']],
  ['H075', 'a leading comma', field(`${EXT}: , a`), ['400']],
  ['H076', 'a bad character in a token', field(`${EXT}: a[b`), ['400']],
  ['H077', 'a quoted value that is no token', field(`${EXT}: a; b="c d"`), ['400']],
  [
    'H078',
    '400 offers',
    field(`${EXT}: ${Array.from({ length: 400 }, () => 'permessage-deflate').join(', ')}`),
    ['101+deflate'],
  ],
  ...[
    'server_max_window_bits=7',
    'server_max_window_bits=16',
    'server_max_window_bits=08',
    'server_max_window_bits',
    'server_max_window_bits=abc',
    'server_max_window_bits=10; server_max_window_bits=10',
    'client_max_window_bits=7',
    'client_max_window_bits=16',
    'server_no_context_takeover=1',
    'client_no_context_takeover=1',
    'foo=1',
  ].map((offer, i): Case => [`H0${79 + i}`, `the offer ${offer}`, deflate(offer), ['101']]),
  [
    'H090',
    'a bad offer, then a good one',
    deflate('server_max_window_bits=7, permessage-deflate; client_max_window_bits'),
    ['101+deflate'],
  ],
  [
    'H093',
    'a bad key with a request behind it',
    `${upgrade({ 'Sec-WebSocket-Key': 'x' })}GET /admin HTTP/1.1\r\n\r\n`,
    ['400'],
  ],
  ['H094', 'Upgrade: websocket, h2c', upgrade({ Upgrade: 'websocket, h2c' }), ['101']],
  ['H095', 'Upgrade: h2c with settings', upgrade({ Upgrade: 'h2c' }, ['HTTP2-Settings: AAMAAABkAAQAAP__']), ['426']],
  ['H096', 'a key with pad bits', upgrade({ 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZR==' }), ['101']],
  ['H097', 'a field named __proto__', field('__proto__: polluted', 'constructor: x', 'hasOwnProperty: y'), ['101']],
  [
    'H098',
    'a cookie of 300 pairs',
    field(`Cookie: __proto__=1; constructor=2${Array.from({ length: 300 }, (_, i) => `; c${i}=${i}`).join('')}`),
    ['101'],
  ],
  ['H099', 'the subprotocol __proto__', field(`${SUB}: __proto__`), ['101']],
  ['H100', 'bytes 0x80 to 0xff in a value', field('X-A: \x80\xa0\xff'), ['101']],
  ['H101', 'CRLF before the request line', `\r\n\r\n${upgrade()}`, ['101']],
]

for (const [id, what, input, allowed] of CASES) {
  test(`${id}: ${what} is answered ${allowed.join(' or ')}, however it is cut`, () => {
    const outcome = answer(input)
    assert.ok(allowed.includes(outcome), outcome)
    assert.equal(answer(input, BYTEWISE), outcome)
    fc.assert(
      fc.property(fc.array(fc.nat(input.length), { maxLength: 12 }), (cuts) => answer(input, cuts) === outcome),
      { numRuns: 20 },
    )
  })
}

test('no case costs more than 20 ms of CPU', () => {
  for (const [id, what, input] of CASES) {
    let shortest = Number.POSITIVE_INFINITY
    for (let i = 0; i < 5 && shortest > 20; i++) {
      const before = process.cpuUsage()
      answer(input)
      const { user, system } = process.cpuUsage(before)
      shortest = Math.min(shortest, (user + system) / 1000)
    }
    assert.ok(shortest < 20, `${id} ${what}: ${shortest} ms`)
  }
})

test('what passes the parser is judged alike on the raw headers of node:http', () => {
  let compared = 0
  for (const [id, , input] of CASES) {
    const parser = new RequestParser()
    parser.push(bytes(input))
    if (parser.head === null || input.startsWith('\r\n')) continue
    assert.deepEqual(checkUpgrade(nodeHead(input)), checkUpgrade(parser.head), id)
    compared++
  }
  assert.ok(compared > 60)
})

test('the bytes behind a good head are left for the frames (H091, H092)', () => {
  const head = upgrade()
  for (const more of ['', '\x81\x85', 'GET / HTTP/1.1\r\n\r\n']) {
    assert.equal(parseRequest(bytes(head + more)).consumed, head.length)
    assert.equal(parseRequest(bytes(head + more), BYTEWISE).consumed, head.length)
  }
})

test('a 405 says Allow, a 426 says what to upgrade to', () => {
  const of = (text: string): unknown => {
    const result = checkUpgrade(nodeHead(text))
    return isRefusal(result) ? result.headers : result
  }
  assert.deepEqual(of(line('POST / HTTP/1.1')), ['Allow', 'GET'])
  assert.deepEqual(of(upgrade({ 'Sec-WebSocket-Version': '8' })), [
    'Upgrade',
    'websocket',
    'Sec-WebSocket-Version',
    '13',
  ])
  for (const refusal of Object.values(REFUSALS)) {
    assert.equal(refusal.headers?.includes('Upgrade') ?? false, refusal.status === 426, refusal.id)
  }
})
