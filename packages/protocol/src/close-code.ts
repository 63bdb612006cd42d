// The close codes: the IANA registry of RFC 6455 §11.7 as a table, and who may put which on the wire.

/** One row of the IANA "WebSocket Close Code Number Registry". */
export interface CloseCode {
  readonly code: number
  readonly name: string
  /** May it stand in a Close frame? 1005, 1006 and 1015 only ever describe one that never came (RFC 6455 §7.4.1). */
  readonly wire: boolean
}

/** The registered codes from 1000 to 1015. */
export const CLOSE_CODES: readonly CloseCode[] = Object.freeze([
  { code: 1000, name: 'normal closure', wire: true },
  { code: 1001, name: 'going away', wire: true },
  { code: 1002, name: 'protocol error', wire: true },
  { code: 1003, name: 'unsupported data', wire: true },
  { code: 1004, name: 'reserved', wire: false },
  { code: 1005, name: 'no status received', wire: false },
  { code: 1006, name: 'abnormal closure', wire: false },
  { code: 1007, name: 'invalid frame payload data', wire: true },
  { code: 1008, name: 'policy violation', wire: true },
  { code: 1009, name: 'message too big', wire: true },
  { code: 1010, name: 'mandatory extension', wire: true },
  { code: 1011, name: 'internal error', wire: true },
  { code: 1012, name: 'service restart', wire: true },
  { code: 1013, name: 'try again later', wire: true },
  { code: 1014, name: 'bad gateway', wire: true },
  { code: 1015, name: 'TLS handshake', wire: false },
])

/** What a connection reports when the peer's Close frame carried no code (RFC 6455 §7.1.5). Never sent. */
export const NO_STATUS = 1005
/** What a connection reports when it ended without a Close frame (RFC 6455 §7.1.5). Never sent. */
export const ABNORMAL = 1006

/** A Close frame's payload: two bytes of code leave 123 for the reason (RFC 6455 §5.5). */
export const MAX_REASON_BYTES = 123

/**
 * May this code stand in a Close frame?
 *
 * @param code any number
 * @see RFC 6455 §7.4.2: 0-999 are not used, 1000-2999 are the protocol's own, 3000-3999 are registered by
 * libraries, 4000-4999 are private; nothing is defined above.
 */
export function isValidCloseCode(code: number): boolean {
  if (code >= 3000) return code <= 4999 && Number.isInteger(code)
  return CLOSE_CODES[code - 1000]?.wire === true
}
