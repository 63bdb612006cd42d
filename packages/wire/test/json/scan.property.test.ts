import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { scanJson } from '../../src/json/scan.ts'

const loose = { bytes: Number.MAX_SAFE_INTEGER, messages: 1, depth: 1e6, keys: 1e6 }

/** Levels and keys of a value, by looking at it. */
function measure(value: unknown): { depth: number; keys: number } {
  if (typeof value !== 'object' || value === null) return { depth: 0, keys: 0 }
  let depth = 0
  let keys = Array.isArray(value) ? 0 : Object.keys(value).length
  for (const inner of Object.values(value)) {
    const of = measure(inner)
    depth = Math.max(depth, of.depth)
    keys += of.keys
  }
  return { depth: depth + 1, keys }
}

function accepts(text: string, depth: number, keys: number): boolean {
  try {
    return scanJson(text, 0, { ...loose, depth, keys }).end === text.length
  } catch {
    return false
  }
}

test('the scan finds the levels and keys that the value has', () => {
  const values = fc.oneof(fc.jsonValue(), fc.jsonValue({ stringUnit: 'binary' }))
  fc.assert(
    fc.property(values, fc.constantFrom(undefined, 1), (value, indent) => {
      const text = JSON.stringify(value, null, indent === 1 ? '  ' : undefined).replaceAll('\n', ' ')
      const { depth, keys } = measure(value)
      assert.ok(accepts(text, depth, keys))
      if (depth > 0) assert.ok(!accepts(text, depth - 1, keys))
      if (keys > 0) assert.ok(!accepts(text, depth, keys - 1))
    }),
    { numRuns: 500 },
  )
})

test('the scan notes a number exactly where the value is no safe one', () => {
  const digits = fc.stringMatching(/^-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,5})?([eE][+-]?[0-9]{1,3})?$/)
  fc.assert(
    fc.property(digits, fc.string(), (number, around) => {
      const value = Number(number)
      const whole = /^-?[0-9]+$/.test(number)
      const bad = whole ? !Number.isSafeInteger(value) : !Number.isFinite(value)
      const text = JSON.stringify([around]).replace(/\]$/, `,${number}]`)
      assert.equal(scanJson(text, 0, loose).bad !== undefined, bad, number)
    }),
    { numRuns: 2000 },
  )
})
