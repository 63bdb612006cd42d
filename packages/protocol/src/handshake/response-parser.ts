// The head of the response to an opening handshake, out of chunks of any size. As strict as the request's parser, and
// for the same reason: bytes behind the head are frames. Interim responses are skipped; what the fields mean is judged
// by accept-check.ts.

import { HANDSHAKE_FAILURES, type HandshakeFailure, type HandshakeFailureId } from './failures.ts'
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
import { CLASSES, CR, DIGIT, LF, SP, VALUE } from './tokens.ts'

/** The head of a response. */
export interface ResponseHead {
  readonly status: number
  /** As sent, latin1; may be empty. Show it escaped. */
  readonly reason: string
  /** `1.1`, or whatever version of HTTP/1 the server claims. */
  readonly version: string
  readonly headers: HeaderFields
}

/** Interim responses before the final one (RFC 9110 §15.2: "A client MUST be able to parse one or more"). */
const MAX_INTERIM = 8

const IN_VERSION = 0
const BEFORE_STATUS = 1
const IN_STATUS = 2
const AFTER_STATUS = 3
const IN_REASON = 4
const LINE_LF = 5
const FIELDS = 6

/** Parses the head of the final response to one request. */
export class ResponseParser {
  readonly #maxBytes: number
  readonly #text: HeadText
  readonly #fields: FieldLines
  #state: number = IN_VERSION
  #seen = 0
  #interim = 0
  #versionLength = 0
  #minor = 0
  #statusLength = 0
  #status = 0
  // Where in the head the reason stands.
  #reasonStart = 0
  #reasonEnd = 0
  #head: ResponseHead | null = null
  #failure: HandshakeFailure | null = null

  /**
   * @param limits maxBytes counts for each head anew
   * @param decoder a platform's is quicker
   * @throws RangeError when a limit is not a positive integer
   */
  constructor(limits: HeadLimits = {}, decoder: Latin1Decoder = PLAIN_DECODER) {
    this.#maxBytes = limit(limits.maxBytes, DEFAULT_MAX_HEAD_BYTES, 'maxBytes')
    this.#fields = new FieldLines(limit(limits.maxHeaders, DEFAULT_MAX_HEADERS, 'maxHeaders'))
    this.#text = new HeadText(decoder)
  }

  /** The final head, as soon as it is complete. */
  get head(): ResponseHead | null {
    return this.#head
  }

  /** Why the handshake fails, as soon as that is certain. */
  get failure(): HandshakeFailure | null {
    return this.#failure
  }

  /**
   * Reads on in `chunk`, from `start`. The chunk stays the caller's: what must be kept is copied.
   *
   * @returns the index behind the last byte consumed; with a `head`, the rest of the chunk belongs to the frames (101)
   * or to the body. After a head or a failure nothing more is consumed.
   */
  push(chunk: Uint8Array, start = 0): number {
    let i = start
    while (i < chunk.length && this.#head === null && this.#failure === null) {
      const from = i
      const end = Math.min(chunk.length, from + this.#maxBytes - this.#seen)
      // What has to be added to an index of the chunk to make it one of the head.
      const shift = this.#seen - from
      if (this.#state !== FIELDS) i = this.#statusLine(chunk, from, end, shift)
      if (this.#state === FIELDS && this.#failure === null) i = this.#fields.push(chunk, i, end, shift)
      this.#seen += i - from
      if (this.#fields.done) this.#complete(this.#text.take(chunk, from, i))
      else if (this.#fields.fault !== null) this.#failure = HANDSHAKE_FAILURES[this.#fields.fault]
      else if (this.#failure === null && this.#seen >= this.#maxBytes) {
        this.#failure = HANDSHAKE_FAILURES['head-too-large']
      } else if (this.#failure === null) this.#text.keep(chunk, from, i)
    }
    return i
  }

  #complete(text: string): void {
    const status = this.#status
    const headers = this.#fields.take(text)
    if (status >= 100 && status < 200 && status !== 101) return this.#skipInterim()
    const reason = detached(text, this.#reasonStart, this.#reasonEnd)
    this.#head = { status, reason, version: `1.${this.#minor}`, headers }
  }

  /** RFC 9110 §15.2: "A client MUST be able to parse one or more 1xx responses received prior to a final response". */
  #skipInterim(): void {
    if (++this.#interim > MAX_INTERIM) this.#failure = HANDSHAKE_FAILURES['too-many-interim']
    this.#state = IN_VERSION
    this.#seen = 0
    this.#versionLength = 0
    this.#statusLength = 0
    this.#status = 0
    this.#reasonStart = 0
    this.#reasonEnd = 0
  }

  /** RFC 9112 §4: `status-line = HTTP-version SP status-code SP [ reason-phrase ]`. */
  #statusLine(chunk: Uint8Array, from: number, end: number, shift: number): number {
    let i = from
    for (; i < end && this.#state !== FIELDS; i++) {
      const byte = chunk[i]!
      if (this.#state !== IN_REASON) {
        const fault = this.#statusByte(byte)
        if (fault !== null) return this.#fail(fault, i)
        if (this.#state === IN_REASON) this.#reasonStart = i + 1 + shift
      } else if ((CLASSES[byte]! & VALUE) === 0) {
        if (byte !== CR) return this.#fail(byte === LF ? 'bare-lf' : 'status-line', i)
        this.#reasonEnd = i + shift
        this.#state = LINE_LF
      }
    }
    return i
  }

  /** Everything of the status line but the reason. */
  #statusByte(byte: number): HandshakeFailureId | null {
    switch (this.#state) {
      case IN_VERSION:
        if (!fitsVersion(this.#versionLength, byte)) return 'status-line'
        if (this.#versionLength === 5 && byte !== 0x31) return 'http-version'
        this.#minor = byte - 0x30
        if (++this.#versionLength === VERSION_LENGTH) this.#state = BEFORE_STATUS
        return null
      case BEFORE_STATUS:
        if (byte !== SP) return 'status-line'
        this.#state = IN_STATUS
        return null
      case IN_STATUS:
        // RFC 9110 §15: the first digit is 1 to 5.
        if ((CLASSES[byte]! & DIGIT) === 0 || (this.#statusLength === 0 && (byte < 0x31 || byte > 0x35)))
          return 'status-line'
        this.#status = this.#status * 10 + byte - 0x30
        if (++this.#statusLength === 3) this.#state = AFTER_STATUS
        return null
      case AFTER_STATUS:
        // Without a reason many servers leave out the space too, and clients that work everywhere bear it.
        if (byte !== SP && byte !== CR) return byte === LF ? 'bare-lf' : 'status-line'
        this.#state = byte === SP ? IN_REASON : LINE_LF
        return null
      default:
        if (byte !== LF) return 'bare-cr'
        this.#state = FIELDS
        return null
    }
  }

  #fail(id: HandshakeFailureId, index: number): number {
    this.#failure = HANDSHAKE_FAILURES[id]
    return index + 1
  }
}
