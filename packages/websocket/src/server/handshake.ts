// One raw connection on the engine's own port until its request is read: parsed by the protocol's strict parser,
// handed to an HTTP server if it wants no WebSocket, refused, or given to the server as a head.

import type { Duplex } from 'node:stream'
import { isUpgradeRequest, REFUSALS, type Refusal, type RequestHead, RequestParser } from '@tautline/protocol'
import type { TimerWheel, WheelEntry } from '../timer-wheel.ts'

/** Whoever opened the port. */
export interface HandshakeOwner {
  readonly wheel: TimerWheel
  readonly handshakeTimeout: number
  readonly headLimits: { readonly maxBytes?: number; readonly maxHeaders?: number }
  /** Requests for pages have somewhere to go. */
  readonly sharesPort: boolean
  onHead(stream: Duplex, head: RequestHead, rest: Uint8Array): void
  /** The request is not for us: `chunks` were read from the stream, the last may hold more than the head. */
  onForeign(stream: Duplex, chunks: readonly Buffer[]): void
  onRefusal(stream: Duplex, refusal: Refusal): void
  /** The handshake has ended, whichever way. */
  onEnded(handshake: Handshake): void
}

const HANDSHAKE: unique symbol = Symbol('tautline handshake')
type Opening = Duplex & { [HANDSHAKE]?: Handshake | undefined }

/** The state of one. It lives until the head is complete, refused, or too late. */
export class Handshake implements WheelEntry {
  wheelPrevious: WheelEntry | null = null
  wheelNext: WheelEntry | null = null
  deadline = 0
  private readonly stream: Opening
  private readonly owner: HandshakeOwner
  private readonly parser: RequestParser
  // Kept only if the connection may have to be handed over; bounded by the parser's limit on the head.
  private chunks: Buffer[] | null

  constructor(stream: Duplex, owner: HandshakeOwner) {
    this.stream = stream as Opening
    this.owner = owner
    this.parser = new RequestParser(owner.headLimits)
    this.chunks = owner.sharesPort ? [] : null
    this.stream[HANDSHAKE] = this
    stream.on('data', onData)
    stream.on('close', onClose)
    stream.on('end', onEnd)
    owner.wheel.set(this, owner.handshakeTimeout)
  }

  /** RFC 9110 §15.5.9, for whoever sends a head one byte a second. */
  onDeadline(): void {
    this.leave()
    this.owner.onRefusal(this.stream, REFUSALS['handshake-timeout'])
  }

  /** The server closes: what is under way ends. */
  abort(refusal: Refusal): void {
    this.leave()
    this.owner.onRefusal(this.stream, refusal)
  }

  read(chunk: Buffer): void {
    const { owner, parser, stream } = this
    // The parser reads only: the chunk is untouched if it must be handed over.
    const at = parser.push(chunk)
    this.chunks?.push(chunk)
    if (parser.refusal !== null) {
      this.leave()
      owner.onRefusal(stream, parser.refusal)
    } else if (parser.head !== null) {
      const { chunks } = this
      this.leave()
      if (chunks !== null && !isUpgradeRequest(parser.head)) owner.onForeign(stream, chunks)
      else owner.onHead(stream, parser.head, chunk.subarray(at))
    }
  }

  leave(): void {
    const { stream } = this
    this.owner.wheel.clear(this)
    this.chunks = null
    stream[HANDSHAKE] = undefined
    stream.off('data', onData)
    stream.off('close', onClose)
    stream.off('end', onEnd)
    this.owner.onEnded(this)
  }
}

function onData(this: Opening, chunk: Buffer): void {
  this[HANDSHAKE]?.read(chunk)
}

function onClose(this: Opening): void {
  this[HANDSHAKE]?.leave()
}

/** Half a request and then the end: nobody waits for an answer. */
function onEnd(this: Opening): void {
  const handshake = this[HANDSHAKE]
  handshake?.leave()
  this.destroy()
}
