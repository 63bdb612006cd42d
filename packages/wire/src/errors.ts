// Why a command is refused: the frozen table of errors, and the one class that carries a row of it.
// The page docs/protocol/errors.md is generated from the table.

import type { Failure } from './types.ts'

/** What a refusal means for whoever asked. */
export interface ErrorRow {
  /** no: never the same again; later: the same, after `after` ms; auth: with a new token; unknown: it may have happened. */
  readonly retry: Failure['retry']
  /** Status of the same refusal over HTTP. */
  readonly http: number
  /** The message where nobody has a better one. */
  readonly text: string
}

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

function row(retry: Failure['retry'], http: number, text: string): ErrorRow {
  return Object.freeze({ retry, http, text })
}

export const ERRORS: Readonly<Record<ErrorCode, ErrorRow>> = /* @__PURE__ */ Object.freeze({
  'bad-request': row('no', 400, 'a field of the command is missing or wrong'),
  'bad-data': row('no', 400, 'the body is not JSON that every codec can carry'),
  'too-large': row('no', 413, 'the body is over a limit of the server'),
  unauthorized: row('no', 401, 'who you are is not accepted'),
  forbidden: row('no', 403, 'you may not do this'),
  'not-found': row('no', 404, 'there is no such thing'),
  unsupported: row('no', 501, 'this server does not do this'),
  'key-conflict': row('no', 409, 'the idempotency key was used for another publication'),
  'key-expired': row('no', 409, 'the idempotency key is too old: the first attempt may have been stored'),
  limit: row('no', 429, 'a limit of the server is reached'),
  cancelled: row('no', 409, 'the call was cancelled'),
  rate: row('later', 429, 'too many in too short a time'),
  overloaded: row('later', 503, 'the server has too much to do'),
  unavailable: row('later', 503, 'the store is out of reach'),
  aborted: row('later', 503, 'an earlier publication of the lane failed: send again in order'),
  draining: row('later', 503, 'the node is shutting down'),
  'token-expired': row('auth', 401, 'the token has expired'),
  'token-revoked': row('auth', 401, 'the token was revoked'),
  timeout: row('unknown', 503, 'no answer in time: it may have happened'),
  unknown: row('unknown', 503, 'the outcome is unknown: it may have happened'),
})

/** What a code of a later protocol is taken for: its `retry` says all that a program needs to know. */
const BY_RETRY: Readonly<Record<Failure['retry'], ErrorCode>> = /* @__PURE__ */ Object.freeze({
  no: 'unsupported',
  later: 'unavailable',
  auth: 'token-expired',
  unknown: 'unknown',
})

/** Is it a row of ERRORS? */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code)
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
   * @param message shown to people on the other side; the table's text by default
   * @param options `cause` stays on this side
   */
  constructor(code: ErrorCode, message?: string, options?: { after?: number; field?: string; cause?: unknown }) {
    super(message ?? ERRORS[code].text, options?.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retry = ERRORS[code].retry
    this.temporary = this.retry === 'later' || this.retry === 'unknown'
    this.after = options?.after
    this.field = options?.field
  }

  /** As it goes over the wire. */
  toFailure(): Failure {
    return {
      code: this.code,
      message: this.message,
      retry: this.retry,
      ...(this.after === undefined ? null : { after: this.after }),
      ...(this.field === undefined ? null : { field: this.field }),
    }
  }

  /** What the other side said. A code that this version does not know becomes the plainest one of the same `retry`. */
  static from(failure: Failure): RealtimeError {
    const known = isErrorCode(failure.code) && ERRORS[failure.code].retry === failure.retry
    const code = known ? (failure.code as ErrorCode) : BY_RETRY[failure.retry]
    return new RealtimeError(code, known ? failure.message : `${failure.code}: ${failure.message}`, {
      ...(failure.after === undefined ? null : { after: failure.after }),
      ...(failure.field === undefined ? null : { field: failure.field }),
    })
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
