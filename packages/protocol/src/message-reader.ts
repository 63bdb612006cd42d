// From frames to messages: header rules, limits, fragments, UTF-8 that fails at its first bad byte, inflating. It knows
// nothing of the connection's life; what it finds goes to a target, one call each.

import type { DeflateCodec } from './deflate/codec.ts'
import { FrameParser, type FrameSink } from './frame-parser.ts'
import { headerRules, ruleBroken } from './header-rules.ts'
import { type AssemblerOwner, type ByteBudget, MessageAssembler } from './message-assembler.ts'
import { FIN, LENGTH_BITS, MASK, MAX_CONTROL_PAYLOAD, OPCODE_BITS, Opcode, RSV1 } from './opcode.ts'
import type { Inflated, Platform } from './platform.ts'
import { Utf8Validator } from './utf8.ts'
import { VIOLATIONS, type Violation } from './violation.ts'

/** What one message may cost its receiver. */
export interface MessageLimits {
  /** Bytes of a message's payload, after inflating. */
  readonly maxPayload: number
  /** Frames of one message, empty ones too. */
  readonly maxFragments: number
  /** false trusts text (the `ws` face's skipUTF8Validation). */
  readonly validateUtf8: boolean
  /** Pass on data as it comes (`onPart`) instead of whole messages. Not with compression. */
  readonly parts: boolean
  /** What all unfinished messages may hold together. */
  readonly budget: ByteBudget
}

/** Who gets the messages. Methods that return a boolean say whether to go on reading now. */
export interface MessageTarget {
  /**
   * A text message, valid UTF-8 (unless validation is off).
   *
   * @param seen below 0x80: every byte is known to be ASCII
   * @param owned the bytes are the message's alone; otherwise a view of a read chunk, which it pins
   */
  onText(bytes: Uint8Array, start: number, end: number, seen: number, owned: boolean): boolean
  onBinary(bytes: Uint8Array, start: number, end: number, owned: boolean): boolean
  /** With `parts`: the next bytes of a message, a view of a read chunk. Text may be cut inside a code point. */
  onPart(opcode: number, bytes: Uint8Array, start: number, end: number, last: boolean): boolean
  onPing(bytes: Uint8Array, start: number, end: number): boolean
  onPong(bytes: Uint8Array, start: number, end: number): boolean
  /** The payload of a Close frame, unchecked. */
  onClose(bytes: Uint8Array, start: number, end: number): void
  onViolation(violation: Violation): void
}

/**
 * The sink of a `FrameParser`. One reader serves one connection at a time; at rest, between two messages, it holds nothing of
 * it and may be lent to another.
 */
export class MessageReader implements FrameSink, AssemblerOwner {
  /** The first two bytes of the frame whose header was refused, as one number; 0 while none was. */
  offence = 0
  private readonly platform: Platform
  private readonly limits: MessageLimits
  private readonly parser: FrameParser
  // Whose bytes it reads at present, and their codec.
  private target: MessageTarget | null = null
  private codec: DeflateCodec | null = null
  private readonly mask: number
  private rules: Uint8Array = headerRules(false, false)
  // The unfinished data message: its first byte (opcode and RSV1), and what has come of it.
  private first = 0
  private fragments = 0
  // Was the frame under way counted as a fragment already? It may come in pieces.
  private counted = false
  private bytesSoFar = 0
  private assembler: MessageAssembler | null = null
  private text: Utf8Validator | null = null
  // A control frame that a cut splits: it may stand between the pieces of a message.
  private control: MessageAssembler | null = null

  /** @param masked do the frames that come have to be masked? */
  constructor(platform: Platform, limits: MessageLimits, masked: boolean) {
    this.platform = platform
    this.limits = limits
    this.mask = masked ? MASK : 0
    this.parser = new FrameParser(this, masked, platform.xorMask)
  }

  /** Reads for `target` from now on. */
  serve(target: MessageTarget, codec: DeflateCodec | null): void {
    this.target = target
    this.codec = codec
    this.rules = headerRules(codec !== null, false)
  }

  /** Serves nobody: whoever was served is held no longer. */
  leave(): void {
    this.target = null
    this.codec = null
  }

