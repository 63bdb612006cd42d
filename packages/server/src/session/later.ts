// What is tried again after a while, one thing per channel: subscriptions that the server wants and the store could not
// give. It is bounded by whoever puts something in.

import type { Clock, Timer } from '@tautline/wire'
import { dropping, entering, fewEntries } from '../few.ts'

export class Later {
  private readonly clock: Clock
  private timers: ReadonlyMap<string, Timer> = fewEntries()

  constructor(clock: Clock) {
    this.clock = clock
  }

  get channels(): readonly string[] {
    return [...this.timers.keys()]
  }

  has(channel: string): boolean {
    return this.timers.has(channel)
  }

  /** Instead of what was to be tried before. */
  set(channel: string, ms: number, again: () => void): void {
    this.forget(channel)
    const timer = this.clock.setTimer(() => {
      this.timers = dropping(this.timers, channel)
      again()
    }, ms)
    this.timers = entering(this.timers, channel, timer)
  }

  /** @returns was there something? */
  forget(channel: string): boolean {
    const timer = this.timers.get(channel)
    if (timer === undefined) return false
    this.clock.clearTimer(timer)
    this.timers = dropping(this.timers, channel)
    return true
  }
}
