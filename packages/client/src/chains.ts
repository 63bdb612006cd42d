// The channels behind a pattern: each is in order once it was seen (tautline.v1 §5.6). Without epochs, for nothing says
// on the wire in which one a channel is; it only tells a repetition and a hole from what comes next.

import type { Fence, GapPush, Publication, Step } from '@tautline/wire'

/** Channels remembered; the one not seen for longest is forgotten. */
const REMEMBERED = 1_000

/** Where a channel is. */
interface Place {
  readonly offset: number | undefined
  readonly id: string
}

export class Chains {
  readonly places: Map<string, Place> = new Map()

  step(push: Publication | Fence | GapPush): Step {
    const { places } = this
    const { ev, ch } = push
    const known = places.get(ch)?.offset ?? -1
    const place: Place = ev === 'pub' ? { offset: push.off, id: push.id } : ev === 'gap' ? push.to : push.from
    const { offset, id } = place
    // Ephemeral: there is nothing to follow.
    if (offset === undefined) return 'next'
    // What came after a fence is told anew. Another entry at the place of a known one is of another log.
    if (ev === 'fence' ? offset >= known : offset < known || (offset === known && id === places.get(ch)?.id)) {
      return 'duplicate'
    }
    places.delete(ch)
    places.set(ch, place)
    if (places.size > REMEMBERED) places.delete(places.keys().next().value as string)
    return ev === 'pub' && known !== -1 && (push.prev ?? offset - 1) !== known ? 'broken' : 'next'
  }
}
