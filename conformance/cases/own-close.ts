/**
 * Our own list: the closing handshake with every length of reason, and the codes around the boundaries
 * (RFC 6455 §5.5.1, §7.4).
 */
import { closePayload } from '@tautline/testkit'
import { mixedText, type OwnCase } from './own.ts'

const pad = (n: number): string => String(n).padStart(3, '0')

/** Which codes may be on the wire (RFC 6455 §7.4.1, §7.4.2 and IANA's registry up to 1014). */
export function mayBeSent(code: number): boolean {
  if (code >= 3000 && code <= 4999) return true
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006
}

const codes = [
  ...Array.from({ length: 33 }, (_, i) => 990 + i),
  1099,
  1999,
  2000,
  2999,
  3000,
  3001,
  3999,
  4000,
  4001,
  4999,
  5000,
  5001,
  32767,
  32768,
  65535,
]

/** K: the peer closes. */
export const CLOSE_CASES: readonly OwnCase[] = [
  ...codes.map((code): OwnCase => {
    const good = mayBeSent(code)
    return {
      id: `K${code}`,
      rfc: '7.4',
      title: `close with code ${code}`,
      required: [`CLOSE:${good ? code : 1002}`],
      script: () => [{ opcode: 8, payload: closePayload(code, 'why') }],
      ...(good ? { local: code } : {}),
    }
  }),
  ...Array.from(
    { length: 124 },
    (_, size): OwnCase => ({
      id: `KR${pad(size)}`,
      rfc: '5.5.1',
      title: `close with a reason of ${size} bytes`,
      required: ['CLOSE:1000'],
      script: () => [{ opcode: 8, payload: closePayload(1000, mixedText(size)) }],
      local: 1000,
    }),
  ),
  {
    id: 'KX00',
    rfc: '5.5.1',
    title: 'close inside a fragmented message, and its rest behind it',
    required: ['CLOSE:1001'],
    script: () => [
      { opcode: 1, fin: false, payload: 'one' },
      { opcode: 8, payload: closePayload(1001) },
      { opcode: 0, payload: 'two' },
    ],
    local: 1001,
  },
  {
    id: 'KX01',
    rfc: '5.5.1',
    title: 'a ping behind the close is not answered',
    required: ['CLOSE:1000'],
    script: () => [
      { opcode: 8, payload: closePayload(1000) },
      { opcode: 9, payload: 'late' },
    ],
    demand: ({ pongs }) => (pongs.length === 0 ? null : 'a pong behind the close'),
    local: 1000,
  },
  {
    id: 'KX02',
    rfc: '5.5.1',
    title: 'a ping before the close is answered before it, or not at all',
    required: ['CLOSE:1000'],
    script: () => [
      { opcode: 9, payload: 'early' },
      { opcode: 8, payload: closePayload(1000) },
    ],
    local: 1000,
  },
]
