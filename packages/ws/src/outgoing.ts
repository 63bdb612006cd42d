// What one open connection sends: argument forms of ws on one side, the engine's `send` on the other. Keeps the order of
// calls, also where a Blob must be read first.

import { Buffer } from 'node:buffer'
import type { Duplex } from 'node:stream'
import { COPY_UP_TO, flush, type Socket } from '@tautline/websocket/face'
import { Outbox } from './outbox.ts'
import { byteLengthOf, bytesOf, EMPTY } from './payload.ts'
import type { SendOptions } from './types.ts'

export type Callback = (error?: Error) => void

const TEXT = { binary: false, compress: false }
const BINARY = { binary: true, compress: false }

/** The sending half of a WebSocket. */
export class Outgoing {
  readonly #engine: Socket
  readonly #stream: Duplex
  readonly #compressFrom: number
  readonly #onError: (error: Error) => void
  #outbox: Outbox | null

  /**
   * @param compressFrom messages from so many bytes on are compressed; Infinity: none
   * @param onError a Blob could not be read
   */
  constructor(engine: Socket, stream: Duplex, compressFrom: number, onError: (error: Error) => void) {
    this.#engine = engine
    this.#stream = stream
    this.#compressFrom = compressFrom
    this.#onError = onError
    this.#outbox = null
  }

  /** Bytes that wait for a Blob. */
  get waiting(): number {
    return this.#outbox?.bytes ?? 0
  }

  /** @throws TypeError for what is neither text nor bytes */
  message(data: unknown, binary: boolean, options: SendOptions, done: Callback | undefined): void {
    if (this.#outbox === null && !(data instanceof Blob)) {
      this.#write(data, binary, options)
      if (done) this.#engine.whenWritten(done)
    } else this.#enqueue(data, (ready) => this.#write(ready, binary, options), done)
  }

  /** @throws RangeError above 125 bytes, TypeError for what is neither text nor bytes */
  control(kind: 'ping' | 'pong', data: unknown, done: Callback | undefined): void {
    if (byteLengthOf(data) > 125) throw new RangeError('The data size must not be greater than 125 bytes')
    const send = (ready: unknown): void => {
      this.#engine[kind](typeof ready === 'string' ? ready : bytesOf(ready))
    }
    if (this.#outbox === null && !(data instanceof Blob)) {
      send(data)
      if (done) this.#engine.whenWritten(done)
    } else this.#enqueue(data, send, done)
  }

  close(code: number | undefined, reason: string): void {
    const close = (): void => this.#engine.close(code, code === undefined ? undefined : reason)
    if (this.#outbox === null) close()
    else this.#outbox.add({ data: EMPTY, size: 0, send: close, failed: ignore })
  }

  /** The connection is gone: whoever still waits hears of it. */
  fail(): void {
    this.#outbox?.fail(new Error('The socket was closed while the blob was being read'))
  }

  #write(data: unknown, binary: boolean, options: SendOptions): void {
    const engine = this.#engine
    const bytes = typeof data === 'string' ? data : bytesOf(data)
    const compress = this.#compressFrom !== Number.POSITIVE_INFINITY && this.#compresses(bytes, options)
    const how = compress || 'fin' in options ? { binary, compress, fin: isSet(options, 'fin') } : binary ? BINARY : TEXT
    if (typeof bytes === 'string' || compress || bytes.length <= COPY_UP_TO || engine.role === 'client') {
      engine.send(bytes, how)
    } else this.#writeLarge(bytes, how)
  }

  /**
   * In ws the kernel has the bytes when `send` returns, unless the peer is slow, and programs that reuse a buffer rely on
   * it. So they are written at once, and copied where they must wait.
   */
  #writeLarge(bytes: Uint8Array, how: SendOptions): void {
    const engine = this.#engine
    engine.send(this.#stream.writableLength > 0 ? Buffer.from(bytes) : bytes, how as { binary: boolean })
    flush(engine)
  }

  #compresses(bytes: string | Uint8Array, options: SendOptions): boolean {
    const from = this.#compressFrom
    if (!isSet(options, 'compress')) return false
    return from === 0 || (typeof bytes === 'string' ? Buffer.byteLength(bytes) : bytes.length) >= from
  }

  #enqueue(data: unknown, send: (ready: unknown) => void, done: Callback | undefined): void {
    const size = byteLengthOf(data)
    this.#outbox ??= new Outbox(() => {
      this.#outbox = null
    }, this.#onError)
    this.#outbox.add({
      data,
      size,
      send: (ready) => {
        send(ready)
        if (done) this.#engine.whenWritten(done)
      },
      failed: done ?? ignore,
    })
  }
}

/** As `{ [name]: true, ...options }` would say: a property that is there counts, undefined too. */
function isSet(options: SendOptions, name: 'fin' | 'compress'): boolean {
  return !(name in options) || Boolean(options[name])
}

function ignore(): void {}
