// Payloads as Buffers: views where that is safe, copies where a view would pin much more than it shows.

import { loan } from './memory.ts'
import { asBuffer, nodePlatform } from './platform.ts'

/**
 * A view of a read chunk pins the whole chunk: a message much smaller than it is copied. Copying 1 KiB costs an echo with
 * 32 in flight 15 % (benchmarks), so what is copied is what would pin more than 64 times its size.
 */
const PINS_AT_MOST = 64

export const EMPTY: Buffer = Buffer.alloc(0)

/** Goes up with each view that was given to an application: whoever read a chunk sees whether anybody looks at it. */
export const given = { views: 0 }

// The chunk that was looked at last, and its memory: asking a view for its buffer is a call into native code, and a chunk
// carries many messages.
let chunk: Uint8Array = EMPTY
let memory: ArrayBufferLike = EMPTY.buffer

/**
 * A payload for the application, to be kept as long as it likes; or lent to it until the read is done.
 *
 * @param owned the bytes are the message's alone
 */
export function payloadOf(bytes: Uint8Array, start: number, end: number, owned: boolean, lend: boolean): Buffer {
  const length = end - start
  if (length === 0) return EMPTY
  if (owned) {
    if (lend && loan.lender !== null) loan.add(bytes)
    return asBuffer(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end))
  }
  if (bytes !== chunk) {
    chunk = bytes
    memory = bytes.buffer
  }
  if (!lend || loan.lender === null) {
    if (length * PINS_AT_MOST < memory.byteLength) return copyOf(bytes.subarray(start, end))
    given.views = (given.views + 1) | 0
  }
  return Buffer.from(memory as ArrayBuffer, bytes.byteOffset + start, length)
}

/** Small bytes as the application's own. */
export function copyOf(bytes: Uint8Array): Buffer {
  const copy = nodePlatform.allocate(bytes.length)
  copy.set(bytes)
  return copy
}
