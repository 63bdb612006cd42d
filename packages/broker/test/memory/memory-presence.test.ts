// What is MemoryPresence's own: without a timer, whatever is asked next notices that a lease has ended.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryPresence, memberHash } from '@tautline/broker'
import { TestClock } from '../clock.ts'

test('a lease that ended is noticed by the next question of anybody, and its members are told to have left', async () => {
  const clock = new TestClock()
  const store = new MemoryPresence({ clock })
  const heard: string[] = []
  await store.renew('n1', 22_000)
  await store.renew('n2', 22_000)
  await store.join('c', 'n1', { peer: 'a' })
  await store.join('c', 'n1', { peer: 'b' })
  await store.join('c', 'n2', { peer: 'b' })
  await store.attach('c', {
    joined: (_, node, member) => heard.push(`+ ${node} ${member.peer}`),
    left: (_, node, peer) => heard.push(`- ${node} ${peer}`),
  })
  clock.advance(15_000)
  assert.equal(await store.renew('n2', 22_000), true)
  clock.advance(6_999)
  assert.equal((await store.list('c', null, 10)).count, 2)
  clock.advance(1)
  assert.deepEqual(heard, [])
  assert.equal(await store.renew('n2', 22_000), true)
  assert.deepEqual(heard, ['- n1 a', '- n1 b'])
  assert.deepEqual(await store.list('c', null, 10), { members: [{ peer: 'b' }], count: 1 })
})

test('a digest is the same whatever the order in which members came and went', async () => {
  const store = new MemoryPresence({ clock: new TestClock() })
  for (const node of ['n1', 'n2', 'n3']) await store.renew(node, 1_000)
  const members = Array.from({ length: 30 }, (_, i) => ({ peer: `p${i}`, info: i }))
  for (const [i, member] of members.entries()) await store.join('c', `n${1 + (i % 3)}`, member)
  for (const member of members) await store.join('c', 'n2', member)
  for (const [i, member] of members.entries()) await store.leave('c', i % 2 === 0 ? 'n1' : 'n3', member.peer)
  const hash = members.reduce((all, member) => (all ^ memberHash(member)) >>> 0, 0)
  assert.deepEqual(await store.digests(['c']), [{ count: 30, hash }])
  for (const node of ['n1', 'n2', 'n3']) await store.release(node)
  assert.deepEqual(await store.digests(['c']), [{ count: 0, hash: 0 }])
})
