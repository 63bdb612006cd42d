// The last moments of a stream that is not a connection: it is destroyed when its time is up, unless it closes first.

import type { Duplex } from 'node:stream'
import type { TimerWheel, WheelEntry } from '../timer-wheel.ts'

/** How long a refused peer may take to read its answer, in ms. */
const LINGER_MS = 2000

/** Destroys a stream after a while. */
export class Linger implements WheelEntry {
  wheelPrevious: WheelEntry | null = null
  wheelNext: WheelEntry | null = null
  deadline = 0
  private readonly stream: Duplex
  private readonly wheel: TimerWheel

  constructor(stream: Duplex, wheel: TimerWheel, ms: number = LINGER_MS) {
    this.stream = stream
    this.wheel = wheel
    wheel.set(this, ms)
    stream.once('close', () => this.cancel())
  }

  onDeadline(): void {
    this.stream.destroy()
  }

  cancel(): void {
    this.wheel.clear(this)
  }
}
