import assert from 'node:assert/strict'
import { test } from 'node:test'
import { covers, crosses, follow, samePosition } from '../src/mod.ts'

const at = { epoch: 'e', offset: 5, id: 'w.5' }

test('rule 1: an entry that names the position as its predecessor is next', () => {
  assert.equal(follow(at, { epoch: 'e', offset: 6, prev: 5, id: 'w.6' }), 'next')
  assert.equal(follow(at, { epoch: 'e', offset: 9, prev: 5, id: 'w.9' }), 'next')
})

test('rule 5: an old offset is a duplicate if its id is the known one, or nothing is known', () => {
  assert.equal(follow(at, { epoch: 'e', offset: 5, prev: 4, id: 'w.5' }), 'duplicate')
  assert.equal(follow(at, { epoch: 'e', offset: 5, prev: 4, id: 'x.5' }), 'broken')
  const old = { epoch: 'e', offset: 3, prev: 2, id: 'w.3' }
  assert.equal(follow(at, old), 'duplicate')
  assert.equal(
    follow(at, old, () => 'x.3'),
    'broken',
  )
  assert.equal(
    follow(at, old, () => undefined),
    'duplicate',
  )
})

test('rule 6: a hole, an unknown predecessor and another epoch break the chain', () => {
  assert.equal(follow(at, { epoch: 'e', offset: 7, prev: 6, id: 'w.7' }), 'broken')
  assert.equal(follow(at, { epoch: 'e', offset: 6, prev: -1, id: 'w.6' }), 'broken')
  assert.equal(follow(at, { epoch: 'f', offset: 6, prev: 5, id: 'w.6' }), 'broken')
})

test('rule 2: a fence is crossed where both offset and id are the position’s', () => {
  const fence = { ev: 'fence', ch: 'c', from: { epoch: 'd', offset: 5, id: 'w.5' }, epoch: 'f', loss: 'none' } as const
  assert.equal(crosses(at, fence), true)
  assert.equal(crosses({ ...at, id: 'x.5' }, fence), false)
  assert.equal(crosses({ ...at, offset: 4 }, fence), false)
})

test('a position covers what lies before it in its epoch, and equals only itself', () => {
  assert.equal(covers(at, { ...at, offset: 4 }), true)
  assert.equal(covers(at, { ...at, offset: 6 }), false)
  assert.equal(covers(at, { ...at, epoch: 'f' }), false)
  assert.equal(samePosition(at, { ...at }), true)
  assert.equal(samePosition(at, { ...at, id: '' }), false)
})
