// A Clock of virtual time for the brokers' tests: both clocks advance together, the wall clock can be made to jump.

import { VirtualClock } from '@tautline/testkit'
import type { Clock, Timer } from '@tautline/wire'

export class TestClock implements Clock {
  readonly #virtual = new VirtualClock(1_000)
  #offset = 1_700_000_000_000

  now(): number {
    return this.#virtual.now()
  }

  wall(): number {
    return this.#virtual.now() + this.#offset
  }

  setTimer(callback: () => void, ms: number): Timer {
    return this.#virtual.setTimeout(callback, ms)
  }

  clearTimer(timer: Timer): void {
    this.#virtual.clearTimeout(timer as number)
  }

  defer(callback: () => void): void {
    setImmediate(callback)
  }

  advance(ms: number): void {
    this.#virtual.advance(ms)
  }

  jumpWall(ms: number): void {
    this.#offset += ms
  }
}
