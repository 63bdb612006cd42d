// One connection's attachment to one channel: a cursor over the log, or a member of the fan-out set, never both. There is
// no buffer per subscriber: a lossless one that cannot keep up becomes a cursor again (tautline.v1 §5, §8).

import {
  type Codec,
  type Encoded,
  type GapPush,
  isPattern,
  type Lost,
  matchesPattern,
  type Policy,
  type Position,
} from '@tautline/wire'
import type { Hub, HubMember } from '../hub/hub.ts'
import { LogHub } from '../hub/log-hub.ts'
import { PATTERN_LOST, PatternHub } from '../hub/pattern-hub.ts'
import type { EntryUnit, Unit } from '../hub/unit.ts'
import { joinUnits } from '../hub/unit.ts'
import type { Frame } from '../link.ts'
import type { Counter } from '../metrics.ts'
import { conflate, dropOldest, type QueueItem } from '../policies.ts'
import type { Rule } from '../rules/rules.ts'
import { HIGH_MARK, type Outbox, type Waiting } from './outbox.ts'

/** What a slow subscriber of an ephemeral channel keeps when nothing else was asked for. */
const EPHEMERAL_DROP: Policy = { drop: 100 }

/** Channels of a pattern of which it is remembered how far another subscription had brought them. */
const INHERITED = 1_000

/** What all queues of a connection may hold together, in bytes. */
const QUEUED_LIMIT = 16_777_216

/** What a subscription needs of its session. */
export interface SubscriptionOwner {
  readonly codec: Codec
  readonly outbox: Outbox
  /** Publications given, of the whole node. */
  readonly deliveries: Counter
  /** Is there another subscription of this connection that brings this channel's publications? */
  coveredElsewhere(channel: string, pattern: Subscription): boolean
  /** A lossless subscriber fell behind: it goes on from the log. */
  fellBehind(subscription: Subscription): void
  /** The policy `disconnect`. */
  tooSlow(): void
}

export interface SubscriptionTerms {
  readonly channel: string
  readonly rule: Rule
  readonly policy: Policy
  readonly conflate: boolean
  /** Made by the server, not asked for. */
  readonly server: boolean
}

type Item = QueueItem<Unit | Encoded>

/** Made when a subscribe is allowed; `state` says what it is to its hub. */
export class Subscription implements HubMember, Waiting {
  readonly codec: Codec
  readonly terms: SubscriptionTerms
  readonly channel: string
  readonly hub: Hub
  state: 'replaying' | 'live' | 'gone' = 'replaying'
  /** Does the client know where it begins? */
  isAnswered = false
  /** Everything up to here was given to the network. null: there are no positions, or nothing is decided yet. */
  given: Position | null = null
  /** Ends what presence knows of this subscription; null: it is no member. */
  disappear: ((clean: boolean) => void) | null = null
  /** Ends what it is told of the other members; null: nothing. */
  unwatch: (() => void) | null = null
  /** Pattern: how far a subscription that is gone had brought its channel. The hub may bring the same later. */
  private inherited: Map<string, Position> | null = null
  private readonly owner: SubscriptionOwner
  // Of the owner, kept here because every delivery asks for them.
  private readonly outbox: Outbox
  private readonly deliveries: Counter
  private readonly isPattern: boolean
  /** Is there a log to go back to? */
  private readonly hasLog: boolean
  private readonly policy: Policy
  private queue: Item[] = []
  private bytes = 0
  /** A policy that goes through the whole queue waits until it has doubled. */
  private relieveAt = 0

  constructor(owner: SubscriptionOwner, hub: Hub, terms: SubscriptionTerms, isPattern: boolean) {
    this.owner = owner
    this.outbox = owner.outbox
    this.deliveries = owner.deliveries
    this.codec = owner.codec
    this.hub = hub
    this.terms = terms
    this.channel = terms.channel
    this.isPattern = isPattern
    this.hasLog = hub instanceof LogHub
    // Without a log there is nothing to fall back to: what waits is all there is.
    const refused = terms.policy === 'lossless' || (isPattern && terms.policy === 'latest')
    this.policy = refused && !this.hasLog ? EPHEMERAL_DROP : terms.policy
  }

