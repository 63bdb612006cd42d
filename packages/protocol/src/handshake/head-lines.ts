// What requests and responses share: the header fields of RFC 9112 §5, read byte by byte out of chunks of any size. It
// fails at the first bad byte, keeps nothing but the decoded fields and one unfinished token, and repairs nothing:
// whatever two parsers might read differently is an error here (request smuggling, RFC 9112 §11.2).

import { CLASSES, COLON, CR, HTAB, isBlank, LF, SP, TOKEN, trimBlanks, VALUE } from './tokens.ts'

/** What can be wrong with the lines of a head, in a request and in a response. */
export type HeadFault =
  | 'bare-lf'
  | 'bare-cr'
  | 'field-name'
  | 'field-colon'
  | 'field-space'
  | 'field-fold'
  | 'field-value'
  | 'too-many-fields'
  | 'head-too-large'

/** Limits of one head. */
export interface HeadLimits {
  /** Of the head whole, start line and line ends included. 16 KiB. */
  readonly maxBytes?: number
  /** Number of header fields. 100. */
  readonly maxHeaders?: number
}

export const DEFAULT_MAX_HEAD_BYTES: number = 16 * 1024
export const DEFAULT_MAX_HEADERS = 100

/** Arguments per call of `String.fromCharCode`: they lie on the stack. */
const DECODE_STEP = 4096

/**
 * `bytes[from, to)` as latin1. An array handed to `apply` costs 1.2 µs for the 25 tokens of a browser's head, as much
 * as the native latin1Slice of Node; joining characters one by one costs 3.1.
 */
export function latin1(bytes: Uint8Array, from: number, to: number): string {
  let text = ''
  for (let start = from; start < to; start += DECODE_STEP) {
    const length = Math.min(DECODE_STEP, to - start)
    const codes = new Array<number>(length)
    for (let i = 0; i < length; i++) codes[i] = bytes[start + i]!
    text += String.fromCharCode.apply(null, codes)
  }
  return text
}

/** The bytes of a token that began in an earlier chunk: copied, because chunks belong to whoever pushed them. */
export class UnfinishedToken {
  #bytes: Uint8Array = NOTHING
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Keeps a copy of `chunk[from, to)`. Grows by doubling, so that single bytes cost linear time. */
  append(chunk: Uint8Array, from: number, to: number): void {
    const needed = this.#length + to - from
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(64, needed, this.#bytes.length * 2))
      grown.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = grown
    }
    let at = this.#length
    for (let i = from; i < to; i++) this.#bytes[at++] = chunk[i]!
    this.#length = at
  }

  /** The token whole: what was kept, then `chunk[from, to)`. */
  take(chunk: Uint8Array, from: number, to: number): string {
    if (this.#length === 0) return latin1(chunk, from, to)
    this.append(chunk, from, to)
    const text = latin1(this.#bytes, 0, this.#length)
    this.#length = 0
    return text
  }
}

const NOTHING = new Uint8Array(0)

const LINE = 0
const NAME = 1
const BEFORE_VALUE = 2
const IN_VALUE = 3
const LINE_LF = 4
const LAST_LF = 5
const DONE = 6

/** The field lines of one head, up to and including the empty line. */
export class FieldLines {
  readonly #maxFields: number
  readonly #token: UnfinishedToken
  #raw: string[] = []
  #state: number = LINE
  #fault: HeadFault | null = null

  /** @param token shared with the parser of the start line, which is done when this begins */
  constructor(maxFields: number, token: UnfinishedToken) {
    this.#maxFields = maxFields
    this.#token = token
  }

  /** Names and values in order; complete when `done`. */
  get raw(): readonly string[] {
    return this.#raw
  }

  get done(): boolean {
    return this.#state === DONE
  }

  /** What is wrong, or null as long as nothing is. */
  get fault(): HeadFault | null {
    return this.#fault
  }

  /** Begins anew, for the head that follows an interim response. */
  restart(): void {
    this.#raw = []
    this.#state = LINE
  }

  /** Reads `chunk[from, end)` and returns the index behind the last byte it took. */
  push(chunk: Uint8Array, from: number, end: number): number {
    let state = this.#state
    let mark = from
    let i = from
    while (i < end && state !== DONE) {
      const byte = chunk[i]!
      switch (state) {
        case LINE:
          if (byte === CR) state = LAST_LF
          else if ((CLASSES[byte]! & TOKEN) === 0) return this.#fail(lineFault(byte), i)
          else if (this.#raw.length >= this.#maxFields * 2) return this.#fail('too-many-fields', i)
          else {
            state = NAME
            mark = i
          }
          break
        case NAME:
          while (i < end && (CLASSES[chunk[i]!]! & TOKEN) !== 0) i++
          if (i === end) continue
          if (chunk[i] !== COLON) return this.#fail(nameFault(chunk[i]!), i)
          this.#raw.push(this.#token.take(chunk, mark, i))
          state = BEFORE_VALUE
          break
        case BEFORE_VALUE:
          if (isBlank(byte)) break
          mark = i
          state = IN_VALUE
          continue
        case IN_VALUE:
          while (i < end && (CLASSES[chunk[i]!]! & VALUE) !== 0) i++
          if (i === end) continue
          if (chunk[i] !== CR) return this.#fail(chunk[i] === LF ? 'bare-lf' : 'field-value', i)
          this.#raw.push(trimBlanks(this.#token.take(chunk, mark, i)))
          state = LINE_LF
          break
        default:
          if (byte !== LF) return this.#fail('bare-cr', i)
          state = state === LINE_LF ? LINE : DONE
      }
      i++
    }
    if (state === NAME || state === IN_VALUE) this.#token.append(chunk, mark, end)
    this.#state = state
    return i
  }

  #fail(fault: HeadFault, index: number): number {
    this.#fault = fault
    return index + 1
  }
}

/** A line that begins with neither a token nor CR. */
function lineFault(byte: number): HeadFault {
  // RFC 9112 §5.2: "A server that receives an obs-fold in a request message … MUST either reject the message …"
  if (byte === SP || byte === HTAB) return 'field-fold'
  return byte === LF ? 'bare-lf' : 'field-name'
}

/** A name that ends in something else than a colon. */
function nameFault(byte: number): HeadFault {
  // RFC 9112 §5.1: "A server MUST reject, with a response status code of 400 …, any received request message that
  // contains whitespace between a header field name and colon."
  if (byte === SP || byte === HTAB) return 'field-space'
  if (byte === CR) return 'field-colon'
  return byte === LF ? 'bare-lf' : 'field-name'
}

/**
 * Does `byte` fit at `index` of `HTTP/1.1`, where both digits may be any? A version is matched as it arrives, so that
 * another protocol is known by its first wrong byte (RFC 9112 §2.3).
 */
export function fitsVersion(index: number, byte: number): boolean {
  if (index === 5 || index === 7) return byte >= 0x30 && byte <= 0x39
  return byte === 'HTTP/1.'.charCodeAt(index)
}

/** Length of `HTTP/1.1`. */
export const VERSION_LENGTH = 8

/** A limit as the caller gave it. @throws RangeError unless it is a positive integer */
export function limit(value: number | undefined, standard: number, name: string): number {
  if (value === undefined) return standard
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${name} must be a positive integer`)
  return value
}
