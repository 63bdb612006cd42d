// The channels in use, loaded from the file when first asked for and forgotten in the order in which they were touched.
// It holds nothing that is not in the file.

import { ChannelRecord } from './channel-record.ts'
import type { ChannelRow, EdgeRow, FenceRow, Statements } from './statements.ts'

export class Channels {
  readonly #sql: Statements
  readonly #most: number
  readonly #records = new Map<string, ChannelRecord>()

  /** @param most channels kept in memory */
  constructor(sql: Statements, most: number) {
    this.#sql = sql
    this.#most = most
  }

  /** The record of a channel; null: it has none. */
  get(name: string): ChannelRecord | null {
    const known = this.#records.get(name)
    if (known !== undefined) {
      this.#records.delete(name)
      this.#records.set(name, known)
      return known
    }
    const row = this.#sql.channel.get(name) as unknown as ChannelRow | undefined
    if (row === undefined) return null
    const record = this.load(row)
    this.keep(record)
    return record
  }

  /** Reads what belongs to a row, without keeping it. */
  load(row: ChannelRow): ChannelRecord {
    const fences = this.#sql.fences.all(row.ch) as unknown as FenceRow[]
    const first = this.#sql.first.get(row.ch) as unknown as EdgeRow
    const last = this.#sql.last.get(row.ch) as unknown as EdgeRow
    return new ChannelRecord(row, fences, first.off, last)
  }

  /** The record in memory, else one loaded for this moment. */
  peek(row: ChannelRow): ChannelRecord {
    return this.#records.get(row.name) ?? this.load(row)
  }

  keep(record: ChannelRecord): void {
    this.#records.set(record.name, record)
    if (this.#records.size > this.#most) {
      this.#records.delete((this.#records.keys().next() as { value: string }).value)
    }
  }

  /** The channel was dropped. */
  forget(name: string): void {
    this.#records.delete(name)
  }

  /** A transaction was rolled back: what memory says of any channel may be wrong. */
  clear(): void {
    this.#records.clear()
  }
}
