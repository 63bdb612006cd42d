// The contract of a broker: where channels' logs are stored and how their entries reach every node. Whatever is behind
// it (memory, SQLite, Redis Streams, JetStream, Kafka), it proves what it claims: if it cannot, it answers `absent` or
// throws, and never `match` by default. Normative text: realtime-contract.md §2.

import type { EntryId, Fence, Position, Publisher, StoredBody } from '@tautline/wire'

/** How a channel's log is kept. The same for all nodes. */
export interface LogRule {
  /** Entries served. Exact when reading, a lower bound when storing: at least size + 1 are retained. */
  readonly size: number
  /** ms an entry is served. */
  readonly ttl: number
  /** ms for which an idempotency key is recognised. */
  readonly window: number
}

/** What an acknowledged append survives: nothing, a crash of the process, a power cut, the loss of a machine. */
export type Durability = 'memory' | 'process' | 'fsync' | 'replicated'

/** What a broker is, read from its own settings where they can be read. */
export interface Facts {
  readonly durability: Durability
  /** false: the level is asserted by configuration, the store's settings could not be read. */
  readonly verified: boolean
  /** dense: offsets of a channel are 1, 2, 3 …; sparse: they increase, and `prev` names the predecessor. */
  readonly offsets: 'dense' | 'sparse'
  /** The longest idempotency window it can keep, ms. */
  readonly window: number
  /** Does the idempotency window survive a restart of the store? */
  readonly survives: 'restart' | 'none'
  /** ms for which the proof of the newest entry outlives its data. */
  readonly anchor: number
  /** Can it attach to patterns? */
  readonly patterns: boolean
  /** Can several nodes share it? */
  readonly cluster: boolean
}

/** One entry to be stored. */
export interface Append {
  readonly id: EntryId
  /** Idempotency key, unique within `scope`. Absent: none. */
  readonly key?: string
  /** Whose key: a user, a client, 'server'. */
  readonly scope: string
  /** Digest of channel, body and state: the same key with another hash is a conflict. */
  readonly hash: string
  /** Store time (ms since 1970) after which it must not be stored any more. */
  readonly expires: number
  readonly body: StoredBody
  readonly state?: string
  readonly from?: Publisher
}

/** The outcome for one entry of a batch. `fail` is a code of the table ERRORS. */
export type Appended =
  | { readonly position: Position; readonly duplicate?: true; readonly fail?: never }
  | { readonly fail: string; readonly applied: 'no' | 'unknown'; readonly position?: never; readonly duplicate?: never }

/** A stored entry. */
export interface Entry {
  readonly off: number
  /** Offset of the channel's entry before it; −1: unknown, proves nothing. */
  readonly prev: number
  readonly id: EntryId
  readonly epoch: string
  /** The epoch change that came with this entry. */
  readonly fence?: Fence
  /** Store time, ms since 1970. */
  readonly at: number
  readonly key?: string
  readonly state?: string
  readonly from?: Publisher
  readonly body: StoredBody
}

/** Entries in order, with the proof that nothing between the asked position and them is missing. */
export interface Matched {
  readonly proof: 'match'
  readonly entries: readonly Entry[]
  readonly head: Position
  /** Is there more behind the last entry (before the first, for `back`)? */
  readonly more: boolean
  /** `back` only: the position before the first entry; where nothing is there, the head. */
  readonly start?: Position
}

export interface Absent {
  readonly proof: 'absent'
  readonly why: 'trimmed' | 'epoch' | 'diverged'
  readonly head: Position
}

export type Page = Matched | Absent

/** A publication that is not stored: ephemeral channels (typing, cursors). At most once. */
export interface Cast {
  readonly id: EntryId
  readonly at: number
  readonly key?: string
  readonly state?: string
  readonly from?: Publisher
  readonly body: StoredBody
}

/** Who hears of a channel's entries. Called synchronously, never after `Detach` was called. */
export interface Sink {
  /** Stored entries, own appends included: at least once while the feed holds, in any order. */
  entry(channel: string, entry: Entry): void
  cast(channel: string, cast: Cast): void
  /**
   * Something may have been missed: link lost, buffer overrun, slot moved, leader changed. The feed goes on. A store that
   * keeps no lineage calls it before anything of a log that began anew: nobody else could tell.
   */
  interrupted(): void
}

export type Detach = () => void

/** From node to node, at most once: forwarding, revocation, direct messages. */
export interface Control {
  /**
   * `node` '*' means every other node. 'sent' says no more than that it left. The bytes are not kept.
   *
   * @param from the node that sends: it does not hear its own '*', also where nodes of one process share a broker
   */
  send(node: string, bytes: Uint8Array, from?: string): Promise<'sent' | 'unknown'>
  /**
   * Starts hearing what is sent to `node` and to '*'. One listener per node, never called within a `send`, nor after the
   * `Detach` that is returned was called.
   */
  listen(node: string, heard: (bytes: Uint8Array) => void): Detach
}

/** Where channels live. All methods reject with a RealtimeError whose code is `unavailable` when the store is out of reach. */
export interface Broker {
  facts(): Facts
  /**
   * Appends a batch: all of it or a prefix is stored, contiguous and in order, each with its key record in the same
   * atomic step. Resolves at the durability in force, one outcome per entry; never rejects.
   *
   * Caller: fresh ids; never two calls in flight for one channel and node. A known (channel, scope, key) gives the first
   * position with `duplicate`, once *that* entry has its durability; with another hash `key-conflict`; past `expires`
   * `key-expired`. After 'unknown' it resolves only when the old append can no longer land.
   */
  append(channel: string, batch: readonly Append[], rule: LogRule): Promise<readonly Appended[]>
  /**
   * The entries after a position, at most `limit` and about `bytes` (at least one), each page proved afresh. 'start':
   * the oldest retained.
   */
  read(channel: string, after: Position | 'start', limit: number, bytes: number, rule: LogRule): Promise<Page>
  /** The newest entries before a position, in order of the log; at most `limit` and about `bytes` (at least one). */
  back(channel: string, before: Position | 'head', limit: number, bytes: number, rule: LogRule): Promise<Page>
  /** The newest positions, authoritative; in the order asked. */
  heads(channels: readonly string[]): Promise<readonly Position[]>
  /** Resolves when the feed is certainly on: every entry stored after that is heard or announced as interrupted. */
  attach(channel: string, sink: Sink): Promise<Detach>
  /** As `attach`, for all channels of a pattern. Only where `facts().patterns`. */
  attachPattern(pattern: string, sink: Sink): Promise<Detach>
  /** Tells everyone attached, stores nothing. */
  cast(channel: string, cast: Cast): Promise<void>
  readonly control: Control
  /** The clock that `expires` is compared with, ms since 1970. Left out: that of the node's machine. */
  time?(): number
  /** Ends feeds and releases the store. Appends under way are finished first. */
  close(): Promise<void>
}
