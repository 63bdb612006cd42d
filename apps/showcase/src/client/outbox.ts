// What this tab wants to say and has no receipt for. Each message has an id of its own, so that sending it again after a
// lost connection is harmless: the server and every page know it already. It never sends: it says what to send next.

/** Messages that may wait; more are refused with a notice. */
export const MAX_WAITING = 100
/** Messages sent without a receipt at the same time: fewer than the server's rate limit allows at once. */
export const WINDOW = 8

export interface Waiting {
  readonly id: string
  readonly text: string
  /** Wall-clock milliseconds when it was written. */
  readonly at: number
}

/** As much of `sessionStorage` as is needed: what waits survives a reload of the tab. */
export interface TextStorage {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
}

const STORED_AS = 'tautline.chat.outbox'

export class Outbox {
  readonly #storage: TextStorage | null
  readonly #newId: () => string
  #waiting: Waiting[]
  readonly #inFlight: Set<string>

  constructor(storage: TextStorage | null, newId: () => string) {
    this.#storage = storage
    this.#newId = newId
    this.#waiting = restore(storage)
    this.#inFlight = new Set()
  }

  /** In the order they were written. */
  get waiting(): readonly Waiting[] {
    return this.#waiting
  }

  /** Keeps a message; null when too many wait already. */
  add(text: string, at: number): Waiting | null {
    if (this.#waiting.length >= MAX_WAITING) return null
    const message = { id: this.#newId(), text, at }
    this.#waiting = [...this.#waiting, message]
    this.#save()
    return message
  }

  /** The next message to hand to the connection, now counted as in flight; null when none may go. */
  next(): Waiting | null {
    if (this.#inFlight.size >= WINDOW) return null
    const message = this.#waiting.find((candidate) => !this.#inFlight.has(candidate.id))
    if (message === undefined) return null
    this.#inFlight.add(message.id)
    return message
  }

  /** The server has it, or will never take it. True when it was ours and waited. */
  settle(id: string): boolean {
    this.#inFlight.delete(id)
    const before = this.#waiting.length
    this.#waiting = this.#waiting.filter((message) => message.id !== id)
    if (this.#waiting.length === before) return false
    this.#save()
    return true
  }

  /** The server asked to send it later. */
  postpone(id: string): void {
    this.#inFlight.delete(id)
  }

  /** The connection is gone, and with it every receipt that was under way. */
  connectionLost(): void {
    this.#inFlight.clear()
  }

  #save(): void {
    try {
      this.#storage?.setItem(STORED_AS, JSON.stringify(this.#waiting))
    } catch {
      // Storage is full or forbidden: the messages still wait in memory.
    }
  }
}

function restore(storage: TextStorage | null): Waiting[] {
  try {
    const value: unknown = JSON.parse(storage?.getItem(STORED_AS) ?? '[]')
    return Array.isArray(value) ? value.filter(isWaiting).slice(0, MAX_WAITING) : []
  } catch {
    return []
  }
}

function isWaiting(value: unknown): value is Waiting {
  if (typeof value !== 'object' || value === null) return false
  const { id, text, at } = value as Record<string, unknown>
  return typeof id === 'string' && typeof text === 'string' && typeof at === 'number'
}
