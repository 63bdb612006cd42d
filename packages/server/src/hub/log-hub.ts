// The hub of a channel with a log: it holds the position up to which this node has passed the log on, moves only by the
// chain rule, and repairs itself by reading when the feed leaves a hole. tautline.v1 §4; it never guesses.

import { type Absent, type Detach, type Entry, type Sink, weightOf } from '@tautline/broker'
import { crosses, type EntryId, type Fence, follow, type Lost, type Position, samePosition } from '@tautline/wire'
import type { Rule } from '../rules/rules.ts'
import type { Comparable, HubContext } from './hub.ts'
import { Hub, unavailable } from './hub.ts'
import { Ring } from './ring.ts'
import { EntryUnit } from './unit.ts'

/** What is kept of the feed while the hub cannot apply it. More: it is dropped, the log has it. */
const BUFFERED_ENTRIES = 1_024
const BUFFERED_BYTES = 1_048_576
/** A repair reads so much at a time. */
const PAGE_ENTRIES = 512
const PAGE_BYTES = 262_144
/** Waits between two tries of a repair, ms. */
const FIRST_WAIT = 50
const LONGEST_WAIT = 800

/**
 * attaching: not heard of the log yet. live: what the feed brings is passed on. doubtful: the feed was interrupted, and the
 * head is being compared. repairing: the log is being read.
 */
type State = 'attaching' | 'live' | 'doubtful' | 'repairing'

/** A channel with a log on this node. */
export class LogHub extends Hub implements Comparable {
  private state: State = 'attaching'
  private at: Position = { epoch: '', offset: 0, id: '' }
  private readonly ring: Ring
  /** What the feed brought while it could not be applied. */
  private buffer: Entry[] = []
  private bufferedBytes = 0
  /** Something of the feed was not kept: only a read that begins after this tells. */
  private missed = false
  /** Those who wait for the hub to be live. */
  private waiting: PromiseWithResolvers<void> | null = null

  constructor(context: HubContext, channel: string, rule: Rule) {
    super(context, channel, rule)
    this.ring = new Ring(context.rings, this.at)
  }

  /** Everything up to here was passed on to the members. */
  get position(): Position {
    return this.at
  }

  get isLive(): boolean {
    return this.state === 'live' && !this.closed
  }

  /** Everything between a position and the hub's own, or null if only the log can tell. */
  after(position: Position): readonly EntryUnit[] | null {
    if (!this.isLive) return null
    return samePosition(position, this.at) ? [] : this.ring.after(position)
  }

  /** The last entries, as many as the log serves, if they are at hand. */
  last(count: number): { readonly start: Position; readonly units: readonly EntryUnit[] } | null {
    if (!this.isLive) return null
    const held = this.ring.last(Math.min(count, this.rule.log?.size ?? count))
    return held !== null && this.serves(held.units) ? held : null
  }

  /** Would the log serve these entries of the ring still? No more than its `size`, and none older than its `ttl`. */
  serves(units: readonly EntryUnit[]): boolean {
    const [first] = units
    const { size, ttl } = this.rule.log!
    return first === undefined || (units.length <= size && this.context.storeTime.isWithin(first.entry.at, ttl))
  }

  /** Is this head of the log one that the hub stands at, has passed, or will reach by its feed? */
  knows(head: Position): boolean {
    if (head.epoch !== this.at.epoch) return false
    return head.offset > this.at.offset || (this.ring.idAt(head.offset) ?? head.id) === head.id
  }

  /** Entries that a reader found behind the hub's position: the feed is late, the log is not. */
  offer(entries: readonly Entry[]): void {
    if (!this.isLive) return
    for (const entry of entries) this.apply(entry)
  }

  /** Resolves when the hub is live, which it may not be any more in the next turn; rejects when it is closed. */
  whenLive(): Promise<void> {
    if (this.closed) return Promise.reject(unavailable(null))
    if (this.state === 'live') return Promise.resolve()
    this.waiting ??= Promise.withResolvers<void>()
    return this.waiting.promise
  }

  /** Brings the hub up to the log's head. */
  catchUp(): void {
    if (!this.closed && this.state !== 'attaching' && this.state !== 'repairing') void this.repair()
  }

  /** @inheritDoc */
  compare(head: Position | null, asked: Position): void {
    if (this.closed || (this.state !== 'live' && this.state !== 'doubtful')) return
    if (head === null || !this.agrees(head, asked)) return this.catchUp()
    if (this.state !== 'doubtful') return
    if (this.drain()) this.goLive()
    else this.catchUp()
  }

  override close(): void {
    super.close()
    this.ring.reset(this.at)
    this.forget()
    this.waiting?.reject(unavailable(null))
    this.waiting = null
  }

  protected override attach(): Promise<Detach> {
    const sink: Sink = {
      entry: (_channel, entry) => this.receive(entry),
      cast: () => {},
      interrupted: () => this.interrupted(),
    }
    return this.context.broker.attach(this.channel, sink)
  }

  protected override async prepare(): Promise<void> {
    const [head] = await this.context.health.watch(this.context.broker.heads([this.channel]))
    if (this.closed) return
    this.at = head as Position
    this.ring.reset(this.at)
    if (this.drain()) this.goLive()
    else void this.repair()
  }

