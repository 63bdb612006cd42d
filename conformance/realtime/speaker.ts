// A peer that speaks tautline.v1 byte by byte over a TCP connection of its own: it sends whatever it is told to, cut
// wherever it is told to, and judges every frame and message of the server. It answers nothing by itself.

import { isUtf8 } from 'node:buffer'
import {
  buildFrame,
  closePayload,
  type Ending,
  NaiveFrameReader,
  RawPeer,
  readHead,
  requestBytes,
  Signal,
  type WireFrame,
} from '@tautline/testkit'
import {
  type Codec,
  type Failure,
  type Push,
  readServerMessage,
  SERVER_FRAME_LIMITS,
  type ServerMessage,
} from '@tautline/wire'
import type { Heard, Payload } from './case.ts'
import { PeerWindow } from './peer-window.ts'

/** What goes to all subscribers of a channel; all else is somebody's own, and is never compressed. */
const SHARED: readonly string[] = ['pub', 'fence', 'gap']

/** Nothing that the server says to people may move a cursor, or begin a line. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/

export interface SpeakerOptions {
  readonly port: number
  readonly codec: Codec
  /** true: it offers permessage-deflate. It compresses nothing itself. */
  readonly deflate?: boolean
  /** Called with each message, in order. true: it was taken, and is not kept among `replies` and `pushes`. */
  readonly onMessage?: (message: ServerMessage) => boolean
}

export class Speaker implements Heard {
  readonly peer: RawPeer
  readonly codec: Codec
  readonly replies: Map<number, { ok?: unknown; error?: Failure }>
  readonly pushes: Push[]
  /** What the server did that it must not do. */
  readonly faults: string[]
  closeCode: number | null
  closeReason: string
  /** Frames that were compressed. */
  compressed: number
  readonly #window: PeerWindow | null
  #isDeflated: boolean
  readonly #onMessage: ((message: ServerMessage) => boolean) | null
  readonly #reader: NaiveFrameReader
  readonly #signal: Signal
  #saidGoodbye: boolean

