/**
 * Section 2 of the catalogue: frames, client to server (RFC 6455 §5, §7, §8, §10; RFC 7692).
 * Made for a server that echoes, with permessage-deflate and a maxPayload of 1 MiB: F022 and F023 exceed exactly that,
 * F108 inflates to 16 times as much, and the messages of F124 are as large as allowed.
 */
import { constants, deflateRawSync } from 'node:zlib'
import { buildFrame, buildFrames, closePayload, type FrameSpec, Random } from '@tautline/testkit'
import { binary, type Demand, type Expected, type ServerCase, text } from './case.ts'

/** What the server under test must be told: RFC 6455 §10.4. */
export const MAX_PAYLOAD: number = 1 << 20

type Extra = Partial<Pick<ServerCase, 'note' | 'demand' | 'cpu' | 'deadline' | 'echo' | 'end' | 'local' | 'deflate'>>
type Input = Omit<FrameSpec, 'mask'> | readonly Omit<FrameSpec, 'mask'>[] | (() => Buffer)

function row(id: string, rfc: string, title: string, required: string, input: Input, extra: Extra = {}): ServerCase {
  const specs = typeof input === 'function' ? [] : 'opcode' in input ? [input] : input
  const bytes =
    typeof input === 'function' ? input : (): Buffer => buildFrames(...specs.map((spec) => ({ ...spec, mask: true })))
  return { id, rfc, title, required: required.split(' / '), input: bytes, ...extra }
}

const hex = (value: string): Buffer => Buffer.from(value.replaceAll(' ', ''), 'hex')
const id = (number: number): string => `F${String(number).padStart(3, '0')}`
const masked = (spec: FrameSpec): Buffer => buildFrame({ ...spec, mask: true })
const close = (code: number, reason: Uint8Array | string = ''): FrameSpec => ({
  opcode: 8,
  payload: closePayload(code, reason),
})
const repeated = (spec: FrameSpec, count: number): Buffer => Buffer.concat(Array<Buffer>(count).fill(masked(spec)))
const echo = (...messages: Expected[]): Extra => ({ echo: messages })

/** Compressed as RFC 7692 §7.2.1 says: flushed to a byte, without the tail 00 00 ff ff. */
export function packed(bytes: Uint8Array | string): Buffer {
  return deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)
}

/** The payload that inflates to `mebibytes` MiB of zeroes: about 1 kB for each. */
export function bomb(mebibytes: number): Buffer {
  const block = deflateRawSync(Buffer.alloc(1 << 20), { finishFlush: constants.Z_SYNC_FLUSH })
  return Buffer.concat(Array<Buffer>(mebibytes).fill(block)).subarray(0, -4)
}

/** RFC 6455 §5.5.3: answering only the most recent ping is enough. */
const answersLast =
  (last: string): Demand =>
  ({ pongs }) =>
    pongs.at(-1)?.toString() === last ? null : `the last pong is ${pongs.at(-1)?.toString() ?? 'missing'}, not ${last}`

const RESERVED = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]
const BAD_CODES = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 65535]
const GOOD_CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]
const BAD_UTF8: readonly (readonly [title: string, bytes: string])[] = [
  ['lone continuation 80', '80'],
  ['lone lead C3', 'c3'],
  ['overlong C0 80', 'c080'],
  ['overlong C1 BF', 'c1bf'],
  ['overlong E0 80 80', 'e08080'],
  ['overlong F0 80 80 80', 'f0808080'],
  ['surrogate ED A0 80', 'eda080'],
  ['surrogate pair ED A0 80 ED B0 80', 'eda080edb080'],
  ['above U+10FFFF F4 90 80 80', 'f4908080'],
  ['F5 80 80 80', 'f5808080'],
  ['FE', 'fe'],
  ['FF', 'ff'],
  ['truncated E2 82', 'e282'],
  ['truncated F0 9F 98', 'f09f98'],
  ['good text then FF', '676f6f64ff'],
]
const LONG_TEXT = 'The quick brown fox jumps over the lazy dog, and the dog does not mind. '.repeat(8)
const pmd = (extra: Extra = {}): Extra => ({ deflate: true, ...extra })

