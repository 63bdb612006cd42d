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

/**
 * A payload for the application, to be kept as long as it likes; or lent to it until the read is done.
 *
 * @param owned the bytes are the message's alone
 */
export function payloadOf(bytes: Uint8Array, start: number, end: number, owned: boolean, lend: boolean): Buffer {
  const length = end - start
  if (length === 0) return EMPTY
  if (lend && loan.lender !== null) {
    if (owned) loan.add(bytes)
    return asBuffer(bytes.subarray(start, end))
  }
  if (!owned && length * PINS_AT_MOST < bytes.buffer.byteLength) {
    return copyOf(bytes.subarray(start, end))
  }
  given.views = (given.views + 1) | 0
  return asBuffer(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end))
}

/** The bytes of a ping or a pong, at most 125. */
export function copyOf(bytes: Uint8Array): Buffer {
  const copy = nodePlatform.allocate(bytes.length)
  copy.set(bytes)
  return copy
}
