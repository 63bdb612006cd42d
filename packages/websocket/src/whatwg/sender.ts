// What a WebSocket was told to send, in order, though the bytes of a Blob come later than its `send`; and the standard's
// bufferedAmount: bytes of application data, which fall when the network took them and never because of a close.

import { OFFLOAD_FROM } from '../backlog.ts'
import type { Socket } from '../socket.ts'

interface CloseOrder {
  readonly code: number | undefined
  readonly reason: string | undefined
}

type Order = string | Uint8Array | Blob | CloseOrder

/** The sending side of one WebSocket. */
export class Sender {
  /** Bytes of application data not taken by the network yet. */
  bufferedAmount = 0
  readonly #socket: Socket
  // Behind a Blob whose bytes are being read.
  readonly #queue: Order[] = []
  #reading = false

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** Sends text, bytes (which may be changed, or transferred, afterwards) or a Blob. */
  send(data: string | Uint8Array | Blob): void {
    const size = sizeOf(data)
    this.bufferedAmount += size
    if (this.#reading) this.#queue.push(data instanceof Uint8Array ? data.slice() : data)
    else if (data instanceof Blob) void this.#read(data)
    else this.#write(data instanceof Uint8Array && this.#isBorrowed(size) ? data.slice() : data, size)
  }

  /** Starts the closing handshake once all that was sent before is on its way. */
  close(code: number | undefined, reason: string | undefined): void {
    if (this.#reading) this.#queue.push({ code, reason })
    else this.#socket.close(code, reason)
  }

  /** Would the engine read the bytes later? It masks, and so copies, at once, but for what zlib's threads compress. */
  #isBorrowed(size: number): boolean {
    return size >= OFFLOAD_FROM && this.#socket.deflate !== null
  }

  /** @param data the engine's from here on */
  #write(data: string | Uint8Array, size: number = sizeOf(data)): void {
    this.#socket.send(data)
    this.#socket.whenWritten((error) => {
      if (error === undefined) this.bufferedAmount -= size
    })
  }

  async #read(blob: Blob): Promise<void> {
    this.#reading = true
    try {
      this.#write(new Uint8Array(await blob.arrayBuffer()))
    } catch {
      // A Blob of a file that has changed: the order of messages cannot be kept.
      this.#socket.terminate()
    }
    this.#reading = false
    while (!this.#reading) {
      const order = this.#queue.shift()
      if (order === undefined) return
      if (order instanceof Blob) void this.#read(order)
      else if (typeof order === 'string' || order instanceof Uint8Array) this.#write(order)
      else this.#socket.close(order.code, order.reason)
    }
  }
}

/** Bytes of application data. Lone surrogates count as the U+FFFD they become. */
export function sizeOf(data: string | Uint8Array | Blob): number {
  if (typeof data === 'string') return Buffer.byteLength(data)
  return data instanceof Uint8Array ? data.length : data.size
}
