import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RequestParser } from '../../src/handshake/mod.ts'
import { BYTEWISE, bytes, type Parsed, parseRequest } from './heads.ts'

const TCHAR = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
const character = (from: string): fc.Arbitrary<string> => fc.constantFrom(...from)
const name = fc.string({ unit: character(TCHAR), minLength: 1, maxLength: 20 })
const visible = fc.integer({ min: 0x21, max: 0xff }).filter((code) => code !== 0x7f)
const value = fc
  .array(fc.oneof(visible, fc.constantFrom(0x20, 0x09)), { maxLength: 40 })
  .map((codes) => String.fromCharCode(...codes).replace(/^[ \t]+|[ \t]+$/g, ''))
const blanks = fc.string({ unit: character(' \t'), maxLength: 3 })
const fields = fc.array(fc.tuple(name, blanks, value, blanks), { maxLength: 12 })
const target = fc.string({ unit: character("/abcXYZ09?&=%-._~!$'()*+,;:@[]"), minLength: 1, maxLength: 60 })
const cuts = fc.array(fc.nat(4000), { maxLength: 20 })

test('any well-formed head is read back as it was written, however it is cut', () => {
  fc.assert(
    fc.property(target, fields, cuts, (path, lines, at) => {
      const written = lines.map(([n, a, v, b]) => `${n}:${a}${v}${b}\r\n`).join('')
      const parser = new RequestParser()
      const whole = bytes(`GET ${path} HTTP/1.1\r\n${written}\r\nrest`)
      assert.equal(parseRequest(whole, at, parser).consumed, whole.length - 4)
      assert.equal(parser.head?.target, path)
      assert.deepEqual(
        parser.head?.headers.raw,
        lines.flatMap(([n, , v]) => [n, v]),
      )
    }),
    { numRuns: 300 },
  )
})

/** Bytes near the grammar: what a fuzzer would find, found sooner. */
const fragment = fc.constantFrom(
  'GET ',
  '/x',
  ' ',
  'HTTP/1.1',
  'HTTP/1.0',
  '\r\n',
  '\r',
  '\n',
  ':',
  'Host: a\r\n',
  'a: b',
  '\t',
  '\0',
  '\xff',
  '\x16',
  'GET / HTTP/1.1\r\n',
)
const nearly = fc.array(
  fc.oneof({ weight: 6, arbitrary: fragment }, fc.string({ maxLength: 2, unit: 'binary-ascii' })),
  {
    maxLength: 12,
  },
)

test('any split of any bytes gives the same head, the same refusal and the same number of bytes', () => {
  fc.assert(
    fc.property(nearly, cuts, (parts, at) => {
      const whole = bytes(parts.join(''))
      const expected = parseRequest(whole)
      assert.deepEqual(parseRequest(whole, at), expected)
      assert.deepEqual(parseRequest(whole, BYTEWISE), expected)
    }),
    { numRuns: 500 },
  )
})

test('the parser accepts what a naive reference with regular expressions accepts, and nothing else', () => {
  let accepted = 0
  fc.assert(
    fc.property(nearly, fc.boolean(), (parts, complete) => {
      const text = (complete ? 'GET / HTTP/1.1\r\n' : '') + parts.join('') + (complete ? '\r\n\r\n' : '')
      const expected = reference(text)
      const actual = parseRequest(bytes(text))
      assert.deepEqual(summary(actual), expected)
      if (expected !== null) accepted++
    }),
    { numRuns: 1500 },
  )
  assert.ok(accepted > 20, `${accepted} heads were accepted`)
})

function summary(parsed: Parsed): unknown {
  const head = parsed.head as RequestParser['head']
  return head === null ? null : { line: `${head.method} ${head.target} ${head.version}`, raw: [...head.headers.raw] }
}

/** Slow and short: the grammar of RFC 9112 as regular expressions over the whole text. */
function reference(text: string): unknown {
  const head = /^(?:\r\n){0,4}([A-Z-]{1,32}) ([!-"$-~]+) HTTP\/(1\.[01])\r\n((?:[^\r\n]+\r\n)*)\r\n/.exec(text)
  if (head === null) return null
  const [, method, path, version, block = ''] = head
  const raw: string[] = []
  for (const line of block.split('\r\n').slice(0, -1)) {
    const match = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([\t -~\x80-\xff]*)$/.exec(line)
    if (match === null) return null
    raw.push(match[1]!, match[2]!.replace(/^[ \t]+|[ \t]+$/g, ''))
  }
  return { line: `${method} ${path} ${version}`, raw }
}

/** The best of some runs, in ms: what disturbs a measurement only ever makes it longer. */
function best(run: () => void): number {
  let shortest = Number.POSITIVE_INFINITY
  for (let i = 0; i < 5; i++) {
    const start = performance.now()
    run()
    shortest = Math.min(shortest, performance.now() - start)
  }
  return shortest
}

test('twice the bytes, one at a time, take about twice the time', () => {
  const one = new Uint8Array(1)
  const feed = (size: number): void => {
    const parser = new RequestParser({ maxBytes: 1 << 20 })
    parser.push(bytes('GET / HTTP/1.1\r\na: '))
    one[0] = 0x61
    for (let i = 0; i < size; i++) parser.push(one)
    parser.push(bytes('\r\n\r\n'))
    assert.equal(parser.head?.headers.raw[1]?.length, size)
  }
  feed(100_000)
  let ratio = 0
  for (let attempt = 0; attempt < 10; attempt++) {
    ratio = best(() => feed(400_000)) / best(() => feed(200_000))
    if (ratio < 2.5) return
  }
  assert.fail(`time(2n) / time(n) was ${ratio}`)
})
