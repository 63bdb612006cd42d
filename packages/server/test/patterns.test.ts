import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Entry } from '@tautline/broker'
import { faulty } from './faulty.ts'
import type { Peer } from './peer.ts'
import { said, type World } from './world.ts'

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)

async function listener(world: World, ...channels: string[]): Promise<Peer> {
  const peer = await world.connect()
  for (const ch of channels) peer.say({ op: 'subscribe', ch, from: 'head' })
  await world.settle()
  return peer
}

function losses(peer: Peer): unknown[] {
  return peer.pushes('lost').map((push) => push['ch'])
}

test('what the feed brings in another order reaches a pattern in order, and nothing is said to be lost', async () => {
  const { world, broker } = faulty()
  const peer = await listener(world, 'chat:*')
  await world.publish('chat:1', 1)
  const held: Entry[] = []
  broker.notices = (entry) => {
    held.push(entry)
    return held.length === 5 ? held.splice(0).reverse() : []
  }
  await world.publish('chat:1', ...range(2, 11))
  assert.deepEqual(said(peer), range(1, 11))
  assert.deepEqual(losses(peer), [])
})

test('what does not come is waited for half a second, then announced, and what came behind it follows', async () => {
  const { world, broker } = faulty()
  const peer = await listener(world, 'chat:*')
  await world.publish('chat:1', 1)
  broker.notices = () => []
  await world.publish('chat:1', 2)
  broker.notices = (entry) => [entry, entry]
  await world.publish('chat:1', 3, 4)
  await world.publish('chat:2', 'another channel waits for nothing')
  assert.deepEqual(said(peer), [1, 'another channel waits for nothing'])
  await world.pass(600)
  assert.deepEqual(said(peer, 'chat:1'), [1, 3, 4])
  assert.deepEqual(losses(peer), ['chat:*'])
  const order = peer.received.flatMap((one) => ('ev' in one ? [one.ev] : []))
  assert.deepEqual(order.slice(-3), ['lost', 'pub', 'pub'])
  await world.publish('chat:1', 5)
  assert.deepEqual(losses(peer), ['chat:*'])
})

test('an interruption is announced once, and nothing comes twice behind it', async () => {
  const { world, broker } = faulty()
  const peer = await listener(world, 'chat:*')
  const heard: Entry[] = []
  broker.notices = (entry) => {
    heard.push(entry)
    return [entry]
  }
  await world.publish('chat:1', 1, 2)
  broker.notices = () => []
  await world.publish('chat:1', 3)
  broker.notices = (entry) => [entry]
  broker.interrupt()
  for (const sink of broker.sinks) for (const entry of heard) sink.entry('chat:1', entry)
  await world.publish('chat:1', 4)
  assert.deepEqual(said(peer), [1, 2, 4])
  assert.deepEqual(losses(peer), ['chat:*'])
})

test('a hole in a channel that the connection hears by itself is no loss of its pattern', async () => {
  const { world, broker } = faulty()
  const peer = await listener(world, 'chat:*', 'chat:1')
  await world.publish('chat:1', 1)
  broker.notices = () => []
  await world.publish('chat:1', 2)
  broker.notices = (entry) => [entry]
  await world.publish('chat:1', 3)
  await world.pass(1_000)
  assert.deepEqual(said(peer), [1, 2, 3])
  assert.deepEqual(losses(peer), [])
})

test('what was left to a channel that its subscriber leaves, and had not been given, is lost to the pattern and said so', async () => {
  const { world } = faulty()
  const peer = await listener(world, 'chat:*', 'chat:1')
  peer.stall()
  await world.publish('other', 0)
  await world.publish('chat:2', 'congests')
  await world.publish('chat:1', ...range(1, 5))
  peer.say({ op: 'unsubscribe', ch: 'chat:1' })
  await world.settle()
  peer.flow()
  await world.settle()
  await world.publish('chat:1', 6)
  assert.deepEqual(said(peer, 'chat:1'), [6])
  assert.deepEqual(losses(peer), ['chat:*'])
})

test('who leaves a channel that has given everything loses nothing: the pattern goes on', async () => {
  const { world } = faulty()
  const peer = await listener(world, 'chat:*', 'chat:1')
  await world.publish('chat:1', ...range(1, 5))
  peer.say({ op: 'unsubscribe', ch: 'chat:1' })
  await world.settle()
  await world.publish('chat:1', 6)
  assert.deepEqual(said(peer), range(1, 6))
  assert.deepEqual(losses(peer), [])
})

