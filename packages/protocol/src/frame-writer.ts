// Frames on their way out. Small ones are appended to a slab that all connections share, so that everything one
// connection says in a turn of the loop is one run of bytes and one write; a large payload is a segment of its own.
// Nothing here touches a socket: the adapter takes the segments once per turn.

import { MASK } from './opcode.ts'
import type { Platform } from './platform.ts'

const SLAB_BYTES = 64 * 1024
/** The slab of a connection whose output cannot be written now: what waits must not pin what others wrote. */
const OWN_SLAB_BYTES = 4 * 1024

/** Payloads up to this many bytes are always copied into the slab. */
export const COPY_UP_TO: number = 8 * 1024
/**
 * Larger ones are where the slab has room for them: a second buffer for the kernel costs more than copying 16 KiB into memory
 * that is in the cache, but less than new memory. Above this they are always written from where they lie.
 */
const COPY_WHERE_ROOM = 32 * 1024

// Below these a loop in JavaScript beats the call into native code (benchmarks/micro.ts).
const ENCODE_BELOW = 12
const COPY_BELOW = 16

/** 2 bytes, 8 of length, 4 of key. */
const MAX_HEADER = 14

/** One allocation of a slab. */
interface Block {
  readonly bytes: Uint8Array
  /** Runs in it that grow, or that somebody may still read. */
  runs: number
}

/**
 * Memory that frames are written into, shared by all connections of a process. Where whoever took a run says that it was
 * written, the same memory serves the next turn: it stays in the processor's cache, and no garbage collector has to find
 * out about it. Where nobody says so, a full block is left to its readers.
 */
export class Slab {
  block: Block
  used = 0
  // The blocks of the runs that were taken last, until `conclude`. They are one writer's. The list is never shortened: one
  // that is empty gives its memory back, and would be made anew in each turn.
  private readonly taken: Block[] = []
  private count = 0
  private readonly platform: Pick<Platform, 'allocate'>
  private readonly size: number

  constructor(platform: Pick<Platform, 'allocate'>, size: number = SLAB_BYTES) {
    this.platform = platform
    this.size = size
    this.block = { bytes: platform.allocate(size), runs: 0 }
  }

  /** Bytes that are free behind `used`. */
  get room(): number {
    return this.block.bytes.length - this.used
  }

  /** Makes sure that `size` bytes are free behind `used`. */
  reserve(size: number): void {
    if (this.room >= size) return
    this.block = { bytes: this.platform.allocate(Math.max(size, this.size)), runs: 0 }
    this.used = 0
  }

  /** A run of this block is handed over. */
  take(block: Block): void {
    if (this.count === this.taken.length) this.taken.push(block)
    else this.taken[this.count] = block
    this.count++
  }

  /** @param written nobody reads any more what was just taken: the kernel has it */
  conclude(written: boolean): void {
    for (; this.count > 0; this.count--) {
      const block = this.taken[this.count - 1] as Block
      if (written && --block.runs === 0 && block === this.block) this.used = 0
    }
  }
}

/** Writes a frame header and returns the index behind it. `key` is written only if `mask` is MASK. */
export function writeHeader(
  into: Uint8Array,
  at: number,
  byte0: number,
  length: number,
  mask: number,
  key: number,
): number {
  let i = at
  into[i++] = byte0
  if (length < 126) into[i++] = mask | length
  else if (length < 0x1_0000) {
    into[i++] = mask | 126
    into[i++] = length >>> 8
    into[i++] = length & 0xff
  } else {
    into[i++] = mask | 127
    const high = Math.floor(length / 0x1_0000_0000)
    for (let shift = 24; shift >= 0; shift -= 8) into[i++] = (high >>> shift) & 0xff
    for (let shift = 24; shift >= 0; shift -= 8) into[i++] = (length >>> shift) & 0xff
  }
  if (mask === 0) return i
  into[i] = key & 0xff
  into[i + 1] = (key >>> 8) & 0xff
  into[i + 2] = (key >>> 16) & 0xff
  into[i + 3] = key >>> 24
  return i + 4
}

