import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ExtensionOffer, parseExtensions } from '../../src/handshake/mod.ts'

const GOOD: readonly (readonly [text: string, offers: readonly ExtensionOffer[]])[] = [
  ['a', [{ name: 'a', parameters: [] }]],
  [
    'a, b',
    [
      { name: 'a', parameters: [] },
      { name: 'b', parameters: [] },
    ],
  ],
  [
    'a;b=1;c, a ; d="2"',
    [
      {
        name: 'a',
        parameters: [
          ['b', '1'],
          ['c', true],
        ],
      },
      { name: 'a', parameters: [['d', '2']] },
    ],
  ],
  ['\ta\t;\tb\t=\t1\t', [{ name: 'a', parameters: [['b', '1']] }]],
  ['a; b="1\\0"', [{ name: 'a', parameters: [['b', '10']] }]],
  [
    'a; b; b',
    [
      {
        name: 'a',
        parameters: [
          ['b', true],
          ['b', true],
        ],
      },
    ],
  ],
  ['__proto__; constructor=toString', [{ name: '__proto__', parameters: [['constructor', 'toString']] }]],
]

for (const [text, offers] of GOOD) {
  test(`${JSON.stringify(text)} is read`, () => {
    assert.deepEqual(parseExtensions(text), offers)
  })
}

const BAD: readonly string[] = [
  ...['', ' ', ',', 'a,', ',a', 'a,,b', 'a;', ';a', 'a;;b', 'a;,b', 'a b', 'a; b c', 'a=1', '"a"', 'a; "b"'],
  ...['a; b=', 'a; b=,', 'a; =1', 'a; b==1', 'a; b=1=2', 'a; b="', 'a; b="1', 'a; b="1\\', 'a; b="1\\"', 'a; b=""'],
  ...['a; b="1 2"', 'a; b="1,2"', 'a; b="1\\ 2"', 'a; b="1"2', 'a; b="1""2"', 'a; b=1"2"', 'a[', 'a\xe9', 'a\0'],
]

test('what does not follow the grammar is null (RFC 6455 §9.1)', () => {
  for (const text of BAD) assert.equal(parseExtensions(text), null, JSON.stringify(text))
})

const token = fc.string({ unit: fc.constantFrom(..."aZ9!#$%&'*+-.^_`|~"), minLength: 1, maxLength: 8 })
const blank = fc.string({ unit: fc.constantFrom(' ', '\t'), maxLength: 2 })
const parameter = fc.tuple(token, fc.option(token, { nil: true as const }))
const offer = fc.record({ name: token, parameters: fc.array(parameter, { maxLength: 4 }) }, { noNullPrototype: true })

test('what is written by the grammar is read back', () => {
  fc.assert(
    fc.property(fc.array(offer, { minLength: 1, maxLength: 4 }), blank, fc.boolean(), (offers, b, quoted) => {
      const value = (text: string): string => (quoted ? `"${text.replace(/(.)/g, '\\$1')}"` : text)
      const text = offers
        .map(({ name, parameters }) =>
          [name, ...parameters.map(([n, v]) => (v === true ? n : `${n}${b}=${b}${value(v)}`))].join(`${b};${b}`),
        )
        .join(`${b},${b}`)
      assert.deepEqual(parseExtensions(b + text + b), offers)
    }),
  )
})

/** The same grammar as one regular expression: whether a text is good, not what it says. */
const T = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
const B = '[ \\t]*'
const V = `(?:${T}|"(?:\\\\?[!#$%&'*+\\-.^_\`|~0-9A-Za-z])+")`
const EXTENSION = `${T}${B}(?:;${B}${T}${B}(?:=${B}${V}${B})?)*`
const REFERENCE = new RegExp(`^${B}${EXTENSION}(?:,${B}${EXTENSION})*$`)

test('it accepts what a reference with a regular expression accepts, and nothing else', () => {
  const unit = fc.constantFrom('a', 'b', ';', ',', '=', '"', '\\', ' ')
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 14 }), (text) => {
      assert.equal(parseExtensions(text) !== null, REFERENCE.test(text))
    }),
    { numRuns: 5000 },
  )
})
