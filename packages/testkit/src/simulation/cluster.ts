// The nodes of a simulated world: real servers on machines that crash, stall and come back. A crashed node's Realtime is
// abandoned with its machine; nothing of it ever runs again.

import { type ChannelRule, createRealtime, type Realtime } from '@tautline/server'
import { RealtimeError } from '@tautline/wire'
import type { Bug } from './bugs.ts'
import { Chance } from './chance.ts'
import { Machine } from './machine.ts'
import type { Network } from './network.ts'
import type { Plan } from './plan.ts'
import { type Execution, registerProcedures } from './procedures.ts'
import type { Scheduler } from './scheduler.ts'
import type { SimulatedPresence } from './store/simulated-presence.ts'
import type { SimulatedStore } from './store/simulated-store.ts'

/** A running node. */
export interface RunningNode {
  /** Its name, and how many nodes had been started before it. */
  readonly id: string
  readonly machine: Machine
  readonly realtime: Realtime
}

/** A node that was told to stop. */
export interface StoppedNode {
  readonly machine: Machine
  readonly at: number
  /** Has `close()` resolved? */
  done: boolean
}

/** What the nodes of a world share. */
export interface ClusterParts {
  readonly plan: Plan
  readonly scheduler: Scheduler
  readonly network: Network
  readonly store: SimulatedStore
  readonly presence: SimulatedPresence
  readonly bug: Bug | null
  readonly note: (who: string, text: string) => void
}

/** Starts, crashes and stops nodes. */
export class Cluster {
  readonly stopped: StoppedNode[] = []
  readonly executions: Execution[] = []
  /** Ids of nodes that crashed. */
  readonly crashed: string[] = []
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
    const id = `${name}.${++this.#starts}`
    const chance = new Chance(plan.seed, id)
    const off = plan.clocks === 'far' ? 3_600_000 : 40
    const machine = new Machine(scheduler, name, chance.between(-off, off))
    const realtime = createRealtime({
      allow: 'everyone',
      channels: this.#rules(),
      broker: store.broker(machine),
      presence: presence.face(machine),
      heartbeat: plan.heartbeat,
      window: plan.window,
      clock: machine,
      random: chance,
      log: (event, fields) => note(name, `log ${event} ${JSON.stringify(fields)}`),
    })
    realtime.onConnect((request) => this.#grant(request, machine))
    registerProcedures(realtime, machine, (execution) => this.executions.push(execution))
    this.#running.set(name, { id, machine, realtime })
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
    this.crashed.push(node.id)
    node.machine.kill()
    this.#parts.network.lose(node.machine, told)
    this.#parts.store.forget(node.machine)
    this.#parts.note(name, told ? 'crashes' : 'loses power')
  }

  /** Stops a node as an operator does. */
  stop(name: string): void {
    const node = this.#running.get(name)
    if (node === undefined) return
    const { network, scheduler, bug, note } = this.#parts
    const { machine, realtime } = node
    this.#running.delete(name)
    network.unlisten(machine)
    note(name, 'stops')
    const stopped: StoppedNode = { machine, at: scheduler.now, done: false }
    this.stopped.push(stopped)
    machine.stopping = true
    if (bug === 'leaks-a-timer') machine.setTimer(() => {}, 1e9)
    void realtime.close().then(() => {
      stopped.done = true
    })
  }

  /** Who a client is: its token says so, and ends when the plan says so. */
  #grant(request: { readonly token: string | undefined; readonly remoteAddress: string | undefined }, node: Machine) {
    const { plan, network, scheduler, store, bug } = this.#parts
    const { token, remoteAddress } = request
    if (token === undefined) throw new RealtimeError('unauthorized')
    const user = token.replace(/@.*$/, '')
    const channels = plan.inboxes ? [`inbox:${user}`] : []
    if (plan.tokens === null) return { user, info: { name: user }, channels }
    network.byAddress(remoteAddress)?.record.tokens.push({ at: scheduler.now, ends: scheduler.now + plan.tokens })
    // Issuers have the right time, as the store has; a node's own may be an hour off.
    const now = store.tellsTime ? store.machine.wall() : node.wall()
    const expires = now + (bug === 'tokens-never-end' ? 1e9 : plan.tokens)
    return { user, info: { name: user }, channels, expires }
  }

  #rules(): Record<string, ChannelRule> {
    const { plan, bug } = this.#parts
    return Object.fromEntries(
      plan.channels.map(({ pattern, ephemeral, size, ttl, presence, policy, budget }): [string, ChannelRule] => [
        pattern,
        ephemeral
          ? { log: false }
          : {
              history: { size, ttl },
              presence,
              policy,
              recovery: { entries: bug === 'ignores-budget' ? 100_000 : budget },
            },
      ]),
    )
  }
}
