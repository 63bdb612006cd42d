// What a broadcast of several messages looks like from a connection: the same prepared frames in the same order as for its
// neighbours. So neighbours share one run, and its bytes are joined once for all of them, however many there are.

/** Above this a run is not worth sharing: copying is not what it costs. */
const MOST_BYTES = 64 * 1024
const MOST_FRAMES = 256

/** Prepared frames, one behind the other. Never changes: `append` gives another run. */
export class FrameRun {
  /** Bytes of all its frames. */
  readonly length: number
  private readonly frame: Uint8Array
  private readonly before: FrameRun | null
  private readonly count: number
  // What was appended last, which is what the neighbours are about to append.
  private next: FrameRun | null = null
  private joined: Uint8Array | null

  constructor(frame: Uint8Array, before: FrameRun | null = null) {
    this.frame = frame
    this.before = before
    this.length = frame.length + (before === null ? 0 : before.length)
    this.count = before === null ? 1 : before.count + 1
    this.joined = before === null ? frame : null
  }

  /** Is it this frame and nothing else? */
  isOnly(frame: Uint8Array): boolean {
    return this.before === null && this.frame === frame
  }

  /** This run and one more frame; null: it is as long as runs get. */
  append(frame: Uint8Array): FrameRun | null {
    const { next } = this
    if (next !== null && next.frame === frame) return next
    if (this.count === MOST_FRAMES || this.length + frame.length > MOST_BYTES) return null
    this.next = new FrameRun(frame, this)
    return this.next
  }

  /** All frames as one run of bytes, for everybody: never written to. */
  get bytes(): Uint8Array {
    this.joined ??= this.join()
    return this.joined
  }

  private join(): Uint8Array {
    const bytes = new Uint8Array(this.length)
    for (let run: FrameRun | null = this; run !== null; run = run.before) {
      bytes.set(run.frame, run.length - run.frame.length)
    }
    return bytes
  }
}
