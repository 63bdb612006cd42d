// Life signs of all connections on one timer: once a second every session is looked at. It counts looks, not time, so a
// process that stood still gives its clients the grace that it took.

import type { Clock, Timer } from '@tautline/wire'

/** ms between two looks. */
const LOOK = 1_000
const EVERY = 25_000
const TIMEOUT = 20_000

/** A session as the heartbeat sees it. */
export interface Beating {
  /** One look: so many looks may pass before something must be said, or heard. */
  look(mostQuiet: number, mostSilent: number): void
}

/** One per node; runs while there are sessions. */
export class Heartbeat {
  /** ms. The server is never silent for longer. */
  readonly every: number
  /** ms. A client silent for `every + timeout` is gone. */
  readonly timeout: number
  private readonly clock: Clock
  private readonly sessions: () => Iterable<Beating>
  private timer: Timer | null = null

  constructor(clock: Clock, times: { every?: number; timeout?: number }, sessions: () => Iterable<Beating>) {
    this.clock = clock
    this.every = atLeast('every', times.every ?? EVERY)
    this.timeout = atLeast('timeout', times.timeout ?? TIMEOUT)
    this.sessions = sessions
  }

  start(): void {
    if (this.timer !== null) return
    // A second early: what is sent at a look arrives in time.
    const mostQuiet = Math.max(1, Math.floor(this.every / LOOK) - 1)
    const mostSilent = Math.ceil((this.every + this.timeout) / LOOK)
    const look = (): void => {
      this.timer = this.clock.setTimer(look, LOOK)
      for (const session of Array.from(this.sessions())) session.look(mostQuiet, mostSilent)
    }
    this.timer = this.clock.setTimer(look, LOOK)
  }

  stop(): void {
    if (this.timer !== null) this.clock.clearTimer(this.timer)
    this.timer = null
  }
}

function atLeast(name: string, ms: number): number {
  if (Number.isFinite(ms) && ms >= 2 * LOOK) return ms
  throw new RangeError(`heartbeat.${name} must be at least ${2 * LOOK} ms, got ${ms}`)
}
