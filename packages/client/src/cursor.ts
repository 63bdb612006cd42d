// The place of one channel's attachment in its log: the chain rule and the answers of tautline.v1 §4.3, §6.2, and nothing
// else, move it. Pure: it sends nothing, and tells nobody.

import {
  covers,
  crosses,
  type Fence,
  follow,
  type GapPush,
  type Lost,
  type Position,
  type Publication,
  type Step,
  type Subscribed,
} from '@tautline/wire'

/** Fences remembered, so that one that comes again is known (rule 4). */
const REMEMBERED = 32

export class Cursor {
  /** Everything up to here was received; null before the first answer, and where there are no positions. */
  position: Position | null = null
  /** The epoch of what comes next on this connection (§4.2). */
  #wireEpoch: string | undefined
  #head: Position | null = null
  readonly #passed: string[] = []

  /** Is everything received that was known when the server answered? (§5.3) */
  get live(): boolean {
    const { position } = this
    return !this.#head || (position !== null && covers(position, this.#head))
  }

  /** Where 'from now on' begins: the head while it is not reached. */
  get now(): Position | null {
    return this.live ? this.position : this.#head
  }

  /**
   * The answer to `subscribe` or to an entry of `resume` (§6.2).
   *
   * @param asked the position that was presented
   * @returns what was lost, if anything
   */
  answer(sub: Subscribed, asked: Position | null): Lost | null {
    const { start, outcome, head, lost } = sub
    this.lose(start, head)
    if (outcome === 'lost') return lost ?? lostFrom(asked, start)
    if (!asked || !start) return null
    // A server that goes on anywhere else than behind the position it was shown proves nothing: no silent jump.
    if (outcome !== 'recovered' || asked.offset !== start.offset || asked.id !== start.id) return lostFrom(asked, start)
    if (asked.epoch !== start.epoch) this.#remember(start.epoch)
    return null
  }

  /** From here on everything comes after `start` (§6.3: which is the head itself). */
  lose(start: Position | null, head: Position | null = null): void {
    this.position = start
    this.#head = head
    this.#wireEpoch = start?.epoch
  }

  /** What a push means here. The position moves if it is the next one. */
  step(push: Publication | Fence | GapPush): Step {
    const position = this.position as Position
    if (push.ev === 'gap') {
      // Rule 3.
      if (covers(position, push.to)) return 'duplicate'
      this.position = push.to
      return 'next'
    }
    if (push.ev === 'fence') return this.#fence(push, position)
    // Rules 1, 5 and 6.
    const { off = 0, id, prev = off - 1 } = push
    const step = follow(position, { epoch: this.#wireEpoch as string, offset: off, prev, id })
    if (step === 'next') this.position = { epoch: position.epoch, offset: off, id }
    return step
  }

  /** Rules 2 and 4. The wire epoch changes in any case. */
  #fence(fence: Fence, position: Position): Step {
    const { epoch } = fence
    this.#wireEpoch = epoch
    if (epoch === position.epoch) return 'duplicate'
    if (!crosses(position, fence)) return this.#passed.includes(epoch) ? 'duplicate' : 'broken'
    this.#remember(epoch)
    // The head was of an epoch that ends here: there is nothing left of it to wait for.
    if (this.#head?.epoch === position.epoch) this.#head = null
    this.position = { ...position, epoch }
    return 'next'
  }

  #remember(epoch: string): void {
    if (this.#passed.push(epoch) > REMEMBERED) this.#passed.shift()
  }
}

/** A loss that the client itself noticed. */
export function lostFrom(from: Position | null, to: Position | null): Lost {
  return { why: 'diverged', ...(from && { from }), to, spread: 0 }
}
