/**
 * A seeded source of random numbers: the same seed gives the same tests on every machine.
 * Never used for masks, keys or anything else that must not be guessed.
 */

/** Deterministic random numbers (mulberry32). */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** The next number, 0 ≤ n < 2^32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }

  /** A whole number, 0 ≤ n < limit. */
  below(limit: number): number {
    return Math.floor((this.next() / 4294967296) * limit)
  }

  /** A whole number, low ≤ n ≤ high. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  /** One of the elements. */
  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T
  }

  /** Fresh random bytes, owned by the caller. */
  bytes(size: number): Buffer {
    const out = Buffer.allocUnsafe(size)
    let i = 0
    for (; i + 4 <= size; i += 4) out.writeUInt32LE(this.next(), i)
    for (; i < size; i++) out[i] = this.next() & 255
    return out
  }

  /** Fresh printable ASCII text of `size` characters. */
  text(size: number): string {
    const out = this.bytes(size)
    for (let i = 0; i < size; i++) out[i] = 32 + ((out[i] as number) % 95)
    return out.toString('latin1')
  }
}
