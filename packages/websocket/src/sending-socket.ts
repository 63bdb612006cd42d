// The sending half of a connection: messages into frames, frames into one write per turn of the loop, backpressure, the
// close handshake's first step. It reads nothing; engine-socket.ts is the whole.

import { type Duplex, finished } from 'node:stream'
import {
  Connection,
  type ConnectionHandler,
  DeflateCodec,
  type DeflateParameters,
  Opcode,
  State,
  type Violation,
  WebSocketError,
} from '@tautline/protocol'
import { Backlog, enterThreads, HOLD_ABOVE, leaveThreads, OFFLOAD_FROM } from './backlog.ts'
import { callOutside } from './callbacks.ts'
import { Flags } from './flags.ts'
import type { Flushable } from './flush-queue.ts'
import { loan, writesAtOnce } from './memory.ts'
import { bytesOf, PreparedMessage } from './prepared.ts'
import type { Settings } from './settings.ts'
import { SharedMessage } from './shared-deflate.ts'
import type { Bytes, SendOptions, SendStatus, Socket } from './socket.ts'
import type { Carrier } from './stream-events.ts'
import type { WheelEntry } from './timer-wheel.ts'
import { EMPTY } from './views.ts'

const NO_OPTIONS: SendOptions = {}

/** What a connection was agreed on with; shared by all that agreed on the same. */
export interface Agreed<Gone> {
  readonly role: 'server' | 'client'
  readonly subprotocol: string
  readonly deflate: DeflateParameters | null
  /** Called once when the connection is gone, after `onclose`. */
  readonly onGone: ((socket: Gone) => void) | null
}

type Written = (error?: Error) => void

export abstract class SendingSocket extends Flags implements ConnectionHandler, Flushable, WheelEntry {
  onerror: Socket['onerror'] = null
  wheelPrevious: WheelEntry | null = null
  wheelNext: WheelEntry | null = null
  wheelTick = 0
  readonly stream: Carrier
  protected readonly settings: Settings
  protected readonly connection: Connection
  private written: Written[] | null = null
  private backlog: Backlog | null = null

  constructor(stream: Duplex, settings: Settings, role: 'server' | 'client', deflate: DeflateParameters | null) {
    super()
    this.stream = stream as Carrier
    this.settings = settings
    this.client = role === 'client'
    const codec = deflate === null ? null : new DeflateCodec(settings.platform, deflate, role, settings.sharedDeflate)
    this.connection = new Connection(settings.endpoints[role], this, codec)
  }

  abstract onText(bytes: Uint8Array, start: number, end: number, seen: number, owned: boolean): void
  abstract onBinary(bytes: Uint8Array, start: number, end: number, owned: boolean): void
  abstract onPart(opcode: number, bytes: Uint8Array, start: number, end: number, last: boolean): void
  abstract onPing(payload: Uint8Array): void
  abstract onPong(payload: Uint8Array): void
  abstract onClose(): void
  abstract onViolation(violation: Violation): void
  abstract onDeadline(): void
  /** Compression does not keep up with what the application answers: stops reading, so that TCP holds the peer back. */
  protected abstract hold(): void
  protected abstract letGo(): void
  /** Nothing waits any more, after `send` had answered 'queued'. */
  protected abstract onDrained(): void

  get state(): 'open' | 'closing' | 'closed' {
    const { state } = this.connection
    if (state === State.CLOSED) return 'closed'
    return state === State.OPEN && !this.closeAsked ? 'open' : 'closing'
  }

  get bufferedAmount(): number {
    return this.connection.pending + this.stream.writableLength + this.waiting
  }

  /** Is a fragmented message being sent? A prepared one cannot be sent then. */
  get insideFragments(): boolean {
    return this.unfinished
  }

  send(data: string | Bytes | PreparedMessage, options: SendOptions = NO_OPTIONS): SendStatus {
    if (typeof data === 'string' && options.binary !== true) {
      const fin = options.fin ?? true
      if (!this.admit(fin)) return 'dropped'
      const compress = options.compress ?? data.length >= this.settings.compressionThreshold
      if (this.backlog === null && !this.isLarge(data.length, compress)) this.connection.sendText(data, compress, fin)
      else this.sendBytes(Opcode.text, Buffer.from(data), compress, fin)
    } else if (data instanceof PreparedMessage) {
      if (this.unfinished) throw new TypeError('finish the fragmented message before sending another')
      if (!this.admit(true)) return 'dropped'
      if (this.backlog === null) this.sendPrepared(data)
      else this.backlog.push(data.payload.length, () => this.sendPrepared(data))
    } else {
      const bytes = typeof data === 'string' ? Buffer.from(data) : bytesOf(data)
      const fin = options.fin ?? true
      if (!this.admit(fin)) return 'dropped'
      const compress = options.compress ?? bytes.length >= this.settings.compressionThreshold
      this.sendBytes(options.binary === false ? Opcode.text : Opcode.binary, bytes, compress, fin)
    }
    return this.soon()
  }

