// What all hubs share: one channel (or pattern) on one node, the feed that it holds, and who hears it.

import type { Broker, Detach } from '@tautline/broker'
import { type Clock, type Lost, type Position, type Random, RealtimeError } from '@tautline/wire'
import type { Health } from '../health.ts'
import type { Rule } from '../rules/rules.ts'
import { FanOut, type Receiver, type Turn } from './fan-out.ts'
import type { Reads } from './reads.ts'
import type { RingBudget } from './ring.ts'

/** A subscription as its hub knows it. */
export interface HubMember extends Receiver {
  /** The hub's log was lost: what follows starts after `start`. */
  hubLost(lost: Lost, start: Position | null): void
}

/** What a node lends to its hubs. */
export interface HubContext {
  readonly broker: Broker
  readonly clock: Clock
  readonly random: Random
  readonly turn: Turn
  readonly reads: Reads
  readonly rings: RingBudget
  readonly health: Health
  /** A hub whose feed was interrupted asks to have its head compared. */
  readonly interrupted: (hub: Comparable) => void
}

/** A hub whose position can be compared with its channel's head. */
export interface Comparable {
  readonly channel: string
  readonly members: number
  /** The head as an authoritative read told it, or null where it could not. */
  compare(head: Position | null): void
}

/** Tries to open a feed, and the first wait between two; it doubles. */
const TRIES = 5
const FIRST_WAIT = 50

/** A channel or a pattern on this node. Opened by the first who holds it, closed by the registry when nobody does. */
export abstract class Hub {
  readonly channel: string
  readonly rule: Rule
  readonly fanOut: FanOut
  /** Subscriptions that use this hub, live or replaying. */
  holders = 0
  /** Nobody held it a moment ago: it will be looked at again. */
  lingers = false
  /** Resolves when the feed is on; rejects with `unavailable`. */
  readonly opened: Promise<void>
  protected readonly context: HubContext
  protected closed = false
  private detach: Detach | null = null

  constructor(context: HubContext, channel: string, rule: Rule) {
    this.context = context
    this.channel = channel
    this.rule = rule
    this.fanOut = new FanOut(context.turn)
    this.opened = this.open()
  }

  /** Subscribers that are live here. */
  get members(): number {
    return this.fanOut.size
  }

  join(member: HubMember): void {
    this.fanOut.add(member)
  }

  leave(member: HubMember): void {
    this.fanOut.remove(member)
  }

  close(): void {
    this.closed = true
    this.fanOut.clear()
    this.detach?.()
    this.detach = null
  }

  /** Tells every live member, after what it was sent before. */
  protected tellLost(lost: Lost, start: Position | null): void {
    this.fanOut.flush()
    for (const member of this.fanOut.receivers) (member as HubMember).hubLost(lost, start)
  }

  /** Waits `ms` of the node's clock. */
  protected wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.context.clock.setTimer(resolve, ms))
  }

  /** Puts the feed on. */
  protected abstract attach(): Promise<Detach>
  /** What is to be known before the first subscriber is answered. */
  protected abstract prepare(): Promise<void>

  private async open(): Promise<void> {
    // Nobody may wait for it: whoever does gets the rejection all the same.
    await Promise.resolve()
    let wait = FIRST_WAIT
    for (let tries = 1; !this.closed; tries++) {
      try {
        if (this.detach === null) this.detach = await this.context.health.watch(this.attach())
        await this.prepare()
        if (this.closed) break
        return
      } catch (error) {
        if (tries === TRIES) throw unavailable(error)
      }
      await this.wait(wait)
      wait *= 2
    }
    // Closed while it was being opened: the feed that came meanwhile must not stay.
    this.detach?.()
    this.detach = null
    throw unavailable(null)
  }
}

function unavailable(cause: unknown): RealtimeError {
  return new RealtimeError('unavailable', 'the store cannot be reached', { after: 1_000, cause })
}
