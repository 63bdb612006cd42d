import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { REFUSALS, RequestParser } from '../../src/handshake/mod.ts'
import { BYTEWISE, bytes, parseRequest, upgrade } from './heads.ts'

test('a head becomes method, target, version and fields in order', () => {
  const parser = new RequestParser()
  const text = 'GET /a?b=%20 HTTP/1.1\r\nHost: x\r\nX-Empty:\r\nx-BLANK: \t v \t w \t\r\nX-Latin: \xe9\r\n\r\n'
  assert.equal(parser.push(bytes(text)), text.length)
  assert.equal(parser.refusal, null)
  const { method, target, version, headers } = parser.head!
  assert.deepEqual({ method, target, version }, { method: 'GET', target: '/a?b=%20', version: '1.1' })
  assert.deepEqual(
    [...headers.entries()],
    [
      ['Host', 'x'],
      ['X-Empty', ''],
      ['x-BLANK', 'v \t w'],
      ['X-Latin', '\xe9'],
    ],
  )
})

test('a head without fields is complete', () => {
  assert.deepEqual(parseRequest(bytes('OPTIONS * HTTP/1.0\r\n\r\n')).consumed, 22)
})

test('other methods parse, for they may be meant for an HTTP server', () => {
  for (const method of ['POST', 'DELETE', 'OPTIONS', 'M-SEARCH', 'CONNECT']) {
    const parser = new RequestParser()
    parser.push(bytes(`${method} /x HTTP/1.0\r\n\r\n`))
    assert.equal(parser.head?.method, method)
    assert.equal(parser.head?.version, '1.0')
  }
})

test('parsing begins at the given index', () => {
  const text = upgrade()
  const parser = new RequestParser()
  assert.equal(parser.push(bytes(`xx${text}yy`), 2), text.length + 2)
  assert.ok(parser.head)
})

test('after a head or a refusal nothing more is consumed', () => {
  const done = new RequestParser()
  done.push(bytes(upgrade()))
  const head = done.head
  assert.equal(done.push(bytes(upgrade())), 0)
  assert.equal(done.head, head)
  const refused = new RequestParser()
  refused.push(bytes('x'))
  assert.equal(refused.push(bytes(upgrade()), 3), 3)
  assert.equal(refused.head, null)
})

const EARLY: readonly (readonly [what: string, prefix: string, id: string])[] = [
  ['a TLS record', '\x16', 'tls-on-plain-port'],
  ['a NUL', '\0', 'request-line'],
  ['a lower-case method', 'g', 'request-line'],
  ['a LF before the request', '\n', 'bare-lf'],
  ['a CR without LF before the request', '\rG', 'bare-cr'],
  ['a fifth empty line', '\r\n\r\n\r\n\r\n\r', 'request-line'],
  ['a method that never ends', 'A'.repeat(33), 'request-line'],
  ['a method in mixed case', 'GEt', 'request-line'],
  ['a method that ends in CR', 'GET\r', 'request-line'],
  ['a second space', 'GET  ', 'request-line'],
  ['no target', 'GET \r', 'request-line'],
  ['HTTP/0.9', 'GET /\r', 'http-0-9'],
  ['HTTP/0.9 with LF', 'GET /\n', 'bare-lf'],
  ['a control character in the target', 'GET /\x7f', 'target'],
  ['a tab behind the target', 'GET /\t', 'target'],
  ['obs-text in the target', 'GET /\xc3', 'target'],
  ['a fragment', 'GET /#', 'target'],
  ['another protocol', 'GET / R', 'request-line'],
  ['a lower-case version', 'GET / h', 'request-line'],
  ['a version without digit', 'GET / HTTP/x', 'request-line'],
  ['a version of two digits', 'GET / HTTP/11', 'request-line'],
  ['HTTP/2.0', 'GET / HTTP/2.0', 'http-version'],
  ['HTTP/1.2', 'GET / HTTP/1.2', 'http-version'],
  ['HTTP/0.1', 'GET / HTTP/0.1', 'http-version'],
  ['a third digit', 'GET / HTTP/1.11', 'request-line'],
  ['a request line that ends in LF', 'GET / HTTP/1.1\n', 'bare-lf'],
  ['a request line that ends in CR', 'GET / HTTP/1.1\rX', 'bare-cr'],
  ['a blank before the first field', 'GET / HTTP/1.1\r\n ', 'field-fold'],
  ['a field line that is LF', 'GET / HTTP/1.1\r\n\n', 'bare-lf'],
  ['a field without name', 'GET / HTTP/1.1\r\n:', 'field-name'],
  ['a field name with a bracket', 'GET / HTTP/1.1\r\na[', 'field-name'],
  ['a field name with obs-text', 'GET / HTTP/1.1\r\na\xe9', 'field-name'],
  ['a blank behind the name', 'GET / HTTP/1.1\r\na\t', 'field-space'],
  ['a line without colon', 'GET / HTTP/1.1\r\na\r', 'field-colon'],
  ['a name that ends in LF', 'GET / HTTP/1.1\r\na\n', 'bare-lf'],
  ['a NUL in a value', 'GET / HTTP/1.1\r\na: \0', 'field-value'],
  ['DEL in a value', 'GET / HTTP/1.1\r\na: b\x7f', 'field-value'],
  ['a value that ends in LF', 'GET / HTTP/1.1\r\na: b\n', 'bare-lf'],
  ['an empty value that ends in LF', 'GET / HTTP/1.1\r\na:\n', 'bare-lf'],
  ['a bare CR in a value', 'GET / HTTP/1.1\r\na: b\rc', 'bare-cr'],
  ['a folded line', 'GET / HTTP/1.1\r\na: b\r\n\t', 'field-fold'],
  ['a CR before the end', 'GET / HTTP/1.1\r\n\rx', 'bare-cr'],
]

