// The commands of one connection: numbered, put into as few frames as possible, held back over the server's `inflight`,
// and each told once what became of it. It knows nothing of what commands mean.

import { type Encoded, LIMITS, type Reply, type Request } from '@tautline/wire'
import type { ClientCodec } from './options.ts'

/**
 * Hears the outcome of a command, once: its reply, or null if the connection was gone first.
 *
 * @param transmitted false, with null: the server cannot have seen it
 */
export type Settle = (reply: Reply | null, transmitted: boolean) => void

/** One command on its way. */
export interface Ticket {
  /** Its number; 0 while it waits here. */
  readonly id: number
}

interface Waiting {
  id: number
  readonly request: Request
  readonly settle: Settle
}

/** Kept free for what cannot wait: ping, cancel, refresh. */
const RESERVE = 8

export class Commands {
  readonly #codec: ClientCodec
  readonly #write: (frame: Encoded) => void
  readonly #pending: Map<number, Waiting> = new Map()
  readonly #held: Set<Waiting> = new Set()
  #cap: number = 1
  #frame: number
  #messages: number
  #last: number = 0
  #batch: Encoded[] = []
  #bytes: number = 0
  #open: boolean = true

  constructor(codec: ClientCodec, write: (frame: Encoded) => void) {
    this.#codec = codec
    this.#write = write
    this.#frame = LIMITS.frame
    this.#messages = LIMITS.messages
  }

  /** Learns the server's limits. */
  limit(limits: Readonly<Record<string, number>>): void {
    const inflight = limits['inflight'] ?? LIMITS.inflight
    this.#cap = Math.max(1, inflight - Math.min(RESERVE, inflight >> 1))
    this.#frame = limits['frame'] ?? LIMITS.frame
    this.#messages = limits['messages'] ?? LIMITS.messages
  }

  /** Sends a command in this turn, or as soon as the server has answered enough others. */
  send(request: Request, settle: Settle): Ticket {
    const waiting: Waiting = { id: 0, request, settle }
    if (!this.#open) settle(null, false)
    else if (this.#pending.size >= this.#cap) this.#held.add(waiting)
    else this.#transmit(waiting)
    return waiting
  }

  /** Sends a command at once, whatever else waits. */
  urgent(request: Request, settle: Settle): void {
    if (!this.#open) return settle(null, false)
    this.#transmit({ id: 0, request, settle })
    this.flush()
  }

  /** Answers the server's ping: the id is 0, and nothing comes back. */
  pong(): void {
    this.#add({ id: 0, op: 'pong' })
    this.flush()
  }

  /** Takes back a command that was not transmitted; false: it was. It is not settled. */
  withdraw(ticket: Ticket): boolean {
    return this.#held.delete(ticket as Waiting)
  }

  /** A reply came. One to a number never sent, or answered before, means nothing. */
  reply(reply: Reply): void {
    const waiting = this.#pending.get(reply.id)
    if (waiting === undefined) return
    this.#pending.delete(reply.id)
    for (const next of this.#held) {
      if (this.#pending.size >= this.#cap) break
      this.#held.delete(next)
      this.#transmit(next)
    }
    waiting.settle(reply, true)
  }

  /** Writes what this turn has gathered. */
  flush(): void {
    const batch = this.#batch
    if (batch.length === 0) return
    this.#batch = []
    this.#bytes = 0
    if (this.#open) this.#write(this.#codec.join(batch))
  }

  /** The connection is gone: nothing that waits will be answered. */
  gone(): void {
    this.#open = false
    const pending = [...this.#pending.values()]
    const held = [...this.#held]
    this.#pending.clear()
    this.#held.clear()
    for (const waiting of pending) waiting.settle(null, true)
    for (const waiting of held) waiting.settle(null, false)
  }

  #transmit(waiting: Waiting): void {
    waiting.id = ++this.#last
    this.#pending.set(waiting.id, waiting)
    // `id` first, as the protocol's examples have it: whoever reads a capture finds it.
    this.#add({ id: waiting.id, ...waiting.request })
  }

  #add(command: object): void {
    const encoded = this.#codec.encode(command)
    // At most three bytes a character: a frame may be a little smaller than it could.
    const size = encoded.length * 3 + 1
    if (this.#bytes + size > this.#frame || this.#batch.length >= this.#messages) this.flush()
    if (this.#batch.length === 0) void Promise.resolve().then(() => this.flush())
    this.#batch.push(encoded)
    this.#bytes += size
  }
}
