// The opcodes of RFC 6455 §5.2 and §11.8, as they stand in the low four bits of a frame's first byte.

/** Opcodes (RFC 6455 §5.2). 0x3 to 0x7 and 0xB to 0xF are reserved: a frame that carries one is a violation. */
export const Opcode: {
  readonly continuation: 0
  readonly text: 1
  readonly binary: 2
  readonly close: 8
  readonly ping: 9
  readonly pong: 10
} = Object.freeze({ continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 })

/** Bits of a frame's first two bytes (RFC 6455 §5.2). */
export const FIN = 0x80
export const RSV1 = 0x40
export const RSV2 = 0x20
export const RSV3 = 0x10
export const OPCODE_BITS = 0x0f
export const MASK = 0x80
export const LENGTH_BITS = 0x7f

/** RFC 6455 §5.5: a control frame's payload has 125 bytes or less. */
export const MAX_CONTROL_PAYLOAD = 125
