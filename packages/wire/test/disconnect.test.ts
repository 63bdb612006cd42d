import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DISCONNECTS, disconnectAction, FINAL_CLOSE_CODES } from '../src/mod.ts'

/** `tautline.v1 §11.5`, row by row. */
const ROWS = {
  backoff: [4000, 4001, 4002, 4003, 4005, 1001, 1005, 1006, 1011, 1012, 1013, 1014],
  return: [4100, 4101],
  token: [4200, 4201],
  stop: [4300, 4301, 4302, 1002, 1003, 1007, 1009, 4400, 4401, 4402, 4403, 1008],
}

test('every code of tautline.v1 §11.5 has the action of its row', () => {
  for (const [action, codes] of Object.entries(ROWS)) {
    for (const code of codes) assert.equal(disconnectAction(code), action, String(code))
  }
})

test('the table names each code once, with the action that its code has', () => {
  const codes = Object.values(DISCONNECTS).map(({ code }) => code)
  assert.deepEqual(
    codes,
    Object.values(ROWS)
      .flat()
      .filter((code) => code >= 4000)
      .sort((a, b) => a - b),
  )
  for (const [name, row] of Object.entries(DISCONNECTS)) {
    assert.equal(row.name, name)
    assert.equal(row.action, disconnectAction(row.code))
    assert.ok(Object.isFrozen(row))
  }
  assert.ok(Object.isFrozen(DISCONNECTS) && Object.isFrozen(FINAL_CLOSE_CODES))
})

test('codes that a later version adds mean what their hundred means, and all others back off', () => {
  const expected: [number, string][] = [
    [4099, 'backoff'],
    [4199, 'return'],
    [4250, 'token'],
    [4399, 'stop'],
    [4499, 'stop'],
    [4500, 'backoff'],
    [3000, 'backoff'],
    [1000, 'backoff'],
    [0, 'backoff'],
    [Number.NaN, 'backoff'],
  ]
  for (const [code, action] of expected) assert.equal(disconnectAction(code), action, String(code))
})