  private constructor(peer: RawPeer, options: SpeakerOptions) {
    this.peer = peer
    this.codec = options.codec
    this.replies = new Map()
    this.pushes = []
    this.faults = []
    this.closeCode = null
    this.closeReason = ''
    this.compressed = 0
    this.#isDeflated = false
    this.#window = options.deflate === true ? new PeerWindow() : null
    this.#onMessage = options.onMessage ?? null
    this.#reader = new NaiveFrameReader()
    this.#signal = new Signal()
    this.#saidGoodbye = false
    peer.onData = (chunk) => this.#take(chunk)
    const early = peer.take()
    if (early.length > 0) this.#take(early)
    void peer.until(() => peer.ending !== 'open', 2 ** 31 - 1).then(() => this.#signal.wake())
  }

  /** A connection whose handshake is done. @throws Error when the server refuses it */
  static async open(options: SpeakerOptions): Promise<Speaker> {
    const peer = await RawPeer.connect(options.port)
    const offer = options.deflate === true ? [['Sec-WebSocket-Extensions', 'permessage-deflate'] as const] : []
    const fields = [['Sec-WebSocket-Protocol', options.codec.subprotocol] as const, ...offer]
    await peer.write(requestBytes({ target: '/realtime', fields }))
    await peer.until(() => readHead(peer.received) !== null || peer.ending !== 'open', 10_000)
    const head = readHead(peer.received)
    if (head?.line !== 'HTTP/1.1 101 Switching Protocols') throw new Error(`no handshake: ${head?.line ?? 'silence'}`)
    if (head.all('Sec-WebSocket-Protocol').join() !== options.codec.subprotocol) throw new Error('another subprotocol')
    peer.take(head.end)
    return new Speaker(peer, options)
  }

  get ending(): Ending {
    return this.peer.ending
  }

  /** Payloads as the bytes of WebSocket messages. */
  framed(payloads: readonly Payload[]): Buffer {
    return Buffer.concat(
      payloads.map((payload) => {
        const isBytes = payload instanceof Uint8Array
        const bytes = isBytes || typeof payload === 'string' ? payload : payload.text
        return buildFrame({ opcode: isBytes ? 2 : 1, payload: bytes, mask: true })
      }),
    )
  }

  /** Sends commands in one frame. */
  async say(...commands: readonly object[]): Promise<void> {
    await this.peer.write(this.framed([this.codec.join(commands.map((command) => this.codec.encode(command)))]))
  }

  /** Sends `connect` and waits for its answer. */
  async greet(fields: object = {}): Promise<void> {
    await this.say({ id: 1, op: 'connect', client: 'q83vEjRWeJCrze8SNFZ4kA', features: [], ...fields })
    await this.until(() => this.replies.has(1) || this.over)
  }

  /** Nothing more will come. */
  get over(): boolean {
    return this.closeCode !== null || this.ending !== 'open'
  }

  /** Waits for what arrives. false at the deadline. */
  until(condition: () => boolean, deadline = 10_000): Promise<boolean> {
    return this.#signal.until(condition, deadline)
  }

  /** Closes with 1000, and says what is wrong with the server's answer. */
  async goodbye(): Promise<string | null> {
    this.#saidGoodbye = true
    await this.peer.write(buildFrame({ opcode: 8, payload: closePayload(1000), mask: true }))
    await this.until(() => this.over)
    if (this.closeCode !== 1000) return `goodbye was answered with ${this.closeCode ?? this.ending}`
    return await this.ended()
  }

  /** Answers the server's Close (RFC 6455 §5.5.1), and waits until it closes TCP (§7.1.1). Ours must not be cut off. */
  async ended(): Promise<string | null> {
    if (!this.#saidGoodbye && this.closeCode !== null) {
      this.#saidGoodbye = true
      await this.peer.write(buildFrame({ opcode: 8, payload: closePayload(this.closeCode), mask: true }))
    }
    return (await this.until(() => this.ending !== 'open')) ? null : 'TCP was left open'
  }

  #take(chunk: Buffer): void {
    for (const frame of this.#reader.push(chunk)) this.#frame(frame)
    this.#signal.wake()
  }

  #frame(frame: WireFrame): void {
    if (this.closeCode !== null) this.faults.push('a frame behind the close')
    const isDeflated = this.#window !== null && frame.rsv === 4 && frame.opcode < 8
    const isKnown = frame.rsv === 0 || isDeflated
    if (frame.masked || !isKnown || !frame.fin) this.faults.push('a frame that no server sends here')
    if (frame.opcode === 8) this.#close(frame.payload)
    else if (frame.opcode !== (this.codec.binary ? 2 : 1)) this.faults.push(`a frame of opcode ${frame.opcode}`)
    else if (isDeflated && this.#window !== null) this.#inflated(this.#window, frame.payload)
    else this.#messages(frame.payload)
  }

  #inflated(window: PeerWindow, payload: Buffer): void {
    this.compressed++
    this.#isDeflated = true
    this.#messages(window.inflate(payload))
    this.#isDeflated = false
  }

  #close(payload: Buffer): void {
    this.closeCode = payload.length === 0 ? 1005 : payload.readUInt16BE(0)
    this.closeReason = payload.toString('utf8', 2)
    if (!isUtf8(payload.subarray(2)) || CONTROL.test(this.closeReason)) this.faults.push('a reason with controls')
    const bye = this.pushes.find((push) => push.ev === 'bye')
    if (this.closeCode >= 4000 && bye?.code !== this.closeCode) this.faults.push('no bye ahead of the close')
  }

  #messages(payload: Buffer): void {
    for (const decoded of this.codec.decode(this.codec.binary ? payload : payload.toString(), SERVER_FRAME_LIMITS)) {
      let message: ReturnType<typeof readServerMessage> = null
      try {
        message = readServerMessage(decoded)
      } catch (error) {
        this.faults.push(String(error))
      }
      if (message === null)
        this.faults.push(`not a message of a server: ${JSON.stringify(decoded.value)?.slice(0, 100)}`)
      else this.#message(message)
    }
  }

  #message(message: ServerMessage): void {
    if (this.#isDeflated && !('ev' in message && SHARED.includes(message.ev))) {
      this.faults.push(`a personal ${'ev' in message ? message.ev : 'reply'} was compressed`)
    }
    const text = 'ev' in message ? (message.ev === 'bye' ? message.reason : '') : (message.error?.message ?? '')
    if (CONTROL.test(text)) this.faults.push('a text with controls')
    if (this.#onMessage?.(message) === true) return
    if ('ev' in message) this.pushes.push(message)
    else if (this.replies.has(message.id)) this.faults.push(`${message.id} was answered twice`)
    else this.replies.set(message.id, message)
  }
}
