import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OVERFLOW, UNSAFE_INTEGER } from '../../src/bad.ts'
import { WireError } from '../../src/errors.ts'
import { scanJson } from '../../src/json/scan.ts'

const limits = { bytes: 1 << 20, messages: 10, depth: 4, keys: 3 }

function tooLarge(text: string): boolean {
  try {
    scanJson(text, 0, limits)
    return false
  } catch (error) {
    assert.ok(error instanceof WireError && error.kind === 'too-large')
    return true
  }
}

test('a message ends at the newline outside of its texts, or with the frame', () => {
  assert.equal(scanJson('{"a":1}\n{}', 0, limits).end, 7)
  assert.equal(scanJson('{"a":1}\n{}', 8, limits).end, 10)
  assert.equal(scanJson('{"a":"\\n"}\n1', 0, limits).end, 10)
  assert.equal(scanJson('', 0, limits).end, 0)
  assert.equal(scanJson('\n', 0, limits).end, 0)
})

test('levels and keys are counted up to the limit and no further', () => {
  assert.equal(tooLarge('[[[[1]]]]'), false)
  assert.equal(tooLarge('[[[[[1]]]]]'), true)
  assert.equal(tooLarge('[[[[]]],{"a":{"b":{"c":1}}}]'), false)
  assert.equal(tooLarge('{"a":1,"b":2,"c":{}}'), false)
  assert.equal(tooLarge('{"a":1,"b":2,"c":{"d":1}}'), true)
})

test('brackets, colons, digits and newlines in texts are text, whatever is escaped around them', () => {
  const text = '[{:9007199254740993\\"\\\\'
  for (const padding of ['', 'x'.repeat(21), 'x'.repeat(22), 'x'.repeat(23), 'x'.repeat(24), 'y'.repeat(200)]) {
    const message = `{"a":"${padding}${text}","b":"${padding}\\\\","c":"[[[[[["}`
    assert.ok(JSON.parse(message))
    assert.deepEqual(scanJson(message, 0, limits), { end: message.length, bad: undefined })
    assert.equal(tooLarge(`{"a":"${padding}${text}","b":[[[[1]]]]}`), true)
  }
})

test('J07: numbers that a double cannot hold are noted, wherever they stand', () => {
  for (const [number, bad] of [
    ['9007199254740991', undefined],
    ['-9007199254740991', undefined],
    ['9007199254740992', UNSAFE_INTEGER],
    ['9007199254740993', UNSAFE_INTEGER],
    ['-9007199254740992', UNSAFE_INTEGER],
    ['123456789012345678901234567890', UNSAFE_INTEGER],
    [`1${'0'.repeat(400)}`, OVERFLOW],
    ['1e400', OVERFLOW],
    ['-1E+400', OVERFLOW],
    ['1e308', undefined],
    ['1.5', undefined],
    ['0.1234567890123456789', undefined],
    ['-0', undefined],
    ['1e-400', undefined],
  ] as const) {
    for (const text of [number, `[1,${number}]`, `{"a":${number}}`, `{"a":${number} }`]) {
      assert.equal(scanJson(text, 0, limits).bad, bad, text)
    }
  }
})

test('texts that are no JSON do not mislead the scan into anything but an end', () => {
  for (const text of ['"', '"\\', '"abc\\"', '-', '--1', '1e', '}{', ']]]]', '\\"[', '{"a', 'é[\ud800']) {
    assert.equal(scanJson(text, 0, limits).end, text.length, text)
  }
})
