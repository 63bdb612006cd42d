// How much of a log goes into one answer. Pure.

import type { StoredBody } from '@tautline/wire'
import type { Append, Entry } from './broker.ts'

/** What an entry weighs beside its body: ids, position, times, the object itself. An estimate, for bounds only. */
const OVERHEAD = 256

/** About the bytes that an entry holds; text counts as one byte a character. */
export function weightOf(entry: Pick<Append | Entry, 'body' | 'key' | 'state'>): number {
  return OVERHEAD + bodyBytes(entry.body) + (entry.key?.length ?? 0) + (entry.state?.length ?? 0)
}

/** Bytes of a body; text counts as one byte a character. */
export function bodyBytes(body: StoredBody): number {
  return body.bytes === undefined ? body.json.length : body.bytes.byteLength
}

/** Counts entries into a page: at most `limit`, about `bytes`, and one in any case where the limit allows it. */
export class PageBudget {
  #entries: number
  #bytes: number
  #empty: boolean

  constructor(limit: number, bytes: number) {
    this.#entries = limit
    this.#bytes = bytes
    this.#empty = true
  }

  /** Takes an entry in, or refuses it: then the page is full. */
  take(entry: Pick<Entry, 'body' | 'key' | 'state'>): boolean {
    if (this.#entries <= 0 || (this.#bytes <= 0 && !this.#empty)) return false
    this.#empty = false
    this.#entries--
    this.#bytes -= weightOf(entry)
    return true
  }
}
