// The nodes of a simulated world: real servers on machines that crash, stall and come back. A crashed node's Realtime is
// abandoned with its machine; nothing of it ever runs again.

import { type ChannelRule, createRealtime, type Realtime } from '@tautline/server'
import { RealtimeError } from '@tautline/wire'
import { Chance } from './chance.ts'
import { Machine } from './machine.ts'
import type { Network } from './network.ts'
import type { Plan } from './plan.ts'
import type { Scheduler } from './scheduler.ts'
import type { SimulatedPresence } from './store/simulated-presence.ts'
import type { SimulatedStore } from './store/simulated-store.ts'

/** A running node. */
export interface RunningNode {
  readonly machine: Machine
  readonly realtime: Realtime
}

/** What the nodes of a world share. */
export interface ClusterParts {
  readonly plan: Plan
  readonly scheduler: Scheduler
  readonly network: Network
  readonly store: SimulatedStore
  readonly presence: SimulatedPresence
  readonly note: (who: string, text: string) => void
  /** A call was executed. */
  readonly executed: (call: string) => void
}

/** Starts, crashes and stops nodes. */
export class Cluster {
  readonly #parts: ClusterParts
  readonly #running = new Map<string, RunningNode>()
  #starts = 0

  constructor(parts: ClusterParts) {
    this.#parts = parts
  }

  get running(): readonly RunningNode[] {
    return [...this.#running.values()]
  }

  /** Starts a node under a name that no node bears now. */
  start(name: string): void {
    if (this.#running.has(name)) return
    const { plan, scheduler, network, store, presence, note } = this.#parts
    const chance = new Chance(plan.seed, `${name}.${++this.#starts}`)
    const machine = new Machine(scheduler, name, chance.between(-40, 40))
    const realtime = createRealtime({
      channels: rulesOf(plan),
      broker: store.broker(machine),
      presence: presence.face(machine),
      heartbeat: plan.heartbeat,
      window: plan.window,
      clock: machine,
      random: chance,
      log: (event, fields) => note(name, `log ${event} ${JSON.stringify(fields)}`),
    })
    this.#hooks(realtime, machine)
    this.#running.set(name, { machine, realtime })
    network.listen({ machine, accept: (link, request) => realtime.accept(link, request) })
    // What it will know of the store it has still to ask.
    store.faults.push({ at: scheduler.now, kind: 'interrupted', node: name })
    note(name, 'starts')
  }

  /** Ends a node at once; `told`: its clients' connections are reset, otherwise they just fall silent. */
  crash(name: string, told: boolean): void {
    const node = this.#running.get(name)
    if (node === undefined) return
    this.#running.delete(name)
    node.machine.kill()
    this.#parts.network.lose(node.machine, told)
    this.#parts.store.forget(node.machine)
    this.#parts.note(name, told ? 'crashes' : 'loses power')
  }

  /** Stops a node as an operator does. */
  stop(name: string): Promise<void> {
    const node = this.#running.get(name)
    if (node === undefined) return Promise.resolve()
    this.#running.delete(name)
    this.#parts.network.unlisten(node.machine)
    this.#parts.note(name, 'stops')
    return node.realtime.close()
  }

  #hooks(realtime: Realtime, machine: Machine): void {
    realtime.onConnect((request) => {
      if (request.token === undefined) throw new RealtimeError('unauthorized')
      return { user: request.token, info: { name: request.token } }
    })
    realtime.rpc('once', (argument) => {
      this.#parts.executed(callOf(argument))
      return { done: callOf(argument) }
    })
    realtime.rpc('slow', async (argument) => {
      this.#parts.executed(callOf(argument))
      await new Promise<void>((resolve) => machine.setTimer(resolve, 400))
      return { done: callOf(argument) }
    })
    realtime.rpc('count', (argument) => this.#count(argument, machine))
  }

  async *#count(argument: unknown, machine: Machine): AsyncGenerator<number> {
    this.#parts.executed(callOf(argument))
    for (let i = 0; i < 4; i++) {
      await new Promise<void>((resolve) => machine.setTimer(resolve, 30))
      yield i
    }
  }
}

function callOf(argument: unknown): string {
  if (typeof argument === 'object' && argument !== null && 'call' in argument) return String(argument.call)
  // What the server hands to a procedure may also be wrapped as a body.
  if (typeof argument === 'object' && argument !== null && 'data' in argument) return callOf(argument.data)
  return '?'
}

function rulesOf(plan: Plan): Record<string, ChannelRule> {
  return Object.fromEntries(
    plan.channels.map((channel): [string, ChannelRule] => [
      channel.pattern,
      channel.ephemeral
        ? { log: false }
        : {
            history: { size: channel.size, ttl: channel.ttl },
            presence: channel.presence,
            policy: channel.policy,
            recovery: { entries: channel.budget },
          },
    ]),
  )
}
