// One channel's log in memory: a dense run of entries, the position before them, the newest position, the keys of the
// window. Everything in one object, so that it is dropped as a whole. It knows no other channel and no clock.

import type { EntryId, Position } from '@tautline/wire'
import type { Append, Entry, LogRule } from '../broker.ts'
import { weightOf } from '../page.ts'
import type { Known } from '../proof.ts'
import { type KeyRecord, keyName } from '../window.ts'

interface Stored {
  readonly entry: Entry
  /** Monotonic store time, ms. */
  readonly time: number
}

interface Key extends KeyRecord {
  readonly until: number
}

const LOG_WEIGHT = 512
const KEY_WEIGHT = 192

export class ChannelLog implements Known {
  readonly #channel: string
  readonly #epoch: string
  #head: Position
  #floor: Position
  /** Entries from index #first on; what is before is dropped in bulk. */
  #entries: (Stored | undefined)[] = []
  #first = 0
  readonly #keys = new Map<string, Key>()
  #weight: number
  #rule: LogRule
  #touched = 0

  /** @param beginning the position of the channel when it was unwritten */
  constructor(channel: string, beginning: Position, epoch: string, rule: LogRule) {
    this.#channel = channel
    this.#epoch = epoch
    this.#head = beginning
    this.#floor = beginning
    this.#weight = LOG_WEIGHT + channel.length
    this.#rule = rule
  }

  get head(): Position {
    return this.#head
  }

  get floor(): Position {
    return this.#floor
  }

  /** About the bytes held. */
  get weight(): number {
    return this.#weight
  }

  get length(): number {
    return this.#entries.length - this.#first
  }

  /** Store time until which the head has to be known, if it lives for two anchors after its data and its keys. */
  lives(anchor: number): number {
    return this.#touched + Math.max(this.#rule.ttl, this.#rule.window) + 2 * anchor
  }

  idAt(offset: number): EntryId | undefined {
    return this.#at(offset)?.entry.id
  }

  knows(epoch: string): boolean {
    return epoch === this.#epoch
  }

  /** The record of a key, if it is still within its window. */
  key(scope: string, key: string, time: number): KeyRecord | undefined {
    const record = this.#keys.get(keyName(scope, key))
    return record === undefined || record.until <= time ? undefined : record
  }

  /** Stores an entry and its key, and drops what the rule no longer wants. */
  append(append: Append, time: number, at: number, rule: LogRule): Entry {
    const off = this.#head.offset + 1
    const entry: Entry = {
      off,
      prev: off - 1,
      id: append.id,
      epoch: this.#epoch,
      ...(off === 1 && {
        fence: { ev: 'fence', ch: this.#channel, from: this.#floor, epoch: this.#epoch, loss: 'none' },
      }),
      at,
      ...(append.key !== undefined && { key: append.key }),
      ...(append.state !== undefined && { state: append.state }),
      ...(append.from !== undefined && { from: append.from }),
      body: append.body,
    }
    this.#entries.push({ entry, time })
    this.#head = { epoch: this.#epoch, offset: off, id: append.id }
    this.#weight += weightOf(entry)
    this.#rule = rule
    this.#touched = time
    if (append.key !== undefined) this.#keep(append, append.key, time + rule.window)
    this.trim(time)
    return entry
  }

  /** Drops entries beyond size + 1 and older than ttl, and keys past their window, by the rule of the last append. */
  trim(time: number): void {
    // "At least size + 1 entries are retained, so a position at the trim edge still has its proof."
    while (this.length > this.#rule.size + 1 || (this.length > 0 && this.#expired(this.#first, time, this.#rule.ttl))) {
      this.dropOldest()
    }
    for (const [name, record] of this.#keys) {
      if (record.until > time) break
      this.#keys.delete(name)
      this.#weight -= KEY_WEIGHT + name.length
    }
  }

  /** Drops the oldest entry, which becomes the position before the next one. */
  dropOldest(): void {
    const oldest = this.#entries[this.#first]
    if (oldest === undefined) return
    const { entry } = oldest
    this.#floor = { epoch: entry.epoch, offset: entry.off, id: entry.id }
    this.#weight -= weightOf(entry)
    this.#entries[this.#first++] = undefined
    if (this.#first === this.#entries.length || (this.#first >= 64 && this.#first * 2 >= this.#entries.length)) {
      this.#entries = this.#entries.slice(this.#first)
      this.#first = 0
    }
  }

  /** Offset of the position before the oldest entry that a rule serves: exact in size and in age. */
  served(rule: LogRule, time: number): number {
    let low = this.#first + Math.max(0, this.length - rule.size)
    let high = this.#entries.length
    // Times do not decrease along the log.
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#expired(middle, time, rule.ttl)) low = middle + 1
      else high = middle
    }
    return this.#floor.offset + low - this.#first
  }

  /** The entry at an offset, if it is retained. */
  entry(offset: number): Entry | undefined {
    return this.#at(offset)?.entry
  }

  /** The position at an offset, floor ≤ offset ≤ head. */
  position(offset: number): Position {
    const entry = this.#at(offset)?.entry
    return entry === undefined ? this.#floor : { epoch: entry.epoch, offset, id: entry.id }
  }

  #at(offset: number): Stored | undefined {
    return offset > this.#floor.offset ? this.#entries[this.#first + offset - this.#floor.offset - 1] : undefined
  }

  #expired(index: number, time: number, ttl: number): boolean {
    return time - (this.#entries[index] as Stored).time >= ttl
  }

  #keep(append: Append, key: string, until: number): void {
    const name = keyName(append.scope, key)
    // Set anew at the end: the keys stand in the order in which they end, as long as the rule does not change.
    if (this.#keys.delete(name)) this.#weight -= KEY_WEIGHT + name.length
    this.#keys.set(name, { position: this.#head, hash: append.hash, until })
    this.#weight += KEY_WEIGHT + name.length
  }
}
