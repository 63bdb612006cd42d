// The errors an application can meet, by nature. A peer's fault is a row of VIOLATIONS; only when an application asked
// to hear of errors is one of these classes built around it.

import type { Violation } from './violation.ts'

/** Base of all errors of the engine; `code` is stable and begins with `TAUTLINE_`. */
export class WebSocketError extends Error {
  readonly code: string
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

/** The opening handshake failed. `status` is the HTTP status that came back, 0 where there was none. */
export class HandshakeError extends WebSocketError {
  readonly status: number
  constructor(code: string, message: string, status = 0, options?: ErrorOptions) {
    super(code, message, options)
    this.status = status
  }
}

/** The peer broke a rule of the table; the connection was failed with `closeCode`. */
export class ViolationError extends WebSocketError {
  readonly violation: Violation
  readonly closeCode: number
  /** A refused frame's first two bytes as one number, or a refused close code; 0 where neither applies. */
  readonly offence: number
  constructor(violation: Violation, offence = 0) {
    super(`TAUTLINE_${violation.id.replaceAll('-', '_').toUpperCase()}`, `${violation.text} (${violation.section})`)
    this.violation = violation
    this.closeCode = violation.closeCode
    this.offence = offence
  }
}

/** 1002: the peer's frames are not RFC 6455. */
export class ProtocolError extends ViolationError {}
/** 1007: the payload is not what its type promises (UTF-8, DEFLATE). */
export class InvalidPayloadError extends ViolationError {}
/** 1008: legal, but more than this endpoint is willing to spend. */
export class PolicyError extends ViolationError {}
/** 1009: larger than `maxPayload`. */
export class MessageTooBigError extends ViolationError {}

/** The error that stands for a violation. */
export function violationError(violation: Violation, offence = 0): ViolationError {
  switch (violation.closeCode) {
    case 1002:
      return new ProtocolError(violation, offence)
    case 1007:
      return new InvalidPayloadError(violation, offence)
    case 1008:
      return new PolicyError(violation, offence)
    case 1009:
      return new MessageTooBigError(violation, offence)
  }
}