/** The size of a header for `length` payload bytes; `mask` as in `writeHeader`. */
export function headerBytes(length: number, mask: number): number {
  return (length < 126 ? 2 : length < 0x1_0000 ? 4 : 10) + (mask >> 5)
}

/** The frames of one connection that the adapter has not taken yet. */
export class FrameWriter {
  /** Bytes written and not yet taken. */
  pending = 0
  protected readonly platform: Platform
  private readonly shared: Slab
  private slab: Slab
  private readonly mask: number
  private segments: Uint8Array[] | null = null
  // The open run: bytes of a slab's block that belong to this connection and may still grow.
  private run: Block | null = null
  private runStart = 0
  private runEnd = 0

  /** @param masked RFC 6455 §5.1: "a client MUST mask all frames that it sends to the server" */
  constructor(platform: Platform, slab: Slab, masked: boolean) {
    this.platform = platform
    this.shared = slab
    this.slab = slab
    this.mask = masked ? MASK : 0
  }

  /** Appends a frame whose payload is `text` in UTF-8. Returns the payload's length in bytes. */
  text(byte0: number, text: string): number {
    const most = text.length * 3
    if (most > COPY_UP_TO * 3) return this.largeText(byte0, text)
    const { slab, mask } = this
    // Drawn first: an injected source of masks may call anything, and must not meet half a frame.
    const key = mask === 0 ? 0 : this.platform.randomMask()
    slab.reserve(most + MAX_HEADER)
    // The header is sized for ASCII; where that guess fails the payload is moved, which is rare.
    const start = slab.used
    const guess = headerBytes(text.length, mask)
    let length: number
    const { bytes } = slab.block
    if (text.length < ENCODE_BELOW) length = encodeShort(text, bytes, start + guess)
    else length = -1
    if (length < 0) length = this.platform.encodeUtf8(text, bytes, start + guess)
    const header = headerBytes(length, mask)
    if (header !== guess) bytes.copyWithin(start + header, start + guess, start + guess + length)
    const body = writeHeader(bytes, start, byte0, length, mask, key)
    if (mask !== 0) this.platform.xorMask(bytes, body, body + length, key, 0)
    this.extend(start, body + length)
    return length
  }

