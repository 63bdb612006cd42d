// Bodies on their way into a store and out of it. What is stored was checked: every codec and every language can carry
// it, and its text is this side's own. It never merges, copies or follows what it was given.

import { PROTO_KEY, UNSAFE_INTEGER } from './bad.ts'
import { RealtimeError } from './errors.ts'
import type { Limits } from './limits.ts'
import type { Body, Json, StoredBody } from './types.ts'
import { exceeds } from './utf8.ts'

/** What `storeBody` looks at. */
export type BodyLimits = Pick<Limits, 'body' | 'depth' | 'keys'>

/** ECMAScript writes whole numbers from here on with an exponent, so that nobody reads them as integers. */
const EXPONENT = 1e21

/** Not JSON: the reason goes into a RealtimeError. */
class Refusal {
  readonly code: 'bad-data' | 'too-large'
  readonly text: string

  constructor(code: 'bad-data' | 'too-large', text: string) {
    this.code = code
    this.text = text
  }
}

class Walk {
  readonly #depth: number
  #keys: number
  /** Some text holds half a surrogate pair. */
  illFormed: boolean

  constructor(limits: BodyLimits) {
    // The message around it is the first level.
    this.#depth = limits.depth - 1
    this.#keys = limits.keys
    this.illFormed = false
  }

  value(value: unknown, depth: number): Refusal | null {
    switch (typeof value) {
      case 'string':
        if (!value.isWellFormed()) this.illFormed = true
        return null
      case 'boolean':
        return null
      case 'number':
        return number(value)
      case 'object':
        if (value === null) return null
        if (depth > this.#depth) return new Refusal('too-large', `is nested deeper than ${this.#depth}`)
        return Array.isArray(value) ? this.#list(value, depth) : this.#map(value, depth)
      default:
        return new Refusal('bad-data', `holds ${typeof value === 'undefined' ? typeof value : `a ${typeof value}`}`)
    }
  }

  #list(list: readonly unknown[], depth: number): Refusal | null {
    for (let i = 0; i < list.length; i++) {
      const refusal = this.value(list[i], depth + 1)
      if (refusal !== null) return refusal
    }
    return null
  }

  #map(map: object, depth: number): Refusal | null {
    const prototype: unknown = Object.getPrototypeOf(map)
    // A plain object of any realm: its prototype, if any, is a root.
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
      return new Refusal(
        'bad-data',
        'holds something that is neither a plain object, a list, text, a number nor a flag',
      )
    }
    for (const key of Object.keys(map)) {
      if (--this.#keys < 0) return new Refusal('too-large', 'has too many keys')
      if (key === '__proto__') return new Refusal('bad-data', `holds ${PROTO_KEY}`)
      if (!key.isWellFormed()) this.illFormed = true
      const refusal = this.value((map as Record<string, unknown>)[key], depth + 1)
      if (refusal !== null) return refusal
    }
    return null
  }
}

function number(value: number): Refusal | null {
  if (Number.isSafeInteger(value)) return null
  if (!Number.isFinite(value)) return new Refusal('bad-data', `holds ${value}`)
  if (!Number.isInteger(value) || Math.abs(value) >= EXPONENT) return null
  return new Refusal('bad-data', `holds ${UNSAFE_INTEGER}`)
}

/** The same value with U+FFFD for each half of a surrogate pair. */
export function toWellFormed<T>(value: T): T {
  if (typeof value === 'string') return value.toWellFormed() as T
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  if (Array.isArray(value)) return value.map(toWellFormed) as T
  return Object.fromEntries(Object.entries(value).map(([key, of]) => [key.toWellFormed(), toWellFormed(of)])) as T
}

function refuse(refusal: Refusal, field: string): RealtimeError {
  return new RealtimeError(refusal.code, `${field} ${refusal.text}`, { field })
}

/**
 * Writes a value as the JSON text that is stored, or handed to clients unchanged (`info` of a member).
 *
 * @param field named in the error
 * @throws RealtimeError `bad-data` or `too-large`
 */
export function storeJson(value: unknown, limits: BodyLimits, field = 'data'): string {
  const walk = new Walk(limits)
  const refusal = walk.value(value, 1)
  if (refusal !== null) throw refuse(refusal, field)
  const json = JSON.stringify(walk.illFormed ? toWellFormed(value) : value)
  if (exceeds(json, limits.body)) throw refuse(new Refusal('too-large', `has more than ${limits.body} bytes`), field)
  return json
}

/**
 * Checks a body and gives the form in which it is stored and copied. Bytes are not copied: the caller gives them away.
 *
 * @throws RealtimeError `bad-data` (a number JSON cannot say, undefined, a class, the key __proto__) or `too-large`;
 * `field` says whether it was `data` or `bytes`
 */
export function storeBody(body: Body, limits: BodyLimits): StoredBody {
  if (body.bytes === undefined) return { json: storeJson(body.data, limits) }
  if (!(body.bytes instanceof Uint8Array)) throw refuse(new Refusal('bad-data', 'is not a Uint8Array'), 'bytes')
  if (body.bytes.byteLength > limits.body) {
    throw refuse(new Refusal('too-large', `has more than ${limits.body} bytes`), 'bytes')
  }
  return { bytes: body.bytes }
}

/** The body that was stored. */
export function loadBody(stored: StoredBody): Body {
  return stored.json === undefined ? { bytes: stored.bytes } : { data: JSON.parse(stored.json) as Json }
}
