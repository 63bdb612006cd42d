// What all hubs share: one channel (or pattern) on one node, the feed that it holds, and who hears it.

import type { Broker, Detach } from '@tautline/broker'
import { type Clock, type Lost, type Position, type Random, RealtimeError, type Timer } from '@tautline/wire'
import type { Health } from '../health.ts'
import type { Compress } from '../rules/compress.ts'
import type { Rule } from '../rules/rules.ts'
import type { Sharing } from '../sharing.ts'
import { FanOut, type FanOutOwner, type Receiver, type Turn } from './fan-out.ts'
import type { Reads } from './reads.ts'
import type { RingBudget } from './ring.ts'
import type { StoreTime } from './store-time.ts'

/** A subscription as its hub knows it. */
export interface HubMember extends Receiver {
  /**
   * The hub's log was lost: what follows starts after `start`.
   *
   * @param channel the only one of a pattern that lost anything
   */
  hubLost(lost: Lost, start: Position | null, channel?: string): void
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
  readonly storeTime: StoreTime
  /** Does a channel belong to one user? Then no pattern brings it. */
  readonly isOwned: (channel: string) => boolean
  /** What of a channel or pattern may be compressed. */
  readonly compressOf: (channel: string) => Compress
  readonly sharing: Sharing | null
  /** A hub whose feed was interrupted asks to have its head compared. */
  readonly interrupted: (hub: Comparable) => void
}

/** A hub whose position can be compared with its channel's head. */
export interface Comparable {
  readonly channel: string
  readonly members: number
  readonly position: Position
  /**
   * The head as an authoritative read told it, or null where it could not.
   *
   * @param asked the hub's position when the read began
   */
  compare(head: Position | null, asked: Position): void
}

/** Tries to open a feed, and the first wait between two; it doubles. */
const TRIES = 5
const FIRST_WAIT = 50

/** A channel or a pattern on this node. Opened by the first who holds it, closed by the registry when nobody does. */
export abstract class Hub implements FanOutOwner {
  readonly channel: string
  readonly rule: Rule
  readonly fanOut: FanOut
  /** Subscriptions that use this hub, live or replaying. */
  holders = 0
  /** Resolves when the feed is on; rejects with `unavailable`. */
  readonly opened: Promise<void>
  protected readonly context: HubContext
  protected closed = false
  private detach: Detach | null = null
  /** Ends the wait under way, if there is one. */
  private wake: (() => void) | null = null

  constructor(context: HubContext, channel: string, rule: Rule) {
    this.context = context
    this.channel = channel
    this.rule = rule
    this.fanOut = new FanOut(context.turn, this)
    this.opened = this.open()
  }

  /** @inheritDoc */
  get compress(): Compress {
    return this.context.compressOf(this.channel)
  }

  /** @inheritDoc */
  get sharing(): Sharing | null {
    return this.context.sharing
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

  /** Lets go of the feed. Whoever still waits for something of this hub is told. */
  close(): void {
    this.closed = true
    this.fanOut.clear()
    this.letGo()
    this.wake?.()
  }

  /** Tells every live member, after what it was sent before. */
  protected tellLost(lost: Lost, start: Position | null, channel?: string): void {
    this.fanOut.flush()
    for (const member of this.fanOut.receivers) (member as HubMember).hubLost(lost, start, channel)
  }

  /** Waits `ms` of the node's clock, or until the hub is closed. One wait at a time. */
  protected async wait(ms: number): Promise<void> {
    if (this.closed) return
    const { clock } = this.context
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer: Timer = clock.setTimer(resolve, ms)
    this.wake = resolve
    await promise
    this.wake = null
    clock.clearTimer(timer)
  }

  /** Puts the feed on. */
  protected abstract attach(): Promise<Detach>
  /** What is to be known before the first subscriber is answered. */
  protected abstract prepare(): Promise<void>

  private async open(): Promise<void> {
    // The fields of the subclass are made after this one's.
    await Promise.resolve()
    let wait = FIRST_WAIT
    for (let tries = 1; !this.closed; tries++) {
      try {
        this.detach ??= await this.context.health.watch(this.attach())
        if (!this.closed) await this.prepare()
        if (!this.closed) return
      } catch (error) {
        if (tries === TRIES) {
          this.letGo()
          throw unavailable(error)
        }
      }
      await this.wait(wait)
      wait *= 2
    }
    // Closed while it was being opened: the feed that came meanwhile must not stay.
    this.letGo()
    throw unavailable(null)
  }

  private letGo(): void {
    this.detach?.()
    this.detach = null
  }
}

/** What whoever needs a hub is told when it cannot be had. */
export function unavailable(cause: unknown): RealtimeError {
  return new RealtimeError('unavailable', 'the store cannot be reached', { after: 1_000, cause })
}
