// What the page knows of the conversation: every message once, in order, with notes where something is missing.
// It never asks the server and never touches the page.
import type { ChatMessage, Position } from '../shared/messages.ts'

/** Messages and notes a page keeps; the oldest go first. */
export const MAX_ITEMS = 500

export type Item =
  | { readonly kind: 'message'; readonly key: string; readonly message: ChatMessage }
  | { readonly kind: 'note'; readonly key: string; readonly text: string }

export const RESTARTED =
  'The server restarted. It keeps messages in its memory only: what is above this line lives on in this window.'

export class Timeline {
  #items: Item[]
  readonly #known: Set<string>
  #position: Position | null
  #notes: number

  constructor() {
    this.#items = []
    this.#known = new Set()
    this.#position = null
    this.#notes = 0
  }

  get items(): readonly Item[] {
    return this.#items
  }

  /** Where we stopped, for the next hello. */
  get position(): Position | null {
    return this.#position
  }

  /** What the server sent on entry, or on return. Returns how many messages are new to this page. */
  welcome(epoch: string, messages: readonly ChatMessage[]): number {
    const before = this.#position
    this.#position = { epoch, seq: before?.epoch === epoch ? before.seq : 0 }
    const first = messages[0]
    if (before !== null && before.epoch !== epoch) {
      if (this.#items.length > 0) this.#note(RESTARTED)
    } else if (before !== null && first !== undefined && first.seq > before.seq + 1) {
      const missed = first.seq - before.seq - 1
      this.#note(`${missed} ${missed === 1 ? 'message' : 'messages'} went by while you were away.`)
    }
    let fresh = 0
    for (const message of messages) if (this.add(message)) fresh++
    return fresh
  }

  /** False when this message is already here: it came twice. */
  add(message: ChatMessage): boolean {
    const position = this.#position
    if (position !== null && message.seq > position.seq) this.#position = { ...position, seq: message.seq }
    const key = keyOf(message.user, message.id)
    if (this.#known.has(key)) return false
    this.#known.add(key)
    this.#push({ kind: 'message', key, message })
    return true
  }

  #note(text: string): void {
    this.#notes += 1
    this.#push({ kind: 'note', key: `note:${this.#notes}`, text })
  }

  #push(item: Item): void {
    this.#items = [...this.#items.slice(-(MAX_ITEMS - 1)), item]
    // Keys outlive their items a while, so that a very late copy is still recognised; a Set keeps the order of insertion.
    if (this.#known.size > 4 * MAX_ITEMS) {
      for (const oldest of this.#known) {
        this.#known.delete(oldest)
        break
      }
    }
  }
}

/** Names a message once and for all; ids contain no colon. */
export function keyOf(user: string, id: string): string {
  return `${user}:${id}`
}
