// The hub of a pattern: many channels, heard live. It reads no log. What the feed brings in another order is put back in
// order; what does not come is announced as `lost`, and so is every interruption of the feed.

import { type Detach, type Entry, type Sink, weightOf } from '@tautline/broker'
import { crosses, type Lost, type Position, type Timer } from '@tautline/wire'
import { Hub } from './hub.ts'
import { CastUnit, EntryUnit } from './unit.ts'

/** Channels whose order is followed; the longest silent is forgotten first. */
const FOLLOWED = 10_000
/** Entries of a channel whose ids are known: an old offset with a strange id is no duplicate. */
const KNOWN = 8
/** ms for which an entry waits for the one before it, and what may wait: entries of all channels, bytes. */
const PATIENCE = 500
const WAITING_ENTRIES = 1_024
const WAITING_BYTES = 1_048_576

export const PATTERN_LOST: Lost = Object.freeze({ why: 'pattern', to: null, spread: 0 })

/** One channel of the pattern. */
interface Followed {
  readonly channel: string
  /** How far it was passed on. */
  at: Position
  /** The last ones passed on, oldest first. */
  known: Position[]
  /** Ids that were passed on behind the place to which the store went back: they may come again. */
  again: Set<string> | null
  /** The epoch before the one it is in: its entries are old. */
  past: string | null
  /** A loss was announced behind `at`: whatever comes next is the next. */
  restarts: boolean
  /** Entries that came before their predecessor. */
  early: Entry[]
}

/** All channels of a pattern on this node. */
export class PatternHub extends Hub {
  private readonly followed: Map<string, Followed> = new Map()
  /** Channels in which something waits. */
  private readonly waiting: Set<Followed> = new Set()
  private entries = 0
  private bytes = 0
  private timer: Timer | null = null

  /** Was more of a channel passed on than up to this position? */
  isAhead(channel: string, of: Position): boolean {
    const at = this.followed.get(channel)?.at
    return at !== undefined && (at.offset > of.offset || (at.offset === of.offset && at.id !== of.id))
  }

  override close(): void {
    super.close()
    this.disarm()
    this.followed.clear()
    this.waiting.clear()
  }

  protected override attach(): Promise<Detach> {
    const { isOwned } = this.context
    const sink: Sink = {
      entry: (channel, entry) => {
        if (!isOwned(channel)) this.receive(channel, entry)
      },
      cast: (channel, cast) => {
        if (!isOwned(channel)) this.fanOut.push(new CastUnit(channel, cast))
      },
      interrupted: () => this.interrupted(),
    }
    return this.context.broker.attachPattern(this.channel, sink)
  }

  protected override prepare(): Promise<void> {
    return Promise.resolve()
  }

  private receive(channel: string, entry: Entry): void {
    const known = this.followed.get(channel)
    if (known === undefined) return this.begin(channel, entry)
    if (isStrange(known, entry)) return this.turnBack(known, entry)
    if (isOld(known, entry)) return
    if (!known.restarts && !isNext(known.at, entry)) return this.hold(known, entry)
    this.pass(known, entry)
    if (known.early.length > 0) this.passEarly(known)
  }

  private begin(channel: string, entry: Entry): void {
    const at = { epoch: entry.epoch, offset: entry.off, id: entry.id }
    const past = entry.fence?.from.epoch ?? null
    this.pass({ channel, at, known: [], again: null, past, restarts: false, early: [] }, entry)
    if (this.followed.size <= FOLLOWED) return
    const oldest = this.followed.values().next().value as Followed
    if (oldest.early.length > 0) this.passWaiting()
    this.followed.delete(oldest.channel)
  }

  private pass(followed: Followed, entry: Entry): void {
    const unit = new EntryUnit(followed.channel, entry)
    if (entry.epoch !== followed.at.epoch) followed.past = followed.at.epoch
    followed.at = unit.position
    followed.restarts = false
    if (followed.known.push(unit.position) > KNOWN) followed.known.shift()
    // The longest silent one stands first.
    this.followed.delete(followed.channel)
    this.followed.set(followed.channel, followed)
    if (followed.again?.delete(entry.id) !== true) this.fanOut.push(unit)
  }

  /** The store has forgotten what was passed on, and has given its offsets to something else. */
  private turnBack(followed: Followed, entry: Entry): void {
    this.tellLost(PATTERN_LOST, null, followed.channel)
    // What lies behind may be of either log.
    followed.again = new Set(followed.known.filter(({ offset }) => offset > entry.off).map(({ id }) => id))
    followed.known = []
    this.pass(followed, entry)
  }

  private passEarly(followed: Followed): void {
    const { early } = followed
    early.sort((a, b) => a.off - b.off)
    let passed = 0
    for (const entry of early) {
      if (!isOld(followed, entry)) {
        if (!isNext(followed.at, entry)) break
        this.pass(followed, entry)
      }
      passed++
    }
    for (const entry of early.splice(0, passed)) this.account(-1, entry)
    if (early.length === 0) this.waiting.delete(followed)
    if (this.waiting.size === 0) this.disarm()
  }

  private hold(followed: Followed, entry: Entry): void {
    followed.early.push(entry)
    this.waiting.add(followed)
    this.account(1, entry)
    if (this.entries > WAITING_ENTRIES || this.bytes > WAITING_BYTES) this.passWaiting()
    else this.timer ??= this.context.clock.setTimer(() => this.passWaiting(), PATIENCE)
  }

  /** Anything may be missing of any channel. */
  private interrupted(): void {
    this.tellLost(PATTERN_LOST, null)
    for (const followed of this.followed.values()) followed.restarts = true
    this.passWaiting()
  }

  /** What is missing will not be waited for: that is said, and then comes what is there. */
  private passWaiting(): void {
    this.disarm()
    for (const followed of this.waiting) {
      followed.early.sort((a, b) => a.off - b.off)
      for (const entry of followed.early.splice(0)) {
        if (isOld(followed, entry)) continue
        if (!followed.restarts && !isNext(followed.at, entry)) this.tellLost(PATTERN_LOST, null, followed.channel)
        this.pass(followed, entry)
      }
    }
    this.waiting.clear()
    this.entries = 0
    this.bytes = 0
  }

  private account(sign: 1 | -1, entry: Entry): void {
    this.entries += sign
    this.bytes += sign * weightOf(entry)
  }

  private disarm(): void {
    if (this.timer !== null) this.context.clock.clearTimer(this.timer)
    this.timer = null
  }
}

function isStrange({ at, known }: Followed, entry: Entry): boolean {
  if (entry.epoch !== at.epoch || entry.off > at.offset) return false
  return known.some(({ epoch, offset, id }) => offset === entry.off && epoch === entry.epoch && id !== entry.id)
}

function isOld({ at, past }: Followed, entry: Entry): boolean {
  return entry.epoch === at.epoch ? entry.off <= at.offset : entry.epoch === past
}

function isNext(at: Position, entry: Entry): boolean {
  if (entry.epoch === at.epoch) return entry.prev === at.offset
  return entry.fence !== undefined && crosses(at, entry.fence)
}
