// Recovery: how a subscription gets from where it asks to begin to the fan-out set, step by step (tautline.v1 §6). A
// cursor waits, not a queue: it reads a page, gives it to the network, and reads the next when the network has taken it.

import type { Matched, Page } from '@tautline/broker'
import { type Clock, type From, type Lost, type Position, RealtimeError, type Subscribed } from '@tautline/wire'
import { within } from '../deadline.ts'
import { type LogHub, spreadOf } from '../hub/log-hub.ts'
import type { Reads } from '../hub/reads.ts'
import { EntryUnit } from '../hub/unit.ts'
import type { Outbox } from './outbox.ts'
import type { Subscription } from './subscription.ts'

/** One page of a replay. */
const PAGE_ENTRIES = 256
const PAGE_BYTES = 65_536
/** What `{ last }` gives at once. */
const LAST_BYTES = 8_388_608
/** ms a subscriber waits for its hub to be repaired before it is told to try later. */
const PATIENCE = 5_000
/** Waits between two tries when the store is out of reach in the middle of a replay, ms. */
const FIRST_WAIT = 50
const LONGEST_WAIT = 800

/** What one recovery may replay; more is `lost`. */
export interface Budget {
  readonly entries: number
  readonly bytes: number
}

export interface ReplayContext {
  readonly reads: Reads
  readonly clock: Clock
  readonly outbox: Outbox
  /** Do offsets count entries? */
  readonly dense: boolean
}

/** The units of a page: whoever shares the page shares them, and what they were encoded to. */
const unitsOfPages: WeakMap<Matched, readonly EntryUnit[]> = new WeakMap()

/** The way of one subscription into the fan-out set. */
export class Replay {
  private readonly context: ReplayContext
  private readonly subscription: Subscription
  private readonly hub: LogHub
  private entriesLeft: number
  private bytesLeft: number
  /** Times in a row that the log had nothing behind the cursor, which the hub does not know. */
  private stuck = 0

  /** @param budget null: none, for who was live and fell behind */
  constructor(context: ReplayContext, subscription: Subscription, hub: LogHub, budget: Budget | null) {
    this.context = context
    this.subscription = subscription
    this.hub = hub
    this.entriesLeft = budget?.entries ?? Number.POSITIVE_INFINITY
    this.bytesLeft = budget?.bytes ?? Number.POSITIVE_INFINITY
  }

  /** What is given comes behind it. */
  private get cursor(): Position {
    return this.subscription.given ?? this.hub.position
  }

  private set cursor(position: Position) {
    this.subscription.given = position
  }

  /**
   * Decides what the subscription starts with, and has it answered; what follows goes on by itself.
   *
   * @param answer called once, synchronously with the cut that it names
   * @throws RealtimeError `unavailable`: nothing was answered. Never `lost` because a store is slow
   */
  async begin(from: From, answer: (subscribed: Subscribed) => void): Promise<void> {
    await this.hubIsLive()
    if (from === 'head') this.fresh(this.hub.position, null, answer)
    else if ('last' in from) await this.beginAtLast(from.last, answer)
    else await this.beginAt(from, answer)
    void this.run()
  }

  /** Reads and gives until the rest lies in the hub's ring, then joins in the same turn. Never rejects. */
  async run(): Promise<void> {
    const { outbox, clock } = this.context
    for (let wait = FIRST_WAIT; ; ) {
      try {
        while (!outbox.flowing) await outbox.whenFlowing()
        if (this.subscription.state !== 'replaying' || (await this.step())) return
        wait = FIRST_WAIT
      } catch {
        // The store is out of reach: the client keeps what it has.
        await new Promise<void>((resolve) => clock.setTimer(resolve, wait))
        wait = Math.min(wait * 2, LONGEST_WAIT)
      }
    }
  }

  private async beginAtLast(count: number, answer: (subscribed: Subscribed) => void): Promise<void> {
    const { reads, clock } = this.context
    const held = count === 0 ? { start: this.hub.position } : this.hub.last(count)
    if (held !== null) return this.fresh(held.start, null, answer)
    const reading = reads.back(this.hub.channel, 'head', count, LAST_BYTES, this.hub.rule.log!)
    const page = await within(clock, reading, PATIENCE, 'reading the log')
    if (page.proof === 'absent')
      throw new RealtimeError('unavailable', 'the log changed while it was read', { after: 100 })
    // The hub's head would be of another log than the start: nobody ever reaches it.
    if (!this.hub.knows(page.head)) this.hub.catchUp()
    await this.hubIsLive()
    this.fresh(page.start ?? page.head, page, answer)
  }

  private async beginAt(from: Position, answer: (subscribed: Subscribed) => void): Promise<void> {
    // "Position p in the ring with the same id: serve from the ring, no store access."
    const known = this.hub.after(from)
    if (known !== null && this.hub.serves(known)) return this.recovered(from, known.length, null, answer)
    const page = await within(this.context.clock, this.readOn(from), PATIENCE, 'reading the log')
    // What is answered names the hub's position. A hub that has not heard yet that its log began anew hears it now.
    if (!this.hub.knows(page.head)) this.hub.catchUp()
    await this.hubIsLive()
    if (page.proof === 'absent') return this.lostAtOnce({ why: page.why, from }, answer)
    this.recovered(from, page.entries.length, page, answer)
  }

  private fresh(start: Position, page: Matched | null, answer: (subscribed: Subscribed) => void): void {
    this.cursor = start
    answer({ ch: this.subscription.channel, mode: 'log', outcome: 'fresh', start, head: this.headAfter(start, page) })
    this.bytesLeft = Number.POSITIVE_INFINITY
    this.passFirst(page)
  }

