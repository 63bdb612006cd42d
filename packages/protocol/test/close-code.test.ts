import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CLOSE_CODES, isValidCloseCode } from '../src/close-code.ts'
import { violationError } from '../src/errors.ts'
import { VIOLATIONS } from '../src/violation.ts'

const LEGAL = new Set([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014])

describe('close codes (RFC 6455 §7.4)', () => {
  it('may be sent if registered for the wire, or from 3000 to 4999', () => {
    for (let code = -1; code <= 65536; code++) {
      assert.equal(isValidCloseCode(code), LEGAL.has(code) || (code >= 3000 && code <= 4999), `${code}`)
    }
  })

  it('are integers', () => {
    for (const code of [Number.NaN, 1000.5, 3000.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 4999.0001]) {
      assert.equal(isValidCloseCode(code), false, `${code}`)
    }
  })

  it('stand in the table by their number', () => {
    CLOSE_CODES.forEach((row, i) => {
      assert.equal(row.code, 1000 + i)
    })
  })
})

describe('the table of violations', () => {
  it('is frozen, names itself, and closes with codes that may be sent', () => {
    assert.ok(Object.isFrozen(VIOLATIONS))
    for (const [id, row] of Object.entries(VIOLATIONS)) {
      assert.ok(Object.isFrozen(row))
      assert.equal(row.id, id)
      assert.ok(isValidCloseCode(row.closeCode))
      assert.match(row.section, /^RFC (6455|7692) §\d/)
      // It goes into a Close frame as the reason.
      assert.ok(Buffer.byteLength(row.text) <= 123)
    }
  })

  it('gives errors by nature, with a stable code', () => {
    const names = {
      1002: 'ProtocolError',
      1007: 'InvalidPayloadError',
      1008: 'PolicyError',
      1009: 'MessageTooBigError',
    }
    for (const row of Object.values(VIOLATIONS)) {
      const error = violationError(row)
      assert.equal(error.name, names[row.closeCode])
      assert.equal(error.closeCode, row.closeCode)
      assert.match(error.code, /^TAUTLINE_[A-Z0-9_]+$/)
      assert.equal(error.violation, row)
    }
  })
})
