// Where publications wait until the server has said what became of them: the interface, and the one in memory. It never
// sends anything.

import { RealtimeError, type StoredBody } from '@tautline/wire'

/** One publication that is not settled. Channel and key together name it. */
export interface OutboxEntry {
  readonly channel: string
  /** 96 random bits (base64url), made when the application called `publish`. */
  readonly key: string
  readonly body: StoredBody
  readonly state?: string
  /** Server time of its first transmission, ms; null: never transmitted (tautline.v1 §7.2). */
  readonly since: number | null
}

/** What an outbox held when it was opened. */
export interface OutboxContent {
  /** The secret that stands for this outbox, 128 bits (tautline.v1 §3.2.1). */
  readonly client: string
  /** In the order in which they were put. */
  readonly entries: readonly OutboxEntry[]
}

/**
 * A store of unsettled publications, in order. Methods may answer later, by a promise: nothing leaves before `put` and
 * `stamp` have resolved. One client uses it at a time.
 */
export interface Outbox {
  /** Called once, before anything else; `fresh` makes a secret where there is none yet. */
  open(fresh: () => string): OutboxContent | Promise<OutboxContent>
  /** Keeps a new entry. Throws or rejects a RealtimeError `limit` when it is full. */
  put(entry: OutboxEntry): void | Promise<void>
  /** Notes first transmissions, *before* the first byte leaves. */
  stamp(entries: readonly OutboxEntry[], since: number): void | Promise<void>
  /** Forgets an entry that is settled. One that is not known means nothing. */
  remove(entry: OutboxEntry): void | Promise<void>
}

/** What an entry weighs beside its body: names, numbers, a place in a map. */
const OVERHEAD = 128

/** Bytes of memory that an entry takes: text has two a character. */
function weigh({ body, channel, key, state }: OutboxEntry): number {
  const content = body.json === undefined ? body.bytes.length : body.json.length * 2
  return OVERHEAD + channel.length + key.length + (state?.length ?? 0) + content
}

/** An outbox that lives as long as the page or process. It counts; the client itself remembers what it sends. */
export class MemoryOutbox implements Outbox {
  readonly #maxEntries: number
  readonly #maxBytes: number
  #entries: number = 0
  #bytes: number = 0

  constructor({
    maxEntries = 10_000,
    maxBytes = 8_388_608,
  }: { readonly maxEntries?: number; readonly maxBytes?: number } = {}) {
    this.#maxEntries = maxEntries
    this.#maxBytes = maxBytes
  }

  open(fresh: () => string): OutboxContent {
    return { client: fresh(), entries: [] }
  }

  put(entry: OutboxEntry): void {
    // Said this way round a bound that is no number lets nothing in.
    if (!(this.#entries < this.#maxEntries && this.#bytes + weigh(entry) <= this.#maxBytes)) {
      throw new RealtimeError(
        'limit',
        `the outbox is full (${this.#entries} publications, ${this.#bytes} bytes): make it larger`,
      )
    }
    this.#count(entry, 1)
  }

  stamp(): void {
    // What lives no longer than the client need not be told.
  }

  remove(entry: OutboxEntry): void {
    this.#count(entry, -1)
  }

  #count(entry: OutboxEntry, sign: number): void {
    this.#entries += sign
    this.#bytes += sign * weigh(entry)
  }
}
