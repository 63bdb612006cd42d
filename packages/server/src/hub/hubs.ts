// The hubs of a node: opened by the first who needs one, closed 10 s after the last has gone, and compared with the store
// from time to time, so that a notice lost without a trace is found too.

import type { Broker } from '@tautline/broker'
import { type Clock, isPattern, type Position, type Random, RealtimeError, type Timer } from '@tautline/wire'
import { within } from '../deadline.ts'
import type { Health } from '../health.ts'
import type { Compress } from '../rules/compress.ts'
import type { Rule } from '../rules/rules.ts'
import type { Sharing } from '../sharing.ts'
import { CastHub } from './cast-hub.ts'
import type { Turn } from './fan-out.ts'
import { type Comparable, type Hub, type HubContext, unavailable } from './hub.ts'
import { LogHub } from './log-hub.ts'
import { PatternHub } from './pattern-hub.ts'
import { Reads } from './reads.ts'
import { RingBudget } from './ring.ts'
import { StoreTime } from './store-time.ts'

/** ms a hub without subscriptions keeps its feed, and how many of them may be kept. */
const LINGER = 10_000
const MOST_LINGERING = 10_000
/** ms a subscriber waits for a hub to open, and a comparison for the store's answer. */
const PATIENCE = 5_000
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
  /** Does a channel belong to one user? Then no pattern brings it. */
  readonly isOwned: (channel: string) => boolean
  /** What of a channel or pattern may be compressed. */
  readonly compressOf: (channel: string) => Compress
  /** null: nothing is compressed with context. */
  readonly sharing: Sharing | null
}

/**
 * One per node. As many hubs as there are subscribed channels, which is bounded per connection, and those that linger,
 * which is bounded here: whoever invents names pushes out names.
 */
export class Hubs {
  readonly reads: Reads
  private readonly options: HubsOptions
  private readonly context: HubContext
  private readonly hubs: Map<string, Hub> = new Map()
  /** Those that nobody holds, with the time until which they stay. Oldest first: all stay equally long. */
  private readonly lingering: Map<Hub, number> = new Map()
  private readonly unsure: Set<Comparable> = new Set()
  private lingerTimer: Timer | null = null
  private roundTimer: Timer | null = null
  private comparing = false
  private stopped = false

  constructor(options: HubsOptions) {
    const { broker, clock, random, turn, health, isOwned, compressOf, sharing } = options
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
      storeTime: new StoreTime(broker, clock),
      isOwned,
      compressOf,
      sharing,
      interrupted: (hub) => this.interrupted(hub),
    }
  }

  get size(): number {
    return this.hubs.size
  }

  get all(): Iterable<Hub> {
    return this.hubs.values()
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
    if (this.stopped) throw unavailable(null)
    let hub = this.hubs.get(channel)
    if (hub === undefined) {
      hub = this.make(channel, rule)
      this.hubs.set(channel, hub)
      this.nextRound()
    }
    hub.holders++
    this.lingering.delete(hub)
    try {
      await within(this.options.clock, hub.opened, PATIENCE, 'opening the channel')
      return hub
    } catch (error) {
      this.release(hub, true)
      throw error
    }
  }

  /** Gives a hub back. `failed`: it never opened, and the next who asks tries anew. */
  release(hub: Hub, failed = false): void {
    hub.holders--
    if (failed) return this.close(hub)
    if (hub.holders > 0 || this.hubs.get(hub.channel) !== hub) return
    this.lingering.set(hub, this.options.clock.now() + LINGER)
    if (this.lingering.size > MOST_LINGERING) this.close(this.lingering.keys().next().value as Hub)
    if (this.lingerTimer === null) this.linger(LINGER)
  }

  stop(): void {
    this.stopped = true
    const { clock } = this.options
    for (const timer of [this.roundTimer, this.lingerTimer]) if (timer !== null) clock.clearTimer(timer)
    this.roundTimer = null
    this.lingerTimer = null
    for (const hub of this.hubs.values()) hub.close()
    this.hubs.clear()
    this.lingering.clear()
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
    this.lingering.delete(hub)
    hub.close()
  }

  private linger(ms: number): void {
    const { clock } = this.options
    this.lingerTimer = clock.setTimer(() => {
      this.lingerTimer = null
      const now = clock.now()
      for (const [hub, until] of this.lingering) {
        if (until > now) return this.linger(until - now)
        this.close(hub)
      }
    }, ms)
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
      // Where the store does not tell, each repairs itself, again and again until it does.
      if (!(await this.compare(batch))) for (const hub of batch) hub.compare(null, hub.position)
    }
    this.comparing = false
  }

  /** Compares positions with the heads in the store. False: it did not tell. */
  private async compare(batch: readonly Comparable[]): Promise<boolean> {
    const { broker, clock, health } = this.options
    const asked = batch.map((hub) => hub.position)
    let heads: readonly Position[]
    try {
      const told = health.watch(broker.heads(batch.map((hub) => hub.channel)))
      heads = await within(clock, told, PATIENCE, 'comparing heads')
    } catch {
      return false
    }
    batch.forEach((hub, i) => {
      hub.compare(heads[i] ?? null, asked[i] as Position)
    })
    return true
  }

  private nextRound(): void {
    if (this.roundTimer !== null) return
    const { clock, random } = this.options
    this.roundTimer = clock.setTimer(() => void this.round(), COMPARE_EVERY * (0.8 + 0.4 * random.unit()))
  }

  /** Looks at all hubs. A look that fails says nothing: the next one comes. */
  private async round(): Promise<void> {
    const all = [...this.hubs.values()].filter((hub) => hub instanceof LogHub && hub.isLive) as LogHub[]
    for (let i = 0; i < all.length && !this.stopped; i += BATCH) await this.compare(all.slice(i, i + BATCH))
    this.roundTimer = null
    if (this.hubs.size > 0) this.nextRound()
  }
}
