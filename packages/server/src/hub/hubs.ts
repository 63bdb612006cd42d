// The hubs of a node: opened by the first who needs one, closed 10 s after the last has gone, and compared with the store
// from time to time, so that a notice lost without a trace is found too.

import type { Broker } from '@tautline/broker'
import { type Clock, isPattern, type Position, type Random, RealtimeError, type Timer } from '@tautline/wire'
import { within } from '../deadline.ts'
import type { Health } from '../health.ts'
import type { Rule } from '../rules/rules.ts'
import { CastHub, PatternHub } from './cast-hub.ts'
import type { Turn } from './fan-out.ts'
import type { Comparable, Hub, HubContext } from './hub.ts'
import { LogHub } from './log-hub.ts'
import { Reads } from './reads.ts'
import { RingBudget } from './ring.ts'

/** ms a hub without subscriptions keeps its feed. */
const LINGER = 10_000
/** ms a subscriber waits for a hub to open. */
const OPENING = 5_000
/** All heads are compared about so often, ms, give or take a fifth. */
const COMPARE_EVERY = 25_000
/** Heads asked for in one call. */
const BATCH = 256

export interface HubsOptions {
  readonly broker: Broker
  readonly clock: Clock
  readonly random: Random
  readonly turn: Turn
  readonly health: Health
  /** Bytes that the rings of all channels may hold together. */
  readonly ringBytes: number
}

/** One per node. As many hubs as there are subscribed channels, which is bounded per connection. */
export class Hubs {
  readonly reads: Reads
  private readonly options: HubsOptions
  private readonly context: HubContext
  private readonly hubs: Map<string, Hub> = new Map()
  private readonly unsure: Set<Comparable> = new Set()
  private timer: Timer | null = null
  private comparing = false

  constructor(options: HubsOptions) {
    const { broker, clock, random, turn, health } = options
    this.options = options
    this.reads = new Reads(broker, health)
    this.context = {
      broker,
      clock,
      random,
      turn,
      reads: this.reads,
      rings: new RingBudget(options.ringBytes),
      health,
      interrupted: (hub) => this.interrupted(hub),
    }
  }

  get size(): number {
    return this.hubs.size
  }

  /** The hub of a channel, if it is open here. */
  get(channel: string): Hub | undefined {
    return this.hubs.get(channel)
  }

  /**
   * Holds the hub of a channel or pattern until `release`.
   *
   * @throws RealtimeError `unavailable` when the store is out of reach (nothing is held then)
   */
  async acquire(channel: string, rule: Rule): Promise<Hub> {
    let hub = this.hubs.get(channel)
    if (hub === undefined) {
      hub = this.make(channel, rule)
      this.hubs.set(channel, hub)
      this.schedule()
    }
    hub.holders++
    try {
      await within(this.options.clock, hub.opened, OPENING, 'opening the channel')
      return hub
    } catch (error) {
      this.release(hub, true)
      throw error
    }
  }

  /** Gives a hub back. `failed`: it never opened, and the next who asks tries anew. */
  release(hub: Hub, failed = false): void {
    hub.holders--
    if (failed) this.close(hub)
    else if (hub.holders === 0 && !hub.lingers) {
      hub.lingers = true
      this.options.clock.setTimer(() => {
        hub.lingers = false
        if (hub.holders === 0) this.close(hub)
      }, LINGER)
    }
  }

  stop(): void {
    if (this.timer !== null) this.options.clock.clearTimer(this.timer)
    this.timer = null
    for (const hub of this.hubs.values()) hub.close()
    this.hubs.clear()
    this.unsure.clear()
  }

  private make(channel: string, rule: Rule): Hub {
    if (isPattern(channel)) {
      if (this.options.broker.facts().patterns) return new PatternHub(this.context, channel, rule)
      throw new RealtimeError('unsupported', 'this server cannot subscribe to patterns')
    }
    return rule.log === null ? new CastHub(this.context, channel, rule) : new LogHub(this.context, channel, rule)
  }

  private close(hub: Hub): void {
    if (this.hubs.get(hub.channel) === hub) this.hubs.delete(hub.channel)
    hub.close()
  }

  private interrupted(hub: Comparable): void {
    // A feed that breaks breaks for many channels: their heads are asked for together, behind the turn.
    this.unsure.add(hub)
    if (this.unsure.size === 1) this.options.clock.defer(() => void this.compareUnsure())
  }

  private async compareUnsure(): Promise<void> {
    if (this.comparing) return
    this.comparing = true
    while (this.unsure.size > 0) {
      const batch = [...this.unsure].sort((a, b) => b.members - a.members).slice(0, BATCH)
      for (const hub of batch) this.unsure.delete(hub)
      await this.compare(batch)
    }
    this.comparing = false
  }

  private async compare(batch: readonly Comparable[]): Promise<void> {
    let heads: readonly (Position | null)[]
    try {
      heads = await this.options.health.watch(this.options.broker.heads(batch.map((hub) => hub.channel)))
    } catch {
      // Each repairs itself, again and again until the store is back.
      heads = batch.map(() => null)
    }
    batch.forEach((hub, i) => {
      hub.compare(heads[i] ?? null)
    })
  }

  private schedule(): void {
    if (this.timer !== null) return
    const { clock, random } = this.options
    this.timer = clock.setTimer(() => void this.round(), COMPARE_EVERY * (0.8 + 0.4 * random.unit()))
  }

  private async round(): Promise<void> {
    const all = [...this.hubs.values()].filter((hub) => hub instanceof LogHub && hub.isLive) as LogHub[]
    for (let i = 0; i < all.length; i += BATCH) await this.compareQuietly(all.slice(i, i + BATCH))
    this.timer = null
    if (this.hubs.size > 0) this.schedule()
  }

  /** A look that fails says nothing: the next one comes. */
  private async compareQuietly(batch: readonly LogHub[]): Promise<void> {
    try {
      const heads = await this.options.health.watch(this.options.broker.heads(batch.map((hub) => hub.channel)))
      batch.forEach((hub, i) => {
        hub.compare(heads[i] ?? null)
      })
    } catch {}
  }
}
