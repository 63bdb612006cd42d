// Everything of one run, built from its seed: machines, network, store, nodes, clients, observers. It does not act.

import { Application } from './application.ts'
import { type Bug, NODE_BUGS, storeBug } from './bugs.ts'
import { Chance } from './chance.ts'
import { Cluster } from './cluster.ts'
import type { Connection } from './connection.ts'
import type { Targets } from './faults.ts'
import { Liar } from './liar.ts'
import { Machine } from './machine.ts'
import { Network } from './network.ts'
import { Operator } from './operator.ts'
import { type Plan, planOf } from './plan.ts'
import { Scheduler } from './scheduler.ts'
import { SimulatedPresence } from './store/simulated-presence.ts'
import { SimulatedStore } from './store/simulated-store.ts'
import { Trace } from './trace.ts'
import { CODECS, WireObserver } from './wire-observer.ts'

/** Everything of one run. */
export interface World extends Targets {
  readonly scheduler: Scheduler
  readonly observer: WireObserver
  readonly trace: Trace
}

/** Builds the world of a seed; its nodes start, its clients connect. */
export function buildWorld(
  seed: number,
  options: { readonly trace?: boolean; readonly bug?: Bug | null; readonly counted?: boolean },
  failed: (error: unknown) => void,
): World {
  const { bug = null } = options
  const plan = planOf(seed, new Chance(seed, 'plan'), options.counted === true)
  const scheduler = new Scheduler()
  const trace = new Trace(options.trace === true)
  const note = (who: string, channel: string | null, text: string): void =>
    trace.note(scheduler.now, who, channel, text)
  const policyOf = (channel: string) =>
    plan.channels.find((one) => one.names.includes(channel) || one.pattern === channel)?.policy ?? 'lossless'
  const observer = new WireObserver(
    () => scheduler.now,
    policyOf,
    (connection, direction, message) => {
      note(connection.client, channelOf(message), lineOf(connection, direction, message))
    },
  )
  const network = new Network(new Chance(seed, 'network'), CODECS, observer, plan.highMark)
  const lie = NODE_BUGS.find((one) => one === bug)
  const lies = new Chance(seed, 'lies')
  if (lie !== undefined) network.liar = (codec) => new Liar(lie, codec, lies, policyOf)
  const store = storeOf(plan, scheduler, bug)
  store.feed.onTold = (node) => note(node, null, 'is told that it may have missed something')
  const presence = new SimulatedPresence(store)
  const noteOf = (who: string, text: string): void => note(who, null, text)
  const cluster = new Cluster({ plan, scheduler, network, store, presence, bug, note: noteOf })
  for (let i = 1; i <= plan.nodes; i++) cluster.start(`n${i}`)
  const applications = Array.from(
    { length: plan.clients },
    (_, i) => new Application(`c${i + 1}`, { plan, scheduler, network, note, failed }),
  )
  return {
    plan,
    chance: new Chance(seed, 'faults'),
    world: new Machine(scheduler, 'world'),
    network,
    cluster,
    store,
    presence,
    applications,
    operator: new Operator(plan, new Chance(seed, 'operator'), cluster, note),
    calm: false,
    note: (text) => note('world', null, `*** ${text}`),
    scheduler,
    observer,
    trace,
  }
}

function storeOf(plan: Plan, scheduler: Scheduler, bug: Bug | null): SimulatedStore {
  const chance = new Chance(plan.seed, 'store')
  const store = new SimulatedStore(new Machine(scheduler, 'store'), chance, plan.store, storeBug(bug))
  const lost = { 'ignores-unsubscribe': 'unsubscribe', 'replaced-live-on': 'replace' } as const
  store.tellsTime = plan.clocks === 'far'
  const op = bug === 'ignores-unsubscribe' || bug === 'replaced-live-on' ? lost[bug] : null
  if (op !== null || bug === 'direct-messages-astray') {
    store.orderLie = (bytes) => {
      const text = new TextDecoder().decode(bytes)
      if (op !== null) return text.startsWith(`{"op":"${op}"`) ? null : bytes
      return new TextEncoder().encode(text.replace('"op":"send","user":"c1"', '"op":"send","user":"c2"'))
    }
  }
  return store
}

function channelOf(message: object): string | null {
  return 'ch' in message && typeof message.ch === 'string' && !message.ch.includes('*') ? message.ch : null
}

function lineOf(connection: Connection, direction: string, message: object): string {
  const text = JSON.stringify(message, (_, value) => (value instanceof Uint8Array ? `${value.length} bytes` : value))
  return `#${connection.id} ${direction} ${connection.node} ${text.length > 400 ? `${text.slice(0, 400)}…` : text}`
}
