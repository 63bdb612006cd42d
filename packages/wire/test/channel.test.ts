import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkChannel, checkPattern, isPattern, matchesPattern } from '../src/mod.ts'
import { channel, pattern } from './arbitraries.ts'

test('names of printable ASCII with segments are channels (tautline.v1 §12.1)', () => {
  for (const name of [
    'a',
    'chat:42',
    "it's",
    'a|b',
    '"q"',
    '$user',
    'a.b..c:...',
    '~!#%&()+,-/;<=?@[]^_`',
    'x'.repeat(128),
  ]) {
    assert.equal(checkChannel(name), null, name)
    assert.equal(checkPattern(name), null, name)
  }
})

test('J10: names that a store would read otherwise are refused, each with what is wrong', () => {
  const refused: [string, RegExp][] = [
    ['', /is empty/],
    ['x'.repeat(129), /more than 128/],
    ['x'.repeat(10_000), /more than 128/],
    ['a\0b', /printable ASCII/],
    ['a\r\nb', /printable ASCII/],
    ['..', /as a segment/],
    ['.', /as a segment/],
    ['a:..:b', /as a segment/],
    ['*', /printable ASCII/],
    ['a*', /printable ASCII/],
    ['>', /printable ASCII/],
    ['a>', /printable ASCII/],
    [' ', /printable ASCII/],
    ['a b', /printable ASCII/],
    ['{a}', /printable ASCII/],
    ['a\\b', /printable ASCII/],
    ['caf\u00e9', /printable ASCII/],
    ['cafe\u0301', /printable ASCII/],
    ['a\x7f', /printable ASCII/],
    ['\ud800', /printable ASCII/],
    [':', /empty segment/],
    ['a:', /empty segment/],
    [':a', /empty segment/],
    ['a::b', /empty segment/],
  ]
  for (const [name, wrong] of refused) assert.match(checkChannel(name) ?? '', wrong, JSON.stringify(name))
  assert.equal(checkChannel(7 as unknown as string), 'is not text')
})

test('a pattern has * for one whole segment, and ** at its end only', () => {
  for (const name of ['*', '**', 'a:*', 'a:**', '*:b', '*:*:**', 'a:*:c']) {
    assert.equal(checkPattern(name), null, name)
    assert.equal(isPattern(name), true)
    assert.notEqual(checkChannel(name), null)
  }
  const refused: [string, RegExp][] = [
    ['a*', /whole segment/],
    ['*a', /whole segment/],
    ['a:***', /whole segment/],
    ['a:**b', /whole segment/],
    ['**:a', /last segment/],
    ['a:**:b', /last segment/],
    ['a:>', /printable ASCII/],
    ['*:', /empty segment/],
  ]
  for (const [name, wrong] of refused) assert.match(checkPattern(name) ?? '', wrong, name)
})

/** The same rule by splitting. */
function naive(wanted: string, name: string): boolean {
  const of = wanted.split(':')
  const segments = name.split(':')
  if (of.at(-1) === '**') {
    return segments.length >= of.length && of.slice(0, -1).every((part, i) => part === '*' || part === segments[i])
  }
  return segments.length === of.length && of.every((part, i) => part === '*' || part === segments[i])
}

test('a pattern covers what it covers segment by segment', () => {
  const cases: [string, string, boolean][] = [
    ['a:*', 'a:b', true],
    ['a:*', 'a', false],
    ['a:*', 'a:b:c', false],
    ['a:**', 'a', false],
    ['a:**', 'a:b', true],
    ['a:**', 'a:b:c', true],
    ['**', 'a', true],
    ['*', 'a', true],
    ['*', 'a:b', false],
    ['*:*', 'a:b', true],
    ['*:c', 'a:b', false],
    ['a', 'ab', false],
    ['ab', 'a', false],
    ['a:b', 'a:b', true],
  ]
  for (const [wanted, name, expected] of cases) {
    assert.equal(naive(wanted, name), expected, `${wanted} ${name}`)
    assert.equal(matchesPattern(wanted, name), expected, `${wanted} ${name}`)
  }
  const few = fc.constantFrom('a', 'b', 'ab')
  const name = fc.array(few, { minLength: 1, maxLength: 4 }).map((of) => of.join(':'))
  const wanted = fc
    .tuple(fc.array(fc.oneof(few, fc.constant('*')), { minLength: 1, maxLength: 4 }), fc.constantFrom([], ['**']))
    .map((of) => of.flat().join(':'))
  fc.assert(
    fc.property(wanted, name, (of, one) => assert.equal(matchesPattern(of, one), naive(of, one))),
    { numRuns: 2000 },
  )
})

test('generated names and patterns are of the grammar', () => {
  fc.assert(
    fc.property(channel, pattern, (name, of) => {
      assert.equal(checkChannel(name), null)
      assert.equal(checkPattern(of), null)
      assert.equal(isPattern(name), false)
    }),
  )
})
