// Virtual time as the realtime layer wants it, and a seeded chance: for tests of what sets timers.

import { Random as Seeded, VirtualClock } from '@tautline/testkit'
import type { Clock, Random, Timer } from '@tautline/wire'

export class Time implements Clock {
  readonly clock: VirtualClock = new VirtualClock(5_000_000)
  now(): number {
    return this.clock.now()
  }
  wall(): number {
    return 1_790_000_000_000 + this.clock.now()
  }
  setTimer(callback: () => void, ms: number): Timer {
    return this.clock.setTimeout(callback, ms)
  }
  clearTimer(timer: Timer): void {
    this.clock.clearTimeout(timer as number)
  }
  defer(callback: () => void): void {
    this.clock.setTimeout(callback, 0)
  }
  /** Timers that are set. */
  get pending(): number {
    return this.clock.pending
  }
  /** Lets ms pass; promises settle between two timers. */
  async pass(ms: number): Promise<void> {
    await this.clock.advanceSettling(ms)
  }
}

export function chance(seed: number): Random {
  const seeded = new Seeded(seed)
  return { bytes: (length) => seeded.bytes(length), unit: () => seeded.next() / 2 ** 32 }
}
