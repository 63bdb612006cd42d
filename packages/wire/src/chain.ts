// The chain rule (tautline.v1 §4.3): the only way by which a hub or a client moves its position in a channel's log.
// Pure: it says what a step means for a position and never keeps one.

import type { EntryId, Fence, Position } from './types.ts'

/** One entry as the chain rule sees it. */
export interface Link {
  /** Its epoch: where it is not on the wire, that of the last `sub`, `lost` or `fence` of the channel. */
  readonly epoch: string
  readonly offset: number
  /** Offset of the entry before it; −1: unknown, matches nothing. */
  readonly prev: number
  readonly id: EntryId
}

/**
 * What an entry means for whoever stands at a position. `next`: apply it and move on. `duplicate`: known already, drop
 * it. `broken`: a hole, another epoch, or an old offset with a strange id: repair before anything else is applied.
 */
export type Step = 'next' | 'duplicate' | 'broken'

/**
 * Rules 1, 5 and 6 for an entry.
 *
 * @param knownId the id that the follower knows at an older offset: `undefined` where it remembers none and trusts
 */
export function follow(position: Position, link: Link, knownId?: (offset: number) => EntryId | undefined): Step {
  if (link.epoch === position.epoch) {
    // 1. "entry e of p's epoch with e.prev = p.offset → apply, p := e"
    if (link.prev === position.offset && link.offset > position.offset) return 'next'
    // 5. "e of p's epoch, e.off ≤ p.offset → duplicate, dropped, provided its id is the known one at that offset"
    if (link.offset <= position.offset) {
      const known = link.offset === position.offset ? position.id : knownId?.(link.offset)
      if (known === undefined || known === link.id) return 'duplicate'
    }
  }
  // 6. "Anything else → repair"
  return 'broken'
}

/** Rule 2 for a fence: "fence with from.offset = p.offset and from.id = p.id → p.epoch := its epoch". */
export function crosses(position: Position, fence: Fence): boolean {
  return fence.from.offset === position.offset && fence.from.id === position.id
}

/** Does the position account for everything up to `other` of the same epoch? */
export function covers(position: Position, other: Position): boolean {
  return position.epoch === other.epoch && position.offset >= other.offset
}

/** Are both the same cut? */
export function samePosition(a: Position, b: Position): boolean {
  return a.offset === b.offset && a.id === b.id && a.epoch === b.epoch
}
