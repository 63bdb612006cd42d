import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  checkCredentials,
  checkNamed,
  checkRoomEntry,
  checkSaid,
  checkTitled,
  cleanName,
  cleanText,
  isRoom,
  LIMITS,
} from '../../src/shared/messages.ts'

const KEY = '0123456789abcdef0123456789abcdef'

describe('the check of what a client sends', () => {
  it('takes what the page sends', () => {
    assert.deepEqual(checkSaid({ text: 'hello', name: 'Ada' }), { text: 'hello', name: 'Ada' })
    assert.deepEqual(checkNamed({ name: 'Bo' }), { name: 'Bo' })
    assert.deepEqual(checkTitled({ title: ' Ideas ' }), { title: 'Ideas' })
    assert.deepEqual(checkRoomEntry({ room: 'ideas', title: 'Ideas' }), { room: 'ideas', title: 'Ideas' })
    assert.deepEqual(checkCredentials(JSON.stringify({ key: KEY, name: 'Ada' })), { key: KEY, name: 'Ada' })
  })

  it('says what is wrong with anything else, and never throws', () => {
    const hostile = Object.create({ text: 'x', name: 'x', title: 'x', room: 'x', key: KEY })
    for (const value of [null, undefined, 1, 'text', [], {}, () => {}, hostile, new Uint8Array(3)]) {
      for (const check of [checkSaid, checkNamed, checkTitled, checkRoomEntry]) {
        assert.equal(typeof check(value), 'string', `${check.name}(${String(value)})`)
      }
    }
    for (const said of [
      { text: 7, name: 'Ada' },
      { text: ' \n ', name: 'Ada' },
      { text: 'x', name: ' \u202e ' },
    ]) {
      assert.equal(typeof checkSaid(said), 'string')
    }
    for (const token of [undefined, '', '{', 'null', '[]', '"x"', `{"key":"${KEY}"}`, '{"key":"short","name":"A"}']) {
      assert.equal(typeof checkCredentials(token), 'string', token)
    }
  })

  it('passes on nothing that it does not know', () => {
    const said = checkSaid(JSON.parse('{"text":"x","name":"Eve","admin":true,"__proto__":{"admin":true}}'))
    assert.deepEqual(said, { text: 'x', name: 'Eve' })
  })

  it('counts characters, not UTF-16 units', () => {
    assert.equal(typeof checkSaid({ text: '😀'.repeat(LIMITS.text), name: 'Ada' }), 'object')
    assert.equal(typeof checkSaid({ text: '😀'.repeat(LIMITS.text + 1), name: 'Ada' }), 'string')
  })

  it('the longest message fits its limit even when every character is escaped', () => {
    const text = '\\ud83d\\ude00'.repeat(LIMITS.text)
    const json = `{"text":"${text}","name":"${'\\ud83d\\ude00'.repeat(LIMITS.name)}"}`
    assert.equal(typeof checkSaid(JSON.parse(json)), 'object')
    assert.ok(json.length <= LIMITS.body)
  })

  it('a room’s name is fit for channels and addresses', () => {
    for (const room of ['general', 'r-0a1b2c3d', 'a', '0', 'x'.repeat(48)]) assert.equal(isRoom(room), true, room)
    for (const room of ['', '-a', 'A', 'a b', 'a*', 'a:b', '../etc', 'a/b', 'ä', 'x'.repeat(49), 'a\n']) {
      assert.equal(isRoom(room), false, room)
    }
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
