// The head of one HTTP/1.1 request, out of chunks of any size. It fails at the first byte that cannot belong to a good
// head, so that a TLS client or a port scanner waits for no timeout. It never looks at what the fields mean
// (upgrade-check.ts does) and never reads behind the head: those bytes are frames.

import type { HeaderFields } from './fields.ts'
import {
  DEFAULT_MAX_HEAD_BYTES,
  DEFAULT_MAX_HEADERS,
  FieldLines,
  fitsVersion,
  type HeadLimits,
  limit,
  VERSION_LENGTH,
} from './head-lines.ts'
import { detached, HeadText, type Latin1Decoder, PLAIN_DECODER } from './head-text.ts'
import { REFUSALS, type Refusal, type RefusalId } from './refusals.ts'
import { CLASSES, CR, LF, METHOD, SP, TARGET } from './tokens.ts'

/** The head of a request. Also made from node:http: `HeaderFields.fromRaw(request.rawHeaders)` and `httpVersion`. */
export interface RequestHead {
  /** As sent: methods are case-sensitive. */
  readonly method: string
  /** As sent, undecoded (RFC 9112 §3.2). */
  readonly target: string
  readonly version: '1.0' | '1.1'
  readonly headers: HeaderFields
}

/** RFC 9112 §2.2: "a server … SHOULD ignore at least one empty line (CRLF) received prior to the request-line". */
const MAX_EMPTY_LINES = 4
/** The longest registered method has 17 characters (UPDATEREDIRECTREF). */
const MAX_METHOD_LENGTH = 32
const TLS_HANDSHAKE_RECORD = 0x16

const START = 0
const EMPTY_LF = 1
const IN_METHOD = 2
const IN_TARGET = 3
const IN_VERSION = 4
const LINE_LF = 5
const FIELDS = 6

/** Parses the head of one request. One parser is for one request. */
export class RequestParser {
  readonly #maxBytes: number
  readonly #text: HeadText
  readonly #fields: FieldLines
  #state: number = START
  #seen = 0
  #emptyLines = 0
  // Where in the head the method begins and where it and the target end; the target begins behind one space.
  #methodStart = 0
  #methodEnd = 0
  #targetEnd = 0
  #versionLength = 0
  #major = 0
  #minor = 0
  #head: RequestHead | null = null
  #refusal: Refusal | null = null

  /**
   * @param decoder a platform's is quicker
   * @throws RangeError when a limit is not a positive integer
   */
  constructor(limits: HeadLimits = {}, decoder: Latin1Decoder = PLAIN_DECODER) {
    this.#maxBytes = limit(limits.maxBytes, DEFAULT_MAX_HEAD_BYTES, 'maxBytes')
    this.#fields = new FieldLines(limit(limits.maxHeaders, DEFAULT_MAX_HEADERS, 'maxHeaders'))
    this.#text = new HeadText(decoder)
  }

  /** The head, as soon as it is complete. */
  get head(): RequestHead | null {
    return this.#head
  }

  /** Why the request is refused, as soon as that is certain. */
  get refusal(): Refusal | null {
    return this.#refusal
  }

