// One WebSocket connection after its handshake, without I/O: bytes in, calls to a handler out; frames to send are
// taken by an adapter once per turn of the loop. Server and client are the same machine, told apart by masking and by
// who closes TCP.

import { ABNORMAL, isValidCloseCode, MAX_REASON_BYTES, NO_STATUS } from './close-code.ts'
import type { DeflateCodec } from './deflate/codec.ts'
import type { Endpoint } from './endpoint.ts'
import type { FrameRun } from './frame-run.ts'
import { next, State } from './lifecycle.ts'
import type { MessageReader, MessageTarget } from './message-reader.ts'
import type { MessageWriter } from './message-writer.ts'
import { FIN, RSV1 } from './opcode.ts'
import type { Platform } from './platform.ts'
import { VIOLATIONS, type Violation } from './violation.ts'

/** Who hears what happens on a connection. The same views and ownership as in `MessageTarget`. */
export interface ConnectionHandler {
  onText(bytes: Uint8Array, start: number, end: number, seen: number, owned: boolean): void
  onBinary(bytes: Uint8Array, start: number, end: number, owned: boolean): void
  onPart(opcode: number, bytes: Uint8Array, start: number, end: number, last: boolean): void
  /** A ping was answered already (unless `autoPong` is off); the view lives as long as the call. */
  onPing(payload: Uint8Array): void
  onPong(payload: Uint8Array): void
  /** The peer's Close frame came and is answered. The connection is DONE: a server closes TCP now. */
  onClose(code: number, reason: string): void
  /** The peer broke a rule; our Close frame with the violation's code is written. The connection is FAILED. */
  onViolation(violation: Violation): void
}

/**
 * The connection. `receive` what arrives, `take` what is to be written after each call that may have written. Between two
 * messages it holds what is its own and nothing else: readers and writers are the endpoint's.
 */
export class Connection implements MessageTarget {
  /** One of `State`. */
  state: number = State.OPEN
  /** What the peer's Close frame said: 1005 if it had no code, 1006 while none has come (RFC 6455 §7.1.5). */
  closeCode: number = ABNORMAL
  closeReason = ''
  /** What the violation was found in: a frame's first two bytes, or a close code. 0: nothing of the kind. */
  offence = 0
  readonly codec: DeflateCodec | null
  private readonly endpoint: Endpoint
  private readonly handler: ConnectionHandler
  // Only while a chunk is walked, and from one chunk to the next where a frame or a message is under way.
  private reader: MessageReader | null = null
  // Only from the first frame until all is taken.
  private writer: MessageWriter | null = null
  // Prepared frames that are all there is to take: a broadcast needs no writer.
  private run: FrameRun | null = null
  private paused = false
  // The rest of a chunk behind the message at which reading was paused. One chunk: the adapter stops reading too.
  private rest: Uint8Array | null = null

  /** @param codec of this connection alone, if permessage-deflate was agreed on */
  constructor(endpoint: Endpoint, handler: ConnectionHandler, codec: DeflateCodec | null = null) {
    this.endpoint = endpoint
    this.handler = handler
    this.codec = codec
  }

  /** Is anything waiting to be taken? */
  get hasOutput(): boolean {
    return this.run !== null || this.writer?.hasOutput === true
  }

  /** Bytes that wait to be taken. */
  get pending(): number {
    if (this.writer !== null) return this.writer.pending
    return this.run === null ? 0 : this.run.length
  }

  /** Is a frame or a message under way? Then the peer owes its rest. */
  get insideMessage(): boolean {
    return this.reader?.atRest === false
  }

  /**
   * Takes over a chunk that arrived: it is unmasked in place, and binary messages are views of it.
   * While paused nothing may be received but one chunk already under way, which is kept.
   */
  receive(chunk: Uint8Array): void {
    if (this.state >= State.DONE) return
    if (this.paused) this.rest = this.rest === null ? chunk : concat(this.endpoint.platform, this.rest, chunk)
    else this.walk(chunk)
  }

  /** Stops before the next message. The adapter stops reading from the transport as well. */
  pause(): void {
    this.paused = true
  }

  /** Goes on; what was kept is delivered within this call. */
  resume(): void {
    if (!this.paused) return
    this.paused = false
    const { rest } = this
    if (rest === null) return
    this.rest = null
    this.walk(rest)
  }

  /** Has a pause left messages undelivered? */
  get hasRest(): boolean {
    return this.rest !== null
  }

