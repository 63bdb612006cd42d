import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HANDSHAKE_FAILURES, ResponseParser } from '../../src/handshake/mod.ts'
import { BYTEWISE, bytes, parseResponse, switching } from './heads.ts'

test('a head becomes status, reason, version and fields in order', () => {
  const parser = new ResponseParser()
  const text = 'HTTP/1.1 404 Not \xe9 Found\r\nA: 1\r\nb:\t2 \r\n\r\n'
  assert.equal(parser.push(bytes(`xx${text}body`), 2), text.length + 2)
  const { status, reason, version, headers } = parser.head!
  assert.deepEqual({ status, reason, version }, { status: 404, reason: 'Not \xe9 Found', version: '1.1' })
  assert.deepEqual(headers.raw, ['A', '1', 'b', '2'])
})

test('the reason may be empty, with its space and without', () => {
  for (const line of ['HTTP/1.1 101 ', 'HTTP/1.1 101']) {
    const parser = new ResponseParser()
    parser.push(bytes(switching({}, [], line)))
    assert.deepEqual([parser.head?.status, parser.head?.reason], [101, ''])
  }
})

const EARLY: readonly (readonly [what: string, prefix: string, id: string])[] = [
  ['another protocol', 'R', 'status-line'],
  ['an empty line', '\r', 'status-line'],
  ['a TLS alert', '\x15', 'status-line'],
  ['HTTP/2', 'HTTP/2', 'http-version'],
  ['a version without digits', 'HTTP/1.x', 'status-line'],
  ['a tab for a space', 'HTTP/1.1\t', 'status-line'],
  ['two spaces', 'HTTP/1.1  ', 'status-line'],
  ['a status beyond 5xx', 'HTTP/1.1 6', 'status-line'],
  ['a status below 1xx', 'HTTP/1.1 0', 'status-line'],
  ['a status of two digits', 'HTTP/1.1 10 ', 'status-line'],
  ['a status of four digits', 'HTTP/1.1 1010', 'status-line'],
  ['a status line that ends in LF', 'HTTP/1.1 101 OK\n', 'bare-lf'],
  ['a status line without reason that ends in LF', 'HTTP/1.1 101\n', 'bare-lf'],
  ['a bare CR in the reason', 'HTTP/1.1 101 O\rK', 'bare-cr'],
  ['a NUL in the reason', 'HTTP/1.1 101 \0', 'status-line'],
  ['a folded field', 'HTTP/1.1 101 \r\na: b\r\n ', 'field-fold'],
  ['a blank behind a name', 'HTTP/1.1 101 \r\na ', 'field-space'],
  ['a control character in a value', 'HTTP/1.1 101 \r\na: \x1b', 'field-value'],
]

for (const [what, prefix, id] of EARLY) {
  test(`${what} fails at that byte and not before`, () => {
    const parser = new ResponseParser()
    for (let i = 0; i < prefix.length - 1; i++) {
      parser.push(bytes(prefix[i]!))
      assert.equal(parser.failure, null, `after ${i + 1} bytes`)
    }
    parser.push(bytes(prefix[prefix.length - 1]!))
    assert.equal(parser.failure?.id, id)
    assert.equal(parser.push(bytes(switching())), 0)
  })
}

const HINT = 'HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n'

test('eight interim responses are skipped and the ninth fails (RFC 9110 §15.2)', () => {
  const parser = new ResponseParser()
  parser.push(bytes(HINT.repeat(8) + switching()))
  assert.equal(parser.head?.status, 101)
  assert.equal(parser.head?.headers.has('link'), false)
  assert.equal(parseResponse(bytes(HINT.repeat(9))).fault, 'too-many-interim')
})

test('maxBytes counts for each head anew and is met exactly', () => {
  const whole = bytes(HINT + switching())
  const fault = (maxBytes: number, cuts: readonly number[]): string | undefined =>
    parseResponse(whole, cuts, new ResponseParser({ maxBytes })).fault
  for (const cuts of [[], BYTEWISE]) {
    assert.equal(fault(switching().length, cuts), undefined)
    assert.equal(fault(switching().length - 1, cuts), 'head-too-large')
  }
  assert.equal(parseResponse(bytes(`HTTP/1.1 101 ${'x'.repeat(20_000)}`)).consumed, 16_384)
})

const fragment = fc.constantFrom(
  'HTTP/1.1 ',
  '101',
  '100',
  ' OK',
  '\r\n',
  '\r',
  '\n',
  'a: b\r\n',
  ':',
  HINT,
  'HTTP/1.1 200 \r\n',
  '\0',
)

test('any split of any bytes gives the same head, the same failure and the same number of bytes', () => {
  const cuts = fc.array(fc.nat(400), { maxLength: 20 })
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 14 }), cuts, (parts, at) => {
      const whole = bytes(`HTTP/1.1 101 \r\n${parts.join('')}`)
      const expected = parseResponse(whole)
      assert.deepEqual(parseResponse(whole, at), expected)
      assert.deepEqual(parseResponse(whole, BYTEWISE), expected)
    }),
    { numRuns: 400 },
  )
})

test('the failures are frozen, name their source, and carry their own id', () => {
  assert.ok(Object.isFrozen(HANDSHAKE_FAILURES))
  for (const [id, failure] of Object.entries(HANDSHAKE_FAILURES)) {
    assert.ok(Object.isFrozen(failure))
    assert.equal(failure.id, id)
    assert.match(failure.section, /^RFC \d{4} §\d/)
    assert.match(failure.text, /^[ -~]+\.$/)
  }
})