  private recovered(
    from: Position,
    missed: number,
    page: Matched | null,
    answer: (subscribed: Subscribed) => void,
  ): void {
    const head = missed === 0 ? from : this.headAfter(from, page)
    // "More is lost {limit}, decided before anything is sent where the offsets tell": dense ones go on across epochs.
    const known = this.context.dense ? Math.max(missed, head.offset - from.offset) : missed
    if (known > this.entriesLeft) return this.lostAtOnce({ why: 'limit', from }, answer)
    this.cursor = from
    answer({ ch: this.subscription.channel, mode: 'log', outcome: 'recovered', start: from, head })
    this.passFirst(page)
  }

  /** The page that proved the position goes out at once, unless the answer itself has to wait. */
  private passFirst(page: Matched | null): void {
    if (page === null || !this.context.outbox.flowing) return
    if (!this.passPage(page)) this.entriesLeft = -1
  }

  private lostAtOnce(what: { why: Lost['why']; from: Position }, answer: (subscribed: Subscribed) => void): void {
    const to = this.hub.position
    this.cursor = to
    const lost: Lost = { ...what, to, spread: spreadOf(this.hub.members + 1) }
    answer({ ch: this.subscription.channel, mode: 'log', outcome: 'lost', start: to, head: to, lost })
  }

  /** What the subscription must cover to be live: the newest that is known. */
  private headAfter(start: Position, page: Matched | null): Position {
    const { position } = this.hub
    if (page === null) return position
    // Nothing was missed: one cut may have two names, and the client knows the one it came with.
    if (page.entries.length === 0 && !page.more) return start
    return page.head.offset > position.offset ? page.head : position
  }

  /** Gives the next entries. True: joined, or there is nothing to join any more. */
  private async step(): Promise<boolean> {
    const rest = this.hub.after(this.cursor)
    if (rest === null) return this.stepInLog()
    const given = this.pass(rest)
    if (given === -1) return this.lose('limit')
    if (given < rest.length) return false
    this.subscription.join(this.hub.position)
    return true
  }

  private async stepInLog(): Promise<boolean> {
    const { outbox } = this.context
    const page = await this.readOn(this.cursor)
    while (!outbox.flowing) await outbox.whenFlowing()
    if (this.subscription.state !== 'replaying') return true
    if (page.proof === 'absent') return this.lose(page.why, page.head)
    if (page.entries.length === 0) await this.atEnd(page)
    else {
      this.stuck = 0
      if (!this.passPage(page)) return this.lose('limit')
    }
    return false
  }

  private readOn(from: Position): Promise<Page> {
    return this.context.reads.read(this.hub.channel, from, PAGE_ENTRIES, PAGE_BYTES, this.hub.rule.log!)
  }

  /** Gives a page to the network; false: the recovery has cost enough. */
  private passPage(page: Matched): boolean {
    let units = unitsOfPages.get(page)
    if (units === undefined) {
      units = page.entries.map((entry) => new EntryUnit(this.hub.channel, entry))
      unitsOfPages.set(page, units)
    }
    if (this.pass(units) === -1) return false
    // The feed may be later than the log: a reader that is ahead of the hub brings it along.
    this.hub.offer(page.entries)
    return true
  }

  /** Gives about PAGE_BYTES of the units behind the cursor. How many; -1: the recovery has cost enough. */
  private pass(units: readonly EntryUnit[]): number {
    if (units.length === 0) return 0
    let count = 0
    for (let bytes = 0; count < units.length && bytes < PAGE_BYTES; count++) bytes += (units[count] as EntryUnit).weight
    const some = count === units.length ? units : units.slice(0, count)
    if (!this.affords(some)) return -1
    this.cursor = (some[count - 1] as EntryUnit).position
    this.context.outbox.give(this.subscription.replayed(some))
    return count
  }

  private affords(units: readonly EntryUnit[]): boolean {
    this.entriesLeft -= units.length
    if (this.bytesLeft !== Number.POSITIVE_INFINITY) {
      for (const unit of units) this.bytesLeft -= unit.frame(this.subscription.codec).size
    }
    return this.entriesLeft >= 0 && this.bytesLeft >= 0
  }

  /** The log has nothing after the cursor, but the hub does not know the cursor: it is behind, or has another name for it. */
  private async atEnd(page: Matched): Promise<void> {
    this.cursor = page.head
    if (this.stuck++ === 0) return
    this.hub.catchUp()
    await this.hub.whenLive()
    // A hub that agrees with the log and not with us will be asked again, but not in a tight loop.
    if (this.stuck > 3) await new Promise<void>((resolve) => this.context.clock.setTimer(resolve, FIRST_WAIT))
  }

  private async lose(why: Lost['why'], head: Position = this.hub.position): Promise<true> {
    if (!this.hub.knows(head)) this.hub.catchUp()
    while (!this.hub.isLive) await this.hub.whenLive()
    if (this.subscription.state !== 'replaying') return true
    const to = this.hub.position
    const lost: Lost = { why, from: this.cursor, to, spread: spreadOf(this.hub.members + 1) }
    const push = { ev: 'lost', ch: this.subscription.channel, start: to, lost }
    this.context.outbox.send(this.subscription.codec.encode(push))
    this.subscription.join(to)
    return true
  }

  /** Waits until the hub is live, in this very turn. */
  private async hubIsLive(): Promise<void> {
    while (!this.hub.isLive) await within(this.context.clock, this.hub.whenLive(), PATIENCE, 'the channel')
  }
}
