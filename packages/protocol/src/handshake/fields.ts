// Header fields as they came: one flat list of names and values in order. Names are compared without case and by
// scanning, never looked up in an object, so that a field called __proto__ is only a field.

import { equalsIgnoringCase } from './tokens.ts'

/** The header fields of one request or response. Never changes after it was handed out. */
export class HeaderFields {
  /** Name, value, name, value, … in the order of the wire, as latin1: the form of `rawHeaders` in node:http. */
  readonly raw: readonly string[]

  constructor(raw: readonly string[]) {
    this.raw = raw
  }

  /**
   * Wraps `rawHeaders` of node:http. The list is taken over, not copied.
   *
   * @throws TypeError when the number of strings is odd
   */
  static fromRaw(raw: readonly string[]): HeaderFields {
    if (raw.length % 2 !== 0) throw new TypeError('raw headers are pairs of a name and a value')
    return new HeaderFields(raw)
  }

  /**
   * The values of all fields called `name`, joined by `, ` as RFC 9110 §5.3 allows; undefined when there is none.
   * For a field that must not repeat, ask `count` first.
   */
  get(name: string): string | undefined {
    const raw = this.raw
    let value: string | undefined
    for (let i = 0; i < raw.length; i += 2) {
      if (!equalsIgnoringCase(raw[i]!, name)) continue
      value = value === undefined ? raw[i + 1]! : `${value}, ${raw[i + 1]!}`
    }
    return value
  }

  /** The values of all fields called `name`, one each. */
  all(name: string): string[] {
    const raw = this.raw
    const values: string[] = []
    for (let i = 0; i < raw.length; i += 2) if (equalsIgnoringCase(raw[i]!, name)) values.push(raw[i + 1]!)
    return values
  }

  /** Is there a field called `name`? */
  has(name: string): boolean {
    const raw = this.raw
    for (let i = 0; i < raw.length; i += 2) if (equalsIgnoringCase(raw[i]!, name)) return true
    return false
  }

  /** How many fields are called `name`. */
  count(name: string): number {
    const raw = this.raw
    let count = 0
    for (let i = 0; i < raw.length; i += 2) if (equalsIgnoringCase(raw[i]!, name)) count++
    return count
  }

  /** All fields in order, as `[name, value]` with the name as it was written. */
  *entries(): IterableIterator<[string, string]> {
    const raw = this.raw
    for (let i = 0; i < raw.length; i += 2) yield [raw[i]!, raw[i + 1]!]
  }
}
