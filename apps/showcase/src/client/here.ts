// Who has the open room open, and who is writing in it: presence, and hints that nobody stores. A person with several
// tabs is one person.
import type { Client, Subscription } from '@tautline/client'
import type { Member } from '@tautline/wire'
import { checkNamed, hereChannel } from '../shared/messages.ts'
import type { Names } from './names.ts'
import { Typing } from './typing.ts'

/** Milliseconds after which a hint that could not be sent is not worth sending. */
const HINT_LIFETIME = 2_000

type Hint = Readonly<Record<string, never>>

export interface Person {
  readonly id: string
  readonly name: string
  readonly tabs: number
}

export interface HereOptions {
  readonly client: Client
  readonly names: Names
  readonly you: () => string
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly onchange: () => void
}

export class Here {
  readonly typing: Typing
  readonly #options: HereOptions
  #subscription: Subscription<Hint> | null

  constructor(options: HereOptions) {
    this.typing = new Typing()
    this.#options = options
    this.#subscription = null
  }

  get people(): readonly Person[] {
    return peopleOf(this.#subscription?.members.values() ?? [], this.#options.names)
  }

  /** Leaves the room before, and enters this one. */
  enter(room: string): void {
    const { client, you, now, onchange } = this.#options
    this.leave()
    const subscription = client.channel<Hint>(hereChannel(room)).subscribe({
      presence: true,
      onMessage: ({ from }) => {
        if (from?.user !== undefined && from.user !== you()) this.typing.started(from.user, now())
        onchange()
      },
    })
    subscription.on('members', onchange)
    this.#subscription = subscription
  }

  leave(): void {
    void this.#subscription?.unsubscribe()
    this.#subscription = null
    this.typing.clear()
  }

  /** We are writing: says so now and then. */
  type(): void {
    if (this.#subscription?.state !== 'live' || !this.typing.shouldSay(this.#options.now())) return
    const channel = this.#options.client.channel<Hint>(this.#subscription.channel)
    channel.publish({}, { signal: AbortSignal.timeout(HINT_LIFETIME) }).catch(() => {})
  }
}

/** Members are tabs: those of one user are one person. */
export function peopleOf(members: Iterable<Member>, names: Pick<Names, 'of'>): Person[] {
  const people = new Map<string, Person>()
  for (const { peer, user, info } of members) {
    const id = user ?? peer
    const before = people.get(id)
    const named = checkNamed(info)
    const name = names.of(id) ?? (typeof named === 'string' ? 'Somebody' : named.name)
    people.set(id, { id, name, tabs: (before?.tabs ?? 0) + 1 })
  }
  return [...people.values()]
}
