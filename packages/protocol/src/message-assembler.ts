// Joins what a message arrives in - fragments, or pieces of a frame that read chunks split - in a buffer that grows with
// what has arrived. Nothing of a read chunk is kept. Bounds: bytes and fragments of one message (message-reader.ts), and
// what all unfinished messages hold.

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
/** How many times what has arrived the buffer may be, if the frame's header announces as much. */
const MOST_AHEAD = 4

/** Who hears that a message was given up for the budget's sake; it is released already. */
export interface AssemblerOwner {
  onEvicted(): void
}

/** One unfinished message. It exists only while there is one: an idle connection holds none. */
export class MessageAssembler implements BudgetHolder {
  length = 0
  charged = 0
  private readonly platform: Pick<Platform, 'allocate' | 'free'>
  private readonly budget: ByteBudget
  // The growing buffer. `length` bytes of it are filled.
  private buffer: Uint8Array = EMPTY
  private held = 0
  private readonly owner: AssemblerOwner

  constructor(platform: Pick<Platform, 'allocate' | 'free'>, budget: ByteBudget, owner: AssemblerOwner) {
    this.platform = platform
    this.budget = budget
    this.owner = owner
  }

  /**
   * Appends `bytes[start, end)`, copied.
   *
   * @param left bytes of the current frame still to come. It guides the growth but is never trusted: memory follows what
   * has arrived, at most MOST_AHEAD times as much
   * @param final is the frame the message's last?
   */
  append(bytes: Uint8Array, start: number, end: number, left: number, final: boolean): Violation | null {
    const size = end - start
    if (size === 0) return null
    if (this.length + size > this.buffer.length && !this.grow(this.length + size, left, final))
      return VIOLATIONS['incomplete-budget']
    this.buffer.set(bytes.subarray(start, end), this.length)
    this.length += size
    return null
  }

  /** The whole message, and the end of this assembler. The bytes are the caller's. */
  finish(): Uint8Array {
    this.release()
    return this.length === this.buffer.length ? this.buffer : this.buffer.subarray(0, this.length)
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

  private grow(needed: number, left: number, final: boolean): boolean {
    const ahead = Math.min(needed + left, needed * MOST_AHEAD)
    // Where more frames follow it doubles: otherwise each of them would move everything before it.
    const capacity = final ? ahead : Math.max(ahead, this.buffer.length * 2, FIRST_CAPACITY)
    if (!this.charge(capacity - this.buffer.length)) return false
    const { buffer } = this
    this.buffer = this.platform.allocate(capacity)
    this.buffer.set(buffer.subarray(0, this.length))
    if (buffer.length > 0) this.platform.free(buffer)
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