  /** Does something wait that its hub has passed on? */
  get isBehind(): boolean {
    return this.queue.length > 0
  }

  /**
   * Another subscription brings a channel from now on: what waits of it here would come behind what that one says.
   *
   * @param start what that one brings begins behind it
   */
  leaveTo(channel: string, start: Position | null): void {
    const left = this.queue.filter((item) => item.channel === channel)
    if (left.length === 0) return
    this.replace(this.queue.filter((item) => item.channel !== channel))
    const missed = left.some(({ position }) => position === null || start === null || position.offset <= start.offset)
    if (missed) this.hubLost(PATTERN_LOST, null)
  }

  /** Pattern: may it bring something of this channel or pattern too? */
  overlaps(channel: string): boolean {
    return isPattern(channel) || matchesPattern(this.channel, channel)
  }

  /** Pattern: was something left to another subscription that this one has not given? */
  misses(other: Subscription): boolean {
    const { hub } = this
    if (other.given === null || !(hub instanceof PatternHub)) return other.isBehind
    return hub.isAhead(other.channel, other.given)
  }

  /** Pattern: another subscription of the connection ends, this one brings what comes behind it. */
  inherit({ channel, given }: Subscription): void {
    this.inherited?.delete(channel)
    if (given === null || isPattern(channel) || !matchesPattern(this.channel, channel)) return
    this.inherited ??= new Map()
    this.inherited.set(channel, given)
    if (this.inherited.size > INHERITED) this.inherited.delete(this.inherited.keys().next().value as string)
  }

  /** Becomes a member of the fan-out set: everything up to `position` was given to the network. */
  join(position: Position | null): void {
    // Giving may have been too much for the connection.
    if (this.state === 'gone') return
    this.given = position
    this.state = 'live'
    this.hub.join(this)
  }

  // What is rare stands in methods of its own: a closure in one of these would be paid for by every delivery.
  deliver(units: readonly Unit[], frame: Frame): void {
    if (this.state !== 'live') return
    if (this.isPattern) this.deliverOwn(units, frame)
    else this.pass(units, frame)
  }

  hubLost(lost: Lost, start: Position | null, channel?: string): void {
    if (this.state !== 'live') return
    if (channel !== undefined && this.owner.coveredElsewhere(channel, this)) return
    // What follows may be of another log.
    this.inherited = null
    const push = this.codec.encode({ ev: 'lost', ch: this.channel, start, lost })
    const { outbox } = this
    if (outbox.flowing) {
      outbox.give(push)
      this.given = start
    } else {
      this.enqueue([{ position: start, bytes: this.codec.size(push), marker: true, payload: push }])
    }
  }

  /** @inheritDoc */
  take(bytes: number): Encoded | null {
    const parts: Encoded[] = []
    let taken = 0
    while (parts.length < this.queue.length && (taken < bytes || parts.length === 0)) {
      const item = this.queue[parts.length] as Item
      parts.push(this.encodeItem(item))
      taken += item.bytes
      if (item.position !== null) this.given = item.position
    }
    if (parts.length === 0) return null
    this.queue = this.queue.slice(parts.length)
    this.account(-taken)
    this.relieveAt = 0
    return this.codec.join(parts)
  }

  /** Nothing of the channel is sent after this. `clean`: not cut, so that nobody waits for it to come back. */
  end(clean: boolean): void {
    this.state = 'gone'
    this.hub.leave(this)
    this.purge()
    this.disappear?.(clean)
    this.disappear = null
  }

  /** It is not told any more who comes and goes. */
  stopWatching(): void {
    this.unwatch?.()
    this.unwatch = null
  }

