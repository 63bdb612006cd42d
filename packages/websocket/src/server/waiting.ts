// Streams that are no connection yet, or never will be: one waits while the application decides, one is seen off after
// a refusal. Both hold nothing of what the peer sends.

import type { Carrier, StreamListener } from '../stream-events.ts'
import { listen } from '../stream-events.ts'
import type { TimerWheel, WheelEntry } from '../timer-wheel.ts'

/** How long a refused peer may take to read its answer, in ms. */
const LINGER_MS = 2000

/** Has the stream for a limited time. What arrives is dropped; errors only mean that it closes. */
abstract class Interim implements StreamListener, WheelEntry {
  wheelPrevious: WheelEntry | null = null
  wheelNext: WheelEntry | null = null
  deadline = 0
  protected readonly stream: Carrier
  private readonly wheel: TimerWheel

  constructor(stream: Carrier, wheel: TimerWheel, ms: number) {
    this.stream = stream
    this.wheel = wheel
    listen(stream, this)
    wheel.set(this, ms)
  }

  abstract onDeadline(): void
  abstract onStreamEnd(): void

  read(): void {}

  onStreamDrain(): void {}

  onStreamError(): void {}

  onStreamClose(): void {
    this.cancel()
  }

  cancel(): void {
    this.wheel.clear(this)
  }
}

/** While `authorize` is asked the stream is paused: TCP holds back what an eager client sends. */
export class Pending extends Interim {
  // The time is up, or the peer is gone.
  private readonly onLate: () => void

  constructor(stream: Carrier, wheel: TimerWheel, ms: number, onLate: () => void) {
    super(stream, wheel, ms)
    this.onLate = onLate
    stream.pause()
  }

  onDeadline(): void {
    this.onLate()
  }

  override onStreamClose(): void {
    this.cancel()
    this.onLate()
  }

  onStreamEnd(): void {
    this.stream.destroy()
  }
}

/** After the answer: reads on, for closing with unread bytes would reset the answer away, and answers nothing more. */
export class Farewell extends Interim {
  constructor(stream: Carrier, wheel: TimerWheel) {
    super(stream, wheel, LINGER_MS)
    stream.resume()
  }

  onDeadline(): void {
    this.stream.destroy()
  }

  onStreamEnd(): void {
    this.stream.end()
  }
}