// biome-ignore format: one case per line
const framing: readonly ServerCase[] = [
  row('F001', '5.1', 'unmasked text', 'CLOSE:1002', () => buildFrame({ opcode: 1, payload: 'hello' })),
  row('F002', '5.1', 'unmasked empty close', 'CLOSE:1002', () => buildFrame({ opcode: 8 })),
  ...[4, 2, 1, 7].map((rsv, i) =>
    row(id(3 + i), '5.2', `RSV=${rsv} with no extension`, 'CLOSE:1002', { opcode: 1, rsv, payload: 'hello' }),
  ),
  ...RESERVED.map((opcode, i) =>
    row(id(7 + i), '5.2', `reserved opcode 0x${opcode.toString(16)}`, 'CLOSE:1002', { opcode, payload: 'hello' }),
  ),
  row('F017', '5.2', '16-bit length encodes 125 (not minimal)', 'CLOSE:1002', { opcode: 1, payload: 'a'.repeat(125), lengthForm: 16 }, { note: 'DEV MUST use minimal form; ws accepts' }),
  row('F018', '5.2', '64-bit length encodes 65535 (not minimal)', 'CLOSE:1002', { opcode: 1, payload: 'a'.repeat(65535), lengthForm: 64 }, { note: 'DEV ws accepts' }),
  row('F019', '5.2', '64-bit length, top bit set', 'CLOSE:1002 / CLOSE:1009', { opcode: 2, payload: 'x', lengthForm: 64, declared: (1n << 63n) + 5n }),
  row('F020', '5.2', '64-bit length 2^53', 'CLOSE:1009', { opcode: 2, payload: 'x', declared: 1n << 53n }),
  row('F021', '5.2', '64-bit length 2^63-1 (CVE-2026-1528 class)', 'CLOSE:1009', { opcode: 2, payload: 'x', declared: (1n << 63n) - 1n }),
  row('F022', '10.4', 'length = maxPayload+1, one byte sent', 'CLOSE:1009', { opcode: 2, payload: 'x', declared: MAX_PAYLOAD + 1 }, { note: 'before the body arrives; no pre-allocation' }),
  row('F023', '10.4', 'fragments sum over maxPayload', 'CLOSE:1009', [{ opcode: 2, fin: false, payload: Buffer.alloc(MAX_PAYLOAD - 10) }, { opcode: 0, payload: Buffer.alloc(20) }]),
  row('F024', '5.4', 'continuation with nothing to continue, FIN=1', 'CLOSE:1002', { opcode: 0, payload: 'x' }),
  row('F025', '5.4', 'continuation with nothing to continue, FIN=0', 'CLOSE:1002', { opcode: 0, fin: false, payload: 'x' }),
  row('F026', '5.4', 'text inside a fragmented text', 'CLOSE:1002', [{ opcode: 1, fin: false, payload: 'one' }, { opcode: 1, payload: 'two' }]),
  row('F027', '5.4', 'binary inside a fragmented text', 'CLOSE:1002', [{ opcode: 1, fin: false, payload: 'one' }, { opcode: 2, payload: 'two' }]),
  row('F028', '5.4', 'continuation after the final fragment', 'ECHO+CLOSE:1002', [{ opcode: 1, fin: false, payload: 'one' }, { opcode: 0, payload: 'two' }, { opcode: 0, payload: 'three' }], echo(text('onetwo'))),
  row('F029', '5.4', '20,000 one-byte fragments, no FIN (CVE-2026-48779)', 'CLOSE:1008', () => Buffer.concat([masked({ opcode: 1, fin: false, payload: 'a' }), repeated({ opcode: 0, fin: false, payload: 'a' }, 19_999)]), { note: 'cap far lower, e.g. 1,024' }),
  row('F030', '5.4', '20,000 empty fragments, no FIN', 'CLOSE:1008', () => Buffer.concat([masked({ opcode: 1, fin: false }), repeated({ opcode: 0, fin: false }, 19_999)]), { note: 'empty ones must count' }),
]

