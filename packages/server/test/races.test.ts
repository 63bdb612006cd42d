import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Entry, MemoryBroker } from '@tautline/broker'
import { faulty } from './faulty.ts'
import { chance } from './presence/clock.ts'
import { said, World } from './world.ts'

const KILOBYTE = 'x'.repeat(1_000)
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)

test('a connection that ends while it is behind and its replay waits for a page does not stop the process', async () => {
  const { world, broker } = faulty()
  const first = await world.subscriber('chat:1')
  const start = first.ok(2)['start']
  for (const n of range(1, 300)) await world.publish('chat:1', { n, text: KILOBYTE })
  const peer = await world.subscriber('other')
  const id = peer.say({ op: 'subscribe', ch: 'chat:1', from: start })
  // The first page proves the position; the second one is on its way when everything happens at once.
  broker.hold('read')
  await world.settle()
  broker.release('read')
  broker.hold('read')
  await world.settle()
  peer.ok(id)
  assert.equal(broker.waiting('read'), 1)
  peer.stall()
  await world.publish('other', 'more than the network takes')
  peer.vanish()
  broker.release('read')
  await world.settle()
  assert.equal(world.realtime.stats.connections, 1)
})

test('an interruption while a repair reads is followed by another read', async () => {
  const { world, broker } = faulty()
  const peer = await world.subscriber('chat:1')
  await world.publish('chat:1', 1)
  broker.notices = () => []
  await world.publish('chat:1', 2)
  broker.hold('read')
  broker.interrupt()
  await world.settle()
  assert.equal(broker.waiting('read'), 1)
  // The page on its way ends at 2.
  await world.publish('chat:1', 3)
  broker.interrupt()
  await world.settle()
  broker.release('read')
  await world.pass(2_000)
  assert.deepEqual(said(peer), [1, 2, 3])
})

test('a broken chain in the very moment in which a repair ends is repaired too', async () => {
  for (const microtasks of range(0, 24)) {
    const { world, broker } = faulty()
    const peer = await world.subscriber('chat:1')
    await world.publish('chat:1', 1)
    const [sink] = broker.sinks
    const heard: Entry[] = []
    broker.notices = (entry) => {
      heard.push(entry)
      return []
    }
    await world.publish('chat:1', 2)
    broker.hold('read')
    broker.interrupt()
    await world.settle()
    await world.publish('chat:1', 3, 4)
    broker.notices = (entry) => [entry]
    broker.release('read')
    for (let i = 0; i < microtasks; i++) await null
    sink!.entry('chat:1', heard.at(-1)!)
    await world.pass(2_000)
    assert.deepEqual(said(peer), [1, 2, 3, 4], `after ${microtasks} microtasks`)
  }
})

test('who subscribes while a feed is in doubt is answered when the hub knows its place', async () => {
  const { world, broker } = faulty()
  const first = await world.subscriber('chat:1')
  await world.publish('chat:1', 1)
  broker.notices = () => []
  await world.publish('chat:1', 2)
  broker.hold('heads')
  broker.interrupt()
  await world.settle()
  const peer = await world.connect()
  const id = peer.say({ op: 'subscribe', ch: 'chat:1', from: 'head' })
  await world.settle()
  broker.release('heads')
  await world.pass(100)
  assert.equal((peer.ok(id)['start'] as { offset: number }).offset, 2)
  assert.deepEqual(said(peer), [])
  assert.deepEqual(said(first), [1, 2])
})

test('a subscribe that the store leaves without an answer is refused with unavailable after 5 s, never with lost', async () => {
  const { world, broker } = faulty()
  const first = await world.subscriber('chat:1')
  const start = first.ok(2)['start']
  await world.publish('chat:1', ...range(1, 100))
  broker.hold('read')
  broker.hold('back')
  const peer = await world.connect()
  const ids = [start, { last: 80 }].map((from, i) => {
    if (i === 1) return peer.say({ op: 'subscribe', ch: 'chat:2', from })
    return peer.say({ op: 'subscribe', ch: 'chat:1', from })
  })
  await world.pass(6_000)
  for (const id of ids) assert.equal(peer.error(id).code, 'unavailable')
  broker.release('read')
  broker.release('back')
  await world.settle()
  const again = peer.say({ op: 'subscribe', ch: 'chat:1', from: start })
  await world.settle()
  assert.equal(peer.ok(again)['outcome'], 'recovered')
  assert.deepEqual(said(peer), range(1, 100))
})

test('a store whose log ends before the place of a hub is found by the next comparison', async () => {
  const { world, broker } = faulty()
  const peer = await world.subscriber('chat:1')
  await world.publish('chat:1', 1, 2, 3)
  // The store lost its tail and does not know: the newest entry is an older one, in the same epoch.
  const heads = broker.heads.bind(broker)
  const read = broker.read.bind(broker)
  const [first] = peer.publications()
  const epoch = peer.pushes('fence')[0]!['epoch'] as string
  const head = { epoch, offset: 1, id: first!.id }
  broker.heads = async (channels) => (await heads(channels)).map(() => head)
  broker.read = async (channel, after, limit, bytes, rule) => {
    if (after !== 'start' && after.offset > 1) return { proof: 'absent', why: 'diverged', head }
    return read(channel, after, limit, bytes, rule)
  }
  await world.pass(31_000)
  assert.equal((peer.pushes('lost')[0]?.['lost'] as { why: string } | undefined)?.why, 'diverged')
})

