import { setImmediate as turn } from 'node:timers/promises'
import type { Broker } from '@tautline/broker'
import { brokerContract, presenceContract } from '@tautline/broker/contract-suite'
import { Chance, Machine, Scheduler } from '@tautline/testkit/simulation'
import { SimulatedPresence } from '../../src/simulation/store/simulated-presence.ts'
import { SimulatedStore } from '../../src/simulation/store/simulated-store.ts'

// The simulation is worth what its store is worth: a store that breaks the contract would accuse the server.

/** A store without delays, whose world turns as long as somebody waits. */
class Stage {
  readonly scheduler: Scheduler = new Scheduler()
  readonly machines: readonly Machine[]
  readonly store: SimulatedStore
  #open = true
  #turning: Promise<void>
  #busy: Promise<unknown> = Promise.resolve()

  constructor(offsets: 'dense' | 'sparse', lineage: boolean) {
    this.machines = ['store', 'n1', 'n2'].map((name) => new Machine(this.scheduler, name))
    const options = { offsets, lineage, beginnings: 'named', anchor: 30 * 86_400_000 } as const
    this.store = new SimulatedStore(this.machines[0] as Machine, new Chance(1, 'store'), options, null)
    Object.assign(this.store.conditions, { latency: 0, jitter: 0 })
    Object.assign(this.store.feed.conditions, { latency: 0, jitter: 0, twice: 0.5 })
    this.#turning = this.#turn()
  }

  /** Lets time pass; nothing else turns the world meanwhile. */
  advance(ms: number): Promise<void> {
    return this.#run(this.scheduler.now + ms)
  }

  async close(): Promise<void> {
    this.#open = false
    await this.#turning
  }

  async #turn(): Promise<void> {
    while (this.#open) {
      await this.#run(this.scheduler.now)
      await turn()
    }
  }

  async #run(end: number): Promise<void> {
    const before = this.#busy
    const mine = before.then(() =>
      this.scheduler.run(Math.max(end, this.scheduler.now), 1_000_000, (error) => {
        throw error
      }),
    )
    this.#busy = mine
    await mine
  }
}

for (const offsets of ['dense', 'sparse'] as const) {
  for (const lineage of [true, false]) {
    brokerContract(
      `simulated store, ${offsets}, lineage ${lineage ? 'shown' : 'hidden'}`,
      async () => {
        const stage = new Stage(offsets, lineage)
        const { store, machines } = stage
        const first = store.broker(machines[1] as Machine)
        const failing: Broker = {
          ...first,
          append: async (...batch) => {
            const outcomes = await first.append(...batch)
            store.conditions.partial = 0
            return outcomes
          },
        }
        const nodes = [failing, store.broker(machines[2] as Machine)] as const
        let marked = 0
        return {
          nodes,
          lineage,
          time: () => store.machine.wall(),
          advance: (ms) => stage.advance(ms),
          close: () => stage.close(),
          lose: async () => store.wipe(0),
          mark: async () => {
            marked = stage.scheduler.now
            await stage.advance(1)
          },
          rollback: async () => store.failover(0, stage.scheduler.now - marked),
          fail: async () => {
            store.conditions.partial = 1
          },
          cut: async (meanwhile) => {
            store.feed.conditions.dropped = 1
            await meanwhile()
            store.feed.conditions.dropped = 0
            await stage.advance(4_000)
          },
        }
      },
      {
        'after a clean restart positions are proved as before, and keys as the facts say':
          'the simulated store keeps its memory or loses it',
      },
    )
  }
}

presenceContract('simulated presence', async () => {
  const stage = new Stage('dense', true)
  const presence = new SimulatedPresence(stage.store)
  return {
    nodes: [presence.face(stage.machines[1] as Machine), presence.face(stage.machines[2] as Machine)],
    advance: (ms) => stage.advance(ms),
    close: () => stage.close(),
  }
})
