// Random lives of followers on one or two nodes whose store and feed misbehave, on virtual time, down to single
// microtasks; and what must hold when everything is quiet again.
import assert from 'node:assert/strict'
import type { Entry, MemoryPresence } from '@tautline/broker'
import fc from 'fast-check'
import type { Realtime } from '../src/mod.ts'
import { type Call, type Faulty, faulty } from './faulty.ts'
import { Follower } from './follower.ts'
import type { World } from './world.ts'

const CHANNELS = ['chat:1', 'chat:2', 'live:1'] as const
const PAD = 'x'.repeat(20_000)
const CALLS: readonly Call[] = ['read', 'heads', 'attach', 'append', 'back']

interface Publishing {
  publish: number
  count: number
  big: boolean
  state: number
  node: number
}

export type Action =
  | Publishing
  | { subscribe: number; channel: number; from: 'position' | 'head' | { last: number }; policy: unknown }
  | { unsubscribe: number; channel: number }
  | { stall: number }
  | { flow: number }
  | { cut: number; clean: boolean }
  | { connect: number; node: number }
  | { interrupt: true }
  | { notices: 'all' | 'none' | 'twice' | 'late' }
  | { store: boolean }
  | { hold: number }
  | { release: true }
  | { microtasks: number }
  | { pass: number }

const follower = fc.nat({ max: 2 })
const channel = fc.nat({ max: CHANNELS.length - 1 })
const node = fc.nat({ max: 1 })
const policy = fc.constantFrom(undefined, undefined, 'lossless', 'latest', { drop: 3 })
const from = fc.oneof(fc.constantFrom('position' as const, 'head' as const), fc.record({ last: fc.nat({ max: 80 }) }))

export const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        publish: channel,
        count: fc.integer({ min: 1, max: 70 }),
        big: fc.boolean(),
        state: fc.nat({ max: 2 }),
        node,
      }),
    },
    { weight: 4, arbitrary: fc.record({ subscribe: follower, channel, from, policy }) },
    { weight: 1, arbitrary: fc.record({ unsubscribe: follower, channel }) },
    { weight: 4, arbitrary: fc.record({ stall: follower }) },
    { weight: 3, arbitrary: fc.record({ flow: follower }) },
    { weight: 2, arbitrary: fc.record({ cut: follower, clean: fc.boolean() }) },
    { weight: 3, arbitrary: fc.record({ connect: follower, node }) },
    { weight: 4, arbitrary: fc.constant({ interrupt: true } as const) },
    {
      weight: 3,
      arbitrary: fc.record({ notices: fc.constantFrom('all', 'none', 'twice', 'late') }) as fc.Arbitrary<Action>,
    },
    { weight: 1, arbitrary: fc.record({ store: fc.boolean() }) },
    { weight: 4, arbitrary: fc.record({ hold: fc.oneof(fc.nat({ max: 1 }), fc.nat({ max: CALLS.length - 1 })) }) },
    { weight: 4, arbitrary: fc.constant({ release: true } as const) },
    { weight: 4, arbitrary: fc.record({ microtasks: fc.nat({ max: 30 }) }) },
    { weight: 6, arbitrary: fc.record({ pass: fc.constantFrom(0, 0, 0, 0, 60, 60, 1_000, 3_000, 12_000) }) },
  ),
  { minLength: 8, maxLength: 120, size: 'max' },
)

/** Runs a schedule; throws where anything is not as it must be. */
export async function run(schedule: readonly Action[]): Promise<void> {
  const life = new Life()
  await life.begin()
  for (const action of schedule) await life.act(action)
  await life.rest()
  await life.judge()
  await life.end()
}

class Life {
  private readonly world: World
  private readonly broker: Faulty
  private readonly nodes: readonly Realtime[]
  private readonly followers: readonly Follower[] = ['f0', 'f1', 'f2'].map((name) => new Follower(name))
  private late: Entry[] = []
  private published = 0

  constructor() {
    const log = { history: { size: 5_000, ttl: '1d' }, presence: true } as const
    const { world, broker } = faulty({ channels: { 'chat:*': log, 'live:*': { log: false } } })
    this.world = world
    this.broker = broker
    this.nodes = [world.realtime, world.node('n2')]
  }

  /** Everybody is somewhere, and there is something to miss. */
  async begin(): Promise<void> {
    for (const [i, one] of this.followers.entries()) {
      one.connect(this.nodes[i % 2]!)
      await this.world.settle()
      one.subscribe('chat:1', 'head', undefined)
      if (i > 0) one.subscribe('chat:2', 'head', i === 1 ? 'latest' : { drop: 3 })
    }
    await this.world.settle()
    this.publish({ publish: 0, count: 3, big: false, state: 0, node: 0 })
    await this.world.settle()
    for (const one of this.followers) one.listen()
  }

