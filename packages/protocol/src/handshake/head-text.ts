// The text of one head: decoded once and whole when its last byte is there. Its parts are known by where they stand in it,
// so that a field nobody asks for never becomes a string.

import type { Platform } from '../platform.ts'

/** What a head's bytes become text with. */
export type Latin1Decoder = Pick<Platform, 'decodeLatin1'>

/** Characters per call of `String.fromCharCode`: they lie on the stack. */
const STEP = 4096

/** Without a platform: one byte is one character. */
export const PLAIN_DECODER: Latin1Decoder = {
  decodeLatin1(bytes, start, end) {
    let text = ''
    for (let from = start; from < end; from += STEP) {
      const codes = new Array<number>(Math.min(STEP, end - from))
      for (let i = 0; i < codes.length; i++) codes[i] = bytes[from + i]!
      text += String.fromCharCode.apply(null, codes)
    }
    return text
  },
}

/** `text[from, to)` as a string of its own: engines keep the whole of a string alive for a slice of it. */
export function detached(text: string, from: number, to: number): string {
  let copy = ''
  for (let start = from; start < to; start += STEP) {
    const codes = new Array<number>(Math.min(STEP, to - start))
    for (let i = 0; i < codes.length; i++) codes[i] = text.charCodeAt(start + i)
    copy += String.fromCharCode.apply(null, codes)
  }
  return copy
}

/** The bytes of a head that came in earlier chunks: copied, because chunks belong to whoever pushed them. */
export class HeadText {
  readonly #decoder: Latin1Decoder
  #kept: Uint8Array = NOTHING
  #length = 0

  constructor(decoder: Latin1Decoder) {
    this.#decoder = decoder
  }

  /** Keeps a copy of `chunk[from, to)`. Grows by doubling, so that single bytes cost linear time. */
  keep(chunk: Uint8Array, from: number, to: number): void {
    const needed = this.#length + to - from
    if (needed > this.#kept.length) {
      const grown = new Uint8Array(Math.max(256, needed, this.#kept.length * 2))
      grown.set(this.#kept.subarray(0, this.#length))
      this.#kept = grown
    }
    this.#kept.set(chunk.subarray(from, to), this.#length)
    this.#length = needed
  }

  /** The head whole: what was kept, then `chunk[from, to)`. What follows is another one. */
  take(chunk: Uint8Array, from: number, to: number): string {
    if (this.#length === 0) return this.#decoder.decodeLatin1(chunk, from, to)
    this.keep(chunk, from, to)
    const text = this.#decoder.decodeLatin1(this.#kept, 0, this.#length)
    this.#length = 0
    return text
  }
}

const NOTHING = new Uint8Array(0)
