// A cursor over the read chunks: finds frames, checks their header bytes, unmasks in place and calls a sink. It never
// copies a payload, never keeps a chunk, and returns nothing in lists; of a header that a cut splits it keeps at most
// 13 bytes.

import { xorMask } from './mask.ts'
import { LENGTH_BITS, MASK } from './opcode.ts'
import type { Platform } from './platform.ts'
import { VIOLATIONS, type Violation } from './violation.ts'

/** What `seen` says when nobody looked: the payload may hold any byte. */
const UNKNOWN = 0x80

/** Who gets the frames. Each method returns false to stop the parser: behind this frame, or for good. */
export interface FrameSink {
  /**
   * A frame's first two bytes, before its length and payload: the earliest point at which it can be refused. A header
   * that arrives in pieces may be asked about more than once.
   */
  onStart(byte0: number, byte1: number): boolean
  /** The payload's length in bytes is known, none of the payload has been looked at. */
  onLength(byte0: number, length: number): boolean
  /**
   * A frame that lies whole in `bytes`, unmasked.
   *
   * @param seen below 0x80: every payload byte is known to be ASCII
   */
  onFrame(byte0: number, bytes: Uint8Array, start: number, end: number, seen: number): boolean
  /**
   * A piece of a frame that a cut splits, unmasked. The pieces of one frame come in order.
   *
   * @param left payload bytes still to come; 0: this piece is the last
   */
  onPiece(byte0: number, bytes: Uint8Array, start: number, end: number, left: number): boolean
  /** The frame's length breaks a rule that only the parser sees. */
  onViolation(violation: Violation): void
}

/** RFC 6455 §5.2 as a cursor. Feed it with `push`; one parser serves one direction of one connection. */
export class FrameParser {
  private readonly sink: FrameSink
  private readonly masked: number
  private readonly unmask: Platform['xorMask']
  // A header cut by a chunk's end; allocated when that happens, dropped when it is complete.
  private spill: Uint8Array | null = null
  private spilled = 0
  // The frame whose payload is under way.
  private byte0 = 0
  private left = 0
  private key = 0
  private phase = 0

  /**
   * @param masked do the frames that come have to be masked? "a client MUST mask all frames … a server MUST NOT mask
   * any frames" (RFC 6455 §5.1)
   * @param unmask for long payloads a platform may have something quicker than `xorMask`
   */
  constructor(sink: FrameSink, masked: boolean, unmask: Platform['xorMask'] = xorMask) {
    this.sink = sink
    this.masked = masked ? MASK : 0
    this.unmask = unmask
  }

  /** Is a frame under way: a header or a payload of which a part has come? */
  get insideFrame(): boolean {
    return this.left > 0 || this.spilled > 0
  }

  /**
   * Walks `bytes[start, end)`. The chunk is taken over: payloads are unmasked in place.
   *
   * @returns the index behind the last byte consumed: `end`, or less where the sink stopped the parser
   */
  push(bytes: Uint8Array, start: number, end: number): number {
    let at = start
    if (this.left > 0) {
      at = this.continuePayload(bytes, at, end)
      if (at < 0) return ~at
    } else if (this.spilled > 0) {
      at = this.completeHeader(bytes, at, end)
      if (at < 0) return ~at
    }
    const masked = this.masked
    while (end - at >= 2) {
      const byte0 = bytes[at] as number
      const byte1 = bytes[at + 1] as number
      if (!this.sink.onStart(byte0, byte1)) return at
      let length = byte1 & LENGTH_BITS
      let body = at + 2
      if (length >= 126) {
        body += length === 126 ? 2 : 8
        if (body + (masked >> 5) > end) break
        length = length === 126 ? this.length16(bytes, at + 2) : this.length64(bytes, at + 2)
        if (length < 0) return at
      } else if (body + (masked >> 5) > end) break
      if (!this.sink.onLength(byte0, length)) return at
      let key = 0
      if (masked !== 0) {
        key = readKey(bytes, body)
        body += 4
      }
      at = body + length
      if (at > end) return this.beginPayload(byte0, length, key, bytes, body, end)
      const seen = masked !== 0 ? this.unmask(bytes, body, at, key, 0) : UNKNOWN
      if (!this.sink.onFrame(byte0, bytes, body, at, seen)) return at
    }
    if (at < end) this.spillHeader(bytes, at, end)
    return end
  }

