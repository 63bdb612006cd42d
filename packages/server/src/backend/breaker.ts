// A circuit breaker: a backend that keeps failing is left alone for a while, then asked by one request whether it is
// back. Somebody whose messages make a backend fail must not close it to others: his failures count twice at most, and
// he is not the one who asks. It measures by the monotonic clock, sets no timer and sends nothing.

import type { Clock, Random } from '@tautline/wire'

export interface BreakerSettings {
  /** The share of failures at which it opens. */
  readonly failures: number
  /** How many attempts are looked at. */
  readonly window: number
  /** ms it stays open at first. */
  readonly rest: number
}

/** ms it stays open at most. */
const LONGEST_REST = 60_000
/** ms after which what was seen says nothing any more. */
const STALE = 60_000
/** ms that whoever comes during the question is told to wait; and that others have the right to ask first. */
const ASKING = 1_000
/** Failures of one among those that are looked at, at most. */
const OF_ONE = 2

export type BreakerState = 'closed' | 'open' | 'asking'

/** The right to one attempt. To be reported once. */
export interface Pass {
  /** @param after ms the backend asked to be left alone for */
  report(outcome: PassOutcome, after?: number): void
}

/** 'bad' may be the fault of what was sent, 'down' is not: there was nobody to send it to. 'neither' says nothing. */
export type PassOutcome = 'good' | 'bad' | 'down' | 'neither'

/** An attempt: whose failure it was, '' for nobody's; null: none. */
type Seen = string | null

/** One per event. */
export class Breaker {
  private readonly clock: Clock
  private readonly random: Random
  private readonly settings: BreakerSettings
  private readonly changed: (state: BreakerState, rest: number) => void
  private state: BreakerState = 'closed'
  /** The newest attempts: a ring. */
  private readonly seen: Seen[] = []
  /** Whose failures opened it, and kept it open. */
  private readonly blamed: Set<string> = new Set()
  private next = 0
  private seenLast = 0
  private until = 0
  /** Openings since it was closed. */
  private times = 0
  /** Attempts that began before the state changed say nothing about the one after. */
  private era = 0

  constructor(
    parts: { readonly clock: Clock; readonly random: Random },
    settings: BreakerSettings,
    changed: (state: BreakerState, rest: number) => void = () => {},
  ) {
    this.clock = parts.clock
    this.random = parts.random
    this.settings = settings
    this.changed = changed
  }

  /**
   * @param who asks; '' for nobody in particular
   * @returns a number: not now, in so many ms perhaps
   */
  enter(who: string): Pass | number {
    if (this.state === 'asking') return ASKING
    if (this.state === 'open') {
      const left = this.until - this.clock.now()
      const wait = left + (this.blamed.has(who) ? ASKING : 0)
      if (wait > 0) return Math.ceil(wait)
      this.turn('asking')
    }
    const era = this.era
    let reported = false
    return {
      report: (outcome, after = 0) => {
        if (reported || era !== this.era) return
        reported = true
        if (this.state === 'asking') this.answered(outcome, who, after)
        else if (outcome !== 'neither') this.learn(outcome, who, after)
      },
    }
  }

  private answered(outcome: PassOutcome, who: string, after: number): void {
    if (outcome === 'bad' || outcome === 'down') {
      if (outcome === 'bad') this.blame(who)
      return this.open(after)
    }
    // Nothing was learned: the next one asks.
    this.until = this.clock.now()
    this.turn(outcome === 'good' ? 'closed' : 'open')
  }

  private learn(outcome: 'good' | 'bad' | 'down', who: string, after: number): void {
    const now = this.clock.now()
    if (now - this.seenLast > STALE) this.forget()
    this.seenLast = now
    this.seen[this.next] = outcome === 'good' ? null : outcome === 'down' ? '' : who
    this.next = (this.next + 1) % this.settings.window
    if (outcome === 'good' || this.seen.length * 2 < this.settings.window) return
    const failures = new Map<string, number>()
    for (const one of this.seen) if (one !== null) failures.set(one, (failures.get(one) ?? 0) + 1)
    let sum = 0
    for (const [one, count] of failures) sum += one === '' ? count : Math.min(count, OF_ONE)
    if (sum < this.seen.length * this.settings.failures) return
    for (const one of failures.keys()) this.blame(one)
    this.open(after)
  }

  private blame(who: string): void {
    if (who !== '' && this.blamed.size < this.settings.window) this.blamed.add(who)
  }

  private open(after: number): void {
    const doubled = Math.min(LONGEST_REST, this.settings.rest * 2 ** Math.min(this.times, 20))
    this.times++
    // Several nodes do not all come back in the same moment.
    const rest = Math.max(Math.min(after, LONGEST_REST), doubled) * (1 + this.random.unit() / 5)
    this.until = this.clock.now() + rest
    this.turn('open', rest)
  }

  private turn(state: BreakerState, rest = 0): void {
    this.state = state
    this.era++
    this.forget()
    if (state === 'closed') {
      this.times = 0
      this.blamed.clear()
    }
    this.changed(state, Math.round(rest))
  }

  private forget(): void {
    this.seen.length = 0
    this.next = 0
  }
}
