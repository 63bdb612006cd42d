// Seeded mutations of a byte sequence: bits, ranges, splices, lengths, words of a dictionary.

import type { Random } from '@tautline/testkit'

const LARGEST = 4096
/** What length fields like to be. */
const LENGTHS = [0, 1, 125, 126, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 0x7fffffff, 0xffffffff]

type Mutation = (
  bytes: Buffer,
  random: Random,
  others: readonly Uint8Array[],
  dictionary: readonly Uint8Array[],
) => Buffer

function range(bytes: Buffer, random: Random): [number, number] {
  const start = random.below(bytes.length + 1)
  return [start, Math.min(bytes.length, start + random.below(32))]
}

const MUTATIONS: readonly Mutation[] = [
  (bytes, random) => {
    if (bytes.length > 0)
      bytes[random.below(bytes.length)] = (bytes[random.below(bytes.length)] as number) ^ (1 << random.below(8))
    return bytes
  },
  (bytes, random) => {
    const at = random.below(bytes.length || 1)
    if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << random.below(8))
    return bytes
  },
  (bytes, random) => {
    if (bytes.length > 0)
      bytes[random.below(bytes.length)] = random.pick([0, 1, 0x7e, 0x7f, 0x80, 0x81, 0xfe, 0xff, random.below(256)])
    return bytes
  },
  (bytes, random) => {
    const [start, end] = range(bytes, random)
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)])
  },
  (bytes, random) => {
    const [start, end] = range(bytes, random)
    const at = random.below(bytes.length + 1)
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(start, end), bytes.subarray(at)])
  },
  (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  (bytes, random, others) => {
    const other = random.pick(others)
    return Buffer.concat([
      bytes.subarray(0, random.below(bytes.length + 1)),
      other.subarray(random.below(other.length + 1)),
    ])
  },
  (bytes, random, others) => Buffer.concat([bytes, random.pick(others)]),
  (bytes, random, _others, dictionary) => {
    if (dictionary.length === 0) return bytes
    const [start, end] = range(bytes, random)
    return Buffer.concat([bytes.subarray(0, start), random.pick(dictionary), bytes.subarray(random.pick([start, end]))])
  },
  (bytes, random) => {
    const size = random.pick([1, 2, 4, 8])
    const at = random.below(bytes.length + 1)
    if (at + size <= bytes.length)
      bytes.writeUIntBE(
        random.pick(LENGTHS) % 2 ** (8 * Math.min(size, 6)),
        at + Math.max(0, size - 6),
        Math.min(size, 6),
      )
    return bytes
  },
  (bytes, random) => Buffer.concat([bytes, random.bytes(random.below(24))]),
]

/** A mutant of one of the corpus, at most 4 KiB long. */
export function mutate(corpus: readonly Uint8Array[], dictionary: readonly Uint8Array[], random: Random): Buffer {
  let bytes: Buffer = Buffer.from(random.pick(corpus))
  for (let rounds = random.below(6); rounds > 0; rounds--) {
    bytes = Buffer.from(random.pick(MUTATIONS)(bytes, random, corpus, dictionary)).subarray(0, LARGEST)
  }
  return bytes
}
