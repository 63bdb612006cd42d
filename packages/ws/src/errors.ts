// What the engine finds wrong, in the words of ws: same classes, same texts, same codes. Programs compare them.

import type { ViolationError, ViolationId } from '@tautline/websocket/face'

type ErrorClass = new (message: string) => Error

/** One row: what ws makes of a violation. `{}` in a text stands for the number that was refused. */
interface Wording {
  readonly make: ErrorClass
  readonly text: string
  readonly code: string
  /** Which number: of the frame's first two bytes, or the close code as it is. */
  readonly number?: (offence: number) => number
}

const FRAME = 'Invalid WebSocket frame: '

function frame(text: string, code: string, number?: (offence: number) => number): Wording {
  return { make: RangeError, text: FRAME + text, code, ...(number === undefined ? {} : { number }) }
}

const opcodeOf = (offence: number): number => (offence >>> 8) & 0x0f
const lengthOf = (offence: number): number => offence & 0x7f

const INVALID_OPCODE = frame('invalid opcode {}', 'WS_ERR_INVALID_OPCODE', opcodeOf)
const RSV1 = frame('RSV1 must be clear', 'WS_ERR_UNEXPECTED_RSV_1')
const RSV_2_3 = frame('RSV2 and RSV3 must be clear', 'WS_ERR_UNEXPECTED_RSV_2_3')
const UTF8: Wording = { make: Error, text: `${FRAME}invalid UTF-8 sequence`, code: 'WS_ERR_INVALID_UTF8' }
const CONTROL_LENGTH = 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH'

/** A violation that ws does not know keeps the engine's own code. */
const WORDINGS: { readonly [id in ViolationId]: Wording } = {
  'mask-missing': frame('MASK must be set', 'WS_ERR_EXPECTED_MASK'),
  'mask-present': frame('MASK must be clear', 'WS_ERR_UNEXPECTED_MASK'),
  rsv: RSV_2_3,
  'rsv1-misplaced': RSV1,
  opcode: INVALID_OPCODE,
  'control-fragmented': frame('FIN must be set', 'WS_ERR_EXPECTED_FIN'),
  'control-too-long': frame('invalid payload length {}', CONTROL_LENGTH, lengthOf),
  'length-not-minimal': frame('the length is not in its minimal form', 'TAUTLINE_LENGTH_NOT_MINIMAL'),
  'length-over-63-bits': {
    make: RangeError,
    text: 'Unsupported WebSocket frame: payload length > 2^53 - 1',
    code: 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
  },
  'message-too-big': {
    make: RangeError,
    text: 'Max payload size exceeded',
    code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
  },
  'too-many-fragments': {
    make: RangeError,
    text: 'Too many message fragments',
    code: 'WS_ERR_TOO_MANY_BUFFERED_PARTS',
  },
  'incomplete-budget': {
    make: RangeError,
    text: 'Too much is held in unfinished messages',
    code: 'TAUTLINE_INCOMPLETE_BUDGET',
  },
  'continuation-without-start': frame('invalid opcode {}', 'WS_ERR_INVALID_OPCODE', opcodeOf),
  'message-inside-message': INVALID_OPCODE,
  'close-one-byte': frame('invalid payload length 1', CONTROL_LENGTH),
  'close-code': frame('invalid status code {}', 'WS_ERR_INVALID_CLOSE_CODE', (offence) => offence),
  'close-reason-utf8': UTF8,
  'text-utf8': UTF8,
  // zlib would say which rule of DEFLATE was broken; the engine asks it for a whole message and hears only that one was.
  'deflate-corrupt': { make: Error, text: 'invalid compressed data', code: 'Z_DATA_ERROR' },
  'inflate-budget': {
    make: RangeError,
    text: 'Compressed input costs more than its budget',
    code: 'TAUTLINE_INFLATE_BUDGET',
  },
}

/** The error that ws would emit. */
export function wordingOf(error: ViolationError): Error & { readonly code: string } {
  const { offence, violation } = error
  // RFC 6455 §5.2: without an extension, RSV1 is as reserved as the others; ws tells them apart.
  const rsv1Only = violation.id === 'rsv' && (offence & 0x3000) === 0
  const { make: Make, text, code, number } = rsv1Only ? RSV1 : WORDINGS[violation.id]
  const message = number === undefined ? text : text.replace('{}', String(number(offence)))
  return Object.assign(new Make(message), { code })
}
