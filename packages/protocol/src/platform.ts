// What the protocol needs of the machine it runs on. It is injected, so that this package has no node: and no DOM, and
// so that tests can make time, chance and compression their own.

/** What an inflater answers: the plain bytes, or why there are none. */
export type Inflated = Uint8Array | 'corrupt' | 'too-big'

/** The machine under the protocol. `nodePlatform` of @tautline/websocket is the one for Node. */
export interface Platform {
  /** Is `bytes[start, end)` well-formed UTF-8? */
  isUtf8(bytes: Uint8Array, start: number, end: number): boolean
  /** Decodes `bytes[start, end)`, known to be well-formed UTF-8. */
  decodeUtf8(bytes: Uint8Array, start: number, end: number): string
  /** Decodes `bytes[start, end)`, one byte to a character: cheaper than UTF-8 where all are below 0x80. */
  decodeLatin1(bytes: Uint8Array, start: number, end: number): string
  /** Writes `text` as UTF-8 (lone surrogates become U+FFFD) and returns the bytes written. The caller guarantees room. */
  encodeUtf8(text: string, into: Uint8Array, at: number): number
  /** The length of `text` in UTF-8, in bytes. */
  utf8Length(text: string): number
  /** Memory that may hold anything: whoever allocates must fill it whole before it is shown to anyone. */
  allocate(size: number): Uint8Array
  /** Takes back what `allocate` gave, if it is worth it: nobody looks at it any more. */
  free(bytes: Uint8Array): void
  /** 32 unpredictable bits, as an int32 (RFC 6455 §5.3: "derived from a strong source of entropy"). */
  randomMask(): number
  /** A fresh `Sec-WebSocket-Key`: base64 of 16 random bytes (RFC 6455 §4.1). */
  handshakeKey(): string
  /** base64(SHA-1(text)), for `Sec-WebSocket-Accept` (RFC 6455 §4.2.2). */
  sha1Base64(text: string): string
  /** `xorMask` of mask.ts, or something quicker with the same result. */
  xorMask(bytes: Uint8Array, start: number, end: number, key: number, phase: number): number
  /** Monotonic time in ms. */
  now(): number
  /**
   * Inflates raw DEFLATE whose window begins with `dictionary`; stops at `maxBytes` of output, not after it.
   *
   * @param bytes whole compressed message, with the tail 00 00 FF FF appended
   */
  inflateRaw(bytes: Uint8Array, dictionary: Uint8Array | null, maxBytes: number): Inflated
  /**
   * Deflates to raw DEFLATE that ends in a sync flush (00 00 FF FF, included in the result).
   *
   * @param windowBits 8 to 15: no distance in the output exceeds 2^windowBits
   * @param dictionary what the peer's window already holds, at most 2^windowBits bytes, or null
   */
  deflateRaw(bytes: Uint8Array, dictionary: Uint8Array | null, windowBits: number): Uint8Array
  /** As `deflateRaw`, without blocking. `done` is called once, in a later turn; bytes and dictionary are left alone till then. */
  deflateRawLater(
    bytes: Uint8Array,
    dictionary: Uint8Array | null,
    windowBits: number,
    done: (output: Uint8Array) => void,
  ): void
}
