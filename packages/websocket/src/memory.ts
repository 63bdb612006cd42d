// Whose memory is it? Node's sockets read every chunk into memory of its own and copy what they write before `write`
// returns, if the kernel takes it. So both can be had back at once, without waiting for the garbage collector: memory
// outside of its heap is what makes it run most often, and each time it looks at everything (decision 21).

import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'

/** Has whatever was written been copied once `writableLength` is 0? Another Duplex may keep what it was given. */
export function writesAtOnce(stream: Duplex): boolean {
  return stream.constructor === Socket
}

/** Is each chunk that it reads memory of its own, which nobody else sees? */
export function readsAfresh(stream: Duplex): boolean {
  return stream.constructor === Socket || stream.constructor === TLSSocket
}

/** Below this, what is given back costs more than what the collector does. */
const FREE_FROM = 4 * 1024
/** What was given back is kept for the next message that is as large, up to so many bytes in all. */
const MOST_SPARE = 4 * 1024 * 1024
const SPARE_FROM = 128 * 1024
const spare: ArrayBuffer[] = []
let spareBytes = 0

/** Memory that may hold anything, its own ArrayBuffer. */
export function allocateLarge(size: number): Buffer {
  for (let i = size >= SPARE_FROM ? spare.length - 1 : -1; i >= 0; i--) {
    const buffer = spare[i] as ArrayBuffer
    if (buffer.byteLength !== size) continue
    spare.splice(i, 1)
    spareBytes -= size
    return Buffer.from(buffer)
  }
  return Buffer.allocUnsafeSlow(size)
}

/**
 * Gives memory back that came from `allocateLarge` or a read. Whoever still has a view of it sees no bytes any more, never
 * somebody else's: the memory moves to another ArrayBuffer.
 */
export function free(bytes: Uint8Array): void {
  const size = bytes.length
  if (size < FREE_FROM) return
  const buffer = bytes.buffer as ArrayBuffer
  // A view of more than it shows: others may have the rest.
  if (buffer.byteLength !== size) return
  if (size < SPARE_FROM || size > MOST_SPARE) {
    buffer.transfer(0)
    return
  }
  spare.push(buffer.transfer())
  spareBytes += size
  // The oldest is of a size that nobody asks for any more.
  while (spareBytes > MOST_SPARE) spareBytes -= (spare.shift() as ArrayBuffer).byteLength
}

/** What the read under way has lent to the application: payloads that are taken back when it is done (option `lend`). */
class Loan {
  /** Who reads; null: nobody lends at present. */
  lender: object | null = null
  private chunk: ArrayBufferLike | null = null
  private readonly messages: Uint8Array[] = []

  begin(lender: object, chunk: Uint8Array): void {
    this.lender = lender
    this.chunk = chunk.buffer
  }

  /** A message that was joined from pieces. */
  add(message: Uint8Array): void {
    this.messages.push(message)
  }

  /** Must whoever wants these bytes behind the end of the read copy them? */
  covers(bytes: Uint8Array): boolean {
    return this.lender !== null && this.isLent(bytes.buffer)
  }

  /** @param back nobody needs what was lent: it is free */
  end(back: boolean): void {
    this.lender = null
    this.chunk = null
    if (back) for (const message of this.messages) free(message)
    this.messages.length = 0
  }

  private isLent(buffer: ArrayBufferLike): boolean {
    return buffer === this.chunk || this.messages.some((message) => message.buffer === buffer)
  }
}

/** There is one read at a time. */
export const loan: Loan = new Loan()
