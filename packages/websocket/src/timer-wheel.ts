// Timeouts of all connections on one timer: a hashed wheel of intrusive lists. Setting, moving and clearing a timeout
// are O(1) and allocate nothing, and the event loop sees a single timer however many connections there are.

/** What can wait in a wheel: an object of its own life that carries the links. It waits for one thing at a time. */
export interface WheelEntry {
  wheelPrevious: WheelEntry | null
  wheelNext: WheelEntry | null
  /** When it is due, in ticks of the wheel: a small integer, where ms of the clock would be an object of 16 bytes to V8. */
  wheelTick: number
  onDeadline(): void
}

/** The clock of a wheel. Injected, so that tests own time. */
export interface WheelClock {
  /** Monotonic, ms. */
  now(): number
  setTimer(callback: () => void, ms: number): unknown
  clearTimer(timer: unknown): void
}

/** Node's clock. Its timers do not keep the process alive: the sockets they watch do. */
export const systemClock: WheelClock = {
  now: () => performance.now(),
  setTimer: (callback, ms) => setTimeout(callback, ms).unref(),
  clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
}

const SLOTS = 512
/** Small integers end here, after 6 years of ticks of 100 ms: what is due later waits as long. */
const LAST_TICK = 2 ** 31 - 1

/** The anchor of a ring of entries. */
class Head implements WheelEntry {
  wheelPrevious: WheelEntry | null = this
  wheelNext: WheelEntry | null = this
  wheelTick = 0
  onDeadline(): void {}
}

/** A wheel of 512 slots. Deadlines further away than one turn are met again when their slot comes round. */
export class TimerWheel {
  private readonly clock: WheelClock
  /** Milliseconds a slot stands for: a timeout fires up to this much late, never early. */
  private readonly tick: number
  private readonly slots: readonly Head[]
  private readonly due: Head = new Head()
  private count = 0
  // The next tick to look at, and the tick the timer is set for (-1: none).
  private cursor: number
  private armedFor = -1
  private timer: unknown = null
  private readonly run: () => void

  constructor(clock: WheelClock = systemClock, tick = 100) {
    this.clock = clock
    this.tick = tick
    this.slots = Array.from({ length: SLOTS }, () => new Head())
    this.cursor = Math.floor(clock.now() / tick)
    this.run = () => this.turn()
  }

  /** How many entries wait. */
  get size(): number {
    return this.count
  }

  /** The first tick that is at least `ms` from now. */
  tickIn(ms: number): number {
    return Math.min(Math.ceil((this.clock.now() + ms) / this.tick), LAST_TICK)
  }

  /** How long it is to a tick, in ms; 0 or less: it has come. */
  until(tick: number): number {
    return tick * this.tick - this.clock.now()
  }

  /** Lets `entry` wait `ms` from now, Infinity for ever; a deadline it had is replaced. */
  set(entry: WheelEntry, ms: number): void {
    if (ms === Number.POSITIVE_INFINITY) return this.clear(entry)
    if (entry.wheelNext !== null) this.unlink(entry)
    entry.wheelTick = this.tickIn(ms)
    // While nothing waits the cursor stands still, and may be left behind.
    if (this.count === 0) this.cursor = Math.floor(this.clock.now() / this.tick)
    const at = Math.max(this.cursor, entry.wheelTick)
    this.append(this.slots[at % SLOTS] as Head, entry)
    const due = Math.min(at, this.cursor + SLOTS)
    if (this.armedFor === -1 || due < this.armedFor) this.arm(due)
  }

  clear(entry: WheelEntry): void {
    if (entry.wheelNext === null) return
    this.unlink(entry)
    if (this.count === 0) this.disarm()
  }

  private unlink(entry: WheelEntry): void {
    ;(entry.wheelPrevious as WheelEntry).wheelNext = entry.wheelNext
    ;(entry.wheelNext as WheelEntry).wheelPrevious = entry.wheelPrevious
    entry.wheelPrevious = null
    entry.wheelNext = null
    this.count--
  }

  private turn(): void {
    this.armedFor = -1
    const until = Math.floor(this.clock.now() / this.tick)
    // After a long stall every slot needs one look only.
    if (until - this.cursor >= SLOTS) this.cursor = until - SLOTS + 1
    for (; this.cursor <= until; this.cursor++) this.collect(this.slots[this.cursor % SLOTS] as Head, until)
    try {
      this.fire()
    } finally {
      // What a callback has set may have armed the timer already, but for later than what waits beside it. And after
      // one that threw, the others are still due.
      if (this.count > 0) {
        const at = this.due.wheelNext === this.due ? this.nextOccupied() : until
        if (this.armedFor === -1 || at < this.armedFor) this.arm(at)
      }
    }
  }

  /** Moves what is due to its own list, so that callbacks may set and clear whatever they like. */
  private collect(head: Head, until: number): void {
    for (let entry = head.wheelNext as WheelEntry; entry !== head; ) {
      const following = entry.wheelNext as WheelEntry
      if (entry.wheelTick <= until) {
        this.unlink(entry)
        this.append(this.due, entry)
      }
      entry = following
    }
  }

  private fire(): void {
    while (this.due.wheelNext !== this.due) {
      const entry = this.due.wheelNext as WheelEntry
      this.unlink(entry)
      entry.onDeadline()
    }
  }

  private append(head: Head, entry: WheelEntry): void {
    entry.wheelPrevious = head.wheelPrevious
    entry.wheelNext = head
    ;(head.wheelPrevious as WheelEntry).wheelNext = entry
    head.wheelPrevious = entry
    this.count++
  }

  private nextOccupied(): number {
    for (let at = this.cursor; at < this.cursor + SLOTS; at++) {
      const head = this.slots[at % SLOTS] as Head
      if (head.wheelNext !== head) return at
    }
    return this.cursor + SLOTS
  }

  private arm(at: number): void {
    if (this.timer !== null) this.clock.clearTimer(this.timer)
    this.armedFor = at
    this.timer = this.clock.setTimer(this.run, Math.max(0, at * this.tick - this.clock.now()))
  }

  private disarm(): void {
    if (this.timer !== null) this.clock.clearTimer(this.timer)
    this.timer = null
    this.armedFor = -1
  }
}
