/**
 * Section 3 of the catalogue: servers that misbehave towards our client.
 * Made for a client with permessage-deflate and a maxPayload of 1 MiB. C052 is a control, so the connection must also
 * carry the message behind the pings.
 */
import {
  buildFrame,
  buildFrames,
  closePayload,
  type FrameSpec,
  type RawField,
  type ResponseText,
  responseBytes,
} from '@tautline/testkit'
import { type ClientCase, type Demand, text } from './case.ts'
import { bomb } from './frames.ts'

type Extra = Partial<Pick<ClientCase, 'note' | 'demand' | 'echo' | 'subprotocols' | 'deflate'>>
type Answer = ResponseText | ((key: string) => Buffer | null)

function row(id: string, rfc: string, title: string, required: string, answer: Answer, extra: Extra = {}): ClientCase {
  const bytes = typeof answer === 'function' ? answer : (key: string): Buffer => responseBytes(key, answer)
  return { id, rfc, title, required: required.split(' / '), answer: bytes, ...extra }
}

/** A row whose answer is legal and followed by frames. */
function after(
  id: string,
  rfc: string,
  title: string,
  required: string,
  frames: () => Buffer,
  extra: Extra = {},
): ClientCase {
  const fields: RawField[] = extra.deflate === true ? [['Sec-WebSocket-Extensions', 'permessage-deflate']] : []
  return row(id, rfc, title, required, (key) => responseBytes(key, { fields, body: frames() }), extra)
}

const status = (line: string, fields: readonly RawField[] = []): ResponseText => ({
  line: `HTTP/1.1 ${line}`,
  fields: [['Content-Length', '0'], ...fields],
})
const field = (name: string, value: string): ResponseText => ({ fields: [[name, value]] })
const extensions = (value: string): ResponseText => field('Sec-WebSocket-Extensions', value)
const repeated = (spec: FrameSpec, count: number): Buffer => Buffer.concat(Array<Buffer>(count).fill(buildFrame(spec)))

const asksOnce: Demand = ({ connections }) => (connections === 1 ? null : `${connections} connections`)
const CHAT: Extra = { subprotocols: ['chat', 'superchat'] }

const BAD_ANSWERS = [
  'server_max_window_bits=7',
  'server_max_window_bits=16',
  'server_max_window_bits=99999999999',
  'server_max_window_bits=0',
  'server_max_window_bits',
  'server_max_window_bits=08',
  'client_max_window_bits=16',
  'client_max_window_bits=7',
  'client_max_window_bits',
  'foo=1',
  'server_no_context_takeover=x',
  'server_max_window_bits=9; server_max_window_bits=9',
]

const PINGS = Array.from({ length: 1000 }, (_, i) => ({ opcode: 9, payload: `ping ${i}` }))
const pongsBounded: Demand = ({ pongs }) => {
  if (pongs.length > 1000) return `${pongs.length} pongs`
  return pongs.at(-1)?.toString() === 'ping 999' ? null : `the last pong is ${pongs.at(-1)?.toString() ?? 'missing'}`
}

