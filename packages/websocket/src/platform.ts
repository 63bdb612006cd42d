// The Node machine under the protocol: buffers, UTF-8, randomness, SHA-1, zlib. The only module of the engine that
// allocates uninitialised memory; what `allocate` returns is filled whole by its caller.

import { Buffer, isUtf8, kMaxLength } from 'node:buffer'
import { hash, randomBytes, randomFillSync } from 'node:crypto'
import { constants, deflateRaw, deflateRawSync, inflateRawSync, type ZlibOptions } from 'node:zlib'
import type { Inflated, Platform } from '@tautline/protocol'
import { within } from './checks.ts'
import { allocateLarge, free } from './memory.ts'
import { simdXorMask } from './simd-mask.ts'

/** How hard zlib tries (zlib's own names and ranges). */
export interface DeflateEffort {
  /** 0 to 9; default 6. */
  readonly level?: number
  /** 1 to 9; default 8. */
  readonly memLevel?: number
}

const MASKS_PER_DRAW = 2048

/*
 * Small buffers are cut from a pool, as Buffer.allocUnsafe does. Its pool has 64 KiB from Node 24 on, and one payload
 * that an application keeps would pin all of it; this one has 16.
 */
const POOL_BYTES = 16 * 1024
const POOLED_UP_TO = 1024
let pool: Buffer = Buffer.allocUnsafeSlow(POOL_BYTES)
let poolUsed = 0

function allocate(size: number): Buffer {
  if (size > POOLED_UP_TO) return allocateLarge(size)
  if (poolUsed + size > POOL_BYTES) {
    pool = Buffer.allocUnsafeSlow(POOL_BYTES)
    poolUsed = 0
  }
  const start = poolUsed
  // The next one begins on a word, for masking goes by words.
  poolUsed = (start + size + 7) & ~7
  return pool.subarray(start, start + size)
}

/** See `Platform`. One instance per compression effort; `nodePlatform` is the default one. */
export class NodePlatform implements Platform {
  private readonly level: number
  private readonly memLevel: number
  private readonly masks: Int32Array
  private masksUsed = MASKS_PER_DRAW

  /** @throws RangeError, TypeError for efforts that zlib does not know */
  constructor(effort: DeflateEffort = {}) {
    this.level = within('level', effort.level, 0, 9, 6)
    this.memLevel = within('memLevel', effort.memLevel, 1, 9, 8)
    this.masks = new Int32Array(MASKS_PER_DRAW)
  }

  isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
    return isUtf8(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end))
  }

  decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
    return asBuffer(bytes).toString('utf8', start, end)
  }

  decodeLatin1(bytes: Uint8Array, start: number, end: number): string {
    return asBuffer(bytes).toString('latin1', start, end)
  }

  encodeUtf8(text: string, into: Uint8Array, at: number): number {
    return asBuffer(into).write(text, at)
  }

  utf8Length(text: string): number {
    return Buffer.byteLength(text)
  }

  allocate(size: number): Buffer {
    return allocate(size)
  }

  free(bytes: Uint8Array): void {
    free(bytes)
  }

  randomMask(): number {
    if (this.masksUsed === MASKS_PER_DRAW) {
      randomFillSync(this.masks)
      this.masksUsed = 0
    }
    return this.masks[this.masksUsed++] as number
  }

  handshakeKey(): string {
    return randomBytes(16).toString('base64')
  }

  sha1Base64(text: string): string {
    return hash('sha1', text, 'base64')
  }

  xorMask(bytes: Uint8Array, start: number, end: number, key: number, phase: number): number {
    return simdXorMask(bytes, start, end, key, phase)
  }

  now(): number {
    return performance.now()
  }

  inflateRaw(bytes: Uint8Array, dictionary: Uint8Array | null, maxBytes: number): Inflated {
    try {
      return inflateAll(bytes, dictionary, maxBytes)
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? 'too-big' : 'corrupt'
    }
  }

  deflateRaw(bytes: Uint8Array, dictionary: Uint8Array | null, windowBits: number): Uint8Array {
    return deflateRawSync(bytes, this.deflateOptions(dictionary, windowBits))
  }

  deflateRawLater(
    bytes: Uint8Array,
    dictionary: Uint8Array | null,
    windowBits: number,
    done: (output: Uint8Array) => void,
  ): void {
    deflateRaw(bytes, this.deflateOptions(dictionary, windowBits), (error, output) => {
      // zlib fails only for want of memory, and then so does everything else.
      done(error === null ? output : this.deflateRaw(bytes, dictionary, windowBits))
    })
  }

  private deflateOptions(dictionary: Uint8Array | null, windowBits: number): ZlibOptions {
    return {
      level: this.level,
      memLevel: this.memLevel,
      // zlib makes of 8 a 9 for raw streams, whose distances stay below 256 as an 8-bit window asks: they keep
      // MIN_LOOKAHEAD (262) bytes clear of 512. Proved for every window in conformance/.
      windowBits: Math.max(9, windowBits),
      finishFlush: constants.Z_SYNC_FLUSH,
      ...(dictionary === null ? {} : { dictionary }),
    }
  }
}

/** The default platform. */
export const nodePlatform: NodePlatform = new NodePlatform()

/**
 * Inflates the whole input. RFC 7692 §7.2.3.4 allows a block with BFINAL=1 inside a message: zlib stops behind it, so
 * what follows is inflated anew, with what came before as its window.
 */
function inflateAll(bytes: Uint8Array, dictionary: Uint8Array | null, maxBytes: number): Uint8Array {
  let plain: Buffer = NOTHING
  let window = dictionary
  let from = 0
  // An empty final block is 2 bytes, so this ends; a limit keeps a message full of them from being quadratic.
  for (let rounds = 0; from < bytes.length; rounds++) {
    if (rounds === MAX_FINAL_BLOCKS) throw new Error('too many final blocks')
    const { buffer, engine } = inflateRawSync(from === 0 ? bytes : bytes.subarray(from), {
      // zlib takes neither 0 nor Infinity for a limit.
      maxOutputLength: Math.max(1, Math.min(kMaxLength, maxBytes - plain.length)),
      chunkSize: chunkFor(bytes.length),
      finishFlush: constants.Z_SYNC_FLUSH,
      info: true,
      ...(window === null ? {} : { dictionary: window }),
    }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } }
    if (plain.length + buffer.length > maxBytes) throw tooLarge()
    plain = plain.length === 0 ? buffer : Buffer.concat([plain, buffer])
    from += engine.bytesWritten
    if (from < bytes.length) window = lastBytes(dictionary, plain)
  }
  return plain
}

const MAX_FINAL_BLOCKS = 16

function tooLarge(): NodeJS.ErrnoException {
  return Object.assign(new Error('inflated message too large'), { code: 'ERR_BUFFER_TOO_LARGE' })
}

/** zlib allocates its output in chunks, and a small message would pin a large one. */
function chunkFor(length: number): number {
  return length < 256 ? 1024 : length < 4096 ? 16 * 1024 : 64 * 1024
}

function lastBytes(window: Uint8Array | null, plain: Buffer): Buffer {
  const all = window === null ? plain : Buffer.concat([window, plain])
  return all.subarray(Math.max(0, all.length - 32 * 1024))
}

/** The same bytes as a Buffer. Those of the sockets are; other arrays come only from applications. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

const NOTHING: Buffer = Buffer.alloc(0)
