// Names and patterns of channels: the grammar against regular expressions, the match against segments put side by side.
// An input is a pattern, a newline, a name.

import assert from 'node:assert/strict'
import { checkChannel, checkPattern, isPattern, matchesPattern } from '@tautline/wire'
import { type Target, words } from '../../target.ts'
import { inTime, isHarmless } from './judge.ts'

const SEGMENT = /^(?!\.{1,2}$)[!-~]+$/
const RESERVED = /[*>{}\\]/

function isSegment(segment: string): boolean {
  return SEGMENT.test(segment) && !RESERVED.test(segment)
}

function isName(text: string): boolean {
  return text.length <= 128 && text.split(':').every(isSegment)
}

function isNameOrPattern(text: string): boolean {
  const segments = text.split(':')
  const last = segments.at(-1)
  const head = last === '**' ? segments.slice(0, -1) : segments
  return text.length <= 128 && head.every((segment) => segment === '*' || isSegment(segment))
}

function covers(pattern: string, name: string): boolean {
  const wanted = pattern.split(':')
  const segments = name.split(':')
  if (wanted.at(-1) !== '**') {
    return wanted.length === segments.length && wanted.every((part, i) => part === '*' || part === segments[i])
  }
  return (
    segments.length >= wanted.length && wanted.slice(0, -1).every((part, i) => part === '*' || part === segments[i])
  )
}

export const channels: Target = {
  name: 'channels',
  dictionary: words(
    ...[
      '*',
      '**',
      ':',
      ':*',
      '*:',
      ':**',
      '::',
      '.',
      '..',
      ':..:',
      '>',
      '{',
      '}',
      '\\',
      ' ',
      '\n',
      '\0',
      '\x7f',
      '~',
      '!',
    ],
    ...['\xc3\xa9', '\xed\xa0\x80', 'a', 'chat', 'chat:42', 'user:*:in', 'x'.repeat(64), 'x'.repeat(129)],
  ),
  run(bytes) {
    const [first = '', second = ''] = Buffer.from(bytes).toString('utf8').split('\n', 2)
    for (const text of [first, second]) {
      const wrong = inTime(() => checkChannel(text))
      assert.equal(wrong === null, isName(text))
      const wrongPattern = inTime(() => checkPattern(text))
      assert.equal(wrongPattern === null, isNameOrPattern(text))
      for (const reason of [wrong, wrongPattern]) if (reason !== null) assert.ok(isHarmless(reason))
      assert.equal(isPattern(text), text.includes('*'))
      if (wrong === null) assert.ok(wrongPattern === null && matchesPattern(text, text) && matchesPattern('**', text))
    }
    // Whatever it is, it ends and does not throw.
    const matches = inTime(() => matchesPattern(first, second))
    if (isNameOrPattern(first) && isName(second)) assert.equal(matches, covers(first, second))
  },
}
