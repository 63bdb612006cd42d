import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Append,
  type Appended,
  type Detach,
  type Entry,
  type LogRule,
  MemoryBroker,
  type Page,
  type Sink,
} from '@tautline/broker'
import { type Position, RealtimeError } from '@tautline/wire'
import { chance, Time } from './presence/clock.ts'
import { said, World } from './world.ts'

/** A memory broker whose feed and store fail as told. */
class Faulty extends MemoryBroker {
  /** What becomes of a notice: the entries that are heard, in this order. */
  notices: (entry: Entry) => readonly Entry[] = (entry) => [entry]
  down = false
  reads = 0
  readonly sinks: Set<Sink> = new Set()

  override async attach(channel: string, sink: Sink): Promise<Detach> {
    if (this.down) throw new RealtimeError('unavailable')
    const wrapped: Sink = {
      entry: (name, entry) => {
        for (const one of this.notices(entry)) sink.entry(name, one)
      },
      cast: (name, cast) => sink.cast(name, cast),
      interrupted: () => sink.interrupted(),
    }
    this.sinks.add(wrapped)
    return super.attach(channel, wrapped)
  }

  override async append(channel: string, batch: readonly Append[], rule: LogRule): Promise<readonly Appended[]> {
    if (this.down) return batch.map(() => ({ fail: 'unavailable', applied: 'no' }))
    return super.append(channel, batch, rule)
  }

  override async read(
    channel: string,
    after: Position | 'start',
    limit: number,
    bytes: number,
    rule: LogRule,
  ): Promise<Page> {
    this.reads++
    if (this.down) throw new RealtimeError('unavailable')
    return super.read(channel, after, limit, bytes, rule)
  }

  override async heads(channels: readonly string[]): Promise<readonly Position[]> {
    if (this.down) throw new RealtimeError('unavailable')
    return super.heads(channels)
  }

  interrupt(): void {
    for (const sink of this.sinks) sink.interrupted()
  }
}

function faulty(): { world: World; broker: Faulty } {
  const clock = new Time()
  const broker = new Faulty({ clock, random: chance(3) })
  return { world: new World({ clock, broker, channels: { '**': { history: { size: 5_000 } } } }), broker }
}

test('a notice that never comes is noticed by the next one, and the hole is read from the log', async () => {
  const { world, broker } = faulty()
  const peer = await world.subscriber('chat:1')
  await world.publish('chat:1', 1)
  broker.notices = () => []
  await world.publish('chat:1', 2, 3)
  broker.notices = (entry) => [entry]
  await world.publish('chat:1', 4)
  await world.pass(100)
  assert.deepEqual(said(peer), [1, 2, 3, 4])
  assert.equal(peer.pushes('lost').length, 0)
})

test('a notice lost at the end is found when heads are compared, within 30 s', async () => {
  const { world, broker } = faulty()
  const peer = await world.subscriber('chat:1')
  await world.publish('chat:1', 1)
  broker.notices = () => []
  await world.publish('chat:1', 2)
  assert.deepEqual(said(peer), [1])
  await world.pass(30_000)
  assert.deepEqual(said(peer), [1, 2])
})

test('an interrupted feed is repaired at once, and members miss nothing', async () => {
  const { world, broker } = faulty()
  const peer = await world.subscriber('chat:1')
  broker.notices = () => []
  await world.publish('chat:1', 1, 2)
  broker.notices = (entry) => [entry]
  broker.interrupt()
  await world.settle()
  assert.deepEqual(said(peer), [1, 2])
})

test('notices twice and in any order are passed on once and in order', async () => {
  const { world, broker } = faulty()
  const peer = await world.subscriber('chat:1')
  const held: Entry[] = []
  broker.notices = (entry) => {
    held.push(entry)
    return held.length % 3 === 0 ? [...held.splice(0).reverse(), entry] : []
  }
  for (let n = 1; n <= 30; n++) await world.publish('chat:1', n)
  await world.pass(3_000)
  assert.deepEqual(
    said(peer),
    Array.from({ length: 30 }, (_, i) => i + 1),
  )
})

test('while the store is away nobody is closed, nobody is told lost, and health says so after 5 s and when it is back', async () => {
  const { world, broker } = faulty()
  const peer = await world.subscriber('chat:1')
  await world.publish('chat:1', 1)
  broker.notices = () => []
  await world.publish('chat:1', 2)
  broker.down = true
  broker.interrupt()
  await world.pass(6_000)
  assert.deepEqual(
    peer.pushes('health').map((push) => push['ok']),
    [false],
  )
  const late = await world.connect({ resume: [{ ch: 'chat:2', from: 'head' }] })
  await world.pass(6_000)
  assert.equal((late.pushes('unsub')[0]!['error'] as { code: string }).code, 'unavailable')
  broker.down = false
  await world.pass(2_000)
  assert.deepEqual(said(peer), [1, 2])
  assert.deepEqual(
    peer.pushes('health').map((push) => push['ok']),
    [false, true],
  )
  assert.equal(peer.code(), null)
  assert.equal(peer.pushes('lost').length, 0)
})

test('a thousand clients that come back to one channel cost the store one read', async () => {
  const { world, broker } = faulty()
  const first = await world.subscriber('chat:1')
  const start = first.ok(2)['start']
  first.vanish()
  for (let n = 1; n <= 200; n++) await world.publish('chat:1', n)
  broker.reads = 0
  const peers = Array.from({ length: 1_000 }, (_, i) => {
    const peer = world.link()
    peer.say({ op: 'connect', client: `c${i}`, features: [], resume: [{ ch: 'chat:1', from: start }] })
    return peer
  })
  await world.settle()
  await world.pass(100)
  for (const peer of peers) assert.equal(said(peer).length, 200)
  assert.ok(broker.reads <= 3, `${broker.reads} reads`)
})

test('a hub without members keeps its feed for 10 s, then lets go', async () => {
  const { world } = faulty()
  const peer = await world.subscriber('chat:1')
  peer.vanish()
  await world.pass(9_000)
  assert.equal(world.realtime.stats.channels, 1)
  await world.pass(2_000)
  assert.equal(world.realtime.stats.channels, 0)
})

test('several nodes on one broker tell all their subscribers the same, in the same order', async () => {
  const { world } = faulty()
  const nodes = [world.realtime, world.node('n2'), world.node('n3')]
  const peers = []
  for (const node of nodes) {
    const peer = await world.connect({}, undefined, node)
    peer.say({ op: 'subscribe', ch: 'chat:1', from: 'head' })
    peers.push(peer)
  }
  await world.settle()
  const all = Array.from({ length: 60 }, (_, i) => nodes[i % 3]!.publish('chat:1', i))
  await world.settle()
  await Promise.all(all)
  const [first, ...others] = peers.map((peer) => peer.publications().map((one) => `${one.off} ${one.id}`))
  assert.equal(first?.length, 60)
  for (const other of others) assert.deepEqual(other, first)
})