  ping(payload?: string | Bytes): SendStatus {
    return this.control(Opcode.ping, payload)
  }

  pong(payload?: string | Bytes): SendStatus {
    return this.control(Opcode.pong, payload)
  }

  close(code?: number, reason?: string): void {
    if (code !== undefined && typeof code !== 'number') {
      throw new TypeError(`a close code is a number, got ${typeof code}`)
    }
    if (reason !== undefined && typeof reason !== 'string') {
      throw new TypeError(`a close reason is a string, got ${typeof reason}`)
    }
    if (this.connection.state !== State.OPEN || this.closeAsked) return
    this.connection.checkClose(code, reason)
    this.closeAsked = true
    if (this.backlog !== null) this.backlog.push(0, () => this.startClose(code, reason))
    else this.startClose(code, reason)
  }

  whenWritten(callback: (error?: Error) => void): void {
    if (this.connection.state === State.CLOSED || this.stream.destroyed) process.nextTick(callback, closedError())
    // Behind the last frame there is nothing to hang a callback on: a further write would be an error.
    else if (this.stream.writableEnded)
      finished(this.stream, { readable: false }, (error) => callback(error ?? undefined))
    else if (this.backlog !== null) this.backlog.push(0, () => this.whenWritten(callback), callback)
    else {
      if (this.written === null) this.written = [callback]
      else this.written.push(callback)
      this.soon()
    }
  }

  /** Writes what is pending: called at the end of a read and by the flush queue. */
  flush(): void {
    this.queued = false
    // While the kernel takes nothing, output stays here: it can still be counted, and pongs replaced.
    if (this.blocked || this.stream.destroyed) return
    const { connection, stream } = this
    let output: ReturnType<Connection['take']>
    try {
      output = connection.take()
    } catch (error) {
      this.cut(error as Error)
      return
    }
    const callback = this.written === null ? undefined : callAll(this.written)
    this.written = null
    if (output === null) {
      if (callback !== undefined) stream.write(EMPTY, callback)
    } else if (output instanceof Uint8Array) this.took(stream.write(output, callback))
    else {
      stream.cork()
      const last = output.length - 1
      for (let i = 0; i < last; i++) stream.write(output[i])
      const room = stream.write(output[last], callback)
      stream.uncork()
      this.took(room)
    }
    // Of a socket with nothing in its queue the kernel has copied all that was written.
    connection.wrote(writesAtOnce(stream) && stream.writableLength === 0)
    // RFC 6455 §5.5.1: "The server MUST close the underlying TCP connection immediately; the client SHOULD wait for the
    // server to close the connection". After a violation (§7.1.7) whoever failed the connection closes it.
    const { state } = connection
    if (!this.blocked && state >= State.DONE && (!this.client || state === State.FAILED || stream.readableEnded)) {
      stream.end()
    }
  }

  /** Sees to it that output is written in this turn of the loop. */
  protected soon(): SendStatus {
    if (!this.reading && !this.queued && !this.blocked) {
      this.queued = true
      this.settings.queue.add(this)
    }
    return this.blocked || this.backlog !== null ? 'queued' : 'sent'
  }

  /** `write` says false above the high-water mark, even where the kernel took all of it at once. */
  private took(room: boolean): void {
    this.block(!room && this.stream.writableLength > 0)
  }

  protected block(blocked: boolean): void {
    this.blocked = blocked
    this.connection.stall(blocked)
  }

  protected get hasOutput(): boolean {
    return this.connection.hasOutput || this.written !== null
  }

  protected report(error: Error): void {
    if (this.failed) return
    this.failed = true
    this.onerror?.(error)
  }

  /** Ends the connection at once: nothing more is delivered or written. */
  protected cut(error: Error | null): void {
    this.connection.abandon()
    this.stream.destroy()
    if (error !== null) this.report(error)
  }

  /** The stream is gone: whoever waits for writes hears that there will be none. */
  protected dropOutput(): void {
    const { backlog, written } = this
    // An error collects its stack, which costs more than the whole end of a connection: only for whoever hears it.
    if (backlog === null && written === null) return
    const error = closedError()
    this.written = null
    this.backlog = null
    if (written !== null) callAll(written)(error)
    backlog?.cancel(error)
  }

  /** May a message, or a fragment of one, be appended? A message is dropped whole, or not at all. */
  private admit(fin: boolean): boolean {
    const admitted = !this.skipping && this.mayWrite(this.unfinished)
    if (admitted) this.unfinished = !fin
    else this.skipping = !fin
    return admitted
  }

  /**
   * May anything be appended? Above `maxBuffered` the peer is a slow consumer.
   *
   * @param due what follows cannot be dropped: it is the rest of a message
   */
  private mayWrite(due: boolean): boolean {
    if (this.connection.state !== State.OPEN || this.closeAsked || this.stream.destroyed) return false
    if (this.bufferedAmount <= this.settings.maxBuffered) return true
    if (this.settings.slowConsumer === 'close' || due) {
      this.cut(new WebSocketError('TAUTLINE_SLOW_CONSUMER', 'the peer reads too slowly: maxBuffered is exceeded'))
    }
    return false
  }