  /** Units of a replay, to be given at once; a client that asked for it gets only the newest of each state key. */
  replayed(units: readonly EntryUnit[]): Frame | Encoded {
    this.deliveries.value += units.length
    if (!this.terms.conflate || this.policy !== 'latest') return joinUnits(units, this.codec, this.hub.compress)
    const items = conflate(units.map((unit) => this.itemOf(unit)))
    return this.codec.join(items.map((item) => this.encodeItem(item)))
  }

  /** Has another subscription given it before it ended? */
  private wasBrought({ channel, position }: Unit): boolean {
    const given = this.inherited?.get(channel)
    if (given === undefined || position === null) return false
    if (position.epoch === given.epoch && position.offset <= given.offset) return true
    this.inherited?.delete(channel)
    return false
  }

  /** Pattern: what no other subscription brings. */
  private deliverOwn(units: readonly Unit[], frame: Frame): void {
    const own = units.filter((unit) => !this.owner.coveredElsewhere(unit.channel, this) && !this.wasBrought(unit))
    if (own.length === units.length) this.pass(units, frame)
    else if (own.length > 0) this.pass(own, joinUnits(own, this.codec, this.hub.compress))
  }

  private pass(units: readonly Unit[], frame: Frame): void {
    const { outbox } = this
    this.deliveries.value += units.length
    if (outbox.flowing) {
      this.given = (units[units.length - 1] as Unit).position
      outbox.give(frame)
    } else this.keep(units)
  }

  private keep(units: readonly Unit[]): void {
    this.enqueue(units.map((unit) => this.itemOf(unit)))
  }

  private itemOf(unit: Unit): Item {
    return {
      position: unit.position,
      bytes: unit.frame(this.codec).size,
      state: unit.state,
      channel: this.isPattern ? unit.channel : undefined,
      // What carries a fence moves the client to another epoch: no gap may stand for it.
      marker: unit.fenced,
      payload: unit,
    }
  }

  private encodeItem(item: Item): Encoded {
    const { gap, payload, position, channel } = item
    if (gap !== undefined && gap !== null) {
      const push: GapPush = { ev: 'gap', ch: channel ?? this.channel, to: position as Position, ...gap }
      return this.codec.encode(push)
    }
    return typeof payload === 'string' || payload instanceof Uint8Array
      ? payload
      : (payload as Unit).frame(this.codec).encoded
  }

  private enqueue(items: readonly Item[]): void {
    const { outbox } = this
    for (const item of items) {
      this.queue.push(item)
      this.account(item.bytes)
    }
    outbox.wait(this)
    if (outbox.pressed && this.queue.length >= this.relieveAt) this.relieve()
    // A policy may let much wait; the connection as a whole may not.
    if (outbox.queuedBytes > QUEUED_LIMIT) this.owner.tooSlow()
  }

  /** Pressure on this very connection: the subscription's policy decides (tautline.v1 §8). */
  private relieve(): void {
    if (this.policy === 'disconnect') return this.owner.tooSlow()
    if (this.policy === 'lossless') return this.fallBack()
    this.replace(this.policy === 'latest' ? conflate(this.queue) : dropOldest(this.queue, this.policy.drop))
    // "If Q stays too large: as lossless."
    if (this.policy === 'latest' && this.bytes > HIGH_MARK) return this.fallBack()
    this.relieveAt = this.queue.length + 1 + (this.queue.length >> 1)
  }

  private fallBack(): void {
    if (!this.hasLog || this.given === null) {
      // The newest stay.
      this.replace(dropOldest(this.queue, (EPHEMERAL_DROP as { drop: number }).drop))
      return
    }
    this.purge()
    this.state = 'replaying'
    this.hub.leave(this)
    this.owner.fellBehind(this)
  }

  private replace(queue: readonly Item[]): void {
    if (queue === this.queue) return
    let bytes = 0
    for (const item of queue) bytes += item.bytes
    this.account(bytes - this.bytes)
    this.queue = [...queue]
  }

  private purge(): void {
    this.replace([])
    this.outbox.forget(this)
  }

  private account(bytes: number): void {
    this.bytes += bytes
    this.outbox.queuedBytes += bytes
  }
}
