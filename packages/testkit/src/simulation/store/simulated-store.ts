// The shared broker of a simulated cluster: the model of the logs behind a slow and faulty way. Each operation takes its
// time there and back; it can be refused, get lost on either way, or meet a store that is down. One `Broker` per node.

import type { Append, Appended, Broker, Cast, Control, Facts, LogRule } from '@tautline/broker'
import { RealtimeError } from '@tautline/wire'
import type { StoreBug } from '../bugs.ts'
import type { Chance } from '../chance.ts'
import type { Machine } from '../machine.ts'
import { Feed } from './feed.ts'
import { LogModel, type ModelOptions } from './log-model.ts'

/** How operations travel. Shares are of 1, times ms. */
export interface StoreConditions {
  latency: number
  jitter: number
  /** Operations refused: certainly not applied. */
  refused: number
  /** Appends whose request vanishes: unknown to the node, never applied. */
  requestsLost: number
  /** Appends whose answer vanishes: unknown to the node, applied. */
  answersLost: number
  /** Appends of which only a part is stored. */
  partial: number
}

/** What befell the store, for the checker. */
export interface StoreFault {
  readonly at: number
  readonly kind: 'wipe' | 'failover' | 'down' | 'interrupted'
  /** failover: entries lost. */
  readonly lost?: number
  /** interrupted: the node that was told. */
  readonly node?: string
}

/** How long an operation waits for an answer that does not come, ms. */
const PATIENCE = 2_000

/** The store of one simulated world. */
export class SimulatedStore {
  readonly model: LogModel
  readonly feed: Feed
  readonly conditions: StoreConditions = {
    latency: 1,
    jitter: 4,
    refused: 0,
    requestsLost: 0,
    answersLost: 0,
    partial: 0,
  }
  readonly faults: StoreFault[] = []
  /** Does it tell the nodes its time? Where it does not, their clocks are its own, within some ms. */
  tellsTime = false
  /** When orders from node to node got lost. */
  readonly lostOrders: number[] = []
  /** Changes orders on their way, where the world is broken on purpose; null: lost without a trace. */
  orderLie: ((bytes: Uint8Array) => Uint8Array | null) | null = null
  /** Breaches of the contract by its callers. */
  readonly breaches: string[] = []
  readonly machine: Machine
  readonly chance: Chance
  readonly #listeners = new Map<string, { readonly node: Machine; readonly heard: (bytes: Uint8Array) => void }>()
  readonly #appending = new Map<Machine, Set<string>>()
  #downUntil = 0

  constructor(machine: Machine, chance: Chance, options: ModelOptions, bug: StoreBug | null) {
    this.machine = machine
    this.chance = chance
    this.model = new LogModel(chance, options, bug)
    this.feed = new Feed(chance, machine, options.lineage, (node) =>
      this.faults.push({ at: machine.now(), kind: 'interrupted', node }),
    )
  }

  get down(): boolean {
    return this.machine.now() < this.#downUntil
  }

  /** What the store says of itself. */
  facts(): Facts {
    return {
      durability: 'memory',
      verified: true,
      offsets: this.model.options.offsets,
      window: 600_000,
      survives: 'none',
      anchor: this.model.options.anchor,
      patterns: true,
      cluster: true,
    }
  }

  /** Out of reach for `ms`; feeds break. */
  stop(ms: number): void {
    this.#downUntil = Math.max(this.#downUntil, this.machine.now() + ms)
    this.faults.push({ at: this.machine.now(), kind: 'down' })
    this.feed.interrupt(null, ms + this.chance.within(0, 500))
  }

  /** Restarts with an empty memory after `ms`. */
  wipe(ms: number): void {
    this.model.wipe()
    this.faults.push({ at: this.machine.now(), kind: 'wipe' })
    this.stop(ms)
  }

  /** Fails over after `ms` to a replica that lags by `lag` ms. */
  failover(ms: number, lag: number): void {
    const now = this.machine.now()
    const lost = this.model.failover(now - lag, now)
    this.faults.push({ at: now, kind: 'failover', lost })
    this.stop(ms)
  }

