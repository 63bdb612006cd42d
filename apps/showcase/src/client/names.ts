// Who is called what: the log of people, newest name of each. It also tells the others our own name whenever the log
// says another one, so that a name changed without a connection reaches everybody later.
import type { Channel, Subscription } from '@tautline/client'
import type { Named } from '../shared/messages.ts'

/** Names that are asked for and remembered; the oldest are forgotten first. */
const ASKED = 500
const REMEMBERED = 5_000

export class Names {
  readonly #channel: Channel<Named>
  readonly #own: () => { user: string; name: string }
  readonly #onchange: () => void
  readonly #names: Map<string, string>
  #subscription: Subscription<Named> | null
  /** What we publish already. */
  #said: string

  constructor(channel: Channel<Named>, own: () => { user: string; name: string }, onchange: () => void) {
    this.#channel = channel
    this.#own = own
    this.#onchange = onchange
    this.#names = new Map()
    this.#subscription = null
    this.#said = ''
  }

  /** Follows the log. */
  start(): void {
    this.#subscription = this.#channel.subscribe({
      last: ASKED,
      onMessage: ({ from, data }) => {
        if (from?.user !== undefined) this.#learn(from.user, data.name)
        this.#onchange()
      },
    })
    this.#subscription.on('state', ({ state }) => state === 'live' && this.tell())
  }

  of(user: string): string | undefined {
    return this.#names.get(user)
  }

  /** Makes our name known, unless it is. */
  tell(): void {
    const { user, name } = this.#own()
    if (user === '' || name === '' || this.#said === name) return
    if (this.#subscription?.state === 'live' && this.#names.get(user) === name) return
    this.#said = name
    this.#channel.publish({ name }).catch(() => {
      // Refused: we say it again when we are back.
      this.#said = ''
    })
  }

  #learn(user: string, name: string): void {
    this.#names.delete(user)
    this.#names.set(user, name)
    if (this.#names.size > REMEMBERED) this.#names.delete(this.#names.keys().next().value as string)
  }
}
