// The channels behind a pattern: each is in order once it was seen (tautline.v1 §5.6). Without epochs, for nothing says
// on the wire in which one a channel is; it only tells a repetition and a hole from what comes next.

import type { Fence, GapPush, Publication, Step } from '@tautline/wire'

/** Channels remembered; the one not seen for longest is forgotten. */
const REMEMBERED = 1_000

export class Chains {
  readonly offsets: Map<string, number> = new Map()

  step(push: Publication | Fence | GapPush): Step {
    const { offsets } = this
    const known = offsets.get(push.ch)
    const [offset, prev] =
      push.ev === 'pub'
        ? [push.off, push.prev ?? (push.off ?? 0) - 1]
        : [push.ev === 'gap' ? push.to.offset : push.from.offset, known]
    // Ephemeral: there is nothing to follow.
    if (offset === undefined) return 'next'
    // What came after a fence is told anew.
    if (push.ev !== 'fence' && known !== undefined && offset <= known) return 'duplicate'
    if (push.ev === 'fence' && (known ?? 0) <= offset) return 'duplicate'
    offsets.delete(push.ch)
    offsets.set(push.ch, offset)
    if (offsets.size > REMEMBERED) offsets.delete(offsets.keys().next().value as string)
    return known === undefined || prev === known ? 'next' : 'broken'
  }
}
