// Where publications wait until the server has said what became of them: the interface, and the one in memory. It never
// sends anything.

import type { StoredBody } from '@tautline/wire'

/** One publication that is not settled. */
export interface OutboxEntry {
  /** 96 random bits (base64url), made when the application called `publish`. */
  readonly key: string
  readonly channel: string
  readonly body: StoredBody
  readonly state?: string
  /** Server time of its first transmission, ms; null: never transmitted (tautline.v1 §5 P2). */
  readonly since: number | null
}

/**
 * A store of unsettled publications, in order. Methods may answer later, by a promise: then nothing leaves before it is
 * resolved. One sender uses it at a time.
 */
export interface Outbox {
  /** Called once, before anything else: the secret that stands for this outbox (128 bits), and what it still holds. */
  open(fresh: () => string): OutboxContent | Promise<OutboxContent>
  /** Keeps a new entry. Throws or rejects a RealtimeError `limit` when it is full. */
  put(entry: OutboxEntry): void | Promise<void>
  /** Notes first transmissions, *before* the first byte leaves. */
  stamp(keys: readonly string[], since: number): void | Promise<void>
  /** Forgets an entry that is settled. */
  remove(key: string): void | Promise<void>
}

export interface OutboxContent {
  readonly client: string
  readonly entries: readonly OutboxEntry[]
}
