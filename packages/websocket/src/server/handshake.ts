// One raw connection on the engine's own port until its request is read: parsed by the protocol's strict parser,
// handed to an HTTP server if it wants no WebSocket, refused, or given to the server as a head.

import { isUpgradeRequest, REFUSALS, type Refusal, type RequestHead, RequestParser } from '@tautline/protocol'
import { nodePlatform } from '../platform.ts'
import type { Member } from '../roster.ts'
import { type Carrier, listen, type StreamListener } from '../stream-events.ts'
import type { TimerWheel, WheelEntry } from '../timer-wheel.ts'
import { EMPTY } from '../views.ts'

/** Whoever opened the port. */
export interface HandshakeOwner {
  readonly wheel: TimerWheel
  readonly handshakeTimeout: number
  readonly headLimits: { readonly maxBytes: number; readonly maxHeaders: number }
  /** Requests for pages have somewhere to go. */
  readonly sharesPort: boolean
  onHead(stream: Carrier, head: RequestHead, rest: Uint8Array): void
  /** The request is not for us: `chunks` were read from the stream, the last may hold more than the head. */
  onForeign(stream: Carrier, chunks: readonly Buffer[]): void
  onRefusal(stream: Carrier, refusal: Refusal): void
  /** The handshake has ended, whichever way. */
  onEnded(handshake: Handshake): void
}

const MOST_CHUNKS = 64

/** The state of one. It lives until the head is complete, refused, or too late. */
export class Handshake implements StreamListener, WheelEntry, Member {
  wheelPrevious: WheelEntry | null = null
  wheelNext: WheelEntry | null = null
  wheelTick = 0
  place = 0
  /** Whoever counted it needs it when it is gone. undefined: nobody counts. */
  readonly remoteAddress: string | undefined
  private readonly stream: Carrier
  private readonly owner: HandshakeOwner
  private readonly parser: RequestParser
  // Kept only if the connection may have to be handed over; bounded by the parser's limit on the head.
  private chunks: Buffer[] | null

  constructor(stream: Carrier, owner: HandshakeOwner, remoteAddress: string | undefined) {
    this.remoteAddress = remoteAddress
    this.stream = stream
    this.owner = owner
    this.parser = new RequestParser(owner.headLimits, nodePlatform)
    this.chunks = owner.sharesPort ? [] : null
    listen(stream, this)
    owner.wheel.set(this, owner.handshakeTimeout)
  }

  read(chunk: Buffer): void {
    const { owner, parser, stream } = this
    // The parser reads only: the chunk is untouched if it must be handed over.
    const at = parser.push(chunk)
    this.keep(chunk)
    if (parser.refusal !== null) this.abort(parser.refusal)
    else if (parser.head !== null) {
      const { chunks } = this
      this.leave()
      if (chunks !== null && !isUpgradeRequest(parser.head)) owner.onForeign(stream, chunks)
      // Most clients wait for the answer: a view of nothing would be one more object.
      else owner.onHead(stream, parser.head, at === chunk.length ? EMPTY : chunk.subarray(at))
    }
  }

  /** Answers with a refusal: the parser's, or because the server closes. */
  abort(refusal: Refusal): void {
    this.leave()
    this.owner.onRefusal(this.stream, refusal)
  }

  /** RFC 9110 §15.5.9, for whoever sends a head one byte a second. */
  onDeadline(): void {
    this.abort(REFUSALS['handshake-timeout'])
  }

  /** Half a request and then the end: nobody waits for an answer. */
  onStreamEnd(): void {
    this.stream.destroy()
  }

  onStreamClose(): void {
    this.leave()
  }

  onStreamDrain(): void {}

  /** A peer that went away: `onStreamClose` follows. */
  onStreamError(): void {}

  /** A head that trickles in by single bytes must not become thousands of objects. */
  private keep(chunk: Buffer): void {
    if (this.chunks === null) return
    this.chunks.push(chunk)
    if (this.chunks.length === MOST_CHUNKS) this.chunks = [Buffer.concat(this.chunks)]
  }

  private leave(): void {
    this.owner.wheel.clear(this)
    this.owner.onEnded(this)
  }
}