  /** We give the connection up, without a Close frame: what has arrived and was not delivered never will be. */
  abandon(): void {
    this.state = next(this.state, 'abandoned')
    this.rest = null
    this.stopReading()
  }

  /** The transport ended. `closeCode` stays 1006 if no Close frame came. */
  end(): void {
    this.state = next(this.state, 'transport ended')
    this.stopReading()
    this.writer = null
    this.run = null
    this.rest = null
  }

  /**
   * Appends a text message, or a fragment of one.
   *
   * @returns false if the connection does not take data any more (RFC 6455 §5.5.1: "The application MUST NOT send any
   * more data frames after sending a Close frame")
   */
  sendText(text: string, compress: boolean, fin = true): boolean {
    if (this.state !== State.OPEN) return false
    this.out.messageText(text, compress, fin)
    return true
  }

  /** As `sendText`, for bytes: a binary message, or text already encoded. Ownership as in `FrameWriter.bytes`. */
  sendBytes(opcode: 1 | 2, bytes: Uint8Array, start: number, end: number, compress: boolean, fin = true): boolean {
    if (this.state !== State.OPEN) return false
    this.out.messageBytes(opcode, bytes, start, end, compress, fin)
    return true
  }

  /**
   * Compresses a whole message where it does not block, and appends it then. Until `done` is called nothing else may be
   * compressed; the bytes must not change.
   */
  deflateLater(opcode: 1 | 2, bytes: Uint8Array, done: () => void): void {
    const codec = this.codec as DeflateCodec
    codec.deflateLater(bytes, (payload) => {
      if (this.state === State.OPEN) this.out.bytes(FIN | RSV1 | opcode, payload, 0, payload.length)
      done()
    })
  }

  /** Is a fragmented message being sent? Then only its next fragment may follow. */
  get insideFragments(): boolean {
    return this.writer?.insideFragments === true
  }

  /** Appends bytes that are frames already: a prepared message. They are shared and must never change. */
  sendPrepared(frame: Uint8Array): void {
    if (this.writer === null) {
      const run = this.run === null ? this.endpoint.runOf(frame) : this.run.append(frame)
      if (run !== null) {
        this.run = run
        return
      }
    }
    this.out.prepared(frame)
  }

  /** As `FrameWriter.stall`: does what is appended from now on have to wait? */
  stall(waiting: boolean): void {
    if (waiting) this.out.stall(true)
    else this.writer?.stall(false)
  }

  /** Appends a ping or a pong with at most 125 bytes; allowed until our Close frame is out. */
  sendControl(opcode: 9 | 10, payload: Uint8Array): boolean {
    if (this.state !== State.OPEN) return false
    this.out.control(opcode, payload)
    return true
  }

  /**
   * Starts the closing handshake (RFC 6455 §7.1.2). Does nothing once it has begun.
   *
   * @param code absent: a Close frame without a payload
   * @throws RangeError for a code that must not be sent or a reason of more than 123 bytes
   */
  close(code?: number, reason = ''): void {
    if (this.state !== State.OPEN) return
    this.checkClose(code, reason)
    this.out.closeFrame(code, reason)
    this.state = next(this.state, 'close sent')
  }

  /** Throws as `close` would. */
  checkClose(code?: number, reason = ''): void {
    if (code !== undefined && !isValidCloseCode(code)) throw new RangeError(`${code} is not a close code to be sent`)
    if (code === undefined && reason !== '') throw new TypeError('a close reason needs a code')
    if (this.endpoint.platform.utf8Length(reason) > MAX_REASON_BYTES) {
      throw new RangeError('a close reason has at most 123 bytes')
    }
  }

  /** Hands over what is to be written, in order, or null. The bytes belong to the taker until it says `wrote`. */
  take(): Uint8Array | readonly Uint8Array[] | null {
    const { run, writer } = this
    if (writer === null) {
      // Somebody else's run whose writing ended in an exception.
      this.endpoint.slab.conclude(false)
      this.run = null
      return run === null ? null : run.bytes
    }
    const output = writer.take()
    if (writer.atRest) {
      this.writer = null
      this.endpoint.takeBackWriter(writer)
    }
    return output
  }

  /**
   * What becomes of what was just taken. Called in the same turn, before anything else is taken.
   *
   * @param atOnce it was copied: the same memory may be written to again. false: it is left to whoever has it
   */
  wrote(atOnce: boolean): void {
    this.endpoint.slab.conclude(atOnce)
  }

