// What this tab said in one room and has not seen there yet: on its way, or of unknown fate, or refused. The client
// (@tautline/client) sends and repeats; this only knows how each message stands.

/** Messages of a room that may be on their way; more are not taken. */
export const MAX_OUTGOING = 100

export type Fate =
  /** Waits for the connection or for the receipt. */
  | 'sending'
  /** Stored; its own copy is about to come in its place of the log. */
  | 'sent'
  /** It left, and no answer can be had any more: it may be there or not. */
  | 'unknown'
  /** The server will not have it. */
  | 'refused'

export interface Sending {
  /** The idempotency key: sending it again under the same key is harmless. */
  readonly key: string
  readonly text: string
  /** Wall-clock milliseconds when it was written. */
  readonly at: number
  readonly fate: Fate
  /** Why, in words, where something went wrong. */
  readonly why: string
}

export class Outgoing {
  /** In the order they were written. */
  #messages: readonly Sending[]

  constructor() {
    this.#messages = []
  }

  get messages(): readonly Sending[] {
    return this.#messages
  }

  /** False: too many are on their way already. */
  add(key: string, text: string, at: number): boolean {
    if (this.#messages.length >= MAX_OUTGOING) return false
    this.#messages = [...this.#messages, { key, text, at, fate: 'sending', why: '' }]
    return true
  }

  get(key: string): Sending | undefined {
    return this.#messages.find((message) => message.key === key)
  }

  becomes(key: string, fate: Fate, why: string = ''): void {
    this.#messages = this.#messages.map((message) => (message.key === key ? { ...message, fate, why } : message))
  }

  /** Takes one out: its copy is in the log, or its writer has dropped it. Null: it was not here. */
  take(key: string): Sending | null {
    const found = this.get(key) ?? null
    if (found !== null) this.#messages = this.#messages.filter((message) => message !== found)
    return found
  }

  /** The copies of what was stored will not come: the log was lost in between. */
  forgetSent(): void {
    this.#messages = this.#messages.filter((message) => message.fate !== 'sent')
  }
}
