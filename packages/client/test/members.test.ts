import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MembersChange } from '@tautline/client'
import { at, Bench, settled, subscribed } from './fake-peer.ts'

async function present() {
  const bench = new Bench()
  const socket = await bench.up()
  const changes: MembersChange[] = []
  const subscription = bench.client.channel('a').subscribe({ presence: true, onMessage: () => {} })
  subscription.on('members', (change) => changes.push({ ...change, members: new Map(change.members) }))
  const command = await socket.take('subscribe')
  assert.equal(command.presence, true)
  socket.ok(command, subscribed('a', at(0)))
  return { bench, socket, subscription, changes }
}

const members = (rev: number, more: object) => ({ ev: 'members', ch: 'a', rev, count: 2, ...more })

test('the list is fetched after joining, in pages, and pushes with a larger rev lie on top', async () => {
  const { socket, subscription, changes } = await present()
  const first = await socket.take('presence')
  socket.say(members(5, { joined: [{ peer: 'c' }], left: ['a'] }))
  socket.ok(first, { members: [{ peer: 'a' }], count: 2, rev: 4, next: 'x' })
  const second = await socket.take('presence')
  assert.equal(second.page, 'x')
  socket.ok(second, { members: [{ peer: 'b', user: 'ben' }], count: 2, rev: 5 })
  assert.deepEqual([...subscription.members.keys()], ['b', 'c'])
  assert.equal(subscription.memberCount, 2)
  assert.deepEqual(
    changes.map(({ joined, left }) => [joined.map(({ peer }) => peer), left]),
    [
      [['a', 'b'], []],
      [['c'], ['a']],
    ],
  )
})

test('a jump in rev fetches the list again; a push known already means nothing', async () => {
  const { socket, subscription, changes } = await present()
  socket.ok(await socket.take('presence'), { members: [{ peer: 'a' }, { peer: 'b' }], count: 2, rev: 4 })
  socket.say(members(4, { left: ['a'] }))
  assert.equal(changes.length, 1)
  socket.say(members(7, { left: ['b'] }))
  const again = await socket.take('presence')
  socket.ok(again, { members: [{ peer: 'a' }, { peer: 'd' }], count: 2, rev: 7 })
  assert.deepEqual([...subscription.members.keys()], ['a', 'd'])
  assert.deepEqual(changes[1]?.left, ['b'])
  assert.deepEqual(changes[1]?.joined, [{ peer: 'd' }])
})

test('where only counts come the names are gone; with names again the list is fetched', async () => {
  const { socket, subscription } = await present()
  socket.ok(await socket.take('presence'), { members: [{ peer: 'a' }, { peer: 'b' }], count: 2, rev: 1 })
  socket.say({ ev: 'members', ch: 'a', rev: 2, count: 1_500 })
  assert.equal(subscription.members.size, 0)
  assert.equal(subscription.memberCount, 1_500)
  socket.say({ ev: 'members', ch: 'a', rev: 3, count: 900, left: ['a'] })
  await socket.take('presence')
})

test('over a reconnect members stay until the new list is here, and only differences are told', async () => {
  const { bench, socket, subscription, changes } = await present()
  socket.ok(await socket.take('presence'), { members: [{ peer: 'a' }, { peer: 'b' }], count: 2, rev: 9 })
  socket.end(1006)
  assert.equal(subscription.members.size, 2)
  await bench.retry()
  await bench.welcome()
  bench.socket.say({ ev: 'sub', ...subscribed('a', at(0), { outcome: 'recovered' }) })
  bench.socket.ok(await bench.socket.take('presence'), { members: [{ peer: 'b' }], count: 1, rev: 0 })
  assert.deepEqual(changes.at(-1)?.left, ['a'])
  assert.deepEqual(changes.at(-1)?.joined, [])
})

test('a server that floods members while the list is fetched does not fill the memory', async () => {
  const { socket } = await present()
  await socket.take('presence')
  for (let rev = 1; rev <= 10_000; rev++) socket.say(members(rev, { left: ['x'] }))
  await settled()
  assert.ok((await socket.rest()).length < 50)
})

test('a list that cannot be had now is asked for again; one that may not be had is not', async () => {
  const { bench, socket, subscription } = await present()
  socket.refuse(await socket.take('presence'), 'unavailable', 'later', { after: 300 })
  await bench.clock.pass(1_000)
  const again = await socket.take('presence')
  socket.ok(again, { members: [{ peer: 'a' }], count: 1, rev: 0 })
  assert.equal(subscription.members.size, 1)
  socket.say(members(5, { joined: [{ peer: 'b' }] }))
  socket.refuse(await socket.take('presence'), 'forbidden', 'no')
  await bench.clock.pass(30_000)
  assert.deepEqual(
    (await socket.rest()).filter(({ op }) => op === 'presence'),
    [],
  )
})

test('who did not ask for presence is told nothing of it', async () => {
  const { bench, subscription } = await present()
  const other = bench.client.channel('a').subscribe()
  assert.equal(other.members.size, 0)
  assert.equal(subscription.state, 'live')
})
