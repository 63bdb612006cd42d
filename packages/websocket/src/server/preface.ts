// What a proxy says before the client's first byte: a connection waits here for its PROXY protocol header, and goes on as if
// it had come from whom the header names. What lies behind the header is given on untouched.

import { type Carrier, listen, type StreamListener } from '../stream-events.ts'
import type { TimerWheel, WheelEntry } from '../timer-wheel.ts'
import { ProxyHeaderParser, type ProxySource } from './proxy-header.ts'

/** Gets the source, and what was read behind the header. */
export type PrefaceRead = (source: ProxySource, rest: Buffer) => void

/** The state of one. A header that is malformed or too late is cut: whoever sends it is no proxy of ours. */
export class Preface implements StreamListener, WheelEntry {
  wheelPrevious: WheelEntry | null = null
  wheelNext: WheelEntry | null = null
  wheelTick = 0
  private readonly stream: Carrier
  private readonly wheel: TimerWheel
  private readonly parser: ProxyHeaderParser = new ProxyHeaderParser()
  private readonly done: PrefaceRead
  private readonly gone: () => void
  private over = false

  constructor(stream: Carrier, wheel: TimerWheel, ms: number, done: PrefaceRead, gone: () => void) {
    this.stream = stream
    this.wheel = wheel
    this.done = done
    this.gone = gone
    listen(stream, this)
    wheel.set(this, ms)
  }

  read(chunk: Buffer): void {
    if (this.over) return
    const at = this.parser.push(chunk)
    const { source } = this.parser
    if (this.parser.malformed) this.stream.destroy()
    else if (source !== undefined) {
      this.over = true
      this.wheel.clear(this)
      this.done(source, chunk.subarray(at))
    }
  }

  onDeadline(): void {
    this.stream.destroy()
  }

  onStreamEnd(): void {
    this.stream.destroy()
  }

  onStreamClose(): void {
    this.wheel.clear(this)
    if (!this.over) this.gone()
    this.over = true
  }

  onStreamDrain(): void {}

  /** A peer that went away: `onStreamClose` follows. */
  onStreamError(): void {}
}
