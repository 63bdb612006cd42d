// The newest entries of a channel, kept so that most resumes need no store. All rings of a node share a byte budget.

import { weightOf } from '@tautline/broker'
import type { EntryId, Position } from '@tautline/wire'
import { samePosition } from '@tautline/wire'
import type { EntryUnit } from './unit.ts'

/** Entries a ring holds at most. */
const ENTRIES = 64

/** What all rings of a node may hold together, in bytes of bodies. */
export class RingBudget {
  readonly limit: number
  used: number

  constructor(limit: number) {
    this.limit = limit
    this.used = 0
  }
}

/** The last entries before the hub's position, without a hole. */
export class Ring {
  private readonly budget: RingBudget
  /** The cut before the oldest entry held. */
  private base: Position
  private units: EntryUnit[] = []

  constructor(budget: RingBudget, base: Position) {
    this.budget = budget
    this.base = base
  }

  get size(): number {
    return this.units.length
  }

  push(unit: EntryUnit): void {
    this.units.push(unit)
    this.budget.used += weightOf(unit.entry)
    // Whoever writes pays: over the node's budget a ring grows no further, but the newest entry stays.
    while (this.units.length > ENTRIES || (this.budget.used > this.budget.limit && this.units.length > 1)) this.shift()
  }

  /** Nothing before `base` is known any more. */
  reset(base: Position): void {
    for (const unit of this.units) this.budget.used -= weightOf(unit.entry)
    this.units = []
    this.base = base
  }

  /** Everything after a position, or null if the ring cannot prove that it is all there is. */
  after(position: Position): readonly EntryUnit[] | null {
    if (samePosition(position, this.base)) return this.units.slice()
    const at = this.indexOf(position)
    return at === -1 ? null : this.units.slice(at + 1)
  }

  /** The last `count` entries and the cut before them, or null if the ring holds fewer. */
  last(count: number): { readonly start: Position; readonly units: readonly EntryUnit[] } | null {
    if (this.units.length < count) return null
    const units = this.units.slice(this.units.length - count)
    const before = this.units.length - count - 1
    return { start: before === -1 ? this.base : (this.units[before] as EntryUnit).position, units }
  }

  /** The id at an offset of the newest epoch, as far back as is known. */
  readonly idAt = (offset: number): EntryId | undefined => {
    for (let i = this.units.length - 1; i >= 0; i--) {
      const { position } = this.units[i] as EntryUnit
      if (position.offset === offset) return position.id
      if (position.offset < offset) return undefined
    }
    return undefined
  }

  has(position: Position): boolean {
    return this.indexOf(position) !== -1
  }

  private indexOf(position: Position): number {
    for (let i = this.units.length - 1; i >= 0; i--) {
      if (samePosition((this.units[i] as EntryUnit).position, position)) return i
    }
    return -1
  }

  private shift(): void {
    const unit = this.units.shift()
    if (unit === undefined) return
    this.base = unit.position
    this.budget.used -= weightOf(unit.entry)
  }
}
