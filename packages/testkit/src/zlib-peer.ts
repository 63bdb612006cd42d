/**
 * The other end of permessage-deflate, on node:zlib's persistent streams (RFC 7692 §7.2).
 * It shares nothing with the engine's codec, so that the two can be held against each other.
 */
import { constants, createDeflateRaw, createInflateRaw, type DeflateRaw, type InflateRaw } from 'node:zlib'

const TAIL = Buffer.from([0, 0, 0xff, 0xff])

/** What the two sides agreed on, as seen from this peer. */
export interface ZlibPeerOptions {
  /** Window of what this peer compresses, 8 to 15. Default 15. (zlib's 9 never reaches back 256 bytes, so it serves for 8.) */
  readonly deflateBits?: number
  /** Window of what this peer receives, 8 to 15. Default 15. */
  readonly inflateBits?: number
  /** Each message this peer compresses starts afresh. */
  readonly deflateNoTakeover?: boolean
  /** Each message this peer receives starts afresh. */
  readonly inflateNoTakeover?: boolean
  /** 0 to 9. Default 6. */
  readonly level?: number
}

/** Compresses and decompresses the payloads of messages, in order. */
export class ZlibPeer {
  readonly #options: ZlibPeerOptions
  #deflater: DeflateRaw | null
  #inflater: InflateRaw | null
  #deflated: Promise<unknown>
  #inflated: Promise<unknown>

  constructor(options: ZlibPeerOptions = {}) {
    this.#options = options
    this.#deflater = null
    this.#inflater = null
    this.#deflated = Promise.resolve()
    this.#inflated = Promise.resolve()
  }

  /** The payload of a compressed message: without its tail 00 00 ff ff (RFC 7692 §7.2.1). */
  deflate(bytes: Uint8Array): Promise<Buffer> {
    const next = this.#deflated.then(() => this.#deflateNow(bytes))
    this.#deflated = next.catch(() => undefined)
    return next
  }

  /** The plain bytes of a compressed message's payload. @throws zlib's error where the data are bad */
  inflate(bytes: Uint8Array): Promise<Buffer> {
    const next = this.#inflated.then(() => this.#inflateNow(bytes))
    this.#inflated = next.catch(() => undefined)
    return next
  }

  /** Frees both streams. */
  close(): void {
    this.#deflater?.close()
    this.#inflater?.close()
    this.#deflater = null
    this.#inflater = null
  }

  async #deflateNow(bytes: Uint8Array): Promise<Buffer> {
    this.#deflater ??= createDeflateRaw({
      windowBits: Math.max(9, this.#options.deflateBits ?? 15),
      level: this.#options.level ?? 6,
    })
    const out = await through(this.#deflater, [bytes])
    if (this.#options.deflateNoTakeover === true) {
      this.#deflater.close()
      this.#deflater = null
    }
    // An empty message leaves only the empty block: its one byte 00 stays (RFC 7692 §7.2.3.6).
    return out.length <= 4 ? Buffer.from([0]) : out.subarray(0, -4)
  }

  async #inflateNow(bytes: Uint8Array): Promise<Buffer> {
    const inflater = this.#inflater ?? this.#openInflater()
    try {
      const out = await through(inflater, [bytes, TAIL])
      if (this.#options.inflateNoTakeover === true || inflater.readableEnded) this.#dropInflater()
      return out
    } catch (error) {
      this.#dropInflater()
      throw error
    }
  }

  #openInflater(): InflateRaw {
    this.#inflater = createInflateRaw({ windowBits: this.#options.inflateBits ?? 15 })
    return this.#inflater
  }

  #dropInflater(): void {
    this.#inflater?.close()
    this.#inflater = null
  }
}

/** What a stream makes of the parts, flushed to a byte boundary. */
function through(stream: DeflateRaw | InflateRaw, parts: readonly Uint8Array[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const out: Buffer[] = []
    const take = (chunk: Buffer): void => {
      out.push(chunk)
    }
    const clear = (): void => {
      stream.off('data', take)
      stream.off('error', fail)
      stream.off('end', done)
    }
    const fail = (error: Error): void => {
      clear()
      reject(error)
    }
    const done = (): void => {
      clear()
      resolve(Buffer.concat(out))
    }
    stream.on('data', take)
    stream.on('error', fail)
    stream.on('end', done)
    for (const part of parts) stream.write(part)
    stream.flush(constants.Z_SYNC_FLUSH, done)
  })
}
