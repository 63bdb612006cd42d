// The channels behind a pattern: each is in order once it was seen (tautline.v1 §5.6). Without epochs, for nothing says
// on the wire in which one a channel is; it only tells a repetition and a hole from what comes next.

import type { Fence, GapPush, Publication, Step } from '@tautline/wire'

/** Channels remembered; the one not seen for longest is forgotten. */
const REMEMBERED = 1_000

export class Chains {
  readonly #offsets: Map<string, number> = new Map()

  publication({ ch, off, prev }: Publication): Step {
    if (off === undefined) return 'next'
    const known = this.#offsets.get(ch)
    if (known !== undefined && off <= known) return 'duplicate'
    this.#set(ch, off)
    return known === undefined || (prev ?? off - 1) === known ? 'next' : 'broken'
  }

  /** What came after `from` is told anew. */
  fence({ ch, from }: Fence): void {
    const known = this.#offsets.get(ch)
    if (known !== undefined && known > from.offset) this.#set(ch, from.offset)
  }

  gap({ ch, to }: GapPush): void {
    const known = this.#offsets.get(ch)
    if (known === undefined || known < to.offset) this.#set(ch, to.offset)
  }

  clear(): void {
    this.#offsets.clear()
  }

  #set(channel: string, offset: number): void {
    this.#offsets.delete(channel)
    this.#offsets.set(channel, offset)
    if (this.#offsets.size <= REMEMBERED) return
    for (const oldest of this.#offsets.keys()) {
      this.#offsets.delete(oldest)
      return
    }
  }
}
