// What `close` refuses, on a wire in the tests' hands and on real connections alike (RFC 6455 §7.4).

import assert from 'node:assert/strict'
import type { Socket } from '../src/mod.ts'

// biome-ignore format: a table
const CODES = [
  -1000, -1, 0, 1, 999, 1000.5, 1004, 1005, 1006, 1015, 1016, 1999, 2000, 2999, 5000, 65_535, 65_536, Number.NaN,
  Number.POSITIVE_INFINITY,
]

/** Asserts that nothing illegal closes a socket. */
export function refusesIllegalClose(socket: Socket): void {
  const close = socket.close.bind(socket) as (code?: unknown, reason?: unknown) => void
  for (const code of CODES) assert.throws(() => close(code), RangeError, `${code}`)
  for (const code of ['1000', null, true, {}, [], [1000], 1000n, Symbol('s')]) {
    assert.throws(() => close(code), TypeError, String(code))
  }
  for (const reason of [1, null, true, {}, Buffer.from('why'), Symbol('s')]) {
    assert.throws(() => close(1000, reason), TypeError, String(reason))
  }
  assert.throws(() => close(1000, 'x'.repeat(124)), RangeError)
  assert.throws(() => close(1000, 'é'.repeat(62)), RangeError)
  assert.throws(() => close(undefined, 'a reason without a code'), TypeError)
  assert.equal(socket.state, 'open')
}
