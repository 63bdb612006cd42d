// permessage-deflate for one connection (RFC 7692 §7.2), on a platform whose inflate and deflate know no streams: the LZ77 window between messages is carried as a dictionary, the last bytes of plain text. Kept in memory
// are at most 2^window bytes a direction instead of zlib's whole state, and none without context takeover.

import type { Inflated, Platform } from '../platform.ts'
import type { DeflateParameters } from './parameters.ts'
import type { SharedUnit } from './shared-stream.ts'
import { SlidingWindow } from './sliding-window.ts'

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
  /** The largest window of a shared stream that the peer can follow; 0: none. */
  private readonly sharedBits: number
  /** The last unit of a shared stream that the peer was sent compressed; null: it is in no stream. */
  private last: SharedUnit | null = null
  private readonly platform: Platform
  /** null: nothing is in it. Where the window is forgotten, that is always so but inside a fragmented message. */
  private sent: SlidingWindow | null = null
  private readonly received: SlidingWindow | null
  private budget = BUDGET_BYTES
  /** The bucket is full at first, whenever that was. */
  private budgetAt = 0

  /**
   * @param role whose parameters are the sending ones
   * @param shared a server's: the peer's window is for shared streams, and nothing else is taken over in it
   */
  constructor(platform: Platform, parameters: DeflateParameters, role: 'server' | 'client', shared = false) {
    const server = role === 'server'
    const agreedToForget = server ? parameters.serverNoContextTakeover : parameters.clientNoContextTakeover
    this.platform = platform
    this.forgets = shared || agreedToForget
    this.sendBits = server ? parameters.serverMaxWindowBits : parameters.clientMaxWindowBits
    this.sharedBits = shared && server && !agreedToForget ? this.sendBits : 0
    // RFC 7692 §7.1.1: a peer that does not take its context over never refers back, so nothing need be kept.
    const peerForgets = server ? parameters.clientNoContextTakeover : parameters.serverNoContextTakeover
    const peerBits = server ? parameters.clientMaxWindowBits : parameters.serverMaxWindowBits
    this.received = peerForgets ? null : new SlidingWindow(2 ** peerBits, platform)
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
    const output = this.platform.deflateRaw(bytes, this.window, this.sendBits)
    if (!final) {
      this.keep(bytes)
      return output
    }
    this.finish(bytes)
    // RFC 7692 §7.2.1: "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end."
    return output.subarray(0, output.length - 4)
  }

  /** As `deflate` of a whole message, but not now: on other threads, where the platform has them. */
  deflateLater(bytes: Uint8Array, done: (payload: Uint8Array) => void): void {
    this.platform.deflateRawLater(bytes, this.window, this.sendBits, (output) => {
      this.finish(bytes)
      done(output.subarray(0, output.length - 4))
    })
  }

  /** A message compressed elsewhere with an empty window was sent: the peer's window holds its plain text now. */
  finish(text: Uint8Array): void {
    if (this.forgets) this.sent = null
    else this.keep(text)
  }

  /** Could the peer ever take units of this stream? */
  canShare(unit: SharedUnit): boolean {
    return this.sharedBits >= unit.stream.windowBits
  }

  /**
   * May the peer be sent this unit compressed? After a single unit that it has not got, zlib would decode everything that
   * follows wrongly, and without an error: unit n goes only behind n − 1, or is a reset.
   */
  mayTake(unit: SharedUnit): boolean {
    const { last } = this
    if (!unit.canBeTaken) return false
    if (last === null) return unit.isReset
    if (last.stream === unit.stream) return unit.isReset || last.number === unit.number - 1
    if (!unit.isReset) return false
    // A peer has one window, so it is in one stream: another one takes it over where its own has gone on without it, or
    // carries less than half as much. Half: or it would go to and fro between two that are alike.
    return last.isPast || unit.stream.loadNow(unit.at) > 2 * last.stream.loadNow(unit.at)
  }

  /** The unit was appended compressed, as `mayTake` allowed. */
  took(unit: SharedUnit): void {
    this.last = unit
    unit.takers++
  }

  /** The unit was appended as it is: who skips one leaves, and waits for the next reset. */
  skipped(unit: SharedUnit): void {
    const { last } = this
    if (last !== null && last.stream === unit.stream) this.last = null
    if (this.last === null || this.last.isPast) unit.stream.awaited(unit)
  }

  /**
   * May something else be compressed than units? It would enter the peer's window and move all that a stream refers to. So
   * nothing else is while the peer is in one; a stream that has gone on without it, or fallen silent, it leaves for that.
   */
  mayCompress(): boolean {
    const { last } = this
    if (last === null) return true
    if (!last.isPast && !last.stream.isSilent) return false
    this.last = null
    return true
  }

  private get window(): Uint8Array | null {
    return this.sent === null ? null : this.sent.view()
  }

  private keep(text: Uint8Array): void {
    this.sent ??= new SlidingWindow(2 ** this.sendBits, this.platform)
    this.sent.push(text)
  }

  private spend(excess: number): boolean {
    const now = this.platform.now()
    this.budget = Math.min(BUDGET_BYTES, this.budget + (now - this.budgetAt) * BUDGET_BYTES_PER_MS)
    this.budgetAt = now
    this.budget -= excess
    return this.budget >= 0
  }
}
