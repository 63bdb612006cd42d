// Payloads as Buffers: views where that is safe, copies where a view would pin much more than it shows.

import { asBuffer, nodePlatform } from './platform.ts'

/**
 * A view of a read chunk pins the whole chunk: a message much smaller than it is copied. Copying 1 KiB costs an echo with
 * 32 in flight 15 % (benchmarks), so what is copied is what would pin more than 64 times its size.
 */
const PINS_AT_MOST = 64

export const EMPTY: Buffer = Buffer.alloc(0)

/**
 * A payload for the application, to be kept as long as it likes.
 *
 * @param owned the bytes are the message's alone
 */
export function payloadOf(bytes: Uint8Array, start: number, end: number, owned: boolean): Buffer {
  const length = end - start
  if (length === 0) return EMPTY
  if (!owned && length * PINS_AT_MOST < bytes.buffer.byteLength) {
    const copy = nodePlatform.allocate(length)
    copy.set(bytes.subarray(start, end))
    return copy
  }
  return asBuffer(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end))
}
