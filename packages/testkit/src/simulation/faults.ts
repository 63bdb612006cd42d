// The faults that befall a world, drawn one after the other. Each ends by itself or is ended by `over`, so that the quiet
// afterwards shows what the system makes of it.

import type { Application } from './application.ts'
import type { Chance } from './chance.ts'
import type { Cluster } from './cluster.ts'
import type { Connection, Direction } from './connection.ts'
import type { Machine } from './machine.ts'
import type { Network } from './network.ts'
import type { Operator } from './operator.ts'
import type { ChannelPlan, Plan } from './plan.ts'
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
  readonly operator: Operator
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
    // Another network: the old connection stands at its node, and the client asks before it believes that.
    const one = connection(t)
    const reader = t.applications.find(({ name }) => name === one?.client)
    if (one === null || reader === undefined) return 'nobody moves'
    one.vanish('both')
    reader.woken()
    return `${one.client} moves to another network`
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
    t.cluster.stop(name)
    return `${name} is stopped ${during(t, t.chance.within(100, 5_000), () => t.cluster.start(name))}`
  },
  (t) => {
    const node = t.chance.pick(t.cluster.running)
    if (node === undefined) return 'no node is left to stall'
    node.machine.freeze()
    return `${node.machine.name} stalls ${during(t, t.chance.within(50, 9_000), () => node.machine.thaw())}`
  },
]

/** Where nodes' clocks are not kept right. */
const CLOCKS: readonly Fault[] = [
  (t) => {
    const node = t.chance.pick(t.cluster.running)
    // What ends at a time of the day ends by that clock.
    if (node === undefined || t.plan.tokens !== null) return 'no clock is set'
    node.machine.jump(t.chance.between(-3_600_000, 3_600_000))
    return `the clock of ${node.machine.name} is set`
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

/** Others publish to a channel for a while; the first one much, so that whoever does not read is behind at once. */
function storm(t: Targets, channel: string, but: Application | null, ms: number, count: number): void {
  const others = t.applications.filter((one) => one !== but)
  for (let i = 0; i < count; i++) {
    const publisher = t.chance.pick(others)
    const weight = i === 0 ? 18_000 : t.chance.happens(0.1) ? t.chance.between(0, 8_000) : 0
    const state = t.chance.happens(0.8) ? t.chance.pick(['s', 't', 'u']) : null
    const due = i === 0 ? 0 : t.chance.within(ms / 4, ms)
    t.world.outside(
      () => publisher.machine.post(() => publisher.publishing.publish(channel, { weight, state }), 0),
      due,
    )
  }
}

/** Readers that are too slow for what is written. */
const READERS: readonly Fault[] = [
  (t) => {
    const connections = t.network.connections.filter((one) => !one.machine.stopping && one.machine.alive)
    const one = connections.length === 0 ? null : t.chance.pick(connections)
    const reader = t.applications.find((application) => application.name === one?.client)
    if (one === null || reader === undefined) return 'nobody reads'
    const pattern = t.chance.pick(['board:*', 'board:*', 'board:*', 'chat:*'])
    const kind = t.plan.channels.find((rule) => rule.pattern === pattern) as ChannelPlan
    const channel = kind.names[0] as string
    if (reader.following.of(channel).length === 0) reader.machine.post(() => reader.following.some(kind, channel), 0)
    // Long enough to count as slow. The answer to the subscription comes through.
    const ms = t.chance.within(2_300, 6_000)
    const cut = t.chance.happens(0.35)
    t.world.outside(() => {
      if (t.calm) return
      one.down.hold()
      storm(t, channel, reader, ms, t.chance.between(8, 25))
    }, 700)
    const end = (): void => {
      if (cut) one.reset()
      one.down.release()
    }
    return `${one.client} reads nothing, while others write to ${channel} ${during(t, 700 + ms, end)}${cut ? ', then it is cut' : ''}`
  },
]

/** Failovers that lose what was just acknowledged. */
const TAILS: readonly Fault[] = [
  (t) => {
    const { names } = t.chance.pick(t.plan.channels.filter((one) => !one.ephemeral && one.by === 'clients'))
    const channel = t.chance.pick(names)
    storm(t, channel, null, 400, t.chance.between(4, 12))
    t.world.outside(() => {
      if (!t.calm) t.store.failover(t.chance.within(50, 3_000), t.chance.within(50, 500))
    }, 500)
    return `others write to ${channel}, and the store fails over to a replica that has not all of it`
  },
]

/** One fault at random. */
export function strike(targets: Targets): void {
  const group = targets.chance.weighted([
    [5, NETWORK],
    [2, NODES],
    [targets.plan.clocks === 'far' ? 1 : 0, CLOCKS],
    [3, STORE],
    [2, CLIENTS],
    [2, READERS],
    [0.7, TAILS],
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
  for (const { machine } of [...cluster.running, ...cluster.stopped]) machine.thaw()
  for (const one of applications) {
    const slept = one.machine.frozen
    one.machine.thaw()
    if (slept) one.woken()
    one.rest()
  }
}
