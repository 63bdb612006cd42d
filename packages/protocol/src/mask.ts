// Masking (RFC 6455 §5.3): XOR with a repeating key of four bytes. The same pass tells whether the payload is ASCII,
// which saves the UTF-8 check for most texts.

// Below this many bytes a plain loop is quicker than an Int32Array view over the buffer (benchmarks/micro.ts).
const WORDS_FROM = 48

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1

// The last chunk's word view is kept: a read chunk carries many frames. It is one slot, and a chunk it pins is at most
// one. Compared is the chunk, for asking a view for its buffer is a call into native code.
let viewOf: Uint8Array | null = null
let words: Int32Array = new Int32Array(0)

/**
 * XORs `bytes[start, end)` in place with the masking key.
 *
 * "Octet i of the transformed data is the XOR of octet i of the original data with octet at index i modulo 4 of the
 * masking key" (RFC 6455 §5.3).
 *
 * @param key the four key bytes as an int32, first byte lowest
 * @param phase index of `bytes[start]` within the payload (only its value modulo 4 counts)
 * @returns the OR of all bytes written: below 0x80 means the payload is ASCII
 */
export function xorMask(bytes: Uint8Array, start: number, end: number, key: number, phase: number): number {
  let k = (phase & 3) === 0 ? key : rotate(key, phase & 3)
  let seen = 0
  let i = start
  if (LITTLE_ENDIAN && end - start >= WORDS_FROM) {
    // Byte by byte up to a word boundary of the underlying buffer.
    while (((bytes.byteOffset + i) & 3) !== 0) {
      const b = (bytes[i] as number) ^ (k & 0xff)
      bytes[i++] = b
      seen |= b
      k = (k >>> 8) | (k << 24)
    }
    const count = (end - i) >>> 2
    seen |= xorWords(wordsOf(bytes), (bytes.byteOffset + i) >>> 2, count, k)
    i += count << 2
  }
  for (; i < end; i++) {
    const b = (bytes[i] as number) ^ (k & 0xff)
    bytes[i] = b
    seen |= b
    k = (k >>> 8) | (k << 24)
  }
  return seen & 0xff
}

/** XORs `count` words from index `at`; returns the OR of all bytes. Unrolled by four: 1.4x (benchmarks/micro.ts). */
function xorWords(view: Int32Array, at: number, count: number, key: number): number {
  let seen = 0
  let i = at
  const blocks = at + (count & ~3)
  for (; i < blocks; i += 4) {
    const a = (view[i] as number) ^ key
    const b = (view[i + 1] as number) ^ key
    const c = (view[i + 2] as number) ^ key
    const d = (view[i + 3] as number) ^ key
    view[i] = a
    view[i + 1] = b
    view[i + 2] = c
    view[i + 3] = d
    seen |= a | b | c | d
  }
  for (const last = at + count; i < last; i++) {
    const a = (view[i] as number) ^ key
    view[i] = a
    seen |= a
  }
  return (seen | (seen >>> 8) | (seen >>> 16) | (seen >>> 24)) & 0xff
}

function wordsOf(bytes: Uint8Array): Int32Array {
  if (viewOf !== bytes) {
    viewOf = bytes
    words = new Int32Array(bytes.buffer, 0, bytes.buffer.byteLength >>> 2)
  }
  return words
}

/** The key as seen from payload index `by`. */
function rotate(key: number, by: number): number {
  return (key >>> (8 * by)) | (key << (32 - 8 * by))
}
