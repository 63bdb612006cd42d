// Up to where somebody has read each room, kept in the browser: a reload, or a return after days, goes on exactly there.
// It never decides what has been read.
import type { Position } from '@tautline/wire'
import type { Remembered } from './storage.ts'

export class Bookmarks {
  readonly #remembered: Remembered

  constructor(remembered: Remembered) {
    this.#remembered = remembered
  }

  /** null: never been there. */
  get(room: string): Position | null {
    try {
      return readPosition(JSON.parse(this.#remembered.get(room) ?? 'null'))
    } catch {
      return null
    }
  }

  /** Moves forward only: another tab of ours may have read further. */
  set(room: string, position: Position): void {
    const before = this.get(room)
    if (before !== null && before.epoch === position.epoch && before.offset >= position.offset) return
    this.#remembered.set(room, JSON.stringify(position))
  }
}

function readPosition(value: unknown): Position | null {
  if (typeof value !== 'object' || value === null) return null
  const { epoch, offset, id } = value as Record<string, unknown>
  if (typeof epoch !== 'string' || typeof offset !== 'number' || typeof id !== 'string') return null
  return { epoch, offset, id }
}
