// permessage-deflate for one connection (RFC 7692 §7.2), on a platform whose inflate and deflate know no streams: the LZ77 window between messages is carried as a dictionary, the last bytes of plain text. Kept in memory
// are at most 2^window bytes a direction instead of zlib's whole state, and none without context takeover.

import type { Inflated, Platform } from '../platform.ts'
import type { DeflateParameters } from './parameters.ts'

/** The last `size` bytes of a stream of plain text. */
class SlidingWindow {
  private readonly size: number
  private readonly platform: Pick<Platform, 'allocate'>
  private bytes: Uint8Array
  private length = 0

  constructor(size: number, platform: Pick<Platform, 'allocate'>) {
    this.size = size
    this.platform = platform
    this.bytes = EMPTY
  }

  /** A view of the window, or null while it is empty. Valid until the next `push`. */
  view(): Uint8Array | null {
    if (this.length === 0) return null
    return this.bytes.subarray(Math.max(0, this.length - this.size), this.length)
  }

  push(text: Uint8Array): void {
    const from = text.length > this.size ? text.subarray(text.length - this.size) : text
    if (this.length + from.length > this.bytes.length) this.makeRoom(from.length)
    this.bytes.set(from, this.length)
    this.length += from.length
  }

  clear(): void {
    this.length = 0
  }

  /** Twice the window is the most: then the older half is dropped by one move for every `size` bytes of text. */
  private makeRoom(more: number): void {
    const keep = Math.min(this.length, this.size)
    const wanted = Math.min(2 * this.size, Math.max(1024, 2 * (keep + more)))
    if (wanted > this.bytes.length) {
      const grown = this.platform.allocate(wanted)
      grown.set(this.bytes.subarray(this.length - keep, this.length))
      this.bytes = grown
    } else this.bytes.copyWithin(0, this.length - keep, this.length)
    this.length = keep
  }
}

/**
 * What compressed input may cost (RFC 7692 §8 names the bomb; a limit on each message does not bound many). Output up
 * to `FAIR_RATIO` times the input is free, real texts stay below; what exceeds it is paid from a bucket that refills
 * with time.
 */
const FAIR_RATIO = 64
const BUDGET_BYTES = 64 * 1024 * 1024
const BUDGET_BYTES_PER_MS = 16 * 1024

/** Compresses and decompresses whole messages of one connection. */
export class DeflateCodec {
  /** Does the sending direction forget its window after each message? Then prepared messages cost nothing extra. */
  readonly forgets: boolean
  /** The window of the sending direction, 8 to 15 bits. */
  readonly sendBits: number
  private readonly platform: Platform
  private readonly sent: SlidingWindow
  private readonly received: SlidingWindow | null
  private budget = BUDGET_BYTES
  private budgetAt: number

  /** @param role whose parameters are the sending ones */
  constructor(platform: Platform, parameters: DeflateParameters, role: 'server' | 'client') {
    const server = role === 'server'
    this.platform = platform
    this.forgets = server ? parameters.serverNoContextTakeover : parameters.clientNoContextTakeover
    this.sendBits = server ? parameters.serverMaxWindowBits : parameters.clientMaxWindowBits
    this.sent = new SlidingWindow(2 ** this.sendBits, platform)
    // RFC 7692 §7.1.1: a peer that does not take its context over never refers back, so nothing need be kept.
    const peerForgets = server ? parameters.clientNoContextTakeover : parameters.serverNoContextTakeover
    const peerBits = server ? parameters.clientMaxWindowBits : parameters.serverMaxWindowBits
    this.received = peerForgets ? null : new SlidingWindow(2 ** peerBits, platform)
    this.budgetAt = platform.now()
  }

  /**
   * Decompresses one message.
   *
   * @param maxBytes the most plain bytes; it is checked while inflating, not afterwards
   * @returns a fresh array, or why there is none
   */
  inflate(bytes: Uint8Array, start: number, end: number, maxBytes: number): Inflated | 'over-budget' {
    // RFC 7692 §7.2.2: "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end of the payload of the message."
    const length = end - start
    const input = this.platform.allocate(length + 4)
    input.set(bytes.subarray(start, end))
    input[length] = 0
    input[length + 1] = 0
    input[length + 2] = 0xff
    input[length + 3] = 0xff
    const text = this.platform.inflateRaw(input, this.received === null ? null : this.received.view(), maxBytes)
    if (typeof text === 'string') return text
    if (text.length > length * FAIR_RATIO && !this.spend(text.length - length * FAIR_RATIO)) return 'over-budget'
    if (this.received !== null) this.received.push(text)
    return text
  }

  /**
   * Compresses one message, or one fragment of it.
   *
   * @param final is this the message's end? The pieces of a fragmented message share one window in any case
   * @returns payload for a frame with RSV1 on the message's first
   */
  deflate(bytes: Uint8Array, final: boolean): Uint8Array {
    const output = this.platform.deflateRaw(bytes, this.sent.view(), this.sendBits)
    if (!final) {
      this.sent.push(bytes)
      return output
    }
    this.finish(bytes)
    // RFC 7692 §7.2.1: "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end."
    return output.subarray(0, output.length - 4)
  }

  /** As `deflate` of a whole message, but not now: on other threads, where the platform has them. */
  deflateLater(bytes: Uint8Array, done: (payload: Uint8Array) => void): void {
    this.platform.deflateRawLater(bytes, this.sent.view(), this.sendBits, (output) => {
      this.finish(bytes)
      done(output.subarray(0, output.length - 4))
    })
  }

  /** A message compressed elsewhere with an empty window was sent: the peer's window holds its plain text now. */
  finish(text: Uint8Array): void {
    if (this.forgets) this.sent.clear()
    else this.sent.push(text)
  }

  private spend(excess: number): boolean {
    const now = this.platform.now()
    this.budget = Math.min(BUDGET_BYTES, this.budget + (now - this.budgetAt) * BUDGET_BYTES_PER_MS)
    this.budgetAt = now
    this.budget -= excess
    return this.budget >= 0
  }
}

const EMPTY = new Uint8Array(0)