  async act(action: Action): Promise<void> {
    const { broker, followers, nodes } = this
    if ('publish' in action) this.publish(action)
    else if ('subscribe' in action) {
      followers[action.subscribe]!.subscribe(CHANNELS[action.channel]!, action.from, action.policy)
    } else if ('unsubscribe' in action) followers[action.unsubscribe]!.unsubscribe(CHANNELS[action.channel]!)
    else if ('stall' in action) followers[action.stall]!.peer?.stall()
    else if ('flow' in action) followers[action.flow]!.peer?.flow()
    else if ('cut' in action) followers[action.cut]!.cut(action.clean)
    else if ('connect' in action) followers[action.connect]!.connect(nodes[action.node]!)
    else if ('interrupt' in action) broker.interrupt()
    else if ('notices' in action) this.notices(action.notices)
    else if ('store' in action) broker.down = action.store
    else if ('hold' in action) broker.hold(CALLS[action.hold]!)
    else if ('release' in action) for (const call of CALLS) broker.release(call)
    else if ('microtasks' in action) for (let i = 0; i < action.microtasks; i++) await null
    else await this.world.time.pass(action.pass)
    for (const one of followers) one.listen()
  }

  /** Everything works again, and the feed says that it may have missed something: that is found without waiting for luck. */
  async rest(): Promise<void> {
    this.broker.down = false
    this.notices('all')
    this.broker.interrupt()
    for (const call of CALLS) this.broker.release(call)
    for (let round = 0; round < 8; round++) {
      for (const one of this.followers) {
        one.peer?.flow()
        one.listen()
        one.connect(this.nodes[round % 2]!)
      }
      await this.world.pass(1_000)
      for (const one of this.followers) one.repair()
    }
  }

  /** Whoever follows a channel stands at its head, and got what is there. */
  async judge(): Promise<void> {
    for (const channel of ['chat:1', 'chat:2']) {
      const [head] = await this.broker.heads([channel])
      const rule = { size: 5_000, ttl: 86_400_000, window: 300_000 }
      const page = await this.broker.read(channel, 'start', 100_000, 1e9, rule)
      assert.ok(page.proof === 'match')
      const ids = new Map(page.entries.map((entry) => [`${channel} ${entry.off}`, entry.id]))
      for (const one of this.followers) {
        const followed = one.channels.get(channel)
        if (followed === undefined) continue
        assert.equal(followed.state, 'on', `${one.name} is not subscribed to ${channel}`)
        assert.deepEqual(followed.position, head, `${one.name} does not stand at the head of ${channel}`)
        for (const [place, id] of one.delivered) if (place.startsWith(channel)) assert.equal(id, ids.get(place))
      }
    }
  }

  /** Nothing stays of those who left. */
  async end(): Promise<void> {
    for (const one of this.followers) one.cut(false)
    await this.world.pass(60_000)
    for (const realtime of this.nodes) {
      const { hubs } = realtime['node']
      assert.deepEqual(realtime.stats, { connections: 0, channels: 0, waitingBytes: 0 })
      assert.equal(hubs['context'].rings.used, 0)
      assert.equal(hubs['lingering'].size, 0)
      assert.equal(hubs.reads['wanted'].size, 0)
    }
    assert.equal(this.broker.sinks.size, 0)
    assert.equal((await (this.world.presence as MemoryPresence).list('chat:1', null, 1)).count, 0)
    assert.equal(this.world.time.pending, 0)
  }

  private publish({ publish, count, big, state, node }: Publishing): void {
    const realtime = this.nodes[node] as Realtime
    for (let i = 0; i < count; i++) {
      const n = ++this.published
      const body = big && i % 8 === 0 ? { n, pad: PAD } : { n }
      const options = state === 0 ? {} : { state: `s${(n % state) + 1}` }
      void realtime.publish(CHANNELS[publish]!, body, options).catch(() => {})
    }
  }

  private notices(mode: 'all' | 'none' | 'twice' | 'late'): void {
    this.late = []
    this.broker.notices = (entry) => {
      if (mode === 'none') return []
      if (mode === 'twice') return [entry, entry]
      if (mode === 'all') return [entry]
      this.late.push(entry)
      return this.late.length % 4 === 0 ? this.late.splice(0).reverse() : []
    }
  }
}
