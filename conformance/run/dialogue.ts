/**
 * The raw peer's side of an open connection: reads what the engine sends, frame by frame, and turns it into outcome
 * tokens. Every frame is also judged: the engine must never send what it would refuse itself.
 */
import { isUtf8 } from 'node:buffer'
import { NaiveFrameReader, type RawPeer, Signal, type WireFrame, type ZlibPeer } from '@tautline/testkit'
import type { Expected } from '../cases/case.ts'

export interface DialogueOptions {
  /** Who we are: a server gets masked frames, a client unmasked ones (RFC 6455 §5.1). */
  readonly role: 'client' | 'server'
  /** Set when permessage-deflate is on. */
  readonly deflate?: ZlibPeer | null
  readonly echo?: readonly Expected[] | 'any'
  /** Looks at each compressed payload beside what it inflates to; a complaint fails the exchange. */
  readonly onCompressed?: (payload: Buffer, plain: Buffer) => string | null
}

/** What a raw peer hears after the handshake. */
export class Dialogue {
  readonly peer: RawPeer
  readonly tokens: string[]
  readonly pongs: Buffer[]
  /** Messages that came, however many. */
  messages: number
  /** The code of the Close frame: 1005 when it has none; null while there is none. */
  closeCode: number | null
  readonly #options: DialogueOptions
  readonly #reader: NaiveFrameReader
  readonly #signal: Signal
  #queue: WireFrame[]
  #busy: boolean
  #parts: Buffer[]
  #first: WireFrame | null

  constructor(peer: RawPeer, options: DialogueOptions) {
    this.peer = peer
    this.tokens = []
    this.pongs = []
    this.messages = 0
    this.closeCode = null
    this.#options = options
    this.#reader = new NaiveFrameReader()
    this.#signal = new Signal()
    this.#queue = []
    this.#busy = false
    this.#parts = []
    this.#first = null
    peer.onData = (chunk) => this.#take(chunk)
    const early = peer.take()
    if (early.length > 0) this.#take(early)
    void peer.until(() => peer.ending !== 'open', 2 ** 31 - 1).then(() => this.#signal.wake())
  }

  /** Everything that came is dealt with, and nothing more will come. */
  get ended(): boolean {
    return this.peer.ending !== 'open' && !this.#busy
  }

  /** Waits for a condition on this dialogue. False at the deadline. */
  until(condition: () => boolean, deadline: number): Promise<boolean> {
    return this.#signal.until(condition, deadline)
  }

  /** Something outside of the connection changed: conditions are looked at again. */
  wake(): void {
    this.#signal.wake()
  }

  #take(chunk: Buffer): void {
    // Behind a Close frame nothing may come (RFC 6455 §5.5.1); the TCP connection is read to its end all the same.
    this.#queue.push(...this.#reader.push(chunk))
    if (!this.#busy) void this.#work()
  }

  async #work(): Promise<void> {
    this.#busy = true
    while (this.#queue.length > 0) {
      const batch = this.#queue
      this.#queue = []
      for (const frame of batch) {
        if (frame.opcode >= 8) this.#control(frame)
        else {
          const message = this.#data(frame)
          if (message !== null) await this.#message(message.first, message.payload)
        }
      }
    }
    this.#busy = false
    this.#signal.wake()
  }

  #fault(what: string): void {
    this.tokens.push(`!${what}`)
  }

  #judge(frame: WireFrame): void {
    const { role, deflate } = this.#options
    if (frame.masked !== (role === 'server')) this.#fault(frame.masked ? 'masked' : 'unmasked')
    const compressible = deflate !== undefined && deflate !== null && (frame.opcode === 1 || frame.opcode === 2)
    if ((frame.rsv & (compressible ? 3 : 7)) !== 0) this.#fault(`rsv=${frame.rsv}`)
    const form = frame.payload.length < 126 ? 7 : frame.payload.length < 65536 ? 16 : 64
    if (frame.lengthForm !== form) this.#fault('length not minimal')
    if ((frame.opcode > 2 && frame.opcode < 8) || frame.opcode > 10) this.#fault(`opcode=${frame.opcode}`)
    if (frame.opcode >= 8 && (!frame.fin || frame.payload.length > 125)) this.#fault('long or fragmented control frame')
    if (this.closeCode !== null) this.#fault('frame behind close')
  }

  #control(frame: WireFrame): void {
    this.#judge(frame)
    if (frame.opcode === 10) this.pongs.push(frame.payload)
    if (frame.opcode !== 8) return
    const { payload } = frame
    this.closeCode = payload.length === 0 ? 1005 : payload.length === 1 ? -1 : payload.readUInt16BE(0)
    if (!isUtf8(payload.subarray(2))) this.#fault('close reason')
    this.tokens.push(`CLOSE:${this.closeCode}`)
  }

  #data(frame: WireFrame): { first: WireFrame; payload: Buffer } | null {
    this.#judge(frame)
    if ((frame.opcode === 0) !== (this.#first !== null)) this.#fault('fragments out of order')
    this.#first ??= frame
    this.#parts.push(frame.payload)
    if (!frame.fin) return null
    const first = this.#first
    const payload = this.#parts.length === 1 ? frame.payload : Buffer.concat(this.#parts)
    this.#first = null
    this.#parts = []
    return { first, payload }
  }

  async #message(first: WireFrame, payload: Buffer): Promise<void> {
    const { deflate, echo } = this.#options
    let plain = payload
    if (first.rsv === 4 && deflate !== undefined && deflate !== null) {
      try {
        plain = await deflate.inflate(payload)
      } catch (error) {
        return this.#fault(`cannot inflate: ${String(error)}`)
      }
      const complaint = this.#options.onCompressed?.(payload, plain) ?? null
      if (complaint !== null) this.#fault(complaint)
    }
    if (first.opcode === 1 && !isUtf8(plain)) this.#fault('text is not UTF-8')
    const number = this.messages++
    if (echo === undefined || echo === 'any') {
      this.tokens.push('ECHO')
      return
    }
    const expected = echo[number]
    const same =
      expected !== undefined && expected.text === (first.opcode === 1) && Buffer.compare(expected.payload, plain) === 0
    if (!same) this.#fault(`message ${number} differs`)
    if (number === echo.length - 1) this.tokens.push('ECHO')
  }
}