  private goLive(): void {
    this.state = 'live'
    this.waiting?.resolve()
    this.waiting = null
  }

  private interrupted(): void {
    if (this.state === 'attaching' || this.state === 'repairing') {
      // What is on its way may have been read before.
      this.missed = true
      return
    }
    this.state = 'doubtful'
    this.context.interrupted(this)
  }

  /** Is this head the hub's own position, or one that it passed while the store was asked? */
  private agrees(head: Position, asked: Position): boolean {
    if (samePosition(head, this.at)) return true
    if (head.epoch !== this.at.epoch || head.offset < asked.offset || head.offset >= this.at.offset) return false
    const known = this.ring.idAt(head.offset)
    return known === undefined || known === head.id
  }

  private receive(entry: Entry): void {
    this.context.storeTime.heard(entry.at)
    if (this.state !== 'live') this.keep(entry)
    else if (!this.apply(entry, this.known)) this.catchUp()
  }

  private keep(entry: Entry): void {
    this.bufferedBytes += weightOf(entry)
    if (this.buffer.push(entry) <= BUFFERED_ENTRIES && this.bufferedBytes <= BUFFERED_BYTES) return
    this.forget()
    this.missed = true
  }

  /** What was kept is not needed: the log is read anew. */
  private forget(): void {
    this.buffer = []
    this.bufferedBytes = 0
    this.missed = false
  }

  /** An old offset whose id is not at hand is no duplicate until the log says so. */
  private readonly known = (offset: number): EntryId => this.ring.idAt(offset) ?? ''

  /** Moves by the chain rule; false: it is broken here. Behind an authoritative read old offsets are trusted. */
  private apply(entry: Entry, known: (offset: number) => EntryId | undefined = this.ring.idAt): boolean {
    let from = this.at
    const { fence } = entry
    if (fence !== undefined && entry.epoch !== from.epoch && crosses(from, fence) && isProof(from, fence))
      from = { ...from, epoch: fence.epoch }
    const link = { epoch: entry.epoch, offset: entry.off, prev: entry.prev, id: entry.id }
    const step = follow(from, link, known)
    if (step === 'next') {
      const unit = new EntryUnit(this.channel, entry)
      this.at = unit.position
      this.ring.push(unit)
      this.fanOut.push(unit)
      return true
    }
    // An entry of an older epoch that comes again was passed on before its fence.
    return step === 'duplicate' || this.ring.has({ epoch: entry.epoch, offset: entry.off, id: entry.id })
  }

  /** Applies what was kept; false: it does not chain, or some of it was not kept. */
  private drain(): boolean {
    const { buffer, missed } = this
    this.forget()
    // The feed may bring entries in any order: the chain wants them by offset.
    buffer.sort((a, b) => a.off - b.off)
    let whole = !missed
    for (const entry of buffer) whole = this.apply(entry) && whole
    return whole
  }

  /** Reads until what the feed brought meanwhile chains to what was read. */
  private async repair(): Promise<void> {
    this.state = 'repairing'
    for (let wait = FIRST_WAIT; !this.closed; wait = Math.min(wait * 2, LONGEST_WAIT)) {
      // Covered by the read that follows; and behind a loss it may be of a branch that vanished, which offsets do not tell.
      this.forget()
      try {
        if ((await this.readOn()) && this.drain()) return this.goLive()
      } catch {
        // Out of reach: members keep what they have, and the node tells them of its health.
      }
      await this.wait(wait)
    }
  }

  /** Reads from the hub's position to the log's end. False: not there. */
  private async readOn(): Promise<boolean> {
    for (;;) {
      const page = await this.context.reads.read(this.channel, this.at, PAGE_ENTRIES, PAGE_BYTES, this.rule.log!)
      if (this.closed) return false
      if (page.proof === 'absent') {
        this.lose(page)
        return false
      }
      const [first] = page.entries
      // Proved: an unwritten channel had another name when we looked.
      if (first?.fence !== undefined && crosses(this.at, first.fence)) this.at = first.fence.from
      for (const entry of page.entries) if (!this.apply(entry)) return false
      if (page.more) continue
      // Nothing between here and the head: both name the same cut (an unwritten channel's name changes with time).
      if (page.entries.length === 0) this.at = page.head
      return true
    }
  }

  private lose(page: Absent): void {
    const lost: Lost = { why: page.why, from: this.at, to: page.head, spread: spreadOf(this.members) }
    this.tellLost(lost, page.head)
    this.at = page.head
    this.ring.reset(page.head)
  }
}

/** An id proves itself. Where nothing was written yet there is none: another store has a position of that offset too. */
function isProof(from: Position, fence: Fence): boolean {
  return from.id !== '' || fence.from.epoch === from.epoch
}

/** Snapshots that an application's backend is expected to bear, per second, and the longest wait for one, ms. */
const SNAPSHOTS_PER_SECOND = 200
const LONGEST_SPREAD = 60_000

/** Over how many ms the snapshots of so many subscribers are spread. */
export function spreadOf(subscribers: number): number {
  return Math.min(LONGEST_SPREAD, Math.round((subscribers / SNAPSHOTS_PER_SECOND) * 1000))
}
