import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERRORS, type ErrorCode, isErrorCode, RealtimeError, WireError } from '../src/mod.ts'

/** The contract's own words (`tautline.v1 §11.4`). */
const RETRY: Record<string, string> = {
  no: 'bad-request bad-data too-large unauthorized forbidden not-found unsupported key-conflict key-expired limit cancelled',
  later: 'rate overloaded unavailable aborted draining',
  auth: 'token-expired token-revoked',
  unknown: 'timeout unknown',
}

test('the table of errors is the one of tautline.v1 §11.4, and cannot be changed', () => {
  const expected = Object.entries(RETRY).flatMap(([retry, codes]) => codes.split(' ').map((code) => [code, retry]))
  assert.deepEqual(
    Object.entries(ERRORS).map(([code, { retry }]) => [code, retry]),
    expected,
  )
  assert.ok(Object.isFrozen(ERRORS))
  for (const row of Object.values(ERRORS)) {
    assert.ok(Object.isFrozen(row))
    assert.ok([400, 413, 401, 403, 404, 501, 409, 429, 503].includes(row.http))
  }
})

test('an error goes over the wire and comes back the same', () => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const error = new RealtimeError(code, 'why', { after: 12, field: 'ch' })
    const back = RealtimeError.from(JSON.parse(JSON.stringify(error.toFailure())))
    assert.deepEqual(
      [back.code, back.message, back.retry, back.temporary, back.after, back.field],
      [code, 'why', ERRORS[code].retry, error.temporary, 12, 'ch'],
    )
  }
})

test('an error without options has the text of its row, and no field on the wire that says nothing', () => {
  const error = new RealtimeError('forbidden')
  assert.deepEqual(error.toFailure(), { code: 'forbidden', message: ERRORS.forbidden.text, retry: 'no' })
  assert.equal('cause' in error, false)
  assert.equal(new RealtimeError('unavailable', undefined, { cause: 7 }).cause, 7)
})

test('only errors that time may heal are temporary', () => {
  const temporary = Object.keys(ERRORS).filter((code) => new RealtimeError(code as ErrorCode).temporary)
  assert.deepEqual(temporary, `${RETRY['later']} ${RETRY['unknown']}`.split(' '))
})

test('a code that this version does not know is taken for the plainest one with the same retry', () => {
  for (const [retry, code] of [
    ['no', 'unsupported'],
    ['later', 'unavailable'],
    ['auth', 'token-expired'],
    ['unknown', 'unknown'],
  ] as const) {
    const error = RealtimeError.from({ code: 'constructor', message: 'text', retry, after: 3 })
    assert.deepEqual([error.code, error.retry, error.message], [code, retry, 'constructor: text'])
    assert.equal(error.after, 3)
  }
  assert.equal(isErrorCode('constructor'), false)
  assert.equal(isErrorCode('rate'), true)
})

test('a known code whose retry was changed is handled as the sender says', () => {
  assert.equal(RealtimeError.from({ code: 'forbidden', message: '', retry: 'later' }).retry, 'later')
})

test('a WireError names the code that closes the connection', () => {
  assert.equal(new WireError('malformed', '').closeCode, 4300)
  assert.equal(new WireError('too-large', '').closeCode, 4301)
})
