// What a fuzz target is: bytes in, nothing out, and an exception if the outcome is not one of those documented.

import type { Random } from '@tautline/testkit'

export interface Target {
  readonly name: string
  /** Pieces that mutations put in: what the grammar is made of. */
  readonly dictionary: readonly Uint8Array[]
  /** @param random for splits and choices, so that a run can be repeated from its seed */
  run(bytes: Uint8Array, random: Random): void
}

export function words(...texts: readonly string[]): Uint8Array[] {
  return texts.map((text) => Buffer.from(text, 'latin1'))
}

/** The bytes in random chunks; now and then one by one. Each chunk is a copy. */
export function chunks(bytes: Uint8Array, random: Random): Uint8Array[] {
  const most = random.pick([1, 3, 20, 200])
  const out: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + random.between(1, most))
    out.push(new Uint8Array(bytes.subarray(at, end)))
    at = end
  }
  return out
}
