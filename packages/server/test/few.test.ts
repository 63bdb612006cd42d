import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dropping, entering, excluding, fewEntries, fewMembers, including } from '../src/few.ts'

test('sets that are empty are all the same one, and nobody writes into it', () => {
  const mine = including(fewMembers<string>(), 'mine')
  const yours = including(fewMembers<string>(), 'yours')
  assert.deepEqual([[...mine], [...yours]], [['mine'], ['yours']])
  assert.equal(including(mine, 'too'), mine)
  assert.equal(excluding(excluding(mine, 'mine'), 'too'), fewMembers())
  assert.equal(excluding(fewMembers<string>(), 'nobody'), fewMembers())
  assert.equal(fewMembers().size, 0)
})

test('maps that are empty are all the same one, and nothing is written into it', () => {
  const mine = entering(fewEntries<string, number>(), 'mine', 1)
  assert.deepEqual([...entering(mine, 'mine', 2)], [['mine', 2]])
  assert.equal(dropping(mine, 'other'), mine)
  assert.equal(dropping(mine, 'mine'), fewEntries())
  assert.equal(fewEntries().size, 0)
})