// biome-ignore format: one case per line
const control: readonly ServerCase[] = [
  row('F031', '5.5', 'ping with FIN=0', 'CLOSE:1002', { opcode: 9, fin: false, payload: 'x' }),
  row('F032', '5.5', 'close with FIN=0', 'CLOSE:1002', { ...close(1000), fin: false }),
  row('F033', '5.5', 'pong with FIN=0', 'CLOSE:1002', { opcode: 10, fin: false, payload: 'x' }),
  row('F034', '5.5', 'ping of 126 bytes', 'CLOSE:1002', { opcode: 9, payload: 'a'.repeat(126) }),
  row('F035', '5.5', 'pong of 126 bytes', 'CLOSE:1002', { opcode: 10, payload: 'a'.repeat(126) }),
  row('F036', '5.5', 'close of 126 bytes', 'CLOSE:1002', close(1000, 'a'.repeat(124))),
  row('F037', '5.5', 'ping with 64-bit length of 65536', 'CLOSE:1002', { opcode: 9, payload: Buffer.alloc(65536), lengthForm: 64 }),
  row('F038', '5.5', 'ping with 16-bit length of 5', 'CLOSE:1002', { opcode: 9, payload: 'hello', lengthForm: 16 }),
  row('F039', '5.5.1', 'close payload of one byte', 'CLOSE:1002', { opcode: 8, payload: hex('03') }),
  ...BAD_CODES.map((code, i) => row(id(40 + i), '7.4', `close code ${code}`, 'CLOSE:1002', close(code))),
  ...GOOD_CODES.map((code, i) =>
    row(id(54 + i), '7.4', `close code ${code} [control]`, `CLOSE:${code}`, close(code), { local: code }),
  ),
  row('F070', '5.5.1', 'empty close [control]', 'CLOSE:1005', { opcode: 8 }, { local: 1005 }),
  row('F071', '8.1', 'close reason with invalid UTF-8', 'CLOSE:1007', close(1000, hex('67 ff'))),
  row('F072', '8.1', 'close reason cut inside a code point', 'CLOSE:1007', close(1000, hex('67 e2 82'))),
  row('F073', '5.5.1', 'data after close', 'CLOSE:1000', [close(1000), { opcode: 1, payload: 'late' }], { note: 'late data must be dropped', local: 1000 }),
  row('F074', '5.5.1', 'two closes', 'CLOSE:1000', [close(1000), close(1001)], { local: 1000 }),
  row('F075', '5.5.1', 'garbage after close', 'CLOSE:1000', () => Buffer.concat([masked(close(1000)), Buffer.alloc(64, 0xff)]), { local: 1000 }),
]

// biome-ignore format: one case per line
const utf8: readonly ServerCase[] = [
  ...BAD_UTF8.map(([title, bytes], i) =>
    row(id(76 + i), '8.1', `text: ${title}`, 'CLOSE:1007', { opcode: 1, payload: hex(bytes) }),
  ),
  row('F091', '8.1', 'code point split over two fragments [control]', 'ECHO', [{ opcode: 1, fin: false, payload: hex('e2 82') }, { opcode: 0, payload: hex('ac') }], echo(text('€'))),
  row('F092', '8.1', 'split code point, second half wrong', 'CLOSE:1007', [{ opcode: 1, fin: false, payload: hex('e2 82') }, { opcode: 0, payload: 'x' }]),
  row('F093', '8.1', 'split code point never finished', 'CLOSE:1007', [{ opcode: 1, fin: false, payload: hex('e2 82') }, { opcode: 0 }]),
  row('F094', '8.1', 'invalid UTF-8 in first fragment, FIN never sent (fail fast)', 'CLOSE:1007', { opcode: 1, fin: false, payload: hex('67 ff') }, { note: 'DEV fail-fast is optional (Autobahn 6.4 NON-STRICT); ws waits for FIN' }),
  row('F095', '8.1', 'invalid UTF-8 in binary is legal [control]', 'ECHO', { opcode: 2, payload: hex('ff fe c0') }, echo(binary(hex('ff fe c0')))),
]

