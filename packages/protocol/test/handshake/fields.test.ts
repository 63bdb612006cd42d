import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeaderFields } from '../../src/handshake/mod.ts'

const fields = HeaderFields.fromRaw(['Host', 'a', 'X-List', '1', 'x-list', '2', '__proto__', 'p', 'Origin', 'o'])

test('names are compared without case', () => {
  assert.equal(fields.get('HOST'), 'a')
  assert.equal(fields.get('host'), 'a')
  assert.equal(fields.has('oRiGiN'), true)
  assert.equal(fields.has('orígin'), false)
})

test('the values of a repeated field are joined, listed and counted', () => {
  assert.equal(fields.get('x-list'), '1, 2')
  assert.deepEqual(fields.all('X-LIST'), ['1', '2'])
  assert.equal(fields.count('x-list'), 2)
})

test('what is not there is undefined, empty and zero', () => {
  assert.equal(fields.get('x'), undefined)
  assert.deepEqual(fields.all('x'), [])
  assert.equal(fields.count('x'), 0)
  assert.equal(fields.has('x'), false)
})

test('names of prototypes are only names (CVE-2026-21710)', () => {
  assert.equal(fields.get('__proto__'), 'p')
  for (const name of ['constructor', 'hasOwnProperty', 'toString', 'length']) assert.equal(fields.get(name), undefined)
  const own = HeaderFields.fromRaw(['constructor', 'c'])
  assert.equal(own.get('constructor'), 'c')
})

test('an empty value is a value', () => {
  const empty = HeaderFields.fromRaw(['a', '', 'A', ''])
  assert.equal(empty.get('a'), ', ')
  assert.equal(HeaderFields.fromRaw(['a', '']).get('a'), '')
})

test('entries come in order, with names as they were written', () => {
  assert.deepEqual([...fields.entries()].slice(1, 3), [
    ['X-List', '1'],
    ['x-list', '2'],
  ])
})

test('an odd number of strings is a TypeError', () => {
  assert.throws(() => HeaderFields.fromRaw(['a']), TypeError)
})