for (const [what, prefix, id] of EARLY) {
  test(`${what} is refused at that byte and not before`, () => {
    const parser = new RequestParser()
    for (let i = 0; i < prefix.length - 1; i++) {
      parser.push(bytes(prefix[i]!))
      assert.equal(parser.refusal, null, `after ${i + 1} bytes`)
    }
    parser.push(bytes(prefix[prefix.length - 1]!))
    assert.equal(parser.refusal?.id, id)
    assert.equal(parseRequest(bytes(`${prefix}more`)).consumed, prefix.length)
  })
}

test('a head of exactly maxBytes passes, one byte more does not', () => {
  const text = upgrade()
  const fits = (maxBytes: number, cuts: readonly number[] = []): string | undefined =>
    parseRequest(bytes(text), cuts, new RequestParser({ maxBytes })).fault
  assert.equal(fits(text.length), undefined)
  assert.equal(fits(text.length, BYTEWISE), undefined)
  assert.equal(fits(text.length - 1), 'head-too-large')
  assert.equal(fits(text.length - 1, BYTEWISE), 'head-too-large')
})

test('what is too long is refused as soon as maxBytes are read: 414 in the request line, 431 behind it', () => {
  const endless = parseRequest(bytes(`GET /${'a'.repeat(100_000)}`))
  assert.deepEqual([endless.fault, endless.consumed], ['target-too-long', 16_384])
  assert.equal(REFUSALS['target-too-long'].status, 414)
  const value = parseRequest(bytes(`GET / HTTP/1.1\r\na: ${'a'.repeat(100_000)}`), BYTEWISE)
  assert.deepEqual([value.fault, value.consumed], ['head-too-large', 16_384])
  assert.equal(REFUSALS['head-too-large'].status, 431)
})

test('the field after the last allowed is refused at its first byte', () => {
  const lines = (count: number): string => `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(count)}`
  const parser = (): RequestParser => new RequestParser({ maxHeaders: 3 })
  assert.equal(parseRequest(bytes(`${lines(3)}\r\n`), [], parser()).fault, undefined)
  assert.equal(parseRequest(bytes(`${lines(3)}a`), [], parser()).fault, 'too-many-fields')
})

test('limits that are no positive integers are a RangeError', () => {
  for (const bad of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => new RequestParser({ maxBytes: bad }), RangeError)
    assert.throws(() => new RequestParser({ maxHeaders: bad }), RangeError)
  }
})

test('the refusals are frozen, name their source, and carry their own id', () => {
  assert.ok(Object.isFrozen(REFUSALS))
  for (const [id, refusal] of Object.entries(REFUSALS)) {
    assert.ok(Object.isFrozen(refusal))
    assert.equal(refusal.id, id)
    assert.match(refusal.section, /^RFC \d{4} §\d/)
    assert.match(refusal.text, /^[ -~]+\.$/)
    assert.ok(refusal.status >= 400 && refusal.status < 600)
  }
})

test('a value that is kept does not keep its head in memory', () => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const long = 'x'.repeat(15_000)
  const kept: unknown[] = []
  gc()
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < 1000; i++) {
    const parser = new RequestParser()
    parser.push(bytes(`GET /a/path/of/some/length HTTP/1.1\r\nHost: www.example.com\r\nX-Long: ${long}\r\n\r\n`))
    const { headers, target } = parser.head!
    kept.push(target, headers.get('host'), headers.all('host'), [...headers.entries()][0])
  }
  gc()
  const each = (process.memoryUsage().heapUsed - before) / 1000
  assert.ok(each < 1500, `${each} bytes for each of ${kept.length} values`)
})
