// The channels behind a pattern: each is in order once it was seen (tautline.v1 §5.6). Without epochs, for nothing says
// on the wire in which one a channel is; it only tells a repetition and a hole from what comes next.

import type { Fence, GapPush, Publication, Step } from '@tautline/wire'

/** Channels, and ids, that are remembered; what was not seen for longest is forgotten. */
const REMEMBERED = 1_000

export class Chains {
  /** The offset at which each channel is. */
  readonly places: Map<string, number> = new Map()
  /** Of messages: behind a loss no offset tells what came before. */
  readonly #ids: Map<string, number> = new Map()

  step(push: Publication | Fence | GapPush): Step {
    const { ev, ch } = push
    const known = this.places.get(ch) ?? -1
    const offset = ev === 'pub' ? push.off : (ev === 'gap' ? push.to : push.from).offset
    if (ev === 'pub') {
      if (this.#ids.has(push.id)) return 'duplicate'
      remember(this.#ids, push.id, 0)
    }
    // Ephemeral: there is nothing to follow.
    if (offset === undefined) return 'next'
    // A fence behind what is known: the log went on from there, what came after it is gone.
    if (ev === 'fence' ? offset >= known : offset <= known) return 'duplicate'
    remember(this.places, ch, offset)
    const { prev = offset - 1 } = push as Publication
    return ev !== 'gap' && known !== -1 && prev !== known ? 'broken' : 'next'
  }
}

function remember(map: Map<string, number>, name: string, value: number): void {
  map.delete(name)
  map.set(name, value)
  if (map.size > REMEMBERED) map.delete(map.keys().next().value as string)
}