const compressed = (payload: Uint8Array, opcode = 1): FrameSpec => ({ opcode, rsv: 4, payload })

// biome-ignore format: one case per line
const deflate: readonly ServerCase[] = [
  row('F096', '7692-6', 'RSV1 on continuation', 'CLOSE:1002', [{ opcode: 1, fin: false, payload: 'one' }, { opcode: 0, rsv: 4, payload: 'two' }], pmd()),
  row('F097', '7692-6', 'RSV1 on ping', 'CLOSE:1002', { opcode: 9, rsv: 4, payload: 'x' }, pmd()),
  row('F098', '7692-6', 'RSV1 on close', 'CLOSE:1002', { ...close(1000), rsv: 4 }, pmd()),
  row('F099', '7692-6', 'RSV2 with pmd negotiated', 'CLOSE:1002', { opcode: 1, rsv: 2, payload: 'hello' }, pmd()),
  row('F100', '7692-7.2.2', 'reserved block type (BTYPE 11)', 'CLOSE:1007', compressed(hex('07')), pmd()),
  row('F101', '7692-7.2.2', 'stored block, LEN/NLEN mismatch', 'CLOSE:1007', compressed(hex('00 0500 0000 68656c6c6f')), pmd()),
  row('F102', '7692-7.2.2', 'random bytes', 'CLOSE:1007', compressed(new Random(102).bytes(64)), pmd()),
  // A fixed block: 'a', then three bytes from 4,097 back.
  row('F103', '7692-7.2.2', 'distance too far back', 'CLOSE:1007 / ECHO', compressed(hex('4a040e000000')), pmd({ note: 'content dependent', echo: 'any' })),
  row('F104', '7692-7.2.2', 'truncated stream', 'CLOSE:1007 / ECHO', () => masked(compressed(packed(LONG_TEXT).subarray(0, 40))), pmd({ note: 'zlib may report no error: the tail completes a block; bounded and no stall', echo: 'any' })),
  row('F105', '7692-7.2.2', 'empty payload with RSV1', 'ECHO / CLOSE:1007', compressed(Buffer.alloc(0)), pmd({ note: 'decode of 00 00 FF FF = empty message', ...echo(text('')) })),
  row('F106', '7692-7.2.3.6', '00 = empty message [control]', 'ECHO', compressed(hex('00')), pmd(echo(text('')))),
  row('F107', '7692-7.2.3.4', 'block with BFINAL=1 [control]', 'ECHO', compressed(hex('f348cdc9c90700 00')), pmd(echo(text('Hello')))),
  row('F108', '7692-8', 'bomb: 16 MiB of zeroes in ~16 kB', 'CLOSE:1009', () => masked(compressed(bomb(16), 2)), pmd({ note: 'peak RSS < 4x maxPayload' })),
  row('F109', '7692-8', 'bomb split in fragments', 'CLOSE:1009', () => fragmentedBomb(), pmd()),
  row('F110', '7692-7.2.2', 'inflated text is invalid UTF-8', 'CLOSE:1007', compressed(packed(hex('67 ff'))), pmd()),
  row('F111', '7692-6', 'uncompressed message while pmd is on [control]', 'ECHO', { opcode: 1, payload: 'plain' }, pmd(echo(text('plain')))),
]

function fragmentedBomb(): Buffer {
  const payload = bomb(16)
  const third = Math.ceil(payload.length / 3)
  return buildFrames(
    { ...compressed(payload.subarray(0, third), 2), fin: false, mask: true },
    { opcode: 0, fin: false, payload: payload.subarray(third, 2 * third), mask: true },
    { opcode: 0, payload: payload.subarray(2 * third), mask: true },
  )
}

