import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkClientMessage, cleanName, cleanText, LIMITS } from '../../src/shared/messages.ts'

const KEY = '0123456789abcdef0123456789abcdef'

function check(value: unknown): ReturnType<typeof checkClientMessage> {
  return checkClientMessage(JSON.stringify(value))
}

describe('the check of client messages', () => {
  it('takes every message that the page sends', () => {
    const messages = [
      { type: 'hello', key: KEY, name: 'Ada' },
      { type: 'hello', key: KEY, name: 'Ada', known: { epoch: 'e-1', seq: 7 } },
      { type: 'say', id: 'a1', text: 'hello' },
      { type: 'rename', name: 'Bo' },
      { type: 'typing' },
      { type: 'ping', at: 1.5 },
    ]
    for (const message of messages) assert.deepEqual(check(message), { message })
  })

  it('says what is wrong with anything else, and never throws', () => {
    const wrong = [
      null,
      1,
      'say',
      [],
      {},
      { type: 'shout' },
      { type: '__proto__' },
      { type: 'hello', name: 'Ada' },
      { type: 'hello', key: 'short', name: 'Ada' },
      { type: 'hello', key: KEY, name: ' \u202e ' },
      { type: 'hello', key: KEY, name: 'Ada', known: null },
      { type: 'hello', key: KEY, name: 'Ada', known: { epoch: 'e', seq: 'x' } },
      { type: 'say', id: 'a:b', text: 'x' },
      { type: 'say', id: '', text: 'x' },
      { type: 'say', id: 'a', text: 7 },
      { type: 'rename', name: {} },
      { type: 'ping', at: 'now' },
    ]
    for (const value of wrong) {
      assert.equal(typeof check(value).problem, 'string', JSON.stringify(value))
    }
    for (const json of ['', '{', 'undefined', '\u0000', '[1,', 'NaN']) {
      assert.deepEqual(checkClientMessage(json), { problem: 'not JSON' })
    }
  })

  it('ignores fields that it does not know, so that nothing of a client reaches the others unseen', () => {
    const parsed = checkClientMessage('{"type":"say","id":"a","text":"x","name":"Eve","__proto__":{"admin":true}}')
    assert.deepEqual(parsed, { message: { type: 'say', id: 'a', text: 'x' } })
  })

  it('names the message it refuses, so that its sender stops repeating it', () => {
    assert.deepEqual(check({ type: 'say', id: 'a', text: ' \n ' }), { problem: 'say: empty text', id: 'a' })
    const long = 'x'.repeat(LIMITS.text + 1)
    assert.deepEqual(check({ type: 'say', id: 'a', text: long }), { problem: 'say: text is too long', id: 'a' })
  })

  it('counts characters, not UTF-16 units', () => {
    assert.equal(check({ type: 'say', id: 'a', text: '😀'.repeat(LIMITS.text) }).problem, undefined)
    assert.equal(typeof check({ type: 'say', id: 'a', text: '😀'.repeat(LIMITS.text + 1) }).problem, 'string')
  })

  it('the longest message fits the payload limit even when every character is escaped', () => {
    const text = '\\ud83d\\ude00'.repeat(LIMITS.text)
    const json = `{"type":"say","id":"${'a'.repeat(64)}","text":"${text}"}`
    assert.equal(checkClientMessage(json).problem, undefined)
    assert.ok(json.length <= LIMITS.payload)
  })
})

describe('names and texts', () => {
  it('a name is one line without invisible characters', () => {
    assert.equal(cleanName('  Ada\n\tLovelace  '), 'Ada Lovelace')
    assert.equal(cleanName('\u202eevil\u202c'), 'evil')
    assert.equal(cleanName('\u200b\u2060\ufeff'), '')
    assert.equal(cleanName('a\u0000b\u001b[31m'), 'a b [31m')
  })

  it('a name is cut at 32 characters without breaking one', () => {
    assert.equal(cleanName('😀'.repeat(40)), '😀'.repeat(LIMITS.name))
  })

  it('an unpaired surrogate becomes U+FFFD: it could not be sent as UTF-8', () => {
    assert.equal(cleanName('a\ud800'), 'a\ufffd')
    assert.equal(cleanText('a\udc00b'), 'a\ufffdb')
  })

  it('a text keeps its lines and its emoji families and loses what moves other text around', () => {
    assert.equal(cleanText(' a\r\nb\rc\td '), 'a\nb\nc\td')
    assert.equal(cleanText('👩‍👩‍👧'), '👩‍👩‍👧')
    assert.equal(cleanText('x\u202ey\u2066z\u0007'), 'xyz')
  })
})
