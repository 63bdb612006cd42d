/**
 * Section 1 of the catalogue: opening handshakes, client to server (RFC 9112, 9110, 6455 §4, 7692 §7.1).
 * The table is data; conformance/run plays it. Required outcomes include the stricter ones marked DEV.
 */
import { buildFrame, closePayload, type RequestText, requestBytes, SAMPLE_KEY } from '@tautline/testkit'
import { type Demand, type ServerCase, text } from './case.ts'

type Extra = Partial<Pick<ServerCase, 'note' | 'demand' | 'cpu' | 'echo'>>

function row(
  id: string,
  rfc: string,
  title: string,
  required: string,
  input: RequestText | Buffer,
  extra: Extra = {},
): ServerCase {
  const bytes = (): Buffer => (Buffer.isBuffer(input) ? input : requestBytes(input))
  return { id, rfc, title, required: required.split(' / '), input: bytes, ...extra }
}

const latin1 = (value: string): Buffer => Buffer.from(value, 'latin1')
const key = (value: string): RequestText => ({ set: { 'Sec-WebSocket-Key': value } })
const version = (value: string): RequestText => ({ set: { 'Sec-WebSocket-Version': value } })
const protocol = (value: string): RequestText => ({ fields: [['Sec-WebSocket-Protocol', value]] })
const extensions = (value: string): RequestText => ({ fields: [['Sec-WebSocket-Extensions', value]] })
const field = (name: string, value: string): RequestText => ({ fields: [[name, value]] })
const line = (value: string): RequestText => ({ lines: [value] })
const masked = (opcode: number, payload: Uint8Array | string = ''): Buffer =>
  buildFrame({ opcode, payload, mask: true })

/** The answer carries the field, with the value among its list. */
function answers(name: string, value: string): Demand {
  return ({ head }) => {
    const values = (head?.all(name) ?? []).flatMap((one) => one.split(',')).map((one) => one.trim().toLowerCase())
    return values.includes(value.toLowerCase()) ? null : `no ${name}: ${value}`
  }
}
const allowsGet: Extra = { note: 'Allow: GET', demand: answers('Allow', 'GET') }
const saysVersion: Extra = { note: 'with Sec-WebSocket-Version: 13', demand: answers('Sec-WebSocket-Version', '13') }
const saysUpgrade: Extra = {
  note: 'RFC 9110 §15.5.22: 426 names the protocol',
  demand: answers('Upgrade', 'websocket'),
}
const declined: Extra = { note: 'DEV decline the offer; ws answers 400' }
const CPU: Extra = { note: '< 20 ms CPU', cpu: 20 }

const oneExtension: Demand = ({ head }) => {
  const values = (head?.all('Sec-WebSocket-Extensions') ?? []).flatMap((one) => one.split(','))
  return values.length === 1 && /^\s*permessage-deflate\b/.test(values[0] ?? '')
    ? null
    : `answered ${values.length} extensions`
}
const onceOnly: Demand = ({ raw }) => {
  const count = raw.toString('latin1').split('HTTP/1.').length - 1
  return count === 1 ? null : `${count} answers`
}

const CLIENT_HELLO = Buffer.from(`16030100c8010000c40303${'5a'.repeat(32)}20${'0d0a'.repeat(16)}`, 'hex')

