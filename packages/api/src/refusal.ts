// Why a call is refused, as HTTP says it: a status, a code of tautline.v1's table, and what to do. It never holds what
// somebody sent as a key.

import { ERRORS, type ErrorCode, RealtimeError } from '@tautline/wire'

export interface RefusalDetails {
  readonly field?: string | undefined
  /** ms after which the same may be tried again. */
  readonly after?: number | undefined
  readonly headers?: Readonly<Record<string, string>>
}

/** ms to wait where nobody says how long. */
const AFTER = 1_000

export class Refusal extends Error {
  override readonly name: string = 'Refusal'
  readonly status: number
  readonly code: ErrorCode
  readonly field: string | undefined
  readonly after: number | undefined
  readonly headers: Readonly<Record<string, string>>

  /** @param status where HTTP can say it better than the table (405, 415) */
  constructor(code: ErrorCode, message: string, details: RefusalDetails = {}, status: number = ERRORS[code].http) {
    super(message)
    this.status = status
    this.code = code
    this.field = details.field
    this.after = details.after
    this.headers = details.headers ?? {}
  }

  /** What the realtime layer refused. */
  static from(error: RealtimeError): Refusal {
    const { code, message, field, after } = error
    return new Refusal(code, message, { field, after })
  }

  /** The body of the answer, and of one channel's outcome in a broadcast. */
  toFailure(): Failure {
    const { code, message, field } = this
    const { retry } = ERRORS[code]
    return { code, message, retry, ...(field === undefined ? null : { field }) }
  }

  /**
   * @param repeatable would doing it twice be the same as once? Whoever does not know whether it happened must not be told
   *   to repeat what is not
   */
  toResponse(repeatable: boolean): Response {
    const headers = new Headers(this.headers)
    const mayRepeat = repeatable || ERRORS[this.code].retry !== 'unknown'
    if ((this.status === 429 || this.status === 503) && mayRepeat) {
      headers.set('retry-after', String(Math.max(1, Math.ceil((this.after ?? AFTER) / 1_000))))
    }
    return Response.json({ error: this.toFailure() }, { status: this.status, headers })
  }
}

/** What an answer that refuses holds. */
export interface Failure {
  readonly code: ErrorCode
  readonly message: string
  readonly retry: 'no' | 'later' | 'auth' | 'unknown'
  readonly field?: string
}

/** Anything that was thrown. What no table knows is a fault of the server: whoever called learns no more than that. */
export function refusalOf(error: unknown, failed: (error: unknown) => void): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof RealtimeError) return Refusal.from(error)
  failed(error)
  return new Refusal('unknown', 'the server failed at this: it may have happened', {}, 500)
}