  /**
   * Reads on in `chunk`, from `start`. The chunk stays the caller's: what must be kept is copied.
   *
   * @returns the index behind the last byte consumed; with a `head`, the rest of the chunk belongs to the frames.
   * After a head or a refusal nothing more is consumed.
   */
  push(chunk: Uint8Array, start = 0): number {
    if (this.#head !== null || this.#refusal !== null) return start
    const end = Math.min(chunk.length, start + this.#maxBytes - this.#seen)
    // What has to be added to an index of the chunk to make it one of the head.
    const shift = this.#seen - start
    let i = start
    if (this.#state !== FIELDS) i = this.#requestLine(chunk, start, end, shift)
    if (this.#state === FIELDS && this.#refusal === null) i = this.#fields.push(chunk, i, end, shift)
    this.#seen += i - start
    if (this.#fields.done) this.#complete(this.#text.take(chunk, start, i))
    else if (this.#fields.fault !== null) this.#refusal = REFUSALS[this.#fields.fault]
    else if (this.#refusal === null && this.#seen >= this.#maxBytes) {
      this.#refusal = REFUSALS[this.#state === FIELDS ? 'head-too-large' : 'target-too-long']
    } else if (this.#refusal === null) this.#text.keep(chunk, start, i)
    return i
  }

  #complete(text: string): void {
    this.#head = {
      method: detached(text, this.#methodStart, this.#methodEnd),
      target: detached(text, this.#methodEnd + 1, this.#targetEnd),
      version: this.#minor === 0 ? '1.0' : '1.1',
      headers: this.#fields.take(text),
    }
  }

  /** RFC 9112 §3: `request-line = method SP request-target SP HTTP-version`, with exactly one space each. */
  #requestLine(chunk: Uint8Array, from: number, end: number, shift: number): number {
    let i = from
    for (; i < end && this.#state !== FIELDS; i++) {
      const byte = chunk[i]!
      switch (this.#state) {
        case START:
          if (byte === CR && this.#emptyLines++ < MAX_EMPTY_LINES) this.#state = EMPTY_LF
          else if ((CLASSES[byte]! & METHOD) === 0) return this.#fail(firstByteFault(byte), i)
          else {
            this.#state = IN_METHOD
            this.#methodStart = i + shift
          }
          break
        case IN_METHOD:
          if (byte === SP) {
            this.#state = IN_TARGET
            this.#methodEnd = i + shift
          } else if ((CLASSES[byte]! & METHOD) === 0 || i + shift - this.#methodStart >= MAX_METHOD_LENGTH) {
            return this.#fail('request-line', i)
          }
          break
        case IN_TARGET: {
          while (i < end && (CLASSES[chunk[i]!]! & TARGET) !== 0) i++
          if (i === end) continue
          this.#targetEnd = i + shift
          const isEmpty = this.#targetEnd === this.#methodEnd + 1
          if (chunk[i] !== SP || isEmpty) return this.#fail(targetFault(chunk[i]!, isEmpty), i)
          this.#state = IN_VERSION
          break
        }
        default: {
          const fault = this.#versionByte(byte)
          if (fault !== null) return this.#fail(fault, i)
        }
      }
    }
    return Math.min(i, end)
  }

  /** The version, the line's end, and the LF of an empty line before it. */
  #versionByte(byte: number): RefusalId | null {
    if (this.#state !== IN_VERSION) {
      if (byte !== LF) return 'bare-cr'
      this.#state = this.#state === EMPTY_LF ? START : FIELDS
      return null
    }
    if (this.#versionLength === VERSION_LENGTH) {
      if (byte !== CR) return byte === LF ? 'bare-lf' : 'request-line'
      this.#state = LINE_LF
      return null
    }
    if (!fitsVersion(this.#versionLength, byte)) return 'request-line'
    if (this.#versionLength === 5) this.#major = byte - 0x30
    this.#minor = byte - 0x30
    this.#versionLength++
    // RFC 9110 §15.6.6: the server "does not support … the major version of HTTP that was used in the request".
    if (this.#versionLength === VERSION_LENGTH && (this.#major !== 1 || this.#minor > 1)) return 'http-version'
    return null
  }

  #fail(id: RefusalId, index: number): number {
    this.#refusal = REFUSALS[id]
    return index + 1
  }
}

/** A byte with which no request begins. */
function firstByteFault(byte: number): RefusalId {
  if (byte === TLS_HANDSHAKE_RECORD) return 'tls-on-plain-port'
  return byte === LF ? 'bare-lf' : 'request-line'
}

/** A target that does not end in one space. */
function targetFault(byte: number, isEmpty: boolean): RefusalId {
  if (isEmpty) return 'request-line'
  if (byte === CR) return 'http-0-9'
  return byte === LF ? 'bare-lf' : 'target'
}