  private beginPayload(byte0: number, length: number, key: number, bytes: Uint8Array, at: number, end: number): number {
    this.byte0 = byte0
    this.left = length
    this.key = key
    this.phase = 0
    if (at < end) this.continuePayload(bytes, at, end)
    return end
  }

  /** Returns the index behind the piece, or its complement where the sink stopped the parser. */
  private continuePayload(bytes: Uint8Array, at: number, end: number): number {
    const until = end - at < this.left ? end : at + this.left
    if (this.masked !== 0) this.unmask(bytes, at, until, this.key, this.phase)
    this.phase += until - at
    this.left -= until - at
    const go = this.sink.onPiece(this.byte0, bytes, at, until, this.left)
    return go ? until : ~until
  }

  /** Keeps the beginning of a header, 13 bytes at most: one more would complete the longest. */
  private spillHeader(bytes: Uint8Array, at: number, end: number): void {
    this.spill ??= new Uint8Array(14)
    for (let i = at; i < end; i++) this.spill[this.spilled++] = bytes[i] as number
  }

  /** Takes the header's missing bytes, then goes on as if it had come whole. */
  private completeHeader(bytes: Uint8Array, start: number, end: number): number {
    const spill = this.spill as Uint8Array
    let at = start
    let size = headerSize(spill, this.spilled, this.masked)
    while (this.spilled < size && at < end) {
      spill[this.spilled++] = bytes[at++] as number
      if (this.spilled !== 2) continue
      if (!this.sink.onStart(spill[0] as number, spill[1] as number)) return ~at
      size = headerSize(spill, 2, this.masked)
    }
    if (this.spilled < size) return at
    const code = (spill[1] as number) & LENGTH_BITS
    const length = code < 126 ? code : code === 126 ? this.length16(spill, 2) : this.length64(spill, 2)
    if (length < 0 || !this.sink.onLength(spill[0] as number, length)) return ~at
    const key = this.masked !== 0 ? readKey(spill, size - 4) : 0
    this.spill = null
    this.spilled = 0
    return this.startPayload(spill[0] as number, length, key, bytes, at, end)
  }

  private startPayload(byte0: number, length: number, key: number, bytes: Uint8Array, at: number, end: number): number {
    if (at + length > end) return this.beginPayload(byte0, length, key, bytes, at, end)
    const until = at + length
    const seen = this.masked !== 0 ? this.unmask(bytes, at, until, key, 0) : UNKNOWN
    return this.sink.onFrame(byte0, bytes, at, until, seen) ? until : ~until
  }

  /** Returns the length, or -1 after a violation. */
  private length16(bytes: Uint8Array, at: number): number {
    const length = ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
    // RFC 6455 §5.2: "in all cases, the minimal number of bytes MUST be used to encode the length".
    if (length >= 126) return length
    this.sink.onViolation(VIOLATIONS['length-not-minimal'])
    return -1
  }

  private length64(bytes: Uint8Array, at: number): number {
    const high = readUint32(bytes, at)
    const low = readUint32(bytes, at + 4)
    // RFC 6455 §5.2: "a 64-bit unsigned integer (the most significant bit MUST be 0)".
    if (high >= 0x8000_0000) this.sink.onViolation(VIOLATIONS['length-over-63-bits'])
    // Above 2^53 a number would lose count; no payload limit reaches so far. The high word is judged before any sum.
    else if (high >= 0x20_0000) this.sink.onViolation(VIOLATIONS['message-too-big'])
    else if (high === 0 && low < 0x1_0000) this.sink.onViolation(VIOLATIONS['length-not-minimal'])
    else return high * 0x1_0000_0000 + low
    return -1
  }
}

/** The header's size as far as its first bytes tell. */
function headerSize(header: Uint8Array, have: number, masked: number): number {
  if (have < 2) return 2
  const code = (header[1] as number) & LENGTH_BITS
  return 2 + (code === 126 ? 2 : code === 127 ? 8 : 0) + (masked >> 5)
}

function readKey(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  )
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  )
}