const PINGS = Array.from({ length: 100 }, (_, i) => ({ opcode: 9, payload: `ping ${i}` }))
const FULL = Buffer.alloc(MAX_PAYLOAD)

// biome-ignore format: one case per line
const endings: readonly ServerCase[] = [
  row('F112', '7.1.5', 'EOF in the middle of a header', 'TCP:1006', () => masked({ opcode: 1, payload: 'hello' }).subarray(0, 4), { end: 'half-close', local: 1006 }),
  row('F113', '7.1.5', 'EOF in the middle of a payload', 'TCP:1006', () => masked({ opcode: 1, payload: 'hello' }).subarray(0, 8), { end: 'half-close', local: 1006 }),
  row('F114', '7.1.5', 'EOF in the middle of a fragmented message', 'TCP:1006', { opcode: 1, fin: false, payload: 'hello' }, { end: 'half-close', local: 1006 }),
  row('F115', '7.1.5', 'half-close without a close frame', 'TCP:1006', () => Buffer.alloc(0), { end: 'half-close', local: 1006 }),
  row('F116', '5.5.2', 'ping inside a fragmented message [control]', 'ECHO', [{ opcode: 1, fin: false, payload: 'one' }, { opcode: 9, payload: 'inside' }, { opcode: 0, payload: 'two' }], { ...echo(text('onetwo')), demand: answersLast('inside') }),
  row('F117', '5.5.1', 'close inside a fragmented message [control]', 'CLOSE:1000', [{ opcode: 1, fin: false, payload: 'one' }, close(1000)], { local: 1000 }),
  row('F118', '5.5.3', 'unsolicited pong [control]', 'ECHO', [{ opcode: 10, payload: 'unasked' }, { opcode: 1, payload: 'hello' }], echo(text('hello'))),
  row('F119', '5.5.2', '100 pings in one segment, peer reads [control]', 'ECHO', [...PINGS, { opcode: 1, payload: 'hello' }], { ...echo(text('hello')), note: 'DEV ws 8.23 kills the connection at 60 pending auto-pongs; answer only the latest ping instead', demand: answersLast('ping 99') }),
  row('F120', '10.4', '50,000 empty text messages in one burst', 'CLOSE:1008 / ECHO', () => repeated({ opcode: 1 }, 50_000), { ...echo(...Array<Expected>(50_000).fill(text(''))), note: 'message-rate limit, not byte limit' }),
  row('F121', '5.2', 'text of length 0, FIN=1 [control]', 'ECHO', { opcode: 1 }, echo(text(''))),
  row('F122', '7692-6', 'compressed message in three fragments [control]', 'ECHO', () => inThree(packed(LONG_TEXT)), pmd(echo(text(LONG_TEXT)))),
  row('F123', '7692-7.2.2', 'bytes after a BFINAL block', 'CLOSE:1007 / ECHO', compressed(hex('f348cdc9c90700 deadbeef')), pmd({ note: 'must not stall or loop', echo: 'any' })),
  row('F124', '7692-8', '200 compressed messages of 1 MiB zeroes, ~200 kB on the wire (CPU bomb)', 'CLOSE:1008 / ECHO', () => Buffer.concat(Array<Buffer>(200).fill(masked(compressed(bomb(1), 2)))), pmd({ ...echo(...Array<Expected>(200).fill(binary(FULL))), note: 'ratio or CPU budget per connection; ws spends ~1.2 s CPU', cpu: 5000, deadline: 60_000 })),
]

function inThree(payload: Buffer): Buffer {
  return buildFrames(
    { opcode: 1, rsv: 4, fin: false, payload: payload.subarray(0, 5), mask: true },
    { opcode: 0, fin: false, payload: payload.subarray(5, 20), mask: true },
    { opcode: 0, payload: payload.subarray(20), mask: true },
  )
}

/** F001 to F124. */
// biome-ignore format: one case per line
export const FRAME_CASES: readonly ServerCase[] = [...framing, ...control, ...utf8, ...deflate, ...endings]
