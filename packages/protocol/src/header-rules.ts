// What a frame's first byte may be, looked up instead of computed: one table of 256 for each situation a connection can
// be in. The parser's path asks it once per frame.

import { FIN, OPCODE_BITS, Opcode, RSV1, RSV2, RSV3 } from './opcode.ts'
import { VIOLATIONS, type Violation } from './violation.ts'

/** Entry 0: the byte is fine. */
const ROWS: readonly (Violation | null)[] = [
  null,
  VIOLATIONS.rsv,
  VIOLATIONS['rsv1-misplaced'],
  VIOLATIONS.opcode,
  VIOLATIONS['control-fragmented'],
  VIOLATIONS['continuation-without-start'],
  VIOLATIONS['message-inside-message'],
]

/** Why `byte0` is refused, for a value of the tables other than 0. */
export function ruleBroken(index: number): Violation {
  return ROWS[index] as Violation
}

/** The table for a connection: with permessage-deflate or not, inside a fragmented message or not. */
export function headerRules(deflate: boolean, inside: boolean): Uint8Array {
  return TABLES[(deflate ? 2 : 0) + (inside ? 1 : 0)] as Uint8Array
}

function judge(byte0: number, deflate: boolean, inside: boolean): Violation | null {
  const opcode = byte0 & OPCODE_BITS
  // RFC 6455 §5.2: "MUST be 0 unless an extension is negotiated that defines meanings for non-zero values".
  if ((byte0 & (RSV2 | RSV3)) !== 0) return VIOLATIONS.rsv
  // RFC 7692 §6: RSV1 is set on the first frame of a compressed message, never on a continuation or a control frame.
  if ((byte0 & RSV1) !== 0) {
    if (!deflate) return VIOLATIONS.rsv
    if (opcode !== Opcode.text && opcode !== Opcode.binary) return VIOLATIONS['rsv1-misplaced']
  }
  if (opcode > Opcode.pong || (opcode > Opcode.binary && opcode < Opcode.close)) return VIOLATIONS.opcode
  if (opcode >= Opcode.close) {
    // RFC 6455 §5.5: control frames "MUST NOT be fragmented".
    return (byte0 & FIN) === 0 ? VIOLATIONS['control-fragmented'] : null
  }
  // RFC 6455 §5.4: a fragmented message is one first frame and continuations; messages are not interleaved.
  if (opcode === Opcode.continuation) return inside ? null : VIOLATIONS['continuation-without-start']
  return inside ? VIOLATIONS['message-inside-message'] : null
}

function table(deflate: boolean, inside: boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte0) => ROWS.indexOf(judge(byte0, deflate, inside)))
}

const TABLES: readonly Uint8Array[] = [table(false, false), table(false, true), table(true, false), table(true, true)]
