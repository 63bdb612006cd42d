// Joins what a message arrives in - fragments, or pieces of a frame that read chunks split - into one growing buffer.
// Bounds: bytes and fragments of one message, and bytes of all unfinished messages of a process.

import type { Platform } from './platform.ts'
import { VIOLATIONS, type Violation } from './violation.ts'

/** What all unfinished messages of a process may hold together, in bytes. Shared by the connections of a server. */
export class ByteBudget {
  used = 0
  readonly limit: number
  constructor(limit: number) {
    this.limit = limit
  }
}

const FIRST_CAPACITY = 1024

/** One unfinished message. It exists only while there is one: an idle connection holds none. */
export class MessageAssembler {
  bytes: Uint8Array
  length = 0
  fragments = 0
  private readonly platform: Pick<Platform, 'allocate'>
  private readonly budget: ByteBudget
  private charged = 0

  constructor(platform: Pick<Platform, 'allocate'>, budget: ByteBudget) {
    this.platform = platform
    this.budget = budget
    this.bytes = EMPTY
  }

  /**
   * Appends `bytes[start, end)`.
   *
   * @param left bytes of the current frame still to come. It caps the growth but is never trusted: memory follows what
   * has arrived, at most doubled.
   */
  append(bytes: Uint8Array, start: number, end: number, left: number): Violation | null {
    const needed = this.length + (end - start)
    if (needed > this.bytes.length && !this.grow(needed, left)) return VIOLATIONS['incomplete-budget']
    this.bytes.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), this.length)
    this.length = needed
    return null
  }

  /** Gives back what the budget was charged. The bytes stay valid for whoever holds them. */
  release(): void {
    this.budget.used -= this.charged
    this.charged = 0
  }

  private grow(needed: number, left: number): boolean {
    const doubled = Math.max(needed * 2, FIRST_CAPACITY)
    const capacity = left > 0 && needed + left < doubled ? needed + left : doubled
    const more = capacity - this.bytes.length
    if (this.budget.used + more > this.budget.limit) return false
    this.budget.used += more
    this.charged += more
    const grown = this.platform.allocate(capacity)
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
    return true
  }
}

const EMPTY = new Uint8Array(0)
