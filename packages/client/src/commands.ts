// The commands of one connection: numbered, put into as few frames as possible, held back over the server's `inflight`,
// and each told once what became of it. It knows nothing of what commands mean.

import { CLIENT_LIMITS, type Encoded, type Reply, type Request } from '@tautline/wire'
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
  /** Of the server, as soon as they are known. */
  limits: Readonly<Record<string, number>> = {}
  #last: number = 0
  #batch: Encoded[] = []
  #bytes: number = 0
  #open: boolean = true

  constructor(codec: ClientCodec, write: (frame: Encoded) => void) {
    this.#codec = codec
    this.#write = write
  }

  /** Sends a command in this turn, or as soon as the server has answered enough others. */
  send(request: Request, settle: Settle): Ticket {
    const waiting: Waiting = { id: 0, request, settle }
    this.#held.add(waiting)
    this.#pump()
    return waiting
  }

  /** Sends a command at once, whatever else waits. */
  urgent(request: Request, settle: Settle): void {
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
    this.#pending.delete(reply.id)
    this.#pump()
    waiting?.settle(reply, true)
  }

  /** Writes what this turn has gathered. */
  flush(): void {
    const batch = this.#batch
    this.#batch = []
    this.#bytes = 0
    if (batch.length > 0 && this.#open) this.#write(this.#codec.join(batch))
  }

  /** The connection is gone: nothing that waits will be answered. */
  gone(): void {
    this.#open = false
    for (const waiting of this.#pending.values()) waiting.settle(null, true)
    this.#pump()
  }

  /** Transmits what may be; where there is no connection any more, says so. */
  #pump(): void {
    const { inflight = CLIENT_LIMITS.inflight } = this.limits
    for (const waiting of this.#held) {
      if (this.#open && this.#pending.size >= inflight - Math.min(RESERVE, inflight >> 1)) return
      this.#held.delete(waiting)
      if (this.#open) this.#transmit(waiting)
      else waiting.settle(null, false)
    }
  }

  #transmit(waiting: Waiting): void {
    waiting.id = ++this.#last
    this.#pending.set(waiting.id, waiting)
    // `id` first, as the protocol's examples have it: whoever reads a capture finds it.
    this.#add({ id: waiting.id, ...waiting.request })
  }

  #add(command: object): void {
    const { frame = CLIENT_LIMITS.frame, messages = CLIENT_LIMITS.messages } = this.limits
    const encoded = this.#codec.encode(command)
    // At most three bytes a character: a frame may be a little smaller than it could.
    const size = encoded.length * 3 + 1
    if (this.#bytes + size > frame || this.#batch.length >= messages) this.flush()
    if (this.#batch.length === 0) void Promise.resolve().then(() => this.flush())
    this.#batch.push(encoded)
    this.#bytes += size
  }
}
