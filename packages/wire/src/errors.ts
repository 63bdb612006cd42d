// Why a command is refused: the codes of errors, and the one class that carries one of them. Kept small, every client
// has it; what only a server needs of a code stands in error-table.ts.

import type { Failure } from './types.ts'

/** Every code of tautline.v1, by its name (`tautline.v1 §11.4`). A code never changes its meaning. */
export type ErrorCode =
  | 'bad-request'
  | 'bad-data'
  | 'too-large'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'unsupported'
  | 'key-conflict'
  | 'key-expired'
  | 'limit'
  | 'cancelled'
  | 'rate'
  | 'overloaded'
  | 'unavailable'
  | 'aborted'
  | 'draining'
  | 'token-expired'
  | 'token-revoked'
  | 'timeout'
  | 'unknown'

/**
 * Every code, under what it means for whoever asked; the rows of ERRORS say why. A code of a later protocol is taken for
 * the first of its line: its `retry` says all that a program needs to know.
 */
const CODES: Readonly<Record<Failure['retry'], string>> = {
  no: 'unsupported bad-request bad-data too-large unauthorized forbidden not-found key-conflict key-expired limit cancelled',
  later: 'unavailable rate overloaded aborted draining',
  auth: 'token-expired token-revoked',
  unknown: 'unknown timeout',
}

/** What to do about a code; undefined: it is not of the table. */
export function retryOf(code: string): Failure['retry'] | undefined {
  return (Object.keys(CODES) as Failure['retry'][]).find((retry) => CODES[retry].split(' ').includes(code))
}

/** Is it a row of ERRORS? */
export function isErrorCode(code: string): code is ErrorCode {
  return retryOf(code) !== undefined
}

/** The texts of ERRORS, where that table was loaded. A page's bundle goes without: its server tells them. */
let texts: Partial<Record<string, string>> = {}

export function setTexts(of: Readonly<Record<ErrorCode, string>>): void {
  texts = of
}

/** What an error carries besides its message. */
export interface ErrorDetails {
  readonly after?: number | undefined
  readonly field?: string | undefined
  /** Stays on this side. */
  readonly cause?: unknown
}

/** A refusal. Whatever the realtime layer throws or rejects with for a reason of the table is one. */
export class RealtimeError extends Error {
  override readonly name: string = 'RealtimeError'
  readonly code: ErrorCode
  readonly retry: Failure['retry']
  /** true: nothing is wrong with the request itself, and time may heal what is (`later`, `unknown`). */
  readonly temporary: boolean
  /** With `later`: ms to wait before the same is tried again. */
  readonly after: number | undefined
  /** The field of the command that was wrong. */
  readonly field: string | undefined

  /**
   * @param message shown to people on the other side; by default the text of ERRORS, or the code where no table is
   */
  constructor(code: ErrorCode, message?: string, options?: ErrorDetails) {
    super(message ?? texts[code] ?? code, options)
    this.code = code
    // Whoever ignores types may give any code: once more would be no better.
    this.retry = retryOf(code) ?? 'no'
    this.temporary = this.retry === 'later' || this.retry === 'unknown'
    this.after = options?.after
    this.field = options?.field
  }

  /** As it goes over the wire. */
  toFailure(): Failure {
    const { code, message, retry, after, field } = this
    return { code, message, retry, ...(after !== undefined && { after }), ...(field !== undefined && { field }) }
  }

  /** What the other side said. A code that this version does not know becomes the plainest one of the same `retry`. */
  static from(failure: Failure): RealtimeError {
    const { code, message, retry } = failure
    return retryOf(code) === retry
      ? new RealtimeError(code as ErrorCode, message, failure)
      : new RealtimeError(CODES[retry].split(' ')[0] as ErrorCode, `${code}: ${message}`, failure)
  }
}

/** A frame that is not this protocol: there is nobody to answer, the connection ends with 4300 or 4301. */
export class WireError extends Error {
  override readonly name: string = 'WireError'
  readonly kind: 'malformed' | 'too-large'

  constructor(kind: 'malformed' | 'too-large', message: string) {
    super(message)
    this.kind = kind
  }

  /** The disconnect code that says so. */
  get closeCode(): 4300 | 4301 {
    return this.kind === 'malformed' ? 4300 : 4301
  }
}
