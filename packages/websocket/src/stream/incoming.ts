// The readable side of a connection: messages, or streams of their bytes. What nobody reads is not read from the network
// either: the queue holds HIGH_WATER bytes and one message (or part) more, then the socket is paused.

import type { Socket } from '../socket.ts'

/** Bytes that wait in a queue before the sender is held back. */
export const HIGH_WATER: number = 64 * 1024

/** One message as it comes. */
export type MessageStream = ReadableStream<Uint8Array> & {
  /** false: the bytes are UTF-8, valid, though a chunk may end inside a character. */
  readonly isBinary: boolean
}

/** A queue of bytes as a ReadableStream, with its controller at hand. */
class Queue<T> {
  readonly readable: ReadableStream<T>
  /** The reader wants no more: it cancelled, or the stream has ended. */
  done = false
  private controller: ReadableStreamDefaultController<T> | null = null

  constructor(onPull: () => void, onCancel: (reason: unknown) => void, strategy: QueuingStrategy<T>) {
    const source = {
      start: (controller: ReadableStreamDefaultController<T>): void => {
        this.controller = controller
      },
      pull: onPull,
      cancel: (reason: unknown): void => {
        this.done = true
        onCancel(reason)
      },
    }
    this.readable = new ReadableStream<T>(source, strategy)
  }

  get hasRoom(): boolean {
    return this.done || (this.controller?.desiredSize ?? 1) > 0
  }

  push(item: T): void {
    if (!this.done) this.controller?.enqueue(item)
  }

  end(error?: unknown): void {
    if (this.done) return
    this.done = true
    if (error === undefined) this.controller?.close()
    else this.controller?.error(error)
  }
}

/** What the streams of a connection yield. */
export type Received = string | Uint8Array | MessageStream

/** Feeds the readable side. */
export class Incoming {
  private readonly socket: Socket
  private readonly messages: Queue<Received>
  private readonly asStreams: boolean
  // The message whose parts are coming.
  private current: Queue<Uint8Array> | null = null
  private closing = false
  private dropped = false

  /** @param onCancel the reader wants no more of the connection */
  constructor(socket: Socket, asStreams: boolean, onCancel: (reason: unknown) => void) {
    this.socket = socket
    this.asStreams = asStreams
    const strategy: QueuingStrategy<Received> = asStreams
      ? { highWaterMark: 1 }
      : { highWaterMark: HIGH_WATER, size: (message) => 1 + (message as string | Uint8Array).length }
    this.messages = new Queue(() => this.balance(), onCancel, strategy)
    socket.onmessage = (data, isBinary) => this.onMessage(data, isBinary)
    socket.onpart = (part, isBinary, last) => this.onPart(part, isBinary, last)
  }

  get readable(): ReadableStream<Received> {
    return this.messages.readable
  }

  /** We close: what the reader leaves must not keep the peer's Close frame from us. */
  letGo(): void {
    this.closing = true
    this.socket.resume()
  }

  /** The connection is gone. */
  end(error?: unknown): void {
    this.current?.end(error ?? new DOMException('The connection was closed inside a message.', 'NetworkError'))
    this.current = null
    this.messages.end(error ?? this.loss())
  }

  private loss(): Error | undefined {
    if (!this.dropped) return undefined
    return new DOMException('Messages that came after close() were dropped: nobody read them.', 'AbortError')
  }

  private onMessage(data: string | Buffer, isBinary: boolean): void {
    if (this.asStreams) {
      this.onPart(typeof data === 'string' ? Buffer.from(data) : data, isBinary, true)
    } else if (this.mayTake(this.messages)) {
      // A copy, for a view would let the reader detach what other messages lie in.
      this.messages.push(typeof data === 'string' ? data : new Uint8Array(data))
    }
    this.balance()
  }

  private onPart(part: Buffer, isBinary: boolean, last: boolean): void {
    if (this.current === null) {
      this.current = new Queue(
        () => this.balance(),
        () => this.balance(),
        { highWaterMark: HIGH_WATER, size: (bytes) => bytes.length },
      )
      const stream = Object.defineProperty(this.current.readable, 'isBinary', { value: isBinary, enumerable: true })
      if (!this.asStreams) this.messages.end(new TypeError("a socket with the option parts needs messages: 'stream'"))
      if (this.mayTake(this.messages)) this.messages.push(stream as MessageStream)
      else this.current.done = true
    }
    if (this.mayTake(this.current)) {
      if (part.length > 0) this.current.push(new Uint8Array(part.buffer, part.byteOffset, part.length))
    } else this.current.end(this.loss())
    if (last) {
      this.current.end()
      this.current = null
    }
    this.balance()
  }

  /** While we close, what finds no room is dropped instead of waiting. */
  private mayTake(queue: Queue<never> | Queue<Received> | Queue<Uint8Array>): boolean {
    if (queue.done) return false
    if (!this.closing || queue.hasRoom) return true
    this.dropped = true
    return false
  }

  private balance(): void {
    const queue = this.current ?? this.messages
    if (this.closing || queue.hasRoom) this.socket.resume()
    else this.socket.pause()
  }
}