test('{ last } from a log that the hub does not know yet names a head of that log (seed 160)', async () => {
  const { world, broker } = faulty()
  await world.subscriber('chat:1')
  await world.publish('chat:1', 1, 2, 3)
  // The store begins anew, and nobody was told: the hub stands in the old log.
  const other = new MemoryBroker({ clock: world.time, random: chance(9) })
  for (const name of ['read', 'back', 'heads', 'append'] as const)
    Object.assign(broker, { [name]: other[name].bind(other) })
  await world.publish('chat:1', 'anew')
  const peer = await world.connect()
  const id = peer.say({ op: 'subscribe', ch: 'chat:1', from: { last: 10 } })
  await world.pass(1_000)
  const head = peer.ok(id)['head'] as { epoch: string; offset: number }
  assert.deepEqual([said(peer), head.offset, head.epoch], [['anew'], 1, peer.pushes('fence')[0]?.['epoch']])
})

test('a subscription of the server that waits for the store goes on from where the client is, though its token is refreshed meanwhile (seed 18697)', async () => {
  const { world, broker } = faulty()
  world.realtime.onConnect(() => ({ user: 'ann', channels: ['inbox:ann'] }))
  const first = await world.connect({ token: '1' })
  await world.publish('inbox:ann', 1, 2)
  const start = first.pushes('sub')[0]?.['start'] as object
  first.vanish()
  // Nothing is left of it here.
  await world.pass(15_000)
  broker.down = true
  const peer = await world.connect({ token: '1', resume: [{ ch: 'inbox:ann', from: start, server: true }] })
  await world.pass(3_000)
  const id = peer.say({ op: 'refresh', token: '2' })
  await world.pass(300)
  peer.ok(id)
  broker.down = false
  await world.pass(10_000)
  assert.deepEqual(
    peer.pushes('sub').map(({ outcome, start: at }) => [outcome, at]),
    [['recovered', start]],
  )
  assert.deepEqual(said(peer), [1, 2])
})

test('a hook that throws what is no error refuses a publish all the same', async () => {
  const world = new World()
  const peer = await world.connect()
  let lane = 0
  for (const thrown of ['nope', undefined, { code: 'ok' }, null]) {
    for (const hook of [
      () => {
        throw thrown
      },
      () => Promise.reject(thrown),
    ]) {
      world.realtime.onPublish(hook)
      const since = world.time.wall()
      const id = peer.say({ op: 'publish', ch: 'chat:1', key: 'k', since, lane: lane++, data: 1 })
      await world.settle()
      assert.equal(peer.error(id).code, 'unavailable')
    }
  }
})

test('publishes of one lane are answered in order, whatever becomes of each', async () => {
  const { world, broker } = faulty({ limits: { publishRate: 3 } })
  world.realtime.onPublish((_who, _channel, data) => {
    if (data === 'bad') throw new TypeError('a fault of the hook')
    return undefined
  })
  const peer = await world.connect()
  broker.hold('append')
  const ids = ['good', 'good', 'bad', 'good', 'good'].map((data, n) =>
    peer.say({ op: 'publish', ch: 'chat:1', key: `k${n}`, since: world.time.wall(), lane: 0, data }),
  )
  await world.settle()
  broker.release('append')
  await world.settle()
  const answered = peer.received.flatMap((message) =>
    'id' in message && !('ev' in message) && message.id > 1 ? [message.id] : [],
  )
  assert.deepEqual(answered, ids)
  peer.ok(ids[0]!)
  assert.equal(peer.error(ids[4]!).retry, 'later')
})

test('a subscription that was allowed under the old token, and would begin under the new one, is decided once more before that', async () => {
  const { world, broker } = faulty()
  world.realtime.onConnect(({ token }) => ({ user: 'ann', claims: { may: token === 'yes' } }))
  world.realtime.authorize((who) => who.claims?.['may'] === true)
  const peer = await world.connect({ token: 'yes' })
  broker.hold('heads')
  const id = peer.say({ op: 'subscribe', ch: 'chat:1', from: 'head' })
  await world.settle()
  assert.equal(broker.waiting('heads'), 1)
  peer.ok(peer.say({ op: 'ping' }))
  const refreshed = peer.say({ op: 'refresh', token: 'no' })
  await world.settle()
  peer.ok(refreshed)
  broker.release('heads')
  await world.pass(1_000)
  assert.equal(peer.error(id).code, 'forbidden')
  assert.deepEqual(peer.pushes('unsub'), [])
  await world.publish('chat:1', 'late')
  assert.deepEqual(said(peer), [])
})
