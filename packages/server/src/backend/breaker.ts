// A circuit breaker: a backend that keeps failing is left alone for a while, then asked by one request whether it is
// back. It measures by the monotonic clock, sets no timer and sends nothing.

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
/** ms that whoever comes during the question is told to wait. */
const ASKING = 1_000

export type BreakerState = 'closed' | 'open' | 'asking'

/** The right to one attempt. To be reported once. */
export interface Pass {
  /** @param after ms the backend asked to be left alone for */
  report(outcome: 'good' | 'bad' | 'neither', after?: number): void
}

/** One per event. */
export class Breaker {
  private readonly clock: Clock
  private readonly random: Random
  private readonly settings: BreakerSettings
  private readonly changed: (state: BreakerState, rest: number) => void
  private state: BreakerState = 'closed'
  /** The newest attempts, true for a failure: a ring. */
  private readonly seen: boolean[] = []
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

  /** @returns a number: not now, in so many ms perhaps */
  enter(): Pass | number {
    if (this.state === 'asking') return ASKING
    if (this.state === 'open') {
      const left = this.until - this.clock.now()
      if (left > 0) return Math.ceil(left)
      this.turn('asking')
    }
    const era = this.era
    let reported = false
    return {
      report: (outcome, after = 0) => {
        if (reported || era !== this.era) return
        reported = true
        this.learn(outcome, after)
      },
    }
  }

  private learn(outcome: 'good' | 'bad' | 'neither', after: number): void {
    if (this.state === 'asking') {
      if (outcome === 'bad') return this.open(after)
      // Nothing was learned: the next one asks.
      this.until = this.clock.now()
      return this.turn(outcome === 'good' ? 'closed' : 'open')
    }
    if (outcome === 'neither') return
    const now = this.clock.now()
    if (now - this.seenLast > STALE) this.forget()
    this.seenLast = now
    this.seen[this.next] = outcome === 'bad'
    this.next = (this.next + 1) % this.settings.window
    const failures = this.seen.filter((bad) => bad).length
    const enough = this.seen.length * 2 >= this.settings.window
    if (outcome === 'bad' && enough && failures >= this.seen.length * this.settings.failures) this.open(after)
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
    if (state === 'closed') this.times = 0
    this.changed(state, Math.round(rest))
  }

  private forget(): void {
    this.seen.length = 0
    this.next = 0
  }
}
