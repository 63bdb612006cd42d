// One open connection on a Node stream: feeds the protocol's Connection with what arrives and watches deadlines; its
// sending half is sending-socket.ts. One object and no closure per connection: listeners are shared functions that
// find their socket on the stream.

import type { Duplex } from 'node:stream'
import {
  type DeflateParameters,
  Opcode,
  State,
  type Violation,
  violationError,
  WebSocketError,
} from '@tautline/protocol'
import { callOutsideOn } from './callbacks.ts'
import { free, loan, readsAfresh } from './memory.ts'
import type { Member } from './roster.ts'
import { type Agreed, SendingSocket } from './sending-socket.ts'
import type { Settings } from './settings.ts'
import type { Socket } from './socket.ts'
import { isListening, listen, type StreamListener, unlisten } from './stream-events.ts'
import { copyOf, EMPTY, given, payloadOf } from './views.ts'

export type EngineSocketOptions = Agreed<EngineSocket>

/**
 * What a peer may go on sending behind our Close frame, in bytes: more than any network holds. An honest one closes when it
 * reads ours; whoever floods on would be read for nothing until `closeTimeout`.
 */
const MOST_LATE = 16 * 1024 * 1024

export class EngineSocket extends SendingSocket implements Socket, StreamListener, Member {
  onmessage: Socket['onmessage'] = null
  onpart: Socket['onpart'] = null
  onclose: Socket['onclose'] = null
  onping: Socket['onping'] = null
  onpong: Socket['onpong'] = null
  ondrain: Socket['ondrain'] = null
  data: unknown = undefined
  place = 0
  private readonly options: EngineSocketOptions
  // The tick of the wheel at which a message that has begun must have ended; 0: none is under way.
  private messageDue = 0
  /** Bytes that came behind our Close frame. */
  private late = 0

  /** The handshake is done; `begin` starts the reading. */
  constructor(stream: Duplex, settings: Settings, options: EngineSocketOptions) {
    super(stream, settings, options.role, options.deflate)
    this.options = options
    this.heard = true
  }

  get role(): 'server' | 'client' {
    return this.options.role
  }

  get subprotocol(): string {
    return this.options.subprotocol
  }

  get deflate(): DeflateParameters | null {
    return this.options.deflate
  }

  get remoteAddress(): string | undefined {
    return this.stream.remoteAddress
  }

  get remotePort(): number | undefined {
    return this.stream.remotePort
  }

  get isPaused(): boolean {
    return this.paused
  }

  get closeCode(): number {
    return this.connection.closeCode
  }

  get closeReason(): string {
    return this.connection.closeReason
  }

  terminate(): void {
    this.cut(null)
  }

  pause(): void {
    if (this.paused || this.connection.state === State.CLOSED) return
    this.paused = true
    this.connection.pause()
    this.stream.pause()
  }

  resume(): void {
    if (!this.paused) return
    this.paused = false
    if (!this.held) this.goOn()
  }

  protected hold(): void {
    if (this.held) return
    this.held = true
    this.connection.pause()
    this.stream.pause()
  }

  protected letGo(): void {
    if (!this.held) return
    this.held = false
    if (!this.paused) this.goOn()
  }

  private goOn(): void {
    this.receive(null)
    // Before `begin` nobody listens: what flowed then would be lost.
    if (!this.paused && !this.held && isListening(this.stream, this)) this.stream.resume()
  }

  // --- what the stream says (stream-events.ts) ---------------------------------------------------------------------

  /** Starts reading. `head` holds bytes behind the handshake that were read already. */
  begin(head: Uint8Array): void {
    const { heartbeat, wheel } = this.settings
    // Closed by the application already: then the deadline is that of the closing handshake.
    if (heartbeat !== null && this.connection.state === State.OPEN) wheel.set(this, heartbeat.interval)
    listen(this.stream, this)
    if (head.length > 0) this.receive(head)
    // Whoever did the handshake may have held the peer back meanwhile.
    if (!this.paused && !this.held && this.stream.isPaused()) this.stream.resume()
  }

  read(chunk: Uint8Array): void {
    if (!readsAfresh(this.stream)) return this.receive(chunk)
    const { views } = given
    let isBack = true
    if (this.settings.lend && loan.lender === null) isBack = this.receiveOnLoan(chunk)
    else this.receive(chunk)
    // Everything in it was copied, made a string of, or lent and is back.
    if (isBack && given.views === views && !this.connection.hasRest) free(chunk)
  }

  /** @returns false: some of what was lent still waits to be written, so it is left to whoever has it */
  private receiveOnLoan(chunk: Uint8Array): boolean {
    loan.begin(this, chunk)
    let isBack = false
    try {
      this.receive(chunk)
      isBack = this.connection.pending === 0 && this.stream.writableLength === 0
    } finally {
      loan.end(isBack)
    }
    return isBack
  }

  private receive(chunk: Uint8Array | null): void {
    this.heard = true
    if (this.connection.state !== State.OPEN && chunk !== null) {
      this.late += chunk.length
      if (this.late > MOST_LATE) return void this.stream.destroy()
    }
    // A callback that pauses and resumes at once gets here again from within its own read.
    const outer = this.reading
    this.reading = true
    let done = false
    try {
      if (chunk !== null) this.connection.receive(chunk)
      else this.connection.resume()
      done = true
    } finally {
      this.reading = outer
      // A callback of the application threw: the rest of the chunk is lost, so the connection cannot go on.
      if (!done) this.cut(null)
    }
    if (this.settings.messageTimeout !== Number.POSITIVE_INFINITY) this.watchMessage()
    // A server whose Close frame was answered has nothing to say, but TCP to close.
    if (!outer && (this.hasOutput || this.connection.state >= State.DONE)) this.flush()
  }