  /** Bytes that wait for compression. */
  private get waiting(): number {
    return this.backlog === null ? 0 : this.backlog.bytes
  }

  private isLarge(bytes: number, compress: boolean): boolean {
    const { codec } = this.connection
    return compress && codec !== null && bytes >= OFFLOAD_FROM && codec.mayCompress()
  }

  private sendBytes(opcode: 1 | 2, bytes: Uint8Array, compress: boolean, fin: boolean): void {
    const { backlog, connection } = this
    if (backlog !== null) {
      // What is sent is the caller's again if it is small: as everywhere, only large payloads are not copied.
      const kept = bytes.length <= OFFLOAD_FROM || loan.covers(bytes) ? Buffer.from(bytes) : bytes
      backlog.push(bytes.length, () => this.sendBytes(opcode, kept, compress, fin))
      if (backlog.bytes > HOLD_ABOVE) this.hold()
    } else if (this.isLarge(bytes.length, compress) && fin && !connection.insideFragments) {
      this.offload(opcode, loan.covers(bytes) ? Buffer.from(bytes) : bytes)
    } else if (loan.lender !== this && loan.covers(bytes)) {
      // Lent by another connection, which takes it back before this one has written it.
      const kept = Buffer.from(bytes)
      connection.sendBytes(opcode, kept, 0, kept.length, compress, fin)
    } else connection.sendBytes(opcode, bytes, 0, bytes.length, compress, fin)
  }

  private offload(opcode: 1 | 2, bytes: Uint8Array): void {
    const { connection } = this
    if (!enterThreads(bytes.length)) {
      connection.sendBytes(opcode, bytes, 0, bytes.length, false)
      return
    }
    const backlog = new Backlog(bytes.length)
    this.backlog = backlog
    connection.deflateLater(opcode, bytes, () => {
      leaveThreads(bytes.length)
      if (this.backlog === backlog) this.compressed(backlog)
    })
  }

  /** A large message is compressed: what waited behind it goes on. Called by zlib, in a turn of its own. */
  private compressed(backlog: Backlog): void {
    this.backlog = null
    // The peer closed meanwhile: the message was not sent, and nothing behind it will be.
    if (this.connection.state !== State.OPEN) return backlog.cancel(closedError())
    try {
      backlog.resume(() => this.backlog)
    } catch (error) {
      // A payload was detached while it waited: half of what was promised cannot be sent.
      this.cut(error as Error)
      backlog.cancel(closedError())
      return
    }
    this.flush()
    if (this.waiting <= HOLD_ABOVE) this.letGo()
    if (this.backlog === null && !this.blocked) this.onDrained()
  }

  private sendPrepared(message: PreparedMessage): void {
    const { connection } = this
    const { codec } = connection
    const { payload } = message
    if (codec !== null && message instanceof SharedMessage && codec.canShare(message.unit)) {
      return this.sendUnit(message, codec)
    }
    const compress = codec !== null && message.compress && payload.length >= this.settings.compressionThreshold
    if (this.client) {
      // RFC 6455 §5.3: each frame of a client has a fresh key, so nothing can be shared.
      const opcode = message.binary ? Opcode.binary : Opcode.text
      connection.sendBytes(opcode, payload, 0, payload.length, compress)
    } else if (compress && codec.mayCompress()) {
      connection.sendPrepared(message.deflatedFrame(codec.sendBits, this.settings.platform))
      codec.finish(payload)
    } else connection.sendPrepared(message.frame)
  }

  /** What a unit's frame may be is known only now that it is appended: behind a backlog others may have been dropped. */
  private sendUnit(message: SharedMessage, codec: DeflateCodec): void {
    const { connection } = this
    if (codec.mayTake(message.unit)) {
      connection.sendPrepared(message.takenFrame())
      codec.took(message.unit)
    } else {
      connection.sendPrepared(message.frame)
      codec.skipped(message.unit)
    }
  }

  /** Control frames overtake a message that is being compressed (RFC 6455 §5.4 lets them stand anywhere). */
  private control(opcode: 9 | 10, payload: string | Bytes | undefined): SendStatus {
    const bytes = payload === undefined ? EMPTY : typeof payload === 'string' ? Buffer.from(payload) : bytesOf(payload)
    if (bytes.length > 125) throw new RangeError(`a ping or pong carries at most 125 bytes, got ${bytes.length}`)
    if (!this.mayWrite(false)) return 'dropped'
    this.connection.sendControl(opcode, bytes)
    return this.soon()
  }

  private startClose(code: number | undefined, reason: string | undefined): void {
    this.connection.close(code, reason)
    this.settings.wheel.set(this, this.settings.closeTimeout)
    this.soon()
  }
}

function closedError(): WebSocketError {
  return new WebSocketError('TAUTLINE_CLOSED', 'the connection is closed')
}

function callAll(callbacks: Written[]): (error?: Error | null) => void {
  return (error) => {
    for (const callback of callbacks) callOutside(callback, error ?? undefined)
  }
}
