// The channels behind a pattern: each is in order once it was seen (tautline.v1 §5.6). Without epochs, for nothing says
// on the wire in which one a channel is; it only tells a repetition and a hole from what comes next.

import type { Fence, GapPush, Publication, Step } from '@tautline/wire'

/** Channels remembered; the one not seen for longest is forgotten. */
const REMEMBERED = 1_000

export class Chains {
  readonly offsets: Map<string, number> = new Map()

  step(push: Publication | Fence | GapPush): Step {
    const { ch, ev } = push
    const known = this.offsets.get(ch) ?? -1
    // What came after a fence is told anew.
    if (ev === 'fence') return known > push.from.offset ? this.#set(ch, push.from.offset) : 'duplicate'
    if (ev === 'gap') return push.to.offset > known ? this.#set(ch, push.to.offset) : 'duplicate'
    const { off, prev } = push
    // Ephemeral: there is nothing to follow.
    if (off === undefined) return 'next'
    if (off <= known) return 'duplicate'
    this.#set(ch, off)
    return known === -1 || (prev ?? off - 1) === known ? 'next' : 'broken'
  }

  #set(channel: string, offset: number): Step {
    const { offsets } = this
    offsets.delete(channel)
    offsets.set(channel, offset)
    if (offsets.size > REMEMBERED) offsets.delete(offsets.keys().next().value as string)
    return 'next'
  }
}
