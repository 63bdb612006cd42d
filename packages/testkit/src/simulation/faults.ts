// The faults that befall a world, drawn one after the other. Each ends by itself or is ended by `over`, so that the quiet
// afterwards shows what the system makes of it.

import type { Application } from './application.ts'
import type { Chance } from './chance.ts'
import type { Cluster } from './cluster.ts'
import type { Connection, Direction } from './connection.ts'
import type { Machine } from './machine.ts'
import type { Network } from './network.ts'
import type { Plan } from './plan.ts'
import type { SimulatedPresence } from './store/simulated-presence.ts'
import type { SimulatedStore } from './store/simulated-store.ts'

/** What faults can reach. */
export interface Targets {
  readonly plan: Plan
  readonly chance: Chance
  readonly world: Machine
  readonly network: Network
  readonly cluster: Cluster
  readonly store: SimulatedStore
  readonly presence: SimulatedPresence
  readonly applications: readonly Application[]
  readonly note: (text: string) => void
  /** The quiet has begun: no fault, and no end of one, changes anything any more. */
  calm: boolean
}

type Fault = (targets: Targets) => string

function connection({ network, chance }: Targets): Connection | null {
  const { connections } = network
  return connections.length === 0 ? null : chance.pick(connections)
}

const direction = ({ chance }: Targets): Direction => chance.pick(['up', 'down'])

/** Does something now and its opposite later. */
function during(targets: Targets, ms: number, end: () => void): string {
  targets.world.outside(() => {
    if (!targets.calm) end()
  }, ms)
  return `for ${Math.round(ms)} ms`
}

const NETWORK: readonly Fault[] = [
  (t) => {
    connection(t)?.reset()
    return 'a connection is reset'
  },
  (t) => {
    const one = connection(t)
    const way = direction(t)
    one?.cutInside(way, t.chance.between(1, 6))
    return `a connection of ${one?.client} will be cut inside a frame ${way}`
  },
  (t) => {
    const one = connection(t)
    const way = t.chance.pick<Direction | 'both'>(['up', 'down', 'both', 'both'])
    one?.vanish(way)
    return `the route of ${one?.client} dies (${way})`
  },
  (t) => {
    const one = connection(t)
    const way = direction(t)
    one?.[way].hold()
    return `nobody reads ${way} at ${one?.client} ${during(t, t.chance.within(100, 12_000), () => one?.[way].release())}`
  },
  (t) => {
    // Long enough to count as slow, and while others write.
    const one = connection(t)
    one?.down.hold()
    for (const application of t.applications)
      for (let i = 0; i < 3; i++) application.machine.post(() => application.act(), t.chance.within(0, 5_000))
    return `${one?.client} reads nothing ${during(t, t.chance.within(2_000, 9_000), () => one?.down.release())}`
  },
  (t) => {
    t.network.refusal = t.chance.pick(['refused', 'silent'])
    const end = (): void => {
      t.network.refusal = null
    }
    return `dials are ${t.network.refusal} ${during(t, t.chance.within(500, 15_000), end)}`
  },
  (t) => {
    const { name } = t.chance.pick(t.applications)
    const route = t.network.route(name)
    const before = { ...route }
    Object.assign(route, { rate: t.chance.pick([0.5, 5]), latency: t.chance.within(50, 800) })
    return `${name} is far away ${during(t, t.chance.within(2_000, 20_000), () => Object.assign(route, before))}`
  },
]

const NODES: readonly Fault[] = [
  (t) => {
    const node = t.chance.pick(t.cluster.running)
    if (node === undefined) return 'no node is left to crash'
    const { name } = node.machine
    t.cluster.crash(name, t.chance.happens(0.6))
    return `${name} is down ${during(t, t.chance.within(100, 12_000), () => t.cluster.start(name))}`
  },
  (t) => {
    const node = t.chance.pick(t.cluster.running)
    if (node === undefined) return 'no node is left to stop'
    const { name } = node.machine
    void t.cluster.stop(name)
    return `${name} is stopped ${during(t, t.chance.within(100, 5_000), () => t.cluster.start(name))}`
  },
  (t) => {
    const node = t.chance.pick(t.cluster.running)
    if (node === undefined) return 'no node is left to stall'
    node.machine.freeze()
    return `${node.machine.name} stalls ${during(t, t.chance.within(50, 9_000), () => node.machine.thaw())}`
  },
]