  // --- what the reader finds -------------------------------------------------------------------------------------

  onText(bytes: Uint8Array, start: number, end: number, seen: number, owned: boolean): boolean {
    this.handler.onText(bytes, start, end, seen, owned)
    return this.reading
  }

  onBinary(bytes: Uint8Array, start: number, end: number, owned: boolean): boolean {
    this.handler.onBinary(bytes, start, end, owned)
    return this.reading
  }

  onPart(opcode: number, bytes: Uint8Array, start: number, end: number, last: boolean): boolean {
    this.handler.onPart(opcode, bytes, start, end, last)
    return this.reading
  }

  onPing(bytes: Uint8Array, start: number, end: number): boolean {
    const payload = bytes.subarray(start, end)
    // RFC 6455 §5.5.2: "Upon receipt of a Ping frame, an endpoint MUST send a Pong frame in response, unless it
    // already received a Close frame." After our own Close frame nothing more is sent either.
    if (this.endpoint.autoPong && this.state === State.OPEN) this.out.answerPing(payload)
    this.handler.onPing(payload)
    return this.reading
  }

  onPong(bytes: Uint8Array, start: number, end: number): boolean {
    this.handler.onPong(bytes.subarray(start, end))
    return this.reading
  }

  onClose(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start
    // RFC 6455 §5.5.1: "If there is a body, the first two bytes of the body MUST be a 2-byte unsigned integer".
    if (length === 1) return this.onViolation(VIOLATIONS['close-one-byte'])
    const code = length === 0 ? NO_STATUS : ((bytes[start] as number) << 8) | (bytes[start + 1] as number)
    if (length > 0 && !isValidCloseCode(code)) {
      this.offence = code
      return this.onViolation(VIOLATIONS['close-code'])
    }
    const { platform } = this.endpoint
    if (length > 2 && !platform.isUtf8(bytes, start + 2, end)) {
      return this.onViolation(VIOLATIONS['close-reason-utf8'])
    }
    this.closeCode = code
    this.closeReason = length > 2 ? platform.decodeUtf8(bytes, start + 2, end) : ''
    // RFC 6455 §5.5.1: "If an endpoint receives a Close frame and did not previously send a Close frame, the endpoint
    // MUST send a Close frame in response. (When sending a Close frame in response, the endpoint typically echos the
    // status code it received.)" With its reason, as `ws` does: programs read it in their close event.
    if (this.state === State.OPEN) this.out.closeFrame(code === NO_STATUS ? undefined : code, this.closeReason)
    this.state = next(this.state, 'close received')
    this.handler.onClose(code, this.closeReason)
  }

  onViolation(violation: Violation): void {
    // RFC 6455 §7.1.7: "the endpoint SHOULD send a Close frame with an appropriate status code before proceeding to
    // Close the WebSocket Connection", and must not go on processing data.
    if (this.state === State.OPEN) this.out.closeFrame(violation.closeCode, violation.text)
    this.state = next(this.state, 'violation')
    if (this.offence === 0 && this.reader !== null) this.offence = this.reader.offence
    this.stopReading()
    this.handler.onViolation(violation)
  }

  private get reading(): boolean {
    return !this.paused && this.state <= State.CLOSING
  }

  private walk(chunk: Uint8Array): void {
    if (this.reader === null) this.reader = this.endpoint.lendReader(this, this.codec)
    const { reader } = this
    const at = reader.push(chunk, 0, chunk.length)
    // One that was let go of meanwhile has stopped in the middle of something: it is nobody's any more.
    if (this.reader === reader && reader.atRest) {
      this.reader = null
      this.endpoint.takeBackReader(reader)
    }
    // Stopped by a pause: what lies behind the message waits. Stopped for good: it is dropped.
    if (at < chunk.length && this.paused && this.state <= State.CLOSING) this.rest = chunk.subarray(at)
  }

  private stopReading(): void {
    this.reader?.release()
    this.reader = null
  }

  /** The writer to append to. */
  private get out(): MessageWriter {
    return this.writer ?? this.borrowWriter()
  }

  private borrowWriter(): MessageWriter {
    const writer = this.endpoint.lendWriter(this.codec)
    if (this.run !== null) writer.prepared(this.run.bytes)
    this.run = null
    this.writer = writer
    return writer
  }
}

function concat(platform: Platform, a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = platform.allocate(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}
