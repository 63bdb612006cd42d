// Unmasking a payload in place, in the ways there are.

import { Buffer } from 'node:buffer'
import { createRequire } from 'node:module'
import { xorMask } from '@tautline/protocol'
import { nodePlatform } from '@tautline/websocket'
import type { Table } from './table.ts'

// Four bytes that leave ASCII what it is.
const KEY = 0x0403_0201
const KEY_BYTES = Buffer.from([1, 2, 3, 4])

interface BufferUtil {
  unmask(bytes: Buffer, mask: Buffer): void
}

// Its loader looks for a binary beside itself, so it is no module to import.
const bufferutil = createRequire(import.meta.url)('bufferutil') as BufferUtil

/** A payload as it lies in a read chunk: behind a header, on no word's boundary. */
function payload(size: number): { readonly bytes: Buffer; readonly start: number; readonly end: number } {
  return { bytes: Buffer.alloc(size + 64, 'a'), start: 6, end: 6 + size }
}

export const masking: Table = {
  name: 'masking',
  about: 'One payload is unmasked in place (RFC 6455 §5.3). `ws` unmasks by a loop below 48 bytes, then by bufferutil.',
  sizes: [16, 125, 1024, 4096, 16_384, 1_048_576],
  rows: [
    {
      name: 'a loop over bytes',
      at: (size) => {
        const { bytes, start, end } = payload(size)
        return () => {
          for (let i = start; i < end; i++) bytes[i] = (bytes[i] as number) ^ ((KEY >>> (8 * ((i - start) & 3))) & 0xff)
        }
      },
    },
    {
      name: 'words, unrolled (`xorMask` of protocol)',
      at: (size) => {
        const { bytes, start, end } = payload(size)
        return () => xorMask(bytes, start, end, KEY, 0)
      },
    },
    {
      name: 'as the engine does it: SIMD from 1 KiB',
      at: (size) => {
        const { bytes, start, end } = payload(size)
        return () => nodePlatform.xorMask(bytes, start, end, KEY, 0)
      },
    },
    {
      name: 'bufferutil',
      at: (size) => {
        const { bytes, start, end } = payload(size)
        const view = bytes.subarray(start, end)
        return () => bufferutil.unmask(view, KEY_BYTES)
      },
    },
  ],
}
