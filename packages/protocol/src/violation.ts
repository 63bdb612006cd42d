// Everything a peer can do wrong once the connection is open, as one frozen table. A violation is a row of it and not
// an Error: failing a hostile connection builds no stack trace. The reference page docs/protocol/violations.md is
// generated from here.

/** One rule that a peer broke, and the close code the connection is failed with. */
export interface Violation {
  readonly id: ViolationId
  readonly closeCode: 1002 | 1007 | 1008 | 1009
  /** The source of the rule, e.g. `RFC 6455 §5.1`. */
  readonly section: string
  /** One English phrase. It goes into the Close frame as the reason, so it never quotes the peer. */
  readonly text: string
}

export type ViolationId =
  | 'mask-missing'
  | 'mask-present'
  | 'rsv'
  | 'rsv1-misplaced'
  | 'opcode'
  | 'control-fragmented'
  | 'control-too-long'
  | 'length-not-minimal'
  | 'length-over-63-bits'
  | 'message-too-big'
  | 'too-many-fragments'
  | 'incomplete-budget'
  | 'continuation-without-start'
  | 'message-inside-message'
  | 'close-one-byte'
  | 'close-code'
  | 'close-reason-utf8'
  | 'text-utf8'
  | 'deflate-corrupt'
  | 'inflate-budget'

function row(id: ViolationId, closeCode: Violation['closeCode'], section: string, text: string): Violation {
  return Object.freeze({ id, closeCode, section, text })
}

/** The rules, in the order in which a frame meets them. */
export const VIOLATIONS: { readonly [id in ViolationId]: Violation } = Object.freeze({
  'mask-missing': row('mask-missing', 1002, 'RFC 6455 §5.1', 'a client must mask its frames'),
  'mask-present': row('mask-present', 1002, 'RFC 6455 §5.1', 'a server must not mask its frames'),
  rsv: row('rsv', 1002, 'RFC 6455 §5.2', 'a reserved bit is set that no extension defines'),
  'rsv1-misplaced': row(
    'rsv1-misplaced',
    1002,
    'RFC 7692 §6',
    'RSV1 belongs on the first frame of a data message only',
  ),
  opcode: row('opcode', 1002, 'RFC 6455 §5.2', 'reserved opcode'),
  'control-fragmented': row('control-fragmented', 1002, 'RFC 6455 §5.5', 'a control frame must not be fragmented'),
  'control-too-long': row('control-too-long', 1002, 'RFC 6455 §5.5', 'a control frame carries at most 125 bytes'),
  'length-not-minimal': row('length-not-minimal', 1002, 'RFC 6455 §5.2', 'the length is not in its minimal form'),
  'length-over-63-bits': row('length-over-63-bits', 1002, 'RFC 6455 §5.2', 'the top bit of a 64-bit length must be 0'),
  'message-too-big': row('message-too-big', 1009, 'RFC 6455 §10.4', 'message too big'),
  'too-many-fragments': row('too-many-fragments', 1008, 'RFC 6455 §10.4', 'too many fragments in one message'),
  'incomplete-budget': row('incomplete-budget', 1008, 'RFC 6455 §10.4', 'too much is held in unfinished messages'),
  'continuation-without-start': row('continuation-without-start', 1002, 'RFC 6455 §5.4', 'nothing to continue'),
  'message-inside-message': row('message-inside-message', 1002, 'RFC 6455 §5.4', 'a message began inside another'),
  'close-one-byte': row('close-one-byte', 1002, 'RFC 6455 §5.5.1', 'a close payload of one byte'),
  'close-code': row('close-code', 1002, 'RFC 6455 §7.4', 'a close code that must not be sent'),
  'close-reason-utf8': row('close-reason-utf8', 1007, 'RFC 6455 §8.1', 'the close reason is not valid UTF-8'),
  'text-utf8': row('text-utf8', 1007, 'RFC 6455 §8.1', 'the text is not valid UTF-8'),
  'deflate-corrupt': row('deflate-corrupt', 1007, 'RFC 7692 §7.2.2', 'the compressed payload is corrupt'),
  'inflate-budget': row('inflate-budget', 1008, 'RFC 7692 §8', 'compressed input costs more than its budget'),
})
