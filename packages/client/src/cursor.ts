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

/** What a fence meant: walked through, known already, or a hole. */
export type Crossing = 'passed' | 'known' | 'broken'

export class Cursor {
  /** Everything up to here was received; null before the first answer. */
  position: Position | null = null
  /** The epoch of what comes next on this connection (§4.2). */
  #wireEpoch: string = ''
  #head: Position | null = null
  #passed: string[] = []

  /** Is everything received that was known when the server answered? (§5.3) */
  get live(): boolean {
    return this.#head === null || (this.position !== null && covers(this.position, this.#head))
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
    const { start, outcome } = sub
    this.#head = sub.head
    this.position = start
    if (start !== null) this.#wireEpoch = start.epoch
    if (outcome === 'lost') return sub.lost ?? { why: 'epoch', to: start, spread: 0 }
    if (asked === null || start === null) return null
    // A server that goes on anywhere else than behind the position it was shown proves nothing: no silent jump.
    if (outcome !== 'recovered' || asked.offset !== start.offset || asked.id !== start.id) {
      return { why: 'diverged', from: asked, to: start, spread: 0 }
    }
    if (asked.epoch !== start.epoch) this.#remember(start.epoch)
    return null
  }

  /** A loss announced later (§6.3): from here on everything comes after `start`. */
  lose(start: Position | null): void {
    this.position = start
    // `start` is the head.
    this.#head = null
    if (start !== null) this.#wireEpoch = start.epoch
  }

  /** Rules 1, 5 and 6. */
  publication(publication: Publication): Step {
    const { position } = this
    const { off, id, prev } = publication
    if (position === null || off === undefined) return 'broken'
    const step = follow(position, { epoch: this.#wireEpoch, offset: off, prev: prev ?? off - 1, id })
    if (step === 'next') this.position = { epoch: position.epoch, offset: off, id }
    return step
  }

  /** Rules 2 and 4. The wire epoch changes in any case. */
  fence(fence: Fence): Crossing {
    const { position } = this
    this.#wireEpoch = fence.epoch
    if (position === null) return 'broken'
    if (fence.epoch === position.epoch) return 'known'
    if (crosses(position, fence)) {
      this.#remember(fence.epoch)
      // The head was of an epoch that ends here: there is nothing left of it to wait for.
      if (this.#head?.epoch === position.epoch) this.#head = null
      this.position = { epoch: fence.epoch, offset: position.offset, id: position.id }
      return 'passed'
    }
    return this.#passed.includes(fence.epoch) ? 'known' : 'broken'
  }

  /** Rule 3. false: it says nothing new. */
  gap(gap: GapPush): boolean {
    const { position } = this
    if (position !== null && covers(position, gap.to)) return false
    this.position = gap.to
    return true
  }

  #remember(epoch: string): void {
    this.#passed.push(epoch)
    if (this.#passed.length > REMEMBERED) this.#passed.shift()
  }
}