  onStreamDrain(): void {
    if (!this.blocked) return
    this.block(false)
    this.flush()
    if (!this.blocked) this.onDrained()
  }

  protected onDrained(): void {
    if (this.connection.state === State.OPEN) this.ondrain?.()
  }

  onStreamEnd(): void {
    // The peer closed its half. Without a Close frame that is 1006 (RFC 6455 §7.1.5): nothing more is owed to it.
    if (this.connection.state < State.DONE) this.stream.destroy()
    // Our Close frame may still wait for the kernel: then `flush` ends the stream behind it.
    else if (!this.blocked) this.stream.end()
  }

  onStreamError(error: Error): void {
    // Behind the closing handshake a reset says only that the peer was quicker.
    if (this.connection.state < State.DONE) this.report(error)
  }

  onStreamClose(): void {
    unlisten(this.stream)
    const { connection, settings } = this
    const clean = connection.state === State.DONE
    settings.wheel.clear(this)
    connection.end()
    this.dropOutput()
    const { onclose } = this
    if (onclose !== null)
      callOutsideOn(this, onclose, clean ? connection.closeCode : 1006, clean ? connection.closeReason : '', clean)
    this.options.onGone?.(this)
  }

  /** The wheel: a heartbeat is due, or the time for closing is up. */
  onDeadline(): void {
    const { heartbeat, wheel } = this.settings
    if (this.connection.state !== State.OPEN) return void this.stream.destroy()
    if (this.messageDue !== 0 && this.messageTooLate()) {
      return this.cut(new WebSocketError('TAUTLINE_MESSAGE_TIMEOUT', 'the peer took too long to end a message'))
    }
    if (heartbeat === null) return
    // Who is paused is not heard because we do not listen: that is no fault of the peer's.
    if (this.heard || this.paused || this.held) {
      this.heard = false
      this.pinged = false
      wheel.set(this, heartbeat.interval)
    } else if (!this.pinged) {
      this.pinged = true
      this.connection.sendControl(Opcode.ping, EMPTY)
      this.soon()
      wheel.set(this, heartbeat.timeout)
    } else {
      this.cut(new WebSocketError('TAUTLINE_HEARTBEAT', 'the peer has been silent for too long'))
    }
  }

  /** A message that began in this read has so long from now on; one that was under way has what is left to it. */
  private watchMessage(): void {
    const { connection, delivered, settings } = this
    this.delivered = false
    if (connection.state !== State.OPEN) return
    if (!connection.insideMessage) this.messageDue = 0
    else if (this.messageDue === 0 || delivered) {
      const { heartbeat, messageTimeout, wheel } = settings
      this.messageDue = wheel.tickIn(messageTimeout)
      // The wheel waits for one thing at a time: where that is the heartbeat, it looks at this too.
      if (heartbeat === null) wheel.set(this, messageTimeout)
    }
  }

  private messageTooLate(): boolean {
    const { heartbeat, messageTimeout, wheel } = this.settings
    if (this.paused || this.held) this.messageDue = wheel.tickIn(messageTimeout)
    const left = wheel.until(this.messageDue)
    if (left <= 0) return true
    if (heartbeat === null) wheel.set(this, left)
    return false
  }

  // --- what the connection finds (ConnectionHandler) ---------------------------------------------------------------

  onText(bytes: Uint8Array, start: number, end: number, seen: number, owned: boolean): void {
    this.delivered = true
    if (this.onmessage === null) return
    const { lend, platform, textAs } = this.settings
    if (textAs === 'bytes') this.onmessage(payloadOf(bytes, start, end, owned, lend), false)
    else {
      const text = seen < 0x80 ? platform.decodeLatin1(bytes, start, end) : platform.decodeUtf8(bytes, start, end)
      if (owned) free(bytes)
      this.onmessage(text, false)
    }
  }

  onBinary(bytes: Uint8Array, start: number, end: number, owned: boolean): void {
    this.delivered = true
    if (this.onmessage !== null) this.onmessage(payloadOf(bytes, start, end, owned, this.settings.lend), true)
  }

  onPart(opcode: number, bytes: Uint8Array, start: number, end: number, last: boolean): void {
    if (last) this.delivered = true
    if (this.onpart === null) return
    this.onpart(payloadOf(bytes, start, end, false, this.settings.lend), opcode === Opcode.binary, last)
  }

  onPing(payload: Uint8Array): void {
    if (this.onping !== null) this.onping(copyOf(payload))
  }

  onPong(payload: Uint8Array): void {
    if (this.onpong !== null) this.onpong(copyOf(payload))
  }

  onClose(): void {
    this.seeOff()
  }

  onViolation(violation: Violation): void {
    this.seeOff()
    this.report(violationError(violation, this.connection.offence))
  }

  /**
   * Our last frame is written. Reads on, to see the end, but looks at nothing any more; and not for ever: a client
   * waits for the server to close TCP (RFC 6455 §7.1.1).
   */
  private seeOff(): void {
    this.settings.wheel.set(this, this.settings.closeTimeout)
    this.paused = false
    this.held = false
    this.stream.resume()
    this.soon()
  }
}
