// One open connection on a Node stream: feeds the protocol's Connection with what arrives, writes what it has to say
// once per turn of the loop, watches deadlines. One object and no closure per connection: listeners are shared
// functions that find their socket on the stream.

import { Buffer } from 'node:buffer'
import type { Duplex } from 'node:stream'
import {
  Connection,
  type ConnectionHandler,
  DeflateCodec,
  type DeflateParameters,
  Opcode,
  State,
  type Violation,
  violationError,
  WebSocketError,
} from '@tautline/protocol'
import { bytesOf, PreparedMessage } from './prepared.ts'
import type { Settings } from './settings.ts'
import type { Bytes, SendOptions, SendStatus, Socket } from './socket.ts'
import { type Carrier, isListening, listen, type StreamListener, unlisten } from './stream-events.ts'
import type { WheelEntry } from './timer-wheel.ts'

const EMPTY = Buffer.alloc(0)
const NO_OPTIONS: SendOptions = {}

/** A view of a read chunk pins the whole chunk: a message much smaller than it is copied (ws did so from 8.22.2 on). */
const PINS_AT_MOST = 4

export interface EngineSocketOptions {
  readonly role: 'server' | 'client'
  readonly subprotocol: string
  readonly deflate: DeflateParameters | null
  /** Called once when the connection is gone, after `onclose`. */
  readonly onGone: ((socket: EngineSocket) => void) | null
}

export class EngineSocket implements Socket, ConnectionHandler, StreamListener, WheelEntry {
  onmessage: Socket['onmessage'] = null
  onpart: Socket['onpart'] = null
  onclose: Socket['onclose'] = null
  onerror: Socket['onerror'] = null
  onping: Socket['onping'] = null
  onpong: Socket['onpong'] = null
  ondrain: Socket['ondrain'] = null
  data: unknown = undefined
  wheelPrevious: WheelEntry | null = null
  wheelNext: WheelEntry | null = null
  deadline = 0
  readonly stream: Carrier
  private readonly settings: Settings
  private readonly options: EngineSocketOptions
  private readonly connection: Connection
  // Inside `receive`: what is sent now is written when the read is done, not by the queue.
  private reading = false
  private queued = false
  private blocked = false
  private paused = false
  // Since the last look of the heartbeat: did anything come? Did our ping go out?
  private heard = true
  private pinged = false
  private failed = false
  private written: ((error?: Error) => void)[] | null = null

