import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Member, Roster } from '../src/roster.ts'

function members(count: number): Member[] {
  return Array.from({ length: count }, () => ({ place: 0 }))
}

test('whoever came and did not leave is there, in whatever order they come and leave', () => {
  const roster = new Roster<Member>()
  const there = new Set<Member>()
  const all = members(50)
  // A walk without chance: each step adds or removes the member at a place that jumps about.
  for (let step = 0; step < 2000; step++) {
    const member = all[(step * 37 + (step >> 3)) % all.length] as Member
    if (there.has(member)) {
      assert.equal(roster.delete(member), true)
      there.delete(member)
    } else {
      roster.add(member)
      there.add(member)
    }
    assert.equal(roster.size, there.size)
    assert.deepEqual(new Set(roster), there)
    for (const one of all) assert.equal(roster.has(one), there.has(one))
  }
})

test('whoever is not on a roster cannot be struck off it, wherever its place points', () => {
  const roster = new Roster<Member>()
  const other = new Roster<Member>()
  const [first, second, stranger] = members(3) as [Member, Member, Member]
  roster.add(first)
  roster.add(second)
  assert.equal(roster.delete(stranger), false)
  other.add(stranger)
  assert.equal(roster.has(stranger), false)
  assert.equal(roster.delete(stranger), false)
  assert.equal(roster.delete(second), true)
  assert.equal(roster.delete(second), false)
  assert.deepEqual([...roster], [first])
})

test('who comes or goes while the roster is read changes nothing for the reader', () => {
  const roster = new Roster<Member>()
  const all = members(4)
  for (const member of all) roster.add(member)
  const seen: Member[] = []
  for (const member of roster) {
    seen.push(member)
    roster.delete(member)
    if (seen.length === 1) roster.add({ place: 0 })
  }
  assert.deepEqual(seen, all)
  assert.equal(roster.size, 1)
})

test('whoever left is held no longer', async () => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const roster = new Roster<Member>()
  const left = members(3).map((member) => {
    roster.add(member)
    roster.delete(member)
    return new WeakRef(member)
  })
  // A WeakRef holds what it shows until the end of the turn.
  await new Promise(setImmediate)
  gc()
  assert.deepEqual(
    left.map((ref) => ref.deref()),
    [undefined, undefined, undefined],
  )
})
