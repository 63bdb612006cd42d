// Seeded chance: every part of a simulated world draws from a stream of its own, so that one more draw in one part does
// not change what the others do. Never used for anything that must not be guessed.

import type { Random } from '@tautline/wire'

/** A stream of random numbers (sfc32), and the `Random` of whatever runs in the simulation. */
export class Chance implements Random {
  #a: number
  #b: number
  #c: number
  #d = 1

  /** @param name which of the seed's streams */
  constructor(seed: number, name: string) {
    this.#a = seed >>> 0
    this.#b = hash(name, 0x811c9dc5)
    this.#c = hash(name, (seed ^ 0x9e3779b9) >>> 0)
    for (let i = 0; i < 12; i++) this.next()
  }

  /** The next number, 0 ≤ n < 2^32. */
  next(): number {
    const t = (((this.#a + this.#b) | 0) + this.#d) | 0
    this.#d = (this.#d + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (this.#c << 21) | (this.#c >>> 11)
    this.#c = (this.#c + t) | 0
    return t >>> 0
  }

  unit(): number {
    return this.next() / 4294967296
  }

  bytes(length: number): Uint8Array {
    const out = new Uint8Array(length)
    let word = 0
    for (let i = 0; i < length; i++) {
      if (i % 4 === 0) word = this.next()
      out[i] = word & 255
      word >>>= 8
    }
    return out
  }

  /** A whole number, low ≤ n ≤ high. */
  between(low: number, high: number): number {
    return low + Math.floor(this.unit() * (high - low + 1))
  }

  /** A number, low ≤ x < high. */
  within(low: number, high: number): number {
    return low + this.unit() * (high - low)
  }

  /** true in `share` of the cases. */
  happens(share: number): boolean {
    return this.unit() < share
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.unit() * from.length)] as T
  }

  /** One of the choices, in proportion to the weights. */
  weighted<T>(choices: readonly (readonly [weight: number, choice: T])[]): T {
    let rest = this.unit() * choices.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, choice] of choices) {
      rest -= weight
      if (rest < 0) return choice
    }
    return (choices.at(-1) as readonly [number, T])[1]
  }

  /** Text of `length` characters 0 to 9, a to z. */
  text(length: number): string {
    let out = ''
    for (let i = 0; i < length; i++) out += this.between(0, 35).toString(36)
    return out
  }
}

function hash(text: string, start: number): number {
  let value = start
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value >>> 0
}
