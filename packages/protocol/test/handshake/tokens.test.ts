import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  contentEnd,
  equalsIgnoringCase,
  isKey,
  isToken,
  listContains,
  parseTokenList,
} from '../../src/handshake/tokens.ts'

/** The grammars as regular expressions: slow, short, and only for texts of our own. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

const anything = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.string({ unit: fc.constantFrom(...'aB1,; \t"=\\/-'), maxLength: 12 }),
)

test('a token is what RFC 9110 §5.6.2 says', () => {
  for (let code = 0; code < 0x300; code++) {
    const character = String.fromCharCode(code)
    assert.equal(isToken(character), TOKEN.test(character), `${code}`)
  }
  fc.assert(fc.property(anything, (text) => isToken(text) === TOKEN.test(text)))
})

test('a list of tokens has no empty members and nothing that is no token', () => {
  fc.assert(
    fc.property(anything, (text) => {
      const members = text.split(',').map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ''))
      assert.deepEqual(parseTokenList(text), members.every((member) => TOKEN.test(member)) ? members : null)
    }),
    { numRuns: 1000 },
  )
  assert.equal(parseTokenList(''), null)
  assert.deepEqual(parseTokenList('a ,\tb'), ['a', 'b'])
})

test('a list contains a member, whatever stands beside it', () => {
  for (const list of ['websocket', ' WebSocket ', 'h2c,websocket', 'a b, ,"x",websocket', ',websocket,']) {
    assert.equal(listContains(list, 'websocket'), true, list)
  }
  for (const list of ['', 'websocket2', 'xwebsocket', 'web socket', 'websocket/13', '"websocket"', 'websocket;q=1']) {
    assert.equal(listContains(list, 'websocket'), false, list)
  }
})

test('case is folded in ASCII only, and only between letters', () => {
  assert.equal(equalsIgnoringCase('aZ-_9', 'Az-_9'), true)
  assert.equal(equalsIgnoringCase('K', '\u212a'), false)
  for (const [a, b] of ['@`', '[{', '^~', '_\x7f', '\xc0\xe0', '-\r'].map((pair) => [...pair])) {
    assert.equal(equalsIgnoringCase(a!, b!), false)
  }
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      const fold = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
      assert.equal(equalsIgnoringCase(a, b), fold(a) === fold(b))
      assert.equal(equalsIgnoringCase(a, fold(a)), true)
    }),
  )
})

test('only SP and HTAB are trimmed, and not beyond the begin', () => {
  assert.equal(contentEnd(' \t a\xa0\t ', 0, 7), 5)
  assert.equal(contentEnd('x \t ', 1, 4), 1)
  assert.deepEqual(parseTokenList('a \t,\t b'), ['a', 'b'])
  assert.equal(parseTokenList('a\xa0'), null)
})

test('a key is 22 characters of base64 and two of padding, whatever the pad bits are', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 20 }), (random) => {
      assert.equal(isKey(Buffer.from(random).toString('base64')), random.length === 16)
    }),
    { numRuns: 500 },
  )
  assert.equal(isKey(`${'A'.repeat(21)}/==`), true)
  assert.equal(isKey(`${'A'.repeat(21)}===`), false)
  assert.equal(isKey(`${'A'.repeat(21)}\u0141==`), false)
})
