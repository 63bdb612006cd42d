// The frozen table of errors: what a code means over HTTP, and the text where nobody has a better one. A client gets both
// from its server. The page docs/protocol/errors.md is generated from it.

import { type ErrorCode, retryOf, setTexts } from './errors.ts'
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

/** Status and text of every code. */
const ROWS: Readonly<Record<ErrorCode, readonly [http: number, text: string]>> = {
  'bad-request': [400, 'a field of the command is missing or wrong'],
  'bad-data': [400, 'the body is not JSON that every codec can carry'],
  'too-large': [413, 'the body is over a limit of the server'],
  unauthorized: [401, 'who you are is not accepted'],
  forbidden: [403, 'you may not do this'],
  'not-found': [404, 'there is no such thing'],
  unsupported: [501, 'this server does not do this'],
  'key-conflict': [409, 'the idempotency key was used for another publication'],
  'key-expired': [409, 'the idempotency key is too old: the first attempt may have been stored'],
  limit: [429, 'a limit of the server is reached'],
  cancelled: [409, 'the call was cancelled'],
  rate: [429, 'too many in too short a time'],
  overloaded: [503, 'the server has too much to do'],
  unavailable: [503, 'the store is out of reach'],
  aborted: [503, 'an earlier publication of the lane failed: send again in order'],
  draining: [503, 'the node is shutting down'],
  'token-expired': [401, 'the token has expired'],
  'token-revoked': [401, 'the token was revoked'],
  timeout: [503, 'no answer in time: it may have happened'],
  unknown: [503, 'the outcome is unknown: it may have happened'],
}

function buildTable(): Readonly<Record<ErrorCode, ErrorRow>> {
  const rows = Object.entries(ROWS)
  setTexts(Object.fromEntries(rows.map(([code, [, text]]) => [code, text])) as Record<ErrorCode, string>)
  return Object.freeze(
    Object.fromEntries(rows.map(([code, [http, text]]) => [code, Object.freeze({ retry: retryOf(code), http, text })])),
  ) as Record<ErrorCode, ErrorRow>
}

/** Every error of tautline.v1 by its code. Loading it gives errors without a message of their own its texts. */
export const ERRORS: Readonly<Record<ErrorCode, ErrorRow>> = /* @__PURE__ */ buildTable()