  /** A node has died. */
  forget(node: Machine): void {
    this.feed.forget(node)
    for (const [name, listener] of this.#listeners) if (listener.node === node) this.#listeners.delete(name)
  }

  /** The broker as one node has it. */
  broker(node: Machine): Broker {
    let closed = false
    const ask = <T>(operation: () => T): Promise<T> =>
      closed ? Promise.reject(outOfReach()) : this.ask(node, operation)
    const wall = (): number => this.machine.wall()
    const { model } = this
    return {
      facts: () => this.facts(),
      ...(this.tellsTime ? { time: wall } : {}),
      append: (channel, batch, rule) =>
        closed
          ? Promise.resolve(batch.map((): Appended => ({ fail: 'unavailable', applied: 'no' })))
          : this.#append(node, channel, batch, rule),
      read: (channel, after, limit, bytes, rule) => ask(() => model.read(channel, after, limit, bytes, rule, wall())),
      back: (channel, before, limit, bytes, rule) => ask(() => model.back(channel, before, limit, bytes, rule, wall())),
      heads: (channels) => ask(() => channels.map((channel) => model.head(channel, wall()))),
      attach: (channel, sink) => ask(() => this.feed.attach(node, channel, false, sink)),
      attachPattern: (pattern, sink) => ask(() => this.feed.attach(node, pattern, true, sink)),
      cast: (channel, cast: Cast) => ask(() => this.feed.cast(channel, cast)),
      control: this.#control(node),
      close: () => {
        closed = true
        this.feed.forget(node)
        return Promise.resolve()
      },
    }
  }

  /** One operation of a node: there, done in one step at the store, and back. */
  ask<T>(node: Machine, operation: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const refuse = (): void => reject(outOfReach())
      if (this.chance.happens(this.conditions.refused)) return node.post(refuse, this.#delay())
      this.machine.post(() => {
        if (this.down) return node.post(refuse, this.chance.happens(0.5) ? this.#delay() : PATIENCE)
        const answer = operation()
        node.post(() => resolve(answer), this.#delay())
      }, this.#delay())
    })
  }

  #append(node: Machine, channel: string, batch: readonly Append[], rule: LogRule): Promise<readonly Appended[]> {
    const appending = this.#appending.get(node) ?? new Set<string>()
    this.#appending.set(node, appending)
    if (appending.has(channel)) this.breaches.push(`two appends in flight for ${channel} on ${node.name}`)
    appending.add(channel)
    return new Promise((resolve) => {
      const settle = (outcomes: readonly Appended[], ms: number): void => {
        node.post(() => {
          appending.delete(channel)
          resolve(outcomes)
        }, ms)
      }
      const all = (outcome: Appended): Appended[] => batch.map(() => outcome)
      const no: Appended = { fail: 'unavailable', applied: 'no' }
      const unknown: Appended = { fail: 'unknown', applied: 'unknown' }
      const { refused, requestsLost, answersLost } = this.conditions
      if (this.chance.happens(refused)) return settle(all(no), this.#delay())
      if (this.chance.happens(requestsLost)) return settle(all(unknown), PATIENCE)
      this.machine.post(() => {
        if (this.down) return settle(all(this.chance.happens(0.5) ? no : unknown), PATIENCE)
        const outcomes = this.#apply(channel, batch, rule)
        const lost = this.chance.happens(answersLost)
        settle(lost ? all(unknown) : outcomes, lost ? PATIENCE : this.#delay())
      }, this.#delay())
    })
  }

  /** In one step: all of the batch, or a prefix. */
  #apply(channel: string, batch: readonly Append[], rule: LogRule): readonly Appended[] {
    const partial = batch.length > 1 && this.chance.happens(this.conditions.partial)
    const count = partial ? this.chance.between(0, batch.length - 1) : batch.length
    const order = [...batch.keys()].slice(0, count)
    if (this.model.bug === 'stores-backwards') order.reverse()
    const outcomes: Appended[] = batch.map(() => ({ fail: 'unavailable', applied: 'no' }))
    for (const at of order) {
      const done = this.model.append(channel, batch[at] as Append, rule, this.machine.now(), this.machine.wall())
      outcomes[at] = done.outcome
      if (done.entry !== null) this.feed.entry(done.entry)
    }
    return outcomes
  }

  #control(node: Machine): Control {
    return {
      send: (to, bytes, from = node.name) => {
        const copy = this.orderLie === null ? bytes.slice() : this.orderLie(bytes)
        if (copy === null) return Promise.resolve('sent')
        for (const [name, listener] of this.#listeners) {
          if (name === from || (to !== '*' && to !== name)) continue
          if (this.down || this.chance.happens(this.feed.conditions.dropped)) {
            this.lostOrders.push(this.machine.now())
            continue
          }
          listener.node.post(() => listener.heard(copy), this.#delay())
        }
        return Promise.resolve('sent')
      },
      listen: (name, heard) => {
        const own = { node, heard }
        this.#listeners.set(name, own)
        return () => {
          if (this.#listeners.get(name) === own) this.#listeners.delete(name)
        }
      },
    }
  }

  #delay(): number {
    return this.conditions.latency + this.chance.within(0, this.conditions.jitter)
  }
}

function outOfReach(): RealtimeError {
  return new RealtimeError('unavailable', 'the simulated store is out of reach')
}
