// Joins what a message arrives in - fragments, or pieces of a frame that read chunks split. Large pieces are kept where
// they lie and joined once at the end; small ones are gathered in a growing buffer, for a view would pin its whole read
// chunk. Bounds: bytes and fragments of one message (message-reader.ts), and what all unfinished messages hold.

import type { Platform } from './platform.ts'
import { VIOLATIONS, type Violation } from './violation.ts'

/** Whose memory a budget counts. */
export interface BudgetHolder {
  /** Bytes charged to it. */
  readonly charged: number
  /** It holds more than anyone else and the budget is spent: it fails its connection and gives everything back. */
  evict(): void
}

/**
 * What all unfinished messages of a server or client may hold together, in bytes. Shared by its connections. When it is
 * spent, whoever holds most is failed: a few peers that never finish theirs must not lock the others out.
 */
export class ByteBudget {
  used = 0
  readonly limit: number
  private readonly holders: Set<BudgetHolder> = new Set()

  constructor(limit: number) {
    this.limit = limit
  }

  /** Lets `holder` have `more` bytes; false if it is itself the one who holds most. */
  charge(holder: BudgetHolder, more: number): boolean {
    while (this.used + more > this.limit) {
      const most = this.largest()
      if (most === null || most === holder || most.charged < holder.charged + more) return false
      most.evict()
    }
    this.used += more
    this.holders.add(holder)
    return true
  }

  /** Takes everything back from `holder`. */
  release(holder: BudgetHolder): void {
    this.used -= holder.charged
    this.holders.delete(holder)
  }

  // Only asked when the budget is spent. Whoever is in the list holds more than FREE_BYTES, so it is not long.
  private largest(): BudgetHolder | null {
    let most: BudgetHolder | null = null
    for (const holder of this.holders) if (most === null || holder.charged > most.charged) most = holder
    return most
  }
}

/** The first bytes of a message are free: small ones that TCP splits never meet the budget. */
const FREE_BYTES = 16 * 1024

const FIRST_CAPACITY = 1024
/** A piece from here on is kept as a view, if at least half of the memory it pins is its own. */
const KEEP_FROM = 16 * 1024

/** Who hears that a message was given up for the budget's sake; it is released already. */
export interface AssemblerOwner {
  onEvicted(): void
}

/** One unfinished message. It exists only while there is one: an idle connection holds none. */
export class MessageAssembler implements BudgetHolder {
  length = 0
  charged = 0
  private readonly platform: Pick<Platform, 'allocate'>
  private readonly budget: ByteBudget
  private parts: Uint8Array[] | null = null
  // The growing buffer behind the parts, and how much of it is filled.
  private tail: Uint8Array = EMPTY
  private filled = 0
  private held = 0
  private readonly owner: AssemblerOwner

  constructor(platform: Pick<Platform, 'allocate'>, budget: ByteBudget, owner: AssemblerOwner) {
    this.platform = platform
    this.budget = budget
    this.owner = owner
  }

  /**
   * Appends `bytes[start, end)`; a large piece becomes the message's own.
   *
   * @param left bytes of the current frame still to come. It caps the growth but is never trusted: memory follows what
   * has arrived, at most doubled
   */
  append(bytes: Uint8Array, start: number, end: number, left: number): Violation | null {
    const size = end - start
    if (size === 0) return null
    if (size >= KEEP_FROM && size * 2 >= bytes.buffer.byteLength) {
      if (!this.charge(size)) return VIOLATIONS['incomplete-budget']
      this.closeTail()
      this.keep(bytes.subarray(start, end))
    } else {
      if (this.filled + size > this.tail.length && !this.grow(size, left)) return VIOLATIONS['incomplete-budget']
      this.tail.set(bytes.subarray(start, end), this.filled)
      this.filled += size
    }
    this.length += size
    return null
  }

  /** The whole message, and the end of this assembler. The bytes are the caller's. */
  finish(): Uint8Array {
    this.release()
    const { parts } = this
    if (parts === null) return this.tail.subarray(0, this.filled)
    this.closeTail()
    if (parts.length === 1) return parts[0] as Uint8Array
    const whole = this.platform.allocate(this.length)
    let at = 0
    for (const part of parts) {
      whole.set(part, at)
      at += part.length
    }
    return whole
  }

  /** Gives back what the budget was charged: the message is finished, or will never be. */
  release(): void {
    if (this.charged === 0) return
    this.budget.release(this)
    this.charged = 0
  }

  evict(): void {
    this.release()
    this.owner.onEvicted()
  }

  private keep(part: Uint8Array): void {
    if (this.parts === null) this.parts = [part]
    else this.parts.push(part)
  }

  private closeTail(): void {
    if (this.filled === 0) return
    this.keep(this.tail.subarray(0, this.filled))
    this.tail = EMPTY
    this.filled = 0
  }

  private grow(size: number, left: number): boolean {
    const needed = this.filled + size
    const doubled = Math.max(needed * 2, FIRST_CAPACITY)
    const capacity = left > 0 && needed + left < doubled ? needed + left : doubled
    if (!this.charge(capacity - this.tail.length)) return false
    const larger = this.platform.allocate(capacity)
    larger.set(this.tail.subarray(0, this.filled))
    this.tail = larger
    return true
  }

  private charge(more: number): boolean {
    const wanted = Math.max(0, this.held + more - FREE_BYTES) - this.charged
    if (wanted > 0) {
      if (!this.budget.charge(this, wanted)) return false
      this.charged += wanted
    }
    this.held += more
    return true
  }
}

const EMPTY = new Uint8Array(0)
