// The time by which things age in a store. It is never ahead of the wall clock, and follows its jumps forward only
// slowly: an hour's mistake, put right soon, must not have expired anything. It never looks at a clock unasked.

import type { Clock } from '@tautline/wire'
import { slotAt, type Unwritten } from '../unwritten.ts'
import type { Store } from './store.ts'

/** How much faster than time itself it catches up with a wall clock that is ahead. */
const CATCH_UP = 2

/** Stamps entries; ages entries, keys and records. */
export class StoreTime {
  /** ms for which the proof of a channel's newest entry outlives its data. */
  readonly anchor: number
  readonly #clock: Clock
  #age: number
  #seen: number

  constructor(clock: Clock, anchor: number) {
    this.anchor = anchor
    this.#clock = clock
    this.#age = clock.wall()
    this.#seen = clock.now()
  }

  /** What entries are stamped with, and what `expires` is compared with: the wall clock, ms since 1970. */
  wall(): number {
    return Math.floor(this.#clock.wall())
  }

  /** What ages are reckoned by, ms since 1970. */
  age(): number {
    const now = this.#clock.now()
    const passed = Math.max(0, now - this.#seen)
    this.#seen = now
    this.#age = Math.min(this.#clock.wall(), this.#age + passed * (1 + CATCH_UP))
    return Math.floor(this.#age)
  }

  /** Positions of unwritten channels of this moment. */
  unwritten(store: Store): Unwritten {
    return { base: store.base, lineage: store.lineage, slot: store.slot(slotAt(this.age(), this.anchor)) }
  }
}
