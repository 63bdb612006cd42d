/**
 * Cuts a byte sequence into the chunks a network might deliver it in.
 * The pieces are views of the input; put together they are the input.
 */
import type { Random } from './random.ts'

/** One chunk per byte. */
export function byteByByte(bytes: Uint8Array): Uint8Array[] {
  return chops(bytes, 1)
}

/** Chunks of `size` bytes; the last one may be shorter. */
export function chops(bytes: Uint8Array, size: number): Uint8Array[] {
  if (!(size >= 1)) throw new RangeError('a chop is at least one byte')
  const out: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size) out.push(bytes.subarray(at, Math.min(at + size, bytes.length)))
  return out
}

/** Chunks of the given sizes, in order; what is left over is one last chunk. Sizes of 0 are left out. */
export function splitSizes(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const out: Uint8Array[] = []
  let at = 0
  for (const size of sizes) {
    const end = Math.min(at + size, bytes.length)
    if (end > at) out.push(bytes.subarray(at, end))
    at = end
  }
  if (at < bytes.length) out.push(bytes.subarray(at))
  return out
}

/** Between 1 and `cuts` random cuts (default 8), so that headers and payloads are cut in every run somewhere else. */
export function randomSplit(bytes: Uint8Array, random: Random, cuts = 8): Uint8Array[] {
  if (bytes.length < 2) return bytes.length === 0 ? [] : [bytes]
  const at = new Set<number>()
  const wanted = Math.min(1 + random.below(cuts), bytes.length - 1)
  while (at.size < wanted) at.add(random.between(1, bytes.length - 1))
  const edges = [0, ...[...at].sort((a, b) => a - b), bytes.length]
  return edges.slice(1).map((end, i) => bytes.subarray(edges[i] as number, end))
}
