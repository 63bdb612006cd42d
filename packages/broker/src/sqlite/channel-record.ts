// What is kept in memory of a channel while it is in use: its head, its epochs, what was trimmed. Everything here is
// also in the file, and can be forgotten at any time. It never reads or writes the file itself.

import type { Position } from '@tautline/wire'
import type { Entry, LogRule } from '../broker.ts'
import type { ChannelRow, EdgeRow, EntryRow, FenceRow } from './statements.ts'

export class ChannelRecord {
  readonly ch: number
  readonly name: string
  /** Changes of the epoch, oldest first; the first one is at or below the oldest entry. Never empty. */
  readonly fences: FenceRow[]
  gone: number
  size: number
  ttl: number
  /** Offset of the oldest row. */
  first: number
  #off: number
  #id: string
  #at: number

  /** @param last the newest row; null: the channel is being made */
  constructor(row: ChannelRow, fences: FenceRow[], first: number, last: EdgeRow | null) {
    this.ch = row.ch
    this.name = row.name
    this.fences = fences
    this.gone = row.gone
    this.size = row.size
    this.ttl = row.ttl
    this.first = first
    this.#off = last?.off ?? 0
    this.#id = last?.id ?? ''
    this.#at = last?.at ?? 0
  }

  get head(): Position {
    return { epoch: this.epochAt(this.#off), offset: this.#off, id: this.#id }
  }

  get offset(): number {
    return this.#off
  }

  /** Store time of the newest entry. */
  get at(): number {
    return this.#at
  }

  get newestFence(): FenceRow | undefined {
    return this.fences[this.fences.length - 1]
  }

  /** A row was added at the end. */
  advance(off: number, id: string, at: number): void {
    this.#off = off
    this.#id = id
    this.#at = at
  }

  /** The epoch of the entry at an offset; of the unwritten channel at 0. */
  epochAt(off: number): string {
    for (let i = this.fences.length - 1; i >= 0; i--) {
      const fence = this.fences[i] as FenceRow
      if (fence.off <= off) return fence.epoch
    }
    return this.fences[0]?.from_epoch ?? ''
  }

  /** Is it the epoch of a retained entry or of what came right before it? */
  knows(epoch: string): boolean {
    return this.fences.some((fence) => fence.epoch === epoch || fence.from_epoch === epoch)
  }

  ruleDiffers(rule: LogRule): boolean {
    return this.size !== rule.size || this.ttl !== rule.ttl
  }

  /** A row as the rest of the world sees it. */
  entry(row: EntryRow): Entry {
    const { off } = row
    const fence = this.fences.find((candidate) => candidate.off === off)
    return {
      off,
      prev: off - 1,
      id: row.id,
      epoch: this.epochAt(off),
      ...(fence !== undefined && {
        fence: {
          ev: 'fence',
          ch: this.name,
          from: { epoch: fence.from_epoch, offset: off - 1, id: fence.from_id },
          epoch: fence.epoch,
          loss: fence.possible === 1 ? 'possible' : 'none',
        },
      }),
      at: row.at,
      ...(row.key !== null && { key: row.key }),
      ...(row.state !== null && { state: row.state }),
      ...((row.user !== null || row.peer !== null) && {
        from: { ...(row.user !== null && { user: row.user }), ...(row.peer !== null && { peer: row.peer }) },
      }),
      body: typeof row.body === 'string' ? { json: row.body } : { bytes: row.body ?? new Uint8Array(0) },
    }
  }
}
