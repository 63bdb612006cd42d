// One channel as a client follows it: the rules of tautline.v1 §4.3 made of the functions of @tautline/wire, so that the
// vectors run them. No connection, no clock.

import { crosses, type EntryId, follow, type Position, type Push } from '@tautline/wire'
import type { ChainResult } from './vectors.ts'

export class Follower {
  position: Position | null
  /** The epoch of what comes next on the wire. */
  wire: string | null
  readonly #known: (offset: number) => EntryId | undefined
  readonly #passed: Set<string>

  constructor(
    position: Position | null,
    wire: string | null,
    known: Readonly<Record<string, string>> = {},
    passed: readonly string[] = [],
  ) {
    this.position = position
    this.wire = wire
    this.#known = (offset) => known[String(offset)]
    this.#passed = new Set(passed)
  }

  /** What a message does to the position. */
  take(push: Push): ChainResult {
    if (push.ev === 'sub') return this.#answer(push.outcome, push.start as Position)
    if (push.ev === 'lost') {
      this.#set(push.start as Position)
      return 'lost'
    }
    const { position } = this
    if (position === null) return 'repair'
    if (push.ev === 'pub') {
      const { off = 0, prev = off - 1, id } = push
      const epoch = this.wire as string
      const step = follow(position, { epoch, offset: off, prev, id }, this.#known)
      if (step === 'next') this.position = { epoch, offset: off, id }
      return step === 'next' ? 'applied' : step === 'duplicate' ? 'dropped' : 'repair'
    }
    if (push.ev === 'fence') {
      this.wire = push.epoch
      if (crosses(position, push)) {
        this.position = { ...position, epoch: push.epoch }
        this.#passed.add(push.epoch)
        return 'passed'
      }
      return push.epoch === position.epoch || this.#passed.has(push.epoch) ? 'dropped' : 'repair'
    }
    if (push.ev === 'gap') {
      this.wire = push.to.epoch
      if (push.to.offset <= position.offset) return push.to.epoch === position.epoch ? 'dropped' : 'repair'
      this.position = push.to
      return 'skipped'
    }
    throw new TypeError(`${push.ev} does not belong to the chain`)
  }

  #answer(outcome: 'fresh' | 'recovered' | 'lost', start: Position): ChainResult {
    const { position } = this
    if (outcome !== 'recovered' || position === null) this.#set(start)
    else {
      this.wire = start.epoch
      if (position.offset === start.offset && position.id === start.id) this.position = start
    }
    return outcome === 'lost' ? 'lost' : 'answered'
  }

  #set(start: Position): void {
    this.position = start
    this.wire = start.epoch
  }
}