  /**
   * Appends a frame whose payload is `bytes[start, end)`.
   *
   * Ownership: up to COPY_UP_TO bytes, and always by a client, the payload is copied; a larger one may be written from
   * where it lies and must not change until it was handed to the kernel.
   */
  bytes(byte0: number, bytes: Uint8Array, start: number, end: number): void {
    const length = end - start
    const { slab, mask } = this
    if (length > COPY_UP_TO && (length > COPY_WHERE_ROOM || slab.room < length + MAX_HEADER)) {
      if (mask !== 0) this.largeMasked(byte0, bytes, start, end)
      else {
        this.header(byte0, length)
        this.segment(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end))
      }
      return
    }
    const key = mask === 0 ? 0 : this.platform.randomMask()
    slab.reserve(length + MAX_HEADER)
    const at = slab.used
    const into = slab.block.bytes
    const body = writeHeader(into, at, byte0, length, mask, key)
    copyBytes(bytes, start, end, into, body)
    if (mask !== 0) this.platform.xorMask(into, body, body + length, key, 0)
    this.extend(at, body + length)
  }

  /** Appends bytes that are frames already: a prepared message. They are shared and must never change. */
  prepared(frame: Uint8Array): void {
    // A lone frame goes out from where it lies; behind others, copying a small one is cheaper than one more iovec. One
    // that has to wait stays what it is: everybody's.
    if (this.pending === 0 || frame.length > COPY_UP_TO || this.stalled) {
      this.segment(frame)
      return
    }
    this.slab.reserve(frame.length)
    const at = this.slab.used
    copyBytes(frame, 0, frame.length, this.slab.block.bytes, at)
    this.extend(at, at + frame.length)
  }

  /**
   * Hands over what is pending, in order: one run of bytes, several, or null if there is nothing. The bytes belong to
   * the taker until `Slab.conclude`, in the same turn.
   *
   * @throws TypeError if the caller of `bytes` has detached a large payload meanwhile: its header is written, so
   * whatever followed would be taken for payload
   */
  take(): Uint8Array | readonly Uint8Array[] | null {
    const { pending, segments } = this
    this.slab.conclude(false)
    if (pending === 0) return null
    this.pending = 0
    const { slab } = this
    if (segments === null) {
      slab.take(this.run as Block)
      return this.closeRun()
    }
    if (this.run !== null) segments.push(this.closeRun())
    this.segments = null
    let length = 0
    for (let i = 0; i < segments.length; i++) {
      const segment = segments[i] as Uint8Array
      length += segment.length
      // A run that was closed by what stands behind it. Those of a block that is full already need not be known.
      if (segment.buffer === slab.block.bytes.buffer) slab.take(slab.block)
    }
    if (length !== pending) throw new TypeError('a payload was detached before it was written')
    return segments.length === 1 ? (segments[0] as Uint8Array) : segments
  }

  /**
   * Says whether what is appended from now on has to wait: the transport takes nothing at present. It is then gathered
   * in memory of the connection's own, for each small frame in the shared slab would pin all of it.
   */
  stall(waiting: boolean): void {
    if (waiting === this.stalled) return
    this.slab = waiting ? new Slab(this.platform, OWN_SLAB_BYTES) : this.shared
  }

  protected get stalled(): boolean {
    return this.slab !== this.shared
  }

  private header(byte0: number, length: number): void {
    this.slab.reserve(MAX_HEADER)
    const at = this.slab.used
    this.extend(at, writeHeader(this.slab.block.bytes, at, byte0, length, 0, 0))
  }

  private largeText(byte0: number, text: string): number {
    const length = this.platform.utf8Length(text)
    const key = this.mask === 0 ? 0 : this.platform.randomMask()
    const frame = this.platform.allocate(headerBytes(length, this.mask) + length)
    const body = writeHeader(frame, 0, byte0, length, this.mask, key)
    // The header says `length`: were fewer bytes written, the rest would be memory of somebody else's.
    if (this.platform.encodeUtf8(text, frame, body) !== length) throw new Error('the platform miscounted UTF-8')
    if (this.mask !== 0) this.platform.xorMask(frame, body, frame.length, key, 0)
    this.segment(frame)
    return length
  }

  private largeMasked(byte0: number, bytes: Uint8Array, start: number, end: number): void {
    const length = end - start
    const key = this.platform.randomMask()
    const frame = this.platform.allocate(headerBytes(length, MASK) + length)
    const body = writeHeader(frame, 0, byte0, length, MASK, key)
    frame.set(bytes.subarray(start, end), body)
    this.platform.xorMask(frame, body, frame.length, key, 0)
    this.segment(frame)
  }

  /** Takes `[start, end)` of the slab for this connection: a longer run, or a new one. */
  private extend(start: number, end: number): void {
    const { slab } = this
    if (this.run === slab.block && this.runEnd === start) this.runEnd = end
    else {
      if (this.run !== null) this.push(this.closeRun())
      this.run = slab.block
      slab.block.runs++
      this.runStart = start
      this.runEnd = end
    }
    slab.used = end
    this.pending += end - start
  }

  private segment(bytes: Uint8Array): void {
    if (this.run !== null) this.push(this.closeRun())
    this.push(bytes)
    this.pending += bytes.length
  }

  private push(bytes: Uint8Array): void {
    if (this.segments === null) this.segments = [bytes]
    else this.segments.push(bytes)
  }

  private closeRun(): Uint8Array {
    const block = this.run as Block
    this.run = null
    return block.bytes.subarray(this.runStart, this.runEnd)
  }
}

/** Writes a short text if it is ASCII; -1 if it is not. A native call costs more than these few steps. */
function encodeShort(text: string, into: Uint8Array, at: number): number {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0x80) return -1
    into[at + i] = unit
  }
  return text.length
}

/** Copies `from[start, end)`. Below COPY_BELOW bytes a loop is cheaper than a view and a native call. */
export function copyBytes(from: Uint8Array, start: number, end: number, into: Uint8Array, at: number): void {
  if (end - start < COPY_BELOW) for (let i = start, to = at; i < end; i++, to++) into[to] = from[i] as number
  else into.set(start === 0 && end === from.length ? from : from.subarray(start, end), at)
}
