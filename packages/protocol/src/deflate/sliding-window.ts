// What of a stream of plain text DEFLATE may refer to: its last bytes, in memory that grows with the text up to twice the
// window. It knows no compression.

import type { Platform } from '../platform.ts'

/** The last `size` bytes of a stream of plain text. */
export class SlidingWindow {
  private readonly size: number
  private readonly platform: Pick<Platform, 'allocate'>
  private bytes: Uint8Array
  private length = 0

  constructor(size: number, platform: Pick<Platform, 'allocate'>) {
    this.size = size
    this.platform = platform
    this.bytes = EMPTY
  }

  /** Bytes that are held. */
  get held(): number {
    return this.bytes.length
  }

  /** A view of the window, or null while it is empty. Valid until the next `push`. */
  view(): Uint8Array | null {
    if (this.length === 0) return null
    return this.bytes.subarray(Math.max(0, this.length - this.size), this.length)
  }

  push(text: Uint8Array): void {
    const from = text.length > this.size ? text.subarray(text.length - this.size) : text
    if (this.length + from.length > this.bytes.length) this.makeRoom(from.length)
    this.bytes.set(from, this.length)
    this.length += from.length
  }

  clear(): void {
    this.length = 0
  }

  /** Forgets the text, and gives its memory back. */
  release(): void {
    this.length = 0
    this.bytes = EMPTY
  }

  /** Twice the window is the most: then the older half is dropped by one move for every `size` bytes of text. */
  private makeRoom(more: number): void {
    const keep = Math.min(this.length, this.size)
    const wanted = Math.min(2 * this.size, Math.max(1024, 2 * (keep + more)))
    if (wanted > this.bytes.length) {
      const grown = this.platform.allocate(wanted)
      grown.set(this.bytes.subarray(this.length - keep, this.length))
      this.bytes = grown
    } else this.bytes.copyWithin(0, this.length - keep, this.length)
    this.length = keep
  }
}

const EMPTY = new Uint8Array(0)
