// Why a WebSocketStream ended, as the standard's WebSocketError says it. Exported under another name, because this
// engine's own errors have the base class WebSocketError.

import { closeArguments } from '../whatwg/arguments.ts'

export interface CloseInfo {
  /** The peer's close code; 1005: it gave none; 1006: there was no Close frame. */
  readonly closeCode: number
  readonly reason: string
}

export interface WebSocketStreamErrorInit {
  /** 1000 or 3000 to 4999. */
  readonly closeCode?: number
  readonly reason?: string
  /** What lies behind it: a HandshakeError, a ViolationError, the error of the I/O. */
  readonly cause?: unknown
}

/** The standard's `WebSocketError`: aborting a stream with one closes with its code and reason. */
export class WebSocketStreamError extends DOMException {
  declare readonly closeCode: number | null
  declare readonly reason: string

  /** @throws DOMException InvalidAccessError or SyntaxError for a code or reason that no script may send */
  constructor(message = '', init: WebSocketStreamErrorInit = {}) {
    const { cause, reason = '' } = init
    const closeCode = closeArguments(init.closeCode, reason)
    super(message, { name: 'WebSocketError', cause })
    // In Node 22 an instance of a subclass of DOMException is one of DOMException only (nodejs/node#59677).
    Object.setPrototypeOf(this, new.target.prototype)
    describe(this, closeCode ?? null, reason)
  }

  /** With a code that came from the wire, 1006 for instance. */
  static ofClose(message: string, { closeCode, reason }: CloseInfo, cause?: unknown): WebSocketStreamError {
    const error = new WebSocketStreamError(message, { cause })
    describe(error, closeCode, reason)
    return error
  }
}

/** The fields are the instance's own, for a code of the wire could not pass the constructor. */
function describe(error: WebSocketStreamError, closeCode: number | null, reason: string): void {
  Object.defineProperty(error, 'closeCode', { value: closeCode, enumerable: true, configurable: true })
  Object.defineProperty(error, 'reason', { value: reason, enumerable: true, configurable: true })
}
