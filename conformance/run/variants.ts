/**
 * The ways in which the bytes of every case are delivered. The outcome must be the same each time.
 * More than 16 KiB are sent in chops of 61 bytes instead of byte by byte: the cuts still fall everywhere, and a machine
 * under load gets 20 kB of a head through before the handshake's deadline of 10 s.
 */
import { byteByByte, chops, Random, randomSplit } from '@tautline/testkit'

/** One way of delivering. */
export interface Variant {
  readonly name: string
  split(bytes: Uint8Array): Uint8Array[]
}

/** Above so many bytes, chops replace single bytes. */
export const LARGE = 16_384
const CHOP = 61

export const WHOLE: Variant = { name: 'whole', split: (bytes) => (bytes.length === 0 ? [] : [bytes]) }

/** Whole, byte by byte, and at three random splits; `seed` decides where those cut. */
export function variantsOf(seed: string): readonly Variant[] {
  const number = [...seed].reduce((sum, c) => (Math.imul(sum, 31) + c.charCodeAt(0)) >>> 0, 7)
  const random = [1, 2, 3].map((n): Variant => {
    const name = `split ${n}`
    return { name, split: (bytes) => randomSplit(bytes, new Random(number + n)) }
  })
  const bytes: Variant = {
    name: 'byte by byte',
    split: (input) => (input.length > LARGE ? chops(input, CHOP) : byteByByte(input)),
  }
  return [WHOLE, bytes, ...random]
}