  /** No frame and no message is under way: what it holds is the same for all connections. */
  get atRest(): boolean {
    return this.first === 0 && !this.parser.insideFrame
  }

  /** As `FrameParser.push`. */
  push(bytes: Uint8Array, start: number, end: number): number {
    return this.parser.push(bytes, start, end)
  }

  onStart(byte0: number, byte1: number): boolean {
    const broken = this.rules[byte0] as number
    if (broken !== 0) return this.refuse(byte0, byte1, ruleBroken(broken))
    // RFC 6455 §5.1: "a client MUST mask all frames that it sends to the server", "a server MUST NOT mask".
    if ((byte1 & MASK) !== this.mask) {
      return this.refuse(byte0, byte1, VIOLATIONS[this.mask === 0 ? 'mask-present' : 'mask-missing'])
    }
    // RFC 6455 §5.5: "All control frames MUST have a payload length of 125 bytes or less".
    if ((byte0 & OPCODE_BITS) >= Opcode.close && (byte1 & LENGTH_BITS) > MAX_CONTROL_PAYLOAD) {
      return this.refuse(byte0, byte1, VIOLATIONS['control-too-long'])
    }
    return true
  }

  onLength(byte0: number, length: number): boolean {
    if ((byte0 & OPCODE_BITS) >= Opcode.close) return true
    // RFC 6455 §10.4: limits are for the frame and for the message its fragments make. Judged before any byte of the
    // payload is stored.
    const { maxPayload } = this.limits
    // What does not compress grows by the headers of stored blocks: 5 bytes for each 16 KiB (RFC 1951 §3.2.4).
    const most = ((byte0 | this.first) & RSV1) === 0 ? maxPayload : maxPayload + Math.ceil(maxPayload / 1024) + 64
    if (this.bytesSoFar + length > most) return this.fail(VIOLATIONS['message-too-big'])
    return true
  }

  onFrame(byte0: number, bytes: Uint8Array, start: number, end: number, seen: number): boolean {
    const opcode = byte0 & OPCODE_BITS
    if (opcode >= Opcode.close) return this.controlFrame(opcode, bytes, start, end)
    if ((byte0 & (FIN | RSV1)) === FIN && opcode !== Opcode.continuation && !this.limits.parts) {
      if (opcode === Opcode.binary) return this.served.onBinary(bytes, start, end, false)
      if (seen >= 0x80 && this.limits.validateUtf8 && !this.platform.isUtf8(bytes, start, end)) {
        return this.fail(VIOLATIONS['text-utf8'])
      }
      return this.served.onText(bytes, start, end, seen, false)
    }
    return this.onPiece(byte0, bytes, start, end, 0)
  }

  onPiece(byte0: number, bytes: Uint8Array, start: number, end: number, left: number): boolean {
    const opcode = byte0 & OPCODE_BITS
    if (opcode >= Opcode.close) return this.controlPiece(opcode, bytes, start, end, left)
    // The first piece of a frame is known by the fragment not being counted yet.
    if (!this.counted && !this.beginFragment(byte0, opcode)) return false
    this.bytesSoFar += end - start
    const last = left === 0 && (byte0 & FIN) !== 0
    if (left === 0) this.counted = false
    const compressed = (this.first & RSV1) !== 0
    if (!compressed && !this.checkText(bytes, start, end, last)) return false
    if (this.limits.parts) return this.passOn(bytes, start, end, last)
    if (last && compressed && this.assembler === null) return this.finishCompressed(bytes, start, end)
    this.assembler ??= new MessageAssembler(this.platform, this.limits.budget, this)
    const violation = this.assembler.append(bytes, start, end, left, (byte0 & FIN) !== 0)
    if (violation !== null) return this.fail(violation)
    return last ? this.finish(this.assembler, compressed) : true
  }

  onViolation(violation: Violation): void {
    this.served.onViolation(violation)
  }

  onEvicted(): void {
    this.fail(VIOLATIONS['incomplete-budget'])
  }

  /** Gives back what an unfinished message holds: the connection ended. */
  release(): void {
    this.assembler?.release()
    this.control?.release()
    this.assembler = null
    this.control = null
  }

