// What requests and responses share: the header fields of RFC 9112 §5, read byte by byte out of chunks of any size. It
// fails at the first bad byte, keeps nothing but where names and values stand, and repairs nothing: whatever two parsers
// might read differently is an error here (request smuggling, RFC 9112 §11.2).

import { HeaderFields, PLACES } from './fields.ts'
import { CLASSES, COLON, CR, contentEnd, HTAB, isBlank, LF, SP, TOKEN, VALUE } from './tokens.ts'

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

const LINE = 0
const NAME = 1
const BEFORE_VALUE = 2
const IN_VALUE = 3
const LINE_LF = 4
const LAST_LF = 5
const DONE = 6

/** The field lines of one head, up to and including the empty line. */
export class FieldLines {
  readonly #maxPlaces: number
  #places: number[] = []
  #state: number = LINE
  #fault: HeadFault | null = null

  constructor(maxFields: number) {
    this.#maxPlaces = maxFields * PLACES
  }

  get done(): boolean {
    return this.#state === DONE
  }

  /** What is wrong, or null as long as nothing is. */
  get fault(): HeadFault | null {
    return this.#fault
  }

  /** The fields, when it is done. Then it begins anew: another head may follow an interim response. */
  take(text: string): HeaderFields {
    const places = this.#places
    // RFC 9112 §5.1: "field-line = field-name ":" OWS field-value OWS": the blanks behind are told from those inside now.
    for (let i = PLACES - 1; i < places.length; i += PLACES) {
      places[i] = contentEnd(text, places[i - 1]!, places[i]!)
    }
    this.#places = []
    this.#state = LINE
    return new HeaderFields(text, places)
  }

  /**
   * Reads `chunk[from, end)` and returns the index behind the last byte it took.
   *
   * @param shift what has to be added to an index of the chunk to make it one of the head's text
   */
  push(chunk: Uint8Array, from: number, end: number, shift: number): number {
    const places = this.#places
    let state = this.#state
    let i = from
    while (i < end && state !== DONE) {
      const byte = chunk[i]!
      switch (state) {
        case LINE:
          if (byte === CR) state = LAST_LF
          else if ((CLASSES[byte]! & TOKEN) === 0) return this.#fail(lineFault(byte), i)
          else if (places.length >= this.#maxPlaces) return this.#fail('too-many-fields', i)
          else {
            places.push(i + shift)
            state = NAME
          }
          break
        case NAME:
          while (i < end && (CLASSES[chunk[i]!]! & TOKEN) !== 0) i++
          if (i === end) continue
          if (chunk[i] !== COLON) return this.#fail(nameFault(chunk[i]!), i)
          places.push(i + shift)
          state = BEFORE_VALUE
          break
        case BEFORE_VALUE:
          if (isBlank(byte)) break
          places.push(i + shift)
          state = IN_VALUE
          continue
        case IN_VALUE:
          while (i < end && (CLASSES[chunk[i]!]! & VALUE) !== 0) i++
          if (i === end) continue
          if (chunk[i] !== CR) return this.#fail(chunk[i] === LF ? 'bare-lf' : 'field-value', i)
          places.push(i + shift)
          state = LINE_LF
          break
        default:
          if (byte !== LF) return this.#fail('bare-cr', i)
          state = state === LINE_LF ? LINE : DONE
      }
      i++
    }
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
