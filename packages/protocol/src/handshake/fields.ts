// Header fields as they came: one text, and where in it each name and value stands. Names are compared without case and by
// scanning, never looked up in an object, so that a field called __proto__ is only a field.

import { detached } from './head-text.ts'
import { equalsIgnoringCase, rangeEqualsIgnoringCase } from './tokens.ts'

/** Numbers per field: where its name begins and ends, and where its value does. */
export const PLACES = 4

/** Names to look for in one pass, in lower case. */
export class NameTable {
  readonly #names: readonly string[]
  /** Which names have as many characters: few, so that most fields are known to be none of them by their length. */
  readonly #byLength: readonly (readonly number[])[]

  constructor(names: readonly string[]) {
    const longest = Math.max(...names.map((name) => name.length))
    this.#names = names
    this.#byLength = Array.from({ length: longest + 1 }, (_, length) =>
      names.flatMap((name, index) => (name.length === length ? [index] : [])),
    )
  }

  get size(): number {
    return this.#names.length
  }

  /** The index of the name that stands at `text[from, to)`, or −1. */
  find(text: string, from: number, to: number): number {
    const candidates = this.#byLength[to - from]
    if (candidates === undefined) return -1
    for (let i = 0; i < candidates.length; i++) {
      if (rangeEqualsIgnoringCase(text, from, to, this.#names[candidates[i]!]!)) return candidates[i]!
    }
    return -1
  }
}

/** The header fields of one request or response. Never changes after it was handed out. */
export class HeaderFields {
  readonly #text: string
  readonly #places: readonly number[]
  #raw: readonly string[] | null

  /** @internal Made by the parsers, and by `fromRaw`. */
  constructor(text: string, places: readonly number[], raw: readonly string[] | null = null) {
    this.#text = text
    this.#places = places
    this.#raw = raw
  }

  /**
   * Wraps `rawHeaders` of node:http. The list is taken over, not copied.
   *
   * @throws TypeError when the number of strings is odd
   */
  static fromRaw(raw: readonly string[]): HeaderFields {
    if (raw.length % 2 !== 0) throw new TypeError('raw headers are pairs of a name and a value')
    const places: number[] = []
    let end = 0
    for (const part of raw) {
      places.push(end)
      end += part.length
      places.push(end)
    }
    return new HeaderFields(raw.join(''), places, raw)
  }

  /** Name, value, name, value, … in the order of the wire, as latin1: the form of `rawHeaders` in node:http. */
  get raw(): readonly string[] {
    this.#raw ??= this.#decoded()
    return this.#raw
  }

  /**
   * The values of all fields called `name`, joined by `, ` as RFC 9110 §5.3 allows; undefined when there is none.
   * For a field that must not repeat, ask `count` first.
   */
  get(name: string): string | undefined {
    const places = this.#places
    let value: string | undefined
    for (let i = 0; i < places.length; i += PLACES) {
      if (!this.#isNamed(i, name)) continue
      const one = detached(this.#text, places[i + 2]!, places[i + 3]!)
      value = value === undefined ? one : `${value}, ${one}`
    }
    return value
  }

  /**
   * What `get` would say of each name of the table, in its order, in one pass. For whoever looks and forgets: a string may
   * keep the whole head alive.
   *
   * @internal
   */
  pick(table: NameTable): (string | undefined)[] {
    const text = this.#text
    const places = this.#places
    const values: (string | undefined)[] = new Array(table.size).fill(undefined)
    for (let i = 0; i < places.length; i += PLACES) {
      const index = table.find(text, places[i]!, places[i + 1]!)
      if (index < 0) continue
      const value = text.slice(places[i + 2]!, places[i + 3]!)
      values[index] = values[index] === undefined ? value : `${values[index]}, ${value}`
    }
    return values
  }

  /** The values of all fields called `name`, one each. */
  all(name: string): string[] {
    const { raw } = this
    const values: string[] = []
    for (let i = 0; i < raw.length; i += 2) if (equalsIgnoringCase(raw[i]!, name)) values.push(raw[i + 1]!)
    return values
  }

  /** Is there a field called `name`? */
  has(name: string): boolean {
    for (let i = 0; i < this.#places.length; i += PLACES) if (this.#isNamed(i, name)) return true
    return false
  }

  /** How many fields are called `name`. */
  count(name: string): number {
    let count = 0
    for (let i = 0; i < this.#places.length; i += PLACES) if (this.#isNamed(i, name)) count++
    return count
  }

  /** All fields in order, as `[name, value]` with the name as it was written. */
  *entries(): IterableIterator<[string, string]> {
    const { raw } = this
    for (let i = 0; i < raw.length; i += 2) yield [raw[i]!, raw[i + 1]!]
  }

  #isNamed(at: number, name: string): boolean {
    const places = this.#places
    return rangeEqualsIgnoringCase(this.#text, places[at]!, places[at + 1]!, name)
  }

  #decoded(): readonly string[] {
    const places = this.#places
    const raw: string[] = []
    for (let i = 0; i < places.length; i += 2) raw.push(detached(this.#text, places[i]!, places[i + 1]!))
    return raw
  }
}