const STORE: readonly Fault[] = [
  (t) => {
    const ms = t.chance.within(50, 9_000)
    t.store.stop(ms)
    return `the store is out of reach for ${Math.round(ms)} ms`
  },
  (t) => {
    t.presence.wipe()
    t.store.wipe(t.chance.within(50, 3_000))
    return 'the store restarts with an empty memory'
  },
  (t) => {
    const lag = t.chance.happens(0.3) ? 0 : t.chance.within(10, 3_000)
    t.store.failover(t.chance.within(50, 3_000), lag)
    return `the store fails over to a replica ${Math.round(lag)} ms behind, which loses ${t.store.faults.findLast((one) => one.kind === 'failover')?.lost}`
  },
  (t) => {
    t.store.feed.interrupt(t.chance.pick(t.cluster.running)?.machine.name ?? null, t.chance.within(5, 2_000))
    return 'a feed is interrupted'
  },
  (t) => {
    const { conditions } = t.store.feed
    const before = { ...conditions }
    conditions.dropped = t.chance.pick([0, 0.05, 0.4])
    conditions.twice = t.chance.pick([0, 0.3])
    conditions.jitter = t.chance.pick([10, 400])
    return `notices are dropped (${conditions.dropped}) ${during(t, t.chance.within(500, 15_000), () => Object.assign(conditions, before))}`
  },
  (t) => {
    const { conditions } = t.store
    const before = { ...conditions }
    conditions.refused = t.chance.pick([0, 0.3])
    conditions.answersLost = t.chance.pick([0, 0.3])
    conditions.requestsLost = t.chance.pick([0, 0.3])
    conditions.partial = t.chance.pick([0, 0.5])
    conditions.jitter = t.chance.pick([5, 400])
    return `the store is unwell ${during(t, t.chance.within(500, 15_000), () => Object.assign(conditions, before))}`
  },
]

const CLIENTS: readonly Fault[] = [
  (t) => {
    const one = t.chance.pick(t.applications)
    const { machine } = one
    machine.freeze()
    const wake = (): void => {
      machine.thaw()
      if (machine.alive) one.woken()
    }
    return `${one.name} sleeps ${during(t, t.chance.within(500, t.chance.pick([5_000, 200_000])), wake)}`
  },
  (t) => {
    const one = t.chance.pick(t.applications)
    one.reload()
    return `${one.name} reloads`
  },
  (t) => {
    const one = t.chance.pick(t.applications)
    one.machine.jump(t.chance.between(-3_600_000, 3_600_000))
    return `the clock of ${one.name} jumps`
  },
]

/** One fault at random. */
export function strike(targets: Targets): void {
  const group = targets.chance.weighted([
    [5, NETWORK],
    [2, NODES],
    [3, STORE],
    [2, CLIENTS],
  ])
  const fault = targets.chance.pick(group)
  targets.note(fault(targets))
}

/** Ends all that may still be wrong: the quiet begins. */
export function calm(targets: Targets): void {
  const { plan, network, cluster, store, applications } = targets
  targets.calm = true
  network.refusal = null
  for (const { name } of applications) Object.assign(network.route(name), { rate: 1_000, latency: 20, jitter: 10 })
  for (const one of network.connections) {
    one.up.release()
    one.down.release()
  }
  Object.assign(store.feed.conditions, { latency: 2, jitter: 4, twice: 0, dropped: 0 })
  Object.assign(store.conditions, { latency: 1, jitter: 4, refused: 0, requestsLost: 0, answersLost: 0, partial: 0 })
  for (let i = 1; i <= plan.nodes; i++) cluster.start(`n${i}`)
  for (const node of cluster.running) node.machine.thaw()
  for (const one of applications) {
    const slept = one.machine.frozen
    one.machine.thaw()
    if (slept) one.woken()
    one.rest()
  }
}
