import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Presences } from '../../src/presence/presences.ts'
import { CHANNEL, Cluster, Faulty, member, Subscriber, unreachable } from './cluster.ts'

const NODES = 3
const node = fc.nat(NODES - 1)
const peer = fc.constantFrom('ann', 'bob', 'cas', 'dan', 'eve')
/** What may happen, each followed by some time. */
type Event = { after: number } & (
  | { enter: string; node: number }
  | { leave: string; node: number; clean: boolean }
  | { fail: boolean; node: number }
  | { deaf: boolean; node: number }
  | { lag: readonly [number, number]; node: number }
  | { subscribe: number }
)
const after = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 400 }), fc.integer({ min: 400, max: 12_000 }))
const ms = fc.constantFrom(0, 20, 300, 24_000)
const lag = fc.tuple(ms, ms)
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ enter: peer, node, after }) },
  { weight: 5, arbitrary: fc.record({ leave: peer, node, clean: fc.boolean(), after }) },
  { weight: 1, arbitrary: fc.record({ fail: fc.boolean(), node, after }) },
  { weight: 1, arbitrary: fc.record({ deaf: fc.boolean(), node, after }) },
  { weight: 1, arbitrary: fc.record({ lag, node, after }) },
  { weight: 1, arbitrary: fc.record({ subscribe: node, after }) },
)

/** Connections as a naive model counts them: by node and peer. */
class Connections {
  private readonly counts: Map<string, number> = new Map()

  add(at: number, one: string, by: number): boolean {
    const count = (this.counts.get(`${at} ${one}`) ?? 0) + by
    if (count >= 0) this.counts.set(`${at} ${one}`, count)
    return count >= 0
  }

  get peers(): string {
    const present = [...this.counts].filter(([, count]) => count > 0).map(([name]) => name.split(' ')[1]!)
    return [...new Set(present)].sort().join(' ')
  }
}

async function run(events: readonly Event[]): Promise<void> {
  const cluster = new Cluster()
  const stores = Array.from({ length: NODES }, () => new Faulty(cluster.store, cluster.time))
  const nodes: Presences[] = stores.map((store) => cluster.node(store))
  const connections = new Connections()
  const subscribers = [new Subscriber(nodes[0]!), new Subscriber(nodes[1]!)]
  let info = 0
  await cluster.time.pass(100)
  for (const happening of events) {
    if ('enter' in happening) {
      connections.add(happening.node, happening.enter, 1)
      nodes[happening.node]!.enter(CHANNEL, member(happening.enter, info++))
    } else if ('leave' in happening) {
      if (connections.add(happening.node, happening.leave, -1)) {
        nodes[happening.node]!.leave(CHANNEL, happening.leave, happening.clean)
      }
    } else if ('fail' in happening) stores[happening.node]!.fails = happening.fail ? unreachable : () => null
    else if ('lag' in happening) stores[happening.node]!.lag = happening.lag
    else if ('deaf' in happening) stores[happening.node]!.deaf = happening.deaf
    else if (stores[happening.subscribe]!.fails('list') === null) {
      subscribers.push(new Subscriber(nodes[happening.subscribe]!))
    }
    await cluster.time.pass(happening.after)
  }
  for (const store of stores) {
    store.fails = () => null
    store.deaf = false
    store.lag = [0, 0]
  }
  // What is on its way takes up to 48 s, and a look-up may be behind it.
  await cluster.time.pass(130_000)
  assert.equal(await cluster.inStore(), connections.peers)
  const { members } = await cluster.store.list(CHANNEL, null, 500)
  for (const subscriber of subscribers) {
    assert.equal(subscriber.peers, connections.peers)
    assert.equal(subscriber.count, subscriber.known.size)
    assert.equal(subscriber.jumps, 0)
    for (const one of members) assert.deepEqual(subscriber.known.get(one.peer), one)
  }
  for (const presences of nodes) await presences.stop()
  assert.equal(cluster.time.pending, 0)
}

describe('presence', () => {
  it('converges to who is connected, whatever fails in whatever order', async () => {
    await fc.assert(fc.asyncProperty(fc.array(event, { maxLength: 40 }), run), { numRuns: 150 })
  })
})
