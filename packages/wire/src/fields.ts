// Reads the fields of one decoded message, whatever it holds: the first thing that is wrong is noted, a harmless value
// stands in for it, and the caller asks at the end. It never throws and never keeps a field that nobody asked for.

import { checkChannel, checkPattern, isPattern } from './channel.ts'
import type { ErrorCode } from './errors.ts'
import type { Limits } from './limits.ts'
import { isMap, readBytes, type Unread } from './shape.ts'
import type { Json, Position } from './types.ts'
import { exceeds } from './utf8.ts'

/** What was wrong first. */
export interface Problem {
  readonly code: ErrorCode
  readonly field: string
  readonly text: string
}

/** Does it consist of printable ASCII without space? */
export function isPrintable(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x21 || code > 0x7e) return false
  }
  return true
}

const NOTHING: Position = Object.freeze({ epoch: '', offset: 0, id: '' })

/** One message being read. */
export class Fields {
  readonly limits: Limits
  problem: Problem | null

  constructor(limits: Limits) {
    this.limits = limits
    this.problem = null
  }

  /** Notes what is wrong, if nothing was before. */
  wrong(field: string, text: string, code: ErrorCode = 'bad-request'): void {
    this.problem ??= { code, field, text }
  }

  /** Text of 1 to `max` UTF-8 bytes. */
  text(value: unknown, field: string, max: number): string {
    if (typeof value !== 'string') this.wrong(field, value === undefined ? 'is missing' : 'is not text')
    else if (value === '') this.wrong(field, 'is empty')
    else if (exceeds(value, max)) this.wrong(field, `has more than ${max} bytes`)
    else if (!value.isWellFormed()) this.wrong(field, 'has half a surrogate pair')
    else return value
    return ''
  }

  /** Printable ASCII without space, 1 to `max` characters. */
  ascii(value: unknown, field: string, max: number): string {
    const text = this.text(value, field, max)
    if (!isPrintable(text)) this.wrong(field, 'has a character that is not printable ASCII')
    return text
  }

  /** A whole number within bounds that a double holds. */
  whole(value: unknown, field: string, min: number, max: number): number {
    if (typeof value !== 'number') this.wrong(field, value === undefined ? 'is missing' : 'is not a number')
    else if (!Number.isSafeInteger(value)) this.wrong(field, 'is not a whole number within ±(2^53 − 1)')
    else if (value < min || value > max) this.wrong(field, `is not within ${min} and ${max}`)
    else return value
    return min
  }

  /** A whole number, cut to the bounds. */
  clamped(value: unknown, field: string, min: number, max: number): number {
    const number = this.whole(value, field, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    return number < min ? min : number > max ? max : number
  }

  flag(value: unknown, field: string): boolean {
    if (typeof value !== 'boolean') this.wrong(field, 'is not true or false')
    return value === true
  }

  map(value: unknown, field: string): Unread | null {
    if (isMap(value)) return value
    this.wrong(field, value === undefined ? 'is missing' : 'is not a map')
    return null
  }

  list(value: unknown, field: string, max: number, code: ErrorCode = 'bad-request'): readonly unknown[] {
    if (!Array.isArray(value)) this.wrong(field, value === undefined ? 'is missing' : 'is not a list')
    else if (value.length > max) this.wrong(field, `has more than ${max} elements`, code)
    else return value
    return []
  }

  channel(value: unknown, field: string): string {
    return this.#name(value, field, false)
  }

  /** A channel's name, or a pattern. */
  pattern(value: unknown, field: string): string {
    return this.#name(value, field, true)
  }

  #name(value: unknown, field: string, star: boolean): string {
    if (typeof value !== 'string') {
      this.wrong(field, value === undefined ? 'is missing' : 'is not text')
      return ''
    }
    const wrong = star && isPattern(value) ? checkPattern(value) : checkChannel(value)
    if (wrong === null && value.length <= this.limits.name) return value
    this.wrong(field, wrong ?? `has more than ${this.limits.name} characters`)
    return ''
  }

  position(value: unknown, field: string): Position {
    const map = this.map(value, field)
    if (map === null) return NOTHING
    return {
      epoch: this.ascii(map['epoch'], `${field}.epoch`, this.limits.epoch),
      offset: this.whole(map['offset'], `${field}.offset`, 0, Number.MAX_SAFE_INTEGER),
      id: map['id'] === '' ? '' : this.ascii(map['id'], `${field}.id`, this.limits.key),
    }
  }

  /**
   * Exactly one of `data` and `bytes`, put into `into`. What `data` holds is for `storeBody` to judge. Bytes are copied,
   * so that they do not keep the frame.
   */
  body(message: Unread, into: { data?: Json; bytes?: Uint8Array }): void {
    const { data, bytes } = message
    if ((data === undefined) === (bytes === undefined)) {
      this.wrong(
        'data',
        data === undefined ? 'is missing, and so is bytes' : 'and bytes exclude each other',
        'bad-data',
      )
      into.data = null
    } else if (bytes === undefined) into.data = data as Json
    else into.bytes = this.bytes(bytes)
  }

  bytes(value: unknown): Uint8Array {
    const bytes = readBytes(value)
    if (bytes !== null) return bytes
    this.wrong('bytes', 'is neither base64url without padding nor binary', 'bad-data')
    return new Uint8Array(0)
  }
}
