// What of the log may be read while commits wait for their sync: an entry that a power cut could still take back is not
// shown to anyone. It knows channels with such entries, and nothing of the others.

import type { Position } from '@tautline/wire'

/** What a commit did to a channel. */
export interface Growth {
  readonly channel: string
  /** The newest position before it; null: there was no record. */
  readonly before: Position | null
  readonly after: Position
}

interface Shown {
  head: Position | null
  /** Number of the newest commit that has not been synced. */
  newest: number
}

export class Unsynced {
  readonly #channels = new Map<string, Shown>()
  readonly #commits: { readonly number: number; readonly growth: readonly Growth[] }[] = []
  #last = 0

  /** A transaction was committed and not synced. Returns its number. */
  add(growth: readonly Growth[]): number {
    const number = ++this.#last
    this.#commits.push({ number, growth })
    for (const { channel, before } of growth) {
      const shown = this.#channels.get(channel)
      if (shown === undefined) this.#channels.set(channel, { head: before, newest: number })
      else shown.newest = number
    }
    return number
  }

  /** All commits up to this number have their durability, or it is known otherwise what became of them. */
  settle(number: number): void {
    for (let commit = this.#commits[0]; commit !== undefined && commit.number <= number; commit = this.#commits[0]) {
      this.#commits.shift()
      for (const { channel, after } of commit.growth) {
        const shown = this.#channels.get(channel)
        if (shown === undefined) continue
        shown.head = after
        if (shown.newest <= number) this.#channels.delete(channel)
      }
    }
  }

  /** The newest position that may be shown, null: none; undefined: whatever the file says. */
  head(channel: string): Position | null | undefined {
    return this.#channels.get(channel)?.head
  }
}