/** H001 to H101. */
// biome-ignore format: one case per line
export const HANDSHAKE_CASES: readonly ServerCase[] = [
  row('H001', '9112-3', 'request line is garbage', 'HTTP:400 / RST', CLIENT_HELLO, { note: 'TLS ClientHello to a plain port' }),
  row('H002', '9112-3', 'method POST', 'HTTP:405', { method: 'POST' }, allowsGet),
  row('H003', '9112-3', 'method HEAD', 'HTTP:405', { method: 'HEAD' }, allowsGet),
  row('H004', '9112-3', 'method CONNECT', 'HTTP:405 / HTTP:400 / RST', { line: 'CONNECT 127.0.0.1:80 HTTP/1.1' }),
  row('H005', '9112-3', 'lower-case method', 'HTTP:400', { method: 'get' }),
  row('H006', '6455-4.2.1(1)', 'HTTP/1.0 request', 'HTTP:400 / HTTP:505', { version: 'HTTP/1.0' }, { note: 'DEV 505 also acceptable' }),
  row('H007', '9112-2.3', 'HTTP/0.9 simple request', 'HTTP:400', latin1('GET /\r\n\r\n'), { note: 'DEV' }),
  row('H008', '9112-2.3', 'HTTP/2.0 preface', 'HTTP:400 / HTTP:505 / RST', latin1('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')),
  row('H009', '9112-2.3', 'HTTP/1.9 version', 'HTTP:400 / HTTP:505', { version: 'HTTP/1.9' }),
  row('H010', '9112-3', 'two spaces in request line', 'HTTP:400', { line: 'GET  / HTTP/1.1' }, { note: 'DEV' }),
  row('H011', '9112-3.2', 'request target with NUL', 'HTTP:400', { target: '/a\0b' }),
  row('H012', '9112-3.2', 'request target with fragment', 'HTTP:400 / 101', { target: '/#fragment' }),
  row('H013', '9112-3.2', 'target bad percent-encoding', 'HTTP:400 / HTTP:404 / 101', { target: '/%zz%' }, { note: 'must not throw' }),
  row('H014', '9112-3.2', 'target //host/path', 'HTTP:400 / HTTP:404 / 101', { target: '//evil.example/path' }, { note: 'must not throw in URL parser, nor route to evil' }),
  row('H015', '9112-3.2', 'absolute-form, other authority', 'HTTP:400 / HTTP:404 / 101', { target: 'http://evil.example/' }, { note: 'origin check must use one authority only' }),
  row('H016', '9112-3.2', 'asterisk-form', 'HTTP:400 / HTTP:404 / 101', { target: '*' }),
  row('H017', '9112-3.2', 'target 20 kB', 'HTTP:431 / HTTP:414', { target: `/${'a'.repeat(20_000)}` }),
  row('H018', '9112-3.2', 'no Host', 'HTTP:400', { without: ['Host'] }, { note: 'DEV' }),
  row('H019', '9112-3.2', 'two Host headers', 'HTTP:400', field('Host', 'other.example'), { note: 'DEV' }),
  row('H020', '9112-3.2', 'Host with space', 'HTTP:400', { set: { Host: '127.0.0.1 evil' } }, { note: 'DEV' }),
  row('H021', '9112-3.2', 'Host with userinfo', 'HTTP:400', { set: { Host: 'user@127.0.0.1' } }, { note: 'DEV' }),
  row('H022', '9112-5.1', 'space before colon', 'HTTP:400', line('X-Name : value')),
  row('H023', '9112-5.2', 'obs-fold', 'HTTP:400 / 101', { lines: ['X-Name: one', ' Sec-WebSocket-Protocol: two'] }, { note: 'if accepted must be unfolded, never a new header' }),
  row('H024', '9112-2.2', 'bare LF line ends', 'HTTP:400', { eol: '\n' }),
  row('H025', '9112-2.2', 'bare CR inside value', 'HTTP:400', field('X-Name', 'one\rtwo')),
  row('H026', '9110-5.5', 'NUL in value', 'HTTP:400', field('X-Name', 'one\0two')),
  row('H027', '9110-5.5', 'control char 0x01 in value', 'HTTP:400', field('X-Name', 'one\x01two')),
  row('H028', '9110-5.1', 'header name with space', 'HTTP:400', field('X Name', 'value')),
  row('H029', '9110-5.1', 'empty header name', 'HTTP:400', line(': value')),
  row('H030', '9110-5.1', 'header without colon', 'HTTP:400', line('X-Name')),
  row('H031', 'limits', 'one header of 20 kB', 'HTTP:431', field('X-Name', 'a'.repeat(20_000))),
  row('H032', 'limits', '2,000 distinct headers then upgrade headers (CVE-2024-37890)', 'HTTP:431 / HTTP:400', { before: Array.from({ length: 2000 }, (_, i) => [`X${i}`, '1'] as const) }, { note: 'must not crash' }),
  row('H033', '9112-6', 'Content-Length: 5 plus body', 'HTTP:400', { ...field('Content-Length', '5'), body: 'hello' }, { note: 'DEV else body bytes are read as frames' }),
  row('H034', '9112-6', 'Transfer-Encoding: chunked', 'HTTP:400', { ...field('Transfer-Encoding', 'chunked'), body: '5\r\nhello\r\n0\r\n\r\n' }, { note: 'DEV' }),
  row('H035', '9112-6.3', 'TE and CL', 'HTTP:400', { fields: [['Transfer-Encoding', 'chunked'], ['Content-Length', '5']], body: '5\r\nhello\r\n0\r\n\r\n' }),
  row('H036', '9112-6.3', 'two different Content-Length', 'HTTP:400', { fields: [['Content-Length', '5'], ['Content-Length', '6']], body: 'hello!' }),
  row('H037', '9112-6.2', 'Content-Length: -1', 'HTTP:400', field('Content-Length', '-1')),
  row('H038', '9110-10.1.1', 'Expect: 100-continue', 'HTTP:417 / HTTP:400 / 101', field('Expect', '100-continue')),
  row('H039', '6455-4.2.1(3)', 'no Upgrade header', 'HTTP:426', { without: ['Upgrade'] }, saysUpgrade),
  row('H040', '6455-4.2.1(3)', 'Upgrade: h2c', 'HTTP:400 / HTTP:426', { set: { Upgrade: 'h2c' } }, { note: 'never 101 (h2c smuggling)' }),
  row('H041', '6455-4.2.1(3)', 'Upgrade: websocket2', 'HTTP:400 / HTTP:426', { set: { Upgrade: 'websocket2' } }),
  row('H042', '6455-4.2.1(3)', 'Upgrade: (empty)', 'HTTP:400 / HTTP:426', { set: { Upgrade: '' } }),
  row('H043', '6455-4.2.1(3)', 'Upgrade: WebSocket (case) [control]', '101', { set: { Upgrade: 'WebSocket' } }),
  row('H044', '6455-4.2.1(4)', 'Connection: keep-alive only', 'HTTP:426', { set: { Connection: 'keep-alive' } }, saysUpgrade),
  row('H045', '6455-4.2.1(4)', 'Connection: upgradex', 'HTTP:426 / HTTP:400', { set: { Connection: 'upgradex' } }),
  row('H046', '6455-4.2.1(4)', 'Connection: keep-alive, Upgrade [control]', '101', { set: { Connection: 'keep-alive, Upgrade' } }),
  row('H047', '6455-4.2.1(5)', 'no Sec-WebSocket-Key', 'HTTP:400', { without: ['Sec-WebSocket-Key'] }),
  row('H048', '6455-4.2.1(5)', 'empty key', 'HTTP:400', key('')),
  row('H049', '6455-4.2.1(5)', 'key of 15 bytes', 'HTTP:400', key(Buffer.alloc(15, 7).toString('base64'))),
  row('H050', '6455-4.2.1(5)', 'key of 17 bytes', 'HTTP:400', key(Buffer.alloc(17, 7).toString('base64'))),
  row('H051', '6455-4.2.1(5)', 'key bad alphabet', 'HTTP:400', key('dGhlIHNhbXBsZSBub25j!Q==')),
  row('H052', '6455-4.2.1(5)', 'key url-safe alphabet', 'HTTP:400', key('dGhlIHNhbXBsZ-_ub25jZQ==')),
  row('H053', '6455-4.2.1(5)', 'key without padding', 'HTTP:400', key('dGhlIHNhbXBsZSBub25jZQ')),
  row('H054', '6455-11.3.1', 'key header twice', 'HTTP:400', field('Sec-WebSocket-Key', SAMPLE_KEY)),
  row('H055', '6455-4.2.1(6)', 'no version', 'HTTP:426 / HTTP:400', { without: ['Sec-WebSocket-Version'] }, saysVersion),
  row('H056', '6455-4.4', 'version 8', 'HTTP:426', version('8'), { note: 'DEV ws accepts 8; we speak 13 only', demand: answers('Sec-WebSocket-Version', '13') }),
  row('H057', '6455-4.4', 'version 0', 'HTTP:426 / HTTP:400', version('0'), saysVersion),
  row('H058', '6455-4.4', 'version 14', 'HTTP:426 / HTTP:400', version('14'), saysVersion),
  row('H059', '6455-4.4', 'version "13, 8"', 'HTTP:426 / HTTP:400', version('13, 8'), saysVersion),
  row('H060', '6455-4.4', 'version +13', 'HTTP:426 / HTTP:400', version('+13'), saysVersion),
  row('H061', '6455-4.4', 'version 013', 'HTTP:426 / HTTP:400', version('013'), saysVersion),
  row('H062', '6455-4.4', 'version 13.0', 'HTTP:426 / HTTP:400', version('13.0'), saysVersion),
  row('H063', '6455-11.3.5', 'version twice', 'HTTP:426 / HTTP:400', field('Sec-WebSocket-Version', '13'), saysVersion),
  row('H064', '6455-11.3.4', 'subprotocol empty value', 'HTTP:400', protocol('')),
  row('H065', '6455-11.3.4', 'subprotocol duplicate', 'HTTP:400', protocol('chat, chat')),
  row('H066', '6455-11.3.4', 'subprotocol with separator char', 'HTTP:400', protocol('chat;one')),
  row('H067', '6455-11.3.4', 'subprotocol two words', 'HTTP:400', protocol('chat one')),
  row('H068', '6455-11.3.4', 'subprotocol trailing comma', 'HTTP:400', protocol('chat,')),
  row('H069', '6455-11.3.4', 'subprotocol 14 kB of blanks (CVE-2021-32640)', 'HTTP:400', protocol(`a${' '.repeat(14_000)}b`), CPU),
  row('H070', '6455-11.3.4', 'subprotocol 3,000 tokens', 'HTTP:400 / 101', protocol(Array.from({ length: 3000 }, (_, i) => i.toString(36)).join(',')), CPU),
  row('H071', '6455-9.1', 'extension names constructor, __proto__, hasOwnProperty (GHSA-5v72)', '101', extensions('constructor, __proto__; toString=1, hasOwnProperty'), { note: 'ignored; no crash' }),
  row('H072', '6455-9.1', 'extensions: unbalanced quote', 'HTTP:400', extensions('foo; bar="baz')),
  row('H073', '6455-9.1', 'extensions: 10 kB backslashes in quote (CVE-2020-7662)', 'HTTP:400', extensions(`foo; bar="${'\\'.repeat(10_000)}`), CPU),
  row('H074', '6455-9.1', 'extensions: trailing semicolon', 'HTTP:400', extensions('foo;')),
  row('H075', '6455-9.1', 'extensions: leading comma', 'HTTP:400', extensions(', foo')),
  row('H076', '6455-9.1', 'extensions: token with bad char', 'HTTP:400', extensions('fo@o')),
  row('H077', '6455-9.1', 'extensions: quoted value not a token', 'HTTP:400', extensions('foo; bar="a b"')),
  row('H078', '6455-9.1', 'extensions: 400 offers', '101', extensions(Array(400).fill('permessage-deflate').join(', ')), { note: 'accept one', demand: oneExtension }),
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
  ].map((offer, i) =>
    row(
      `H0${79 + i}`,
      '7692-7.1',
      `pmd offer: ${offer}`,
      '101-noext',
      extensions(`permessage-deflate; ${offer}`),
      declined,
    ),
  ),
  row('H090', '7692-7.1.1', 'invalid offer then valid fallback', '101', extensions('permessage-deflate; server_max_window_bits=7, permessage-deflate'), { note: 'DEV accept the second', demand: oneExtension }),
  row('H091', '9110-10.3', 'request smuggled after handshake', 'CLOSE:1002', { body: 'GET /admin HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n' }, { note: 'bytes after 101 are frames, never HTTP' }),
  row('H092', '6455-4.1', 'data frame in the same segment as the handshake [control]', 'ECHO', { body: masked(1, 'early') }, { echo: [text('early')] }),
  row('H093', '6455-4.2.2', 'rejected handshake (bad key) + pipelined GET /admin', 'HTTP:400', { ...key('bad'), body: 'GET /admin HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n' }, { note: 'once, then close: the second request must never be answered (RFC 9931 area)', demand: onceOnly }),
  row('H094', '6455-4.2.1(3)', 'Upgrade: websocket, h2c', 'HTTP:400 / 101', { set: { Upgrade: 'websocket, h2c' } }),
  row('H095', '6455-4.2.1(3)', 'Upgrade: h2c + HTTP2-Settings', 'HTTP:400 / HTTP:426', { set: { Upgrade: 'h2c', Connection: 'Upgrade, HTTP2-Settings' }, fields: [['HTTP2-Settings', 'AAMAAABkAARAAAAAAAIAAAAA']] }),
  row('H096', '6455-4.2.1(5)', 'key with non-zero pad bits', '101', key('dGhlIHNhbXBsZSBub25jZR=='), { note: 'tolerate; do not decode-and-compare' }),
  row('H097', 'node', 'header named __proto__ (CVE-2026-21710)', '101', field('__proto__', 'x'), { note: 'no crash: never read req.headersDistinct' }),
  row('H098', 'node', 'Cookie: __proto__=1; constructor=2; 300 pairs', '101', field('Cookie', ['__proto__=1', 'constructor=2', ...Array.from({ length: 300 }, (_, i) => `c${i}=${i}`)].join('; ')), { note: 'null-prototype cookie map' }),
  row('H099', '6455-11.3.4', 'subprotocol __proto__', '101 / HTTP:400', protocol('__proto__'), { note: 'no prototype lookup when selecting' }),
  row('H100', '9110-5.5', '0x80-0xFF bytes in a value', '101', field('X-Name', Array.from({ length: 128 }, (_, i) => String.fromCharCode(128 + i)).join('')), { note: 'log escaped' }),
  row('H101', '9112-2.2', 'CRLF before the request line [control]', '101', Buffer.concat([latin1('\r\n'), requestBytes()])),
]

/** A legal goodbye: what the runner sends when a connection is still open at the end of a case. */
export const GOODBYE: Buffer = masked(8, closePayload(1000))
