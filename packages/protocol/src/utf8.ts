// UTF-8 as it arrives (RFC 3629): text is refused at its first bad byte, not at the message's end. Whole runs go to
// the platform's own check; only the one code point that a cut splits is looked at here.

import type { Platform } from './platform.ts'

/**
 * Checks UTF-8 piece by piece. One validator serves one message at a time.
 *
 * State between pieces is the code point begun: how many continuation bytes it still needs, and the range its next
 * one must lie in. The range is how overlong forms (E0 80, F0 80), surrogates (ED A0) and what is above U+10FFFF
 * (F4 90) are refused at their second byte.
 */
export class Utf8Validator {
  private need = 0
  private low = 0x80
  private high = 0xbf

  /** Nothing is left half-finished: the text may end here. */
  get complete(): boolean {
    return this.need === 0
  }

  reset(): void {
    this.need = 0
    this.low = 0x80
    this.high = 0xbf
  }

  /**
   * Takes the next piece. Returns false at the first byte that no continuation could make right.
   *
   * @param platform its `isUtf8` checks everything but a code point cut at either end
   */
  push(platform: Platform, bytes: Uint8Array, start: number, end: number): boolean {
    let i = start
    while (this.need > 0 && i < end) if (!this.step(bytes[i++] as number)) return false
    if (i === end) return true
    const whole = lastBoundary(bytes, i, end)
    if (whole > i && !platform.isUtf8(bytes, i, whole)) return false
    for (i = whole; i < end; i++) if (!this.step(bytes[i] as number)) return false
    return true
  }

  private step(byte: number): boolean {
    if (this.need === 0) return this.begin(byte)
    if (byte < this.low || byte > this.high) return false
    this.low = 0x80
    this.high = 0xbf
    this.need--
    return true
  }

  // RFC 3629 §4, the syntax of UTF-8 byte sequences.
  private begin(byte: number): boolean {
    if (byte < 0x80) return true
    if (byte < 0xc2 || byte > 0xf4) return false
    if (byte < 0xe0) this.need = 1
    else if (byte < 0xf0) {
      this.need = 2
      if (byte === 0xe0) this.low = 0xa0
      else if (byte === 0xed) this.high = 0x9f
    } else {
      this.need = 3
      if (byte === 0xf0) this.low = 0x90
      else if (byte === 0xf4) this.high = 0x8f
    }
    return true
  }
}

/** The index at which a code point begins that `end` may cut; `end` if the piece ends on a boundary. */
function lastBoundary(bytes: Uint8Array, start: number, end: number): number {
  for (let back = 1; back <= 3 && end - back >= start; back++) {
    const byte = bytes[end - back] as number
    if (byte < 0x80) return end
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
      return length > back ? end - back : end
    }
  }
  return end
}
