// What the page knows of one room: every message once, in the log's order, with notes where something is missing. It
// grows at both ends and never asks the server.
import type { Position } from '@tautline/wire'

/** Messages and notes that are kept; the oldest go first, and come back when somebody scrolls up to them. */
export const MAX_ITEMS = 2_000

/** One message as everybody sees it. */
export interface ChatMessage {
  readonly id: string
  readonly position: Position
  readonly user: string
  readonly name: string
  readonly text: string
  /** Milliseconds since 1970, by the store's clock. */
  readonly at: number
}

export type Item =
  | { readonly kind: 'message'; readonly key: string; readonly message: ChatMessage }
  | { readonly kind: 'note'; readonly key: string; readonly text: string }

export class Timeline {
  readonly #items: Item[]
  readonly #ids: Set<string>
  #notes: number
  #start: Position | null
  #complete: boolean

  constructor() {
    this.#items = []
    this.#ids = new Set()
    this.#notes = 0
    this.#start = null
    this.#complete = false
  }

  get items(): readonly Item[] {
    return this.#items
  }

  /** What is older ends here; null: nobody said yet where the timeline begins. */
  get start(): Position | null {
    return this.#start
  }

  /** The log has nothing older. */
  get complete(): boolean {
    return this.#complete
  }

  /** Says where the first message will follow. */
  begin(start: Position): void {
    this.#start = start
  }

  /** Adds the next message. False when it is here already. `key` names its row on the page. */
  add(message: ChatMessage, key: string = message.id): boolean {
    if (this.#ids.has(message.id)) return false
    this.#push({ kind: 'message', key, message })
    this.#ids.add(message.id)
    return true
  }

  /** Puts older messages before all others; `start` is where what is older still ends. */
  prepend(messages: readonly ChatMessage[], start: Position, more: boolean): void {
    const fresh = messages.filter((message) => !this.#ids.has(message.id))
    for (const { id } of fresh) this.#ids.add(id)
    const items = fresh.map((message): Item => ({ kind: 'message', key: message.id, message }))
    this.#items.unshift(...items)
    this.#start = start
    this.#complete = !more
  }

  /** Says in the room's own column that something is missing here. */
  note(text: string): void {
    this.#notes += 1
    this.#push({ kind: 'note', key: `note:${this.#notes}`, text })
  }

  #push(item: Item): void {
    this.#items.push(item)
    while (this.#items.length > MAX_ITEMS) {
      const oldest = this.#items.shift()
      if (oldest?.kind !== 'message') continue
      this.#ids.delete(oldest.message.id)
      this.#start = oldest.message.position
      this.#complete = false
    }
  }
}
