// Shared takeover: one LZ77 stream for many connections. What goes to all of them is a unit: deflated once, with the units
// before it as its context. Here is when the stream begins anew, what a unit may refer to, and what the stream holds. Who
// may be sent a unit is decided by each connection's codec (codec.ts); frames are made elsewhere.

import type { Platform } from '../platform.ts'
import type { SharedBudget } from './shared-budget.ts'
import { SlidingWindow } from './sliding-window.ts'

/** What streams have done, added up by all that were given the same object. */
export interface SharedTally {
  units: number
  /** Units that refer to nothing before them. */
  resets: number
  /** Connections that took the unit before the newest, of all streams together. */
  members: number
  /** Bytes of frames that connections were sent as units, and what they would have been without compression. */
  sentBytes: number
  plainBytes: number
}

export interface SharedStreamOptions {
  /** 8 to 15. Only connections with a window at least as large can take units. */
  readonly windowBits: number
  /** Bytes of plain text after which the stream begins anew, so that others can join. */
  readonly resetAfter: number
  /** ms that somebody waits at most before it does. */
  readonly joinWait: number
  readonly tally: SharedTally
  readonly budget: SharedBudget
}

/** One message of a stream. It holds no text: connections keep the last one that they were sent. */
export class SharedUnit {
  readonly stream: SharedStream
  /** Counted without a gap, from 1 on. */
  readonly number: number
  /** Does it refer to nothing before it? Then anybody may begin with it. */
  readonly isReset: boolean
  /** When it was begun, by the platform's clock. */
  readonly at: number
  /** Connections that were sent it as a unit. */
  takers = 0
  /** Is its compressed form known? */
  isMade = false

  constructor(stream: SharedStream, number: number, isReset: boolean, at: number) {
    this.stream = stream
    this.number = number
    this.isReset = isReset
    this.at = at
  }

  /** Can it still be compressed? Only the newest can: behind it the window is that of the next one. */
  get canBeTaken(): boolean {
    return this.isMade || this.stream.newest === this
  }

  /** Has the stream gone on, or ended? Who stands here can take nothing more of it but a reset. */
  get isPast(): boolean {
    return this.stream.newest !== this
  }
}

/** ms in which what a stream carried counts half. */
const HALF_LIFE = 10_000
/** ms of silence after which a stream holds nobody back any more. */
const SILENCE = 60_000

const NOBODY = -1

export class SharedStream {
  readonly windowBits: number
  readonly tally: SharedTally
  /** null: none was begun yet, or the stream was ended. */
  newest: SharedUnit | null = null
  private readonly options: SharedStreamOptions
  private readonly platform: Platform
  private readonly window: SlidingWindow
  private units = 0
  /** Bytes of plain text since the last reset. */
  private text = 0
  /** Since when somebody waits to join. */
  private waitingSince = NOBODY
  /** Bytes carried lately, and when that was counted. */
  private load = 0
  private loadAt = 0
  /** What of this stream is in the tally's members. */
  private counted = 0

  constructor(options: SharedStreamOptions, platform: Platform) {
    this.options = options
    this.windowBits = options.windowBits
    this.tally = options.tally
    this.platform = platform
    this.window = new SlidingWindow(2 ** options.windowBits, platform)
  }

  /**
   * Begins the next unit. Nothing is compressed before somebody takes it.
   *
   * @param size of its text, in bytes
   */
  begin(size: number): SharedUnit {
    const { newest, tally } = this
    const now = this.platform.now()
    this.count(newest === null ? 0 : newest.takers)
    // Nobody who took the one before: there is nobody to go on for, and nothing to hold.
    const isDeserted = newest === null || newest.takers === 0
    const isReset = isDeserted || this.isDue(now)
    if (isReset) {
      if (isDeserted) this.forget()
      else this.window.clear()
      this.text = 0
      this.waitingSince = NOBODY
      tally.resets++
    }
    this.text += size
    this.load = this.loadNow(now) + size
    this.loadAt = now
    tally.units++
    this.newest = new SharedUnit(this, ++this.units, isReset, now)
    return this.newest
  }

  /**
   * Compresses the newest unit, once. What grows by it is sent so as well, by a few bytes: the first ones of a stream do,
   * and are what the others refer to.
   *
   * @returns the payload for a frame with RSV1
   */
  deflate(unit: SharedUnit, text: Uint8Array): Uint8Array {
    if (unit !== this.newest || unit.isMade) throw new Error('only the newest unit can be compressed, and once')
    const output = this.platform.deflateRaw(text, this.window.view(), this.windowBits)
    unit.isMade = true
    this.window.push(text)
    this.options.budget.use(this, this.window.held)
    // RFC 7692 §7.2.1: "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end."
    return output.subarray(0, output.length - 4)
  }

  /** A connection that could join was sent a unit that it cannot begin with. */
  awaited(unit: SharedUnit): void {
    if (this.waitingSince === NOBODY) this.waitingSince = unit.at
  }

  /** Bytes carried lately, which says how much there is to gain. */
  loadNow(now: number): number {
    return this.load * 2 ** ((this.loadAt - now) / HALF_LIFE)
  }

  /** Has it said nothing for so long that its members need not be kept for it? */
  get isSilent(): boolean {
    return this.platform.now() - this.loadAt > SILENCE
  }

  /** Everybody has left it, and its memory is free. Another unit begins it anew. */
  end(): void {
    this.newest = null
    this.count(0)
    this.forget()
  }

  private isDue(now: number): boolean {
    const { joinWait, resetAfter } = this.options
    return this.text >= resetAfter || (this.waitingSince !== NOBODY && now - this.waitingSince >= joinWait)
  }

  private forget(): void {
    this.window.release()
    this.options.budget.forget(this)
  }

  private count(members: number): void {
    this.tally.members += members - this.counted
    this.counted = members
  }
}
