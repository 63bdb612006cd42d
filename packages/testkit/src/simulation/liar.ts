// A node that lies to one of its clients: its frames are changed on the way out, the client's on the way in. What the
// checker is proved with; never part of a run without a bug.

import type { Codec, Command, Encoded, Policy, Push, Reply } from '@tautline/wire'
import { isPattern, SERVER_FRAME_LIMITS } from '@tautline/wire'
import type { NodeBug } from './bugs.ts'
import type { Chance } from './chance.ts'
import type { Payload } from './connection.ts'

type Message = Push | (Reply & { readonly ev?: never })

/** Between one link and its session. */
export class Liar {
  readonly #bug: NodeBug
  readonly #codec: Codec
  readonly #chance: Chance
  readonly #policyOf: (channel: string) => Policy
  /** Commands by number: what a reply is about. */
  readonly #asked = new Map<number, Command>()
  readonly #epochs = new Map<string, string>()
  readonly #newest = new Map<string, Message>()

  constructor(bug: NodeBug, codec: Codec, chance: Chance, policyOf: (channel: string) => Policy) {
    this.#bug = bug
    this.#codec = codec
    this.#chance = chance
    this.#policyOf = policyOf
  }

  /** What the client is told; null: nothing. */
  down(encoded: Encoded): Encoded | null {
    const before = this.#decode(encoded) as Message[]
    const after = before.flatMap((message) => {
      this.#follow(message)
      return this.#told(message)
    })
    if (after.length === 0) return null
    return this.#codec.join(after.map((message) => this.#encode(message)))
  }

  /** What the node hears; null: nothing. */
  up(payload: Payload): Payload | null {
    const commands = this.#decode(payload) as Command[]
    for (const command of commands) this.#asked.set(command.id, command)
    if (this.#bug !== 'ignores-cancel') return payload
    const heard = commands.filter((command) => command.op !== 'cancel')
    if (heard.length === commands.length) return payload
    return heard.length === 0 ? null : this.#codec.join(heard.map((command) => this.#encode(command)))
  }

  /** Does it end the connection as too slow, for no reason? */
  isTired(): boolean {
    return this.#bug === 'slow-without-cause' && this.#chance.happens(0.005)
  }

  #told(message: Message): readonly object[] {
    switch (this.#bug) {
      case 'miscounts-gaps':
        return [message.ev === 'gap' ? { ...message, count: message.count + 1 } : message]
      case 'conflates-the-newest':
        return [this.#conflated(message)]
      case 'repeats-behind-unsub':
        return this.#repeated(message)
      case 'repeats-direct-messages':
        return message.ev === 'msg' && this.#chance.happens(0.3) ? [message, message] : [message]
      case 'silent-pattern-interruptions':
        return message.ev === 'lost' && message.lost.why === 'pattern' ? [] : [message]
      case 'pattern-twice':
        return message.ev === 'pub' && !this.#epochs.has(message.ch) ? [message, message] : [message]
      case 'history-skips-one':
        return [this.#shortened(message)]
      default:
        return [message]
    }
  }

  #conflated(message: Message): object {
    if (message.ev !== 'pub' || message.off === undefined || message.state === undefined) return message
    const epoch = this.#epochs.get(message.ch)
    if (epoch === undefined || this.#policyOf(message.ch) !== 'latest' || this.#chance.happens(0.7)) return message
    return { ev: 'gap', ch: message.ch, to: { epoch, offset: message.off, id: message.id }, count: 1, why: 'conflated' }
  }

  #repeated(message: Message): readonly object[] {
    const command = message.ev === undefined ? this.#asked.get(message.id) : undefined
    const channel = message.ev === 'unsub' ? message.ch : command?.op === 'unsubscribe' ? command.ch : null
    const newest = channel === null ? undefined : this.#newest.get(channel)
    return newest === undefined ? [message] : [message, newest]
  }

  #shortened(message: Message): object {
    if (message.ev !== undefined || message.error !== undefined) return message
    if (this.#asked.get(message.id)?.op !== 'history') return message
    const { items, ...page } = message.ok as { items: readonly object[] }
    const middle = items.length >> 1
    return items.length < 3 ? message : { id: message.id, ok: { ...page, items: items.toSpliced(middle, 1) } }
  }

  /** Which epoch each channel is in, as the client has it. */
  #follow(message: Message): void {
    if (message.ev === 'pub') this.#newest.set(message.ch, message)
    if (message.ev === 'fence') this.#epochs.set(message.ch, message.epoch)
    if ((message.ev === 'sub' || message.ev === 'lost') && message.start !== null)
      this.#epochs.set(message.ch, message.start.epoch)
    if (message.ev !== undefined || message.error !== undefined) return
    const command = this.#asked.get(message.id)
    if (command?.op === 'unsubscribe') this.#epochs.delete(command.ch)
    if (command?.op !== 'subscribe' || isPattern(command.ch)) return
    const { start } = message.ok as { start: { epoch: string } | null }
    this.#epochs.set(command.ch, start?.epoch ?? '')
  }

  #decode(payload: Payload): unknown[] {
    if (typeof payload === 'string') return payload.split('\n').map((line) => JSON.parse(line) as unknown)
    return this.#codec.decode(payload, SERVER_FRAME_LIMITS).map((decoded) => decoded.value)
  }

  #encode(message: object): Encoded {
    return this.#codec.binary ? this.#codec.encode(message) : JSON.stringify(message)
  }
}