test('what a channel had given before it ended, or began anew, does not come once more from a pattern whose feed is later (seed 14457)', async () => {
  for (const op of ['unsubscribe', 'subscribe']) {
    const { world, broker } = faulty()
    const peer = await listener(world, 'chat:*', 'chat:1')
    await world.publish('chat:1', 1)
    const heard: Entry[] = []
    broker.notices = (entry) => {
      heard.push(entry)
      return []
    }
    await world.publish('chat:1', 2)
    const [pattern, channel] = broker.sinks
    broker.notices = (entry) => [entry]
    const [entry] = heard
    assert.ok(entry !== undefined && heard.length === 2 && broker.sinks.size === 2)
    channel?.entry('chat:1', entry)
    await world.settle()
    // The answer travels while the pattern hears it too.
    broker.hold('read')
    const { id, off } = peer.publications().at(-1) as { id: string; off: number }
    const epoch = peer.pushes('fence')[0]?.['epoch']
    peer.say({ op, ch: 'chat:1', ...(op === 'subscribe' && { from: { epoch, offset: off, id } }) })
    pattern?.entry('chat:1', entry)
    await world.settle()
    broker.release('read')
    await world.publish('chat:1', 3)
    assert.deepEqual([said(peer), losses(peer)], [[1, 2, 3], []], op)
  }
})

test('what was left to a channel that begins anew behind it is lost to the pattern and said so (seed 9023)', async () => {
  const { world, broker } = faulty()
  const peer = await listener(world, 'chat:*', 'chat:1')
  await world.publish('chat:1', 1)
  const heard: Entry[] = []
  broker.notices = (entry) => {
    heard.push(entry)
    return []
  }
  await world.publish('chat:1', 2)
  broker.notices = (entry) => [entry]
  const [pattern] = broker.sinks
  pattern?.entry('chat:1', heard[0] as Entry)
  await world.settle()
  assert.deepEqual(said(peer), [1], 'the channel has not heard of it')
  peer.say({ op: 'subscribe', ch: 'chat:1', from: 'head' })
  await world.settle()
  await world.publish('chat:1', 3)
  assert.deepEqual(losses(peer)[0], 'chat:*')
  assert.equal(said(peer).at(-1), 3)
})

test('behind the answer of a channel nothing older of it comes from a pattern that was behind', async () => {
  const { world } = faulty()
  const peer = await listener(world, 'chat:*')
  peer.stall()
  await world.publish('chat:2', 'congests')
  await world.publish('chat:1', 1, 2, 3)
  const id = peer.say({ op: 'subscribe', ch: 'chat:1', from: 'head' })
  await world.settle()
  peer.flow()
  await world.settle()
  await world.publish('chat:1', 4)
  assert.equal((peer.ok(id)['start'] as { offset: number }).offset, 3)
  assert.deepEqual(said(peer, 'chat:1'), [4])
  assert.deepEqual(losses(peer), ['chat:*'])
})

test('an old offset with a strange id is no duplicate: the store went back, and that is said', async () => {
  const { world, broker } = faulty()
  const peer = await listener(world, 'chat:*')
  const heard: Entry[] = []
  broker.notices = (entry) => {
    heard.push(entry)
    return [entry]
  }
  await world.publish('chat:1', 1, 2, 3)
  const [sink] = broker.sinks
  const second = heard[1]!
  sink!.entry('chat:1', second)
  sink!.entry('chat:1', { ...second, id: 'other.1', body: { json: '"two again"' } })
  await world.settle()
  assert.deepEqual(said(peer), [1, 2, 3, 'two again'])
  // What was passed on too early was of the new log, perhaps: not once more (seed 14126).
  const third = heard[2]!
  sink!.entry('chat:1', third)
  sink!.entry('chat:1', { ...third, off: 4, prev: 3, id: 'other.2', body: { json: '4' } })
  await world.settle()
  assert.deepEqual(said(peer), [1, 2, 3, 'two again', 4])
  assert.deepEqual(losses(peer), ['chat:*'])
})

test('what waits for its predecessor is bounded, and gone with the hub', async () => {
  const { world, broker } = faulty()
  const peer = await listener(world, 'chat:*')
  await world.publish('chat:1', 0)
  let dropped = true
  broker.notices = (entry) => {
    if (!dropped) return [entry]
    dropped = false
    return []
  }
  for (let n = 1; n <= 1_200; n += 60) {
    const all = range(n, n + 59).map((m) => world.realtime.publish('chat:1', m))
    await world.settle()
    await Promise.all(all)
  }
  assert.equal(said(peer).at(-1), 1_200)
  assert.deepEqual(losses(peer), ['chat:*'])
  peer.vanish()
  await world.pass(30_000)
  assert.equal(world.time.pending, 0)
})
