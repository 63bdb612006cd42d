// From messages to frames, the counterpart of message-reader.ts: fragments, compression, pongs that do not pile up,
// Close frames. It knows nothing of the connection's life: whether something may still be sent is decided before.

import type { DeflateCodec } from './deflate/codec.ts'
import { copyBytes, FrameWriter } from './frame-writer.ts'
import { FIN, MAX_CONTROL_PAYLOAD, Opcode, RSV1 } from './opcode.ts'

/**
 * Pings are answered one by one up to this many in what is not taken yet; of further ones only the newest is kept
 * (RFC 6455 §5.5.3: "the endpoint MAY elect to send a Pong frame for only the most recently processed Ping frame").
 */
const PONGS_PER_TURN = 16

/** A frame writer that is told messages. At rest it holds nothing of a connection, and may be lent to another. */
export class MessageWriter extends FrameWriter {
  /** Of the connection it serves at present. */
  codec: DeflateCodec | null = null
  private pongs = 0
  private latestPing: Uint8Array | null = null
  // The opcode (and RSV1) of the fragmented message being sent, 0 if none is.
  private sending = 0

  /** Is anything waiting to be taken? */
  get hasOutput(): boolean {
    return this.pending > 0 || this.latestPing !== null
  }

  /** Nothing waits, no message is half sent, and what is appended next may go into the shared slab. */
  get atRest(): boolean {
    return !this.hasOutput && this.sending === 0 && !this.stalled
  }

  /** Is a fragmented message being sent? Then only its next fragment may follow. */
  get insideFragments(): boolean {
    return this.sending !== 0
  }

  messageText(text: string, compress: boolean, fin: boolean): void {
    if (this.compressing(compress)) {
      const bytes = this.platform.allocate(this.platform.utf8Length(text))
      this.platform.encodeUtf8(text, bytes, 0)
      this.deflated(Opcode.text, bytes, fin)
    } else this.text(this.firstByte(Opcode.text, fin), text)
  }

  messageBytes(opcode: 1 | 2, bytes: Uint8Array, start: number, end: number, compress: boolean, fin: boolean): void {
    if (this.compressing(compress)) this.deflated(opcode, bytes.subarray(start, end), fin)
    else this.bytes(this.firstByte(opcode, fin), bytes, start, end)
  }

  /** @throws RangeError above 125 bytes (RFC 6455 §5.5) */
  control(opcode: 9 | 10, payload: Uint8Array): void {
    if (payload.length > MAX_CONTROL_PAYLOAD) throw new RangeError('a control frame carries at most 125 bytes')
    this.bytes(FIN | opcode, payload, 0, payload.length)
  }

  /** Answers a ping now, or keeps it as the newest for `take`. */
  answerPing(payload: Uint8Array): void {
    if (this.pongs < PONGS_PER_TURN) {
      this.pongs++
      this.control(Opcode.pong, payload)
      return
    }
    this.latestPing = this.platform.allocate(payload.length)
    copyBytes(payload, 0, payload.length, this.latestPing, 0)
  }

  /** A Close frame (RFC 6455 §5.5.1), and the end of answering pings: nothing may follow it. */
  closeFrame(code: number | undefined, reason: string): void {
    const length = code === undefined ? 0 : 2 + this.platform.utf8Length(reason)
    const payload = this.platform.allocate(length)
    if (code !== undefined) {
      payload[0] = code >>> 8
      payload[1] = code & 0xff
      this.platform.encodeUtf8(reason, payload, 2)
    }
    this.latestPing = null
    this.bytes(FIN | Opcode.close, payload, 0, length)
  }

  override take(): Uint8Array | readonly Uint8Array[] | null {
    if (this.latestPing !== null) {
      this.control(Opcode.pong, this.latestPing)
      this.latestPing = null
    }
    this.pongs = 0
    return super.take()
  }

  private compressing(compress: boolean): boolean {
    if (this.codec === null) return false
    // Within a fragmented message the first frame's choice holds for all (RFC 7692 §6.1).
    return this.sending === 0 ? compress && this.codec.mayCompress() : (this.sending & RSV1) !== 0
  }

  private deflated(opcode: number, bytes: Uint8Array, fin: boolean): void {
    const payload = (this.codec as DeflateCodec).deflate(bytes, fin)
    this.bytes(this.firstByte(opcode | RSV1, fin), payload, 0, payload.length)
  }

  /** FIN, RSV1 and opcode of the next frame: a continuation while a fragmented message is being sent. */
  private firstByte(opcode: number, fin: boolean): number {
    const first = this.sending === 0 ? opcode : Opcode.continuation
    this.sending = fin ? 0 : this.sending === 0 ? opcode : this.sending
    return fin ? first | FIN : first
  }
}