  private beginFragment(byte0: number, opcode: number): boolean {
    this.counted = true
    this.fragments++
    // Empty fragments count: 20,000 of them cost a receiver as much as full ones (CVE-2026-48779).
    if (this.fragments > this.limits.maxFragments) return this.fail(VIOLATIONS['too-many-fragments'])
    if (opcode === Opcode.continuation) return true
    this.first = byte0
    if ((byte0 & FIN) === 0) this.rules = headerRules(this.codec !== null, true)
    if (opcode === Opcode.text && this.limits.validateUtf8) {
      if (this.text === null) this.text = new Utf8Validator()
      else this.text.reset()
    }
    return true
  }

  // RFC 6455 §8.1: "When an endpoint is to interpret a byte stream as UTF-8 but finds that the byte stream is not, in
  // fact, a valid UTF-8 stream, that endpoint MUST Fail the WebSocket Connection". At once, not at the message's end.
  private checkText(bytes: Uint8Array, start: number, end: number, last: boolean): boolean {
    if ((this.first & OPCODE_BITS) !== Opcode.text || !this.limits.validateUtf8) return true
    const text = this.text as Utf8Validator
    if (!text.push(this.platform, bytes, start, end) || (last && !text.complete)) {
      return this.fail(VIOLATIONS['text-utf8'])
    }
    return true
  }

  private passOn(bytes: Uint8Array, start: number, end: number, last: boolean): boolean {
    const opcode = this.first & OPCODE_BITS
    if (last) this.endMessage()
    else this.bytesSoFar = 0 // what was passed on is no longer held: the limit is for one frame's declared length
    return this.served.onPart(opcode, bytes, start, end, last)
  }

  private finish(message: MessageAssembler, compressed: boolean): boolean {
    const bytes = message.finish()
    this.assembler = null
    if (compressed) return this.finishCompressed(bytes, 0, bytes.length)
    const isText = (this.first & OPCODE_BITS) === Opcode.text
    this.endMessage()
    if (isText) return this.served.onText(bytes, 0, bytes.length, 0x80, true)
    return this.served.onBinary(bytes, 0, bytes.length, true)
  }

  private finishCompressed(bytes: Uint8Array, start: number, end: number): boolean {
    const isText = (this.first & OPCODE_BITS) === Opcode.text
    this.endMessage()
    const codec = this.codec as DeflateCodec
    const plain: Inflated | 'over-budget' = codec.inflate(bytes, start, end, this.limits.maxPayload)
    if (plain === 'corrupt') return this.fail(VIOLATIONS['deflate-corrupt'])
    if (plain === 'too-big') return this.fail(VIOLATIONS['message-too-big'])
    if (plain === 'over-budget') return this.fail(VIOLATIONS['inflate-budget'])
    if (!isText) return this.served.onBinary(plain, 0, plain.length, true)
    if (this.limits.validateUtf8 && !this.platform.isUtf8(plain, 0, plain.length)) {
      return this.fail(VIOLATIONS['text-utf8'])
    }
    return this.served.onText(plain, 0, plain.length, 0x80, true)
  }

  private endMessage(): void {
    this.first = 0
    this.fragments = 0
    this.bytesSoFar = 0
    this.rules = headerRules(this.codec !== null, false)
  }

  private controlPiece(opcode: number, bytes: Uint8Array, start: number, end: number, left: number): boolean {
    this.control ??= new MessageAssembler(this.platform, this.limits.budget, this)
    const { control } = this
    const violation = control.append(bytes, start, end, left, true)
    if (violation !== null) return this.fail(violation)
    if (left > 0) return true
    const payload = control.finish()
    this.control = null
    return this.controlFrame(opcode, payload, 0, payload.length)
  }

  private controlFrame(opcode: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (opcode === Opcode.ping) return this.served.onPing(bytes, start, end)
    if (opcode === Opcode.pong) return this.served.onPong(bytes, start, end)
    this.served.onClose(bytes, start, end)
    return false
  }

  private refuse(byte0: number, byte1: number, violation: Violation): false {
    this.offence = (byte0 << 8) | byte1
    return this.fail(violation)
  }

  private get served(): MessageTarget {
    return this.target as MessageTarget
  }

  private fail(violation: Violation): false {
    this.served.onViolation(violation)
    return false
  }
}
