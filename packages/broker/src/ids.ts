// Names that must never repeat: ids of entries, epochs, bases of unwritten positions. They are drawn, never derived from
// what a store holds: whatever is stored is restored along with it and proves nothing.

import type { EntryId, Random } from '@tautline/wire'
import { base64url } from '@tautline/wire'

/** 64 random bits, base64url: 11 characters, none of them '.' or '~'. */
export function randomName(random: Random): string {
  return base64url(random.bytes(8))
}

/**
 * The ids that one process gives to the entries it stores: `writer.n` (tautline.v1 §3.1). One object per process, so that
 * no id is given twice. The writer's part repeats from entry to entry and costs nothing once compressed.
 */
export class EntryIds {
  readonly #writer: string
  #count = 0

  constructor(random: Random) {
    this.#writer = randomName(random)
  }

  next(): EntryId {
    return `${this.#writer}.${(this.#count++).toString(36)}`
  }
}