/** C001 to C052. */
// biome-ignore format: one case per line
export const CLIENT_CASES: readonly ClientCase[] = [
  row('C001', '4.1', 'status 200 with upgrade headers', 'FAIL', status('200 OK')),
  row('C002', '4.1', 'status 400', 'FAIL', status('400 Bad Request')),
  row('C003', '4.1', 'status 401', 'FAIL', status('401 Unauthorized', [['WWW-Authenticate', 'Basic realm="x"']]), { note: 'no retry loop', demand: asksOnce }),
  row('C004', '4.1', 'redirect 302 to http://evil', 'FAIL', status('302 Found', [['Location', 'http://evil.example/']]), { note: 'no follow by default; never forward auth cross-origin', demand: asksOnce }),
  row('C005', '4.1', 'HTTP/1.0 101', 'FAIL', { line: 'HTTP/1.0 101 Switching Protocols' }, { note: 'DEV' }),
  row('C006', '4.1', '101 without Upgrade', 'FAIL', { without: ['Upgrade'] }),
  row('C007', '4.1', '101 Upgrade: h2c', 'FAIL', { set: { Upgrade: 'h2c' } }),
  row('C008', '4.1', '101 without Connection', 'FAIL', { without: ['Connection'] }),
  row('C009', '4.1', '101 Connection: close', 'FAIL', { set: { Connection: 'close' } }),
  row('C010', '4.1', 'no Sec-WebSocket-Accept', 'FAIL', { without: ['Sec-WebSocket-Accept'] }),
  row('C011', '4.1', 'wrong Accept', 'FAIL', (key) => responseBytes(`${key}x`)),
  row('C012', '4.1', 'Accept in other case', 'FAIL', (key) =>
    responseBytes(key, { set: { 'Sec-WebSocket-Accept': otherCase(key) } }),
  ),
  row('C013', '4.1', 'Accept twice', 'FAIL', (key) =>
    responseBytes(key, { fields: [['Sec-WebSocket-Accept', acceptOf(key)]] }),
  ),
  row('C014', '4.1', 'subprotocol not asked for', 'FAIL', field('Sec-WebSocket-Protocol', 'other'), CHAT),
  row('C015', '4.1', 'subprotocol when none asked', 'FAIL', field('Sec-WebSocket-Protocol', 'chat')),
  row('C016', '4.1', 'two subprotocols', 'FAIL', field('Sec-WebSocket-Protocol', 'chat, superchat'), CHAT),
  row('C017', '4.1', 'asked, server picked none', 'OPEN / FAIL', {}, { ...CHAT, note: 'OPEN (RFC) or FAIL (ws-compatible)' }),
  row('C018', '4.1', 'extension not asked for', 'FAIL', extensions('x-unknown'), { deflate: false }),
  row('C019', '4.1', 'pmd when not offered', 'FAIL', extensions('permessage-deflate'), { deflate: false }),
  ...BAD_ANSWERS.map((answer, i) =>
    row(`C0${20 + i}`, '7692-7.1', `pmd response ${answer}`, 'FAIL', extensions(`permessage-deflate; ${answer}`)),
  ),
  row('C032', '7692-5', 'two pmd in the response', 'FAIL', extensions('permessage-deflate, permessage-deflate'), { note: 'DEV' }),
  row('C033', '9.1', 'extension header malformed', 'FAIL', extensions('permessage-deflate;;=')),
  row('C034', 'limits', 'response header of 20 kB', 'FAIL', field('X-Name', 'a'.repeat(20_000))),
  row('C035', 'limits', 'never answers', 'FAIL', () => null, { note: 'at handshakeTimeout' }),
  row('C036', 'limits', '100-continue x 3 then 101', 'OPEN', { prefix: 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(3) }),
  after('C037', '4.1', '101 + frame in one segment [control]', 'OPEN+MSG', () => buildFrame({ opcode: 1, payload: 'early' }), { echo: [text('early')] }),
  row('C038', '4.1', '101 with Content-Length: 5', 'FAIL / OPEN+MSG', { ...field('Content-Length', '5'), body: buildFrame({ opcode: 1, payload: 'abc' }) }, { note: 'never body bytes as data', echo: [text('abc')] }),
  after('C039', '5.1', 'masked frame from the server', 'CLOSE:1002', () =>
    buildFrame({ opcode: 1, payload: 'hello', mask: true }),
  ),
  after('C040', '5.2', 'RSV1 without extension', 'CLOSE:1002', () =>
    buildFrame({ opcode: 1, rsv: 4, payload: 'hello' }),
  ),
  after('C041', '5.2', 'reserved opcode 3', 'CLOSE:1002', () => buildFrame({ opcode: 3, payload: 'hello' })),
  after('C042', '5.2', '64-bit length 2^63-1 (CVE-2026-1528)', 'CLOSE:1009', () =>
    buildFrame({ opcode: 2, payload: 'x', declared: (1n << 63n) - 1n }),
  ),
  after('C043', '5.2', '64-bit length top bit set', 'CLOSE:1002 / CLOSE:1009', () =>
    buildFrame({ opcode: 2, payload: 'x', declared: (1n << 63n) + 5n }),
  ),
  after('C044', '5.4', 'continuation first', 'CLOSE:1002', () => buildFrame({ opcode: 0, payload: 'x' })),
  after('C045', '5.4', '20,000 one-byte fragments', 'CLOSE:1008', () =>
    Buffer.concat([
      buildFrame({ opcode: 1, fin: false, payload: 'a' }),
      repeated({ opcode: 0, fin: false, payload: 'a' }, 19_999),
    ]),
  ),
  after('C046', '5.5', 'ping of 126 bytes', 'CLOSE:1002', () => buildFrame({ opcode: 9, payload: 'a'.repeat(126) })),
  after('C047', '7.4', 'close 1005 on the wire', 'CLOSE:1002', () =>
    buildFrame({ opcode: 8, payload: closePayload(1005) }),
  ),
  after('C048', '7.4', 'close with 1 byte', 'CLOSE:1002', () => buildFrame({ opcode: 8, payload: Buffer.from([3]) })),
  after('C049', '8.1', 'invalid UTF-8 text', 'CLOSE:1007', () =>
    buildFrame({ opcode: 1, payload: Buffer.from('67ff', 'hex') }),
  ),
  after('C050', '7692-8', 'bomb 256 MiB in ~260 kB (CVE-2026-1526)', 'CLOSE:1009', () => buildFrame({ opcode: 2, rsv: 4, payload: bomb(256) }), { deflate: true }),
  after('C051', '7692-7.2.2', 'corrupt deflate', 'CLOSE:1007', () => buildFrame({ opcode: 1, rsv: 4, payload: Buffer.from([7]) }), { deflate: true }),
  after('C052', '5.5.2', '1,000 pings in one segment [control]', 'OPEN+MSG', () => buildFrames(...PINGS, { opcode: 1, payload: 'behind' }), { note: 'pongs bounded; RFC 5.5.3 allows answering only the last', echo: [text('behind')], demand: pongsBounded }),
]

function acceptOf(key: string): string {
  const head = responseBytes(key).toString('latin1')
  return /Sec-WebSocket-Accept: (\S+)/.exec(head)?.[1] ?? ''
}

function otherCase(key: string): string {
  return [...acceptOf(key)].map((c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase())).join('')
}