  /** The handshake is done; `begin` starts the reading. */
  constructor(stream: Duplex, settings: Settings, options: EngineSocketOptions) {
    this.stream = stream as Carrier
    this.settings = settings
    this.options = options
    const { deflate, role } = options
    const codec = deflate === null ? null : new DeflateCodec(settings.platform, deflate, role)
    const { limits, autoPong, platform, slab } = settings
    this.connection = new Connection({ role, limits, codec, autoPong }, this, platform, slab)
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

  get state(): 'open' | 'closing' | 'closed' {
    const { state } = this.connection
    return state === State.OPEN ? 'open' : state === State.CLOSED ? 'closed' : 'closing'
  }

  get remoteAddress(): string | undefined {
    return this.stream.remoteAddress
  }

  get remotePort(): number | undefined {
    return this.stream.remotePort
  }

  get bufferedAmount(): number {
    return this.connection.writer.pending + this.stream.writableLength
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

  // --- sending -----------------------------------------------------------------------------------------------------

  send(data: string | Bytes | PreparedMessage, options: SendOptions = NO_OPTIONS): SendStatus {
    if (typeof data === 'string' && options.binary !== true) {
      if (!this.mayWrite()) return 'dropped'
      const compress = options.compress ?? data.length >= this.settings.compressionThreshold
      this.connection.sendText(data, compress, options.fin ?? true)
    } else if (data instanceof PreparedMessage) {
      if (!this.mayWrite()) return 'dropped'
      this.sendPrepared(data)
    } else {
      const bytes = typeof data === 'string' ? Buffer.from(data) : bytesOf(data)
      if (!this.mayWrite()) return 'dropped'
      const compress = options.compress ?? bytes.length >= this.settings.compressionThreshold
      const opcode = options.binary === false ? Opcode.text : Opcode.binary
      this.connection.sendBytes(opcode, bytes, 0, bytes.length, compress, options.fin ?? true)
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
    if (code !== undefined && typeof code !== 'number')
      throw new TypeError(`a close code is a number, got ${typeof code}`)
    if (reason !== undefined && typeof reason !== 'string') {
      throw new TypeError(`a close reason is a string, got ${typeof reason}`)
    }
    if (this.connection.state !== State.OPEN) return
    this.connection.close(code, reason)
    this.settings.wheel.set(this, this.settings.closeTimeout)
    this.soon()
  }

  terminate(): void {
    this.stream.destroy()
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
    this.read(null)
    // Before `begin` nobody listens: what flowed then would be lost.
    if (!this.paused && isListening(this.stream, this)) this.stream.resume()
  }

  whenWritten(callback: (error?: Error) => void): void {
    if (this.connection.state === State.CLOSED || this.stream.destroyed) {
      process.nextTick(callback, new WebSocketError('TAUTLINE_CLOSED', 'the connection is closed'))
      return
    }
    if (this.written === null) this.written = [callback]
    else this.written.push(callback)
    this.soon()
  }

  /** Writes what is pending: called at the end of a read and by the flush queue. */
  flush(): void {
    this.queued = false
    // While the kernel takes nothing, output stays here: it can still be counted, and pongs replaced.
    if (this.blocked || this.stream.destroyed) return
    const { connection, stream } = this
    const callback = this.written === null ? undefined : onWritten(this.written)
    this.written = null
    const output = connection.take()
    if (output === null) {
      if (callback !== undefined) stream.write(EMPTY, callback)
    } else if (output instanceof Uint8Array) this.blocked = !stream.write(output, callback)
    else {
      stream.cork()
      const last = output.length - 1
      for (let i = 0; i < last; i++) stream.write(output[i])
      this.blocked = !stream.write(output[last], callback)
      stream.uncork()
    }
    if (connection.state >= State.DONE) this.finishWriting()
  }

  // --- what the stream says (stream-events.ts) ---------------------------------------------------------------------

  /** Starts reading. `head` holds bytes behind the handshake that were read already. */
  begin(head: Uint8Array): void {
    const { heartbeat, wheel } = this.settings
    if (heartbeat !== null) wheel.set(this, heartbeat.interval)
    listen(this.stream, this)
    if (head.length > 0) this.read(head)
    // Whoever did the handshake may have held the peer back meanwhile.
    if (!this.paused && this.stream.isPaused()) this.stream.resume()
  }

  read(chunk: Uint8Array | null): void {
    this.heard = true
    this.reading = true
    let done = false
    try {
      if (chunk !== null) this.connection.receive(chunk)
      else this.connection.resume()
      done = true
    } finally {
      this.reading = false
      // A callback of the application threw: the rest of the chunk is lost, so the connection cannot go on.
      if (!done) this.stream.destroy()
    }
    if (this.connection.hasOutput || this.written !== null) this.flush()
  }

  onStreamDrain(): void {
    this.blocked = false
    this.flush()
    if (!this.blocked && this.ondrain !== null && this.connection.state === State.OPEN) this.ondrain()
  }

  onStreamEnd(): void {
    // The peer closed its half. Without a Close frame that is 1006 (RFC 6455 §7.1.5): nothing more is owed to it.
    if (this.connection.state < State.DONE) this.stream.destroy()
    else this.stream.end()
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
    const written = this.written
    this.written = null
    if (written !== null) onWritten(written)(new WebSocketError('TAUTLINE_CLOSED', 'the connection was closed'))
    const code = clean ? connection.closeCode : 1006
    this.onclose?.(code, clean ? connection.closeReason : '', clean)
    this.options.onGone?.(this)
  }

  /** The wheel: a heartbeat is due, or the time for closing is up. */
  onDeadline(): void {
    const { heartbeat, wheel } = this.settings
    if (this.connection.state !== State.OPEN || heartbeat === null) {
      this.stream.destroy()
      return
    }
    if (this.heard) {
      this.heard = false
      this.pinged = false
      wheel.set(this, heartbeat.interval)
    } else if (!this.pinged) {
      this.pinged = true
      this.connection.sendControl(Opcode.ping, EMPTY)
      this.soon()
      wheel.set(this, heartbeat.timeout)
    } else {
      this.report(new WebSocketError('TAUTLINE_HEARTBEAT', 'the peer has been silent for too long'))
      this.stream.destroy()
    }
  }

  // --- what the connection finds (ConnectionHandler) ---------------------------------------------------------------

  onText(bytes: Uint8Array, start: number, end: number, seen: number, owned: boolean): void {
    const { onmessage } = this
    if (onmessage === null) return
    const { platform, textAs } = this.settings
    if (textAs === 'bytes') onmessage(bufferOf(bytes, start, end, owned), false)
    else if (seen < 0x80) onmessage(platform.decodeAscii(bytes, start, end), false)
    else onmessage(platform.decodeUtf8(bytes, start, end), false)
  }

  onBinary(bytes: Uint8Array, start: number, end: number, owned: boolean): void {
    if (this.onmessage !== null) this.onmessage(bufferOf(bytes, start, end, owned), true)
  }

  onPart(opcode: number, bytes: Uint8Array, start: number, end: number, last: boolean): void {
    if (this.onpart !== null) this.onpart(bufferOf(bytes, start, end, false), opcode === Opcode.binary, last)
  }

  onPing(payload: Uint8Array): void {
    if (this.onping !== null) this.onping(asBuffer(payload))
  }

  onPong(payload: Uint8Array): void {
    if (this.onpong !== null) this.onpong(asBuffer(payload))
  }

  onClose(): void {
    // RFC 6455 §7.1.1: the server closes TCP first; the client waits, but not for ever.
    this.settings.wheel.set(this, this.settings.closeTimeout)
    this.ignoreInput()
  }

  onViolation(violation: Violation): void {
    this.settings.wheel.set(this, this.settings.closeTimeout)
    this.ignoreInput()
    this.report(violationError(violation, this.connection.offence))
  }

  // --- inside ------------------------------------------------------------------------------------------------------

  /** May data be appended? Above `maxBuffered` the peer is a slow consumer. */
  private mayWrite(): boolean {
    if (this.connection.state !== State.OPEN) return false
    if (this.bufferedAmount <= this.settings.maxBuffered) return true
    if (this.settings.slowConsumer === 'close') {
      this.report(new WebSocketError('TAUTLINE_SLOW_CONSUMER', 'the peer reads too slowly: maxBuffered is exceeded'))
      this.stream.destroy()
    }
    return false
  }

  private sendPrepared(message: PreparedMessage): void {
    const { connection } = this
    const { codec } = connection
    const { payload } = message
    const compress = codec !== null && message.compress && payload.length >= this.settings.compressionThreshold
    if (this.options.role === 'client') {
      // RFC 6455 §5.3: each frame of a client has a fresh key, so nothing can be shared.
      const opcode = message.binary ? Opcode.binary : Opcode.text
      connection.sendBytes(opcode, payload, 0, payload.length, compress)
    } else if (compress) {
      connection.writer.prepared(message.deflatedFrame(codec.sendBits))
      codec.finish(payload)
    } else connection.writer.prepared(message.frame)
  }

  private control(opcode: 9 | 10, payload: string | Bytes | undefined): SendStatus {
    const bytes = payload === undefined ? EMPTY : typeof payload === 'string' ? Buffer.from(payload) : bytesOf(payload)
    if (bytes.length > 125) throw new RangeError(`a ping or pong carries at most 125 bytes, got ${bytes.length}`)
    if (!this.mayWrite()) return 'dropped'
    this.connection.sendControl(opcode, bytes)
    return this.soon()
  }

  /** Sees to it that output is written in this turn of the loop. */
  private soon(): SendStatus {
    if (this.blocked) return 'queued'
    if (!this.reading && !this.queued) {
      this.queued = true
      this.settings.queue.add(this)
    }
    return 'sent'
  }

  private finishWriting(): void {
    const { connection, options, stream } = this
    // RFC 6455 §7.1.1: after both Close frames "the server MUST close the TCP connection immediately".
    if (connection.state === State.FAILED || options.role === 'server') stream.end()
  }

  /** Reads on, to see the end, but looks at nothing any more. */
  private ignoreInput(): void {
    this.paused = false
    this.stream.resume()
    if (!this.reading) this.soon()
  }

  private report(error: Error): void {
    if (this.failed) return
    this.failed = true
    this.onerror?.(error)
  }
}

function onWritten(callbacks: ((error?: Error) => void)[]): (error?: Error | null) => void {
  return (error) => {
    for (const callback of callbacks) callback(error ?? undefined)
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function bufferOf(bytes: Uint8Array, start: number, end: number, owned: boolean): Buffer {
  const length = end - start
  if (length === 0) return EMPTY
  if (!owned && length * PINS_AT_MOST < bytes.buffer.byteLength) {
    const copy = Buffer.allocUnsafe(length)
    copy.set(bytes.subarray(start, end))
    return copy
  }
  return asBuffer(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end))
}
