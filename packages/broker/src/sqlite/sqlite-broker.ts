// The broker whose logs are one SQLite file: dense offsets, entry, head and key in one transaction, group commit, one
// process per file. It answers from the file and never from what it has not committed.

import { type Clock, type Position, type Random, RealtimeError, systemClock, systemRandom } from '@tautline/wire'
import type { Append, Appended, Broker, Cast, Control, Detach, Facts, LogRule, Page, Sink } from '../broker.ts'
import { Feeds } from '../memory/feeds.ts'
import { LocalControl } from '../memory/local-control.ts'
import { slotAt, type Unwritten, unwrittenPosition } from '../unwritten.ts'
import { type AppendScene, appendBatch, type Outcome } from './appender.ts'
import { CommitQueue, type Pending } from './commit-queue.ts'
import { Connection, type Opened, type StoreLog } from './connection.ts'
import { isMediumFailure, mayHaveCommitted } from './failure.ts'
import { headOf, type ReadScene, readAfter, readBack } from './reader.ts'
import { CommitError, type Store } from './store.ts'
import { StoreTime } from './store-time.ts'
import { Upkeep } from './upkeep.ts'

export interface SqliteBrokerOptions {
  /** Path of the database. Two files lie beside it: `-wal` belongs to it, `-lineage` must not be backed up with it. */
  readonly file: string
  readonly clock?: Clock
  readonly random?: Random
  /** What an acknowledged append survives: a power cut ('fsync', the default), or only the end of the process. */
  readonly durability?: 'fsync' | 'process'
  /** ms for which the proof of a channel's newest entry outlives its data. Default 30 days. */
  readonly anchor?: number
  /** The longest idempotency window to announce, ms. Default 24 h. */
  readonly window?: number
  /** Channels kept in memory. Default 20,000. */
  readonly maxChannels?: number
  /** Bytes of pages that SQLite keeps in memory. Default 32 MiB. */
  readonly cache?: number
  /** Hears of failures and of a changed lineage. */
  readonly log?: StoreLog
}

const DAY = 86_400_000
const QUEUE = { entries: 16_384, bytes: 64 * 1024 * 1024, groupEntries: 512, groupBytes: 4 * 1024 * 1024 }

export class SqliteBroker implements Broker {
  readonly control: Control
  readonly #control: LocalControl
  readonly #random: Random
  readonly #facts: Facts
  readonly #time: StoreTime
  readonly #feeds: Feeds<Sink>
  readonly #connection: Connection
  readonly #queue: CommitQueue
  readonly #upkeep: Upkeep
  #closed: boolean

  private constructor(options: SqliteBrokerOptions) {
    const clock = options.clock ?? systemClock
    const durability = options.durability ?? 'fsync'
    this.#control = new LocalControl()
    this.control = this.#control
    this.#random = options.random ?? systemRandom
    this.#facts = {
      durability,
      verified: true,
      offsets: 'dense',
      window: positive('window', options.window ?? DAY),
      survives: 'restart',
      anchor: positive('anchor', options.anchor ?? 30 * DAY),
      patterns: true,
      cluster: false,
    }
    this.#time = new StoreTime(clock)
    this.#feeds = new Feeds()
    const cache = positive('cache', options.cache ?? 32 * 1024 * 1024)
    this.#connection = new Connection(
      { file: options.file, durability, random: this.#random, wall: () => clock.wall(), cache },
      clock,
      positive('maxChannels', options.maxChannels ?? 20_000),
      options.log ?? (() => {}),
    )
    this.#queue = new CommitQueue(clock, QUEUE, (group) => this.#commit(group))
    this.#upkeep = new Upkeep(this.#connection, this.#queue, clock, this.#time, this.#facts.anchor)
    this.#closed = false
  }

  /** Opens a file, creates it where it is missing. @throws StoreOpenError, with a code and what to do about it */
  static async open(options: SqliteBrokerOptions): Promise<SqliteBroker> {
    return new SqliteBroker(options)
  }

  facts(): Facts {
    return this.#facts
  }

  append(channel: string, batch: readonly Append[], rule: LogRule): Promise<readonly Appended[]> {
    if (this.#closed) return Promise.resolve(refuse(batch, 'unavailable'))
    if (batch.length === 0) return Promise.resolve([])
    return this.#queue.add(channel, batch, rule)
  }

  async read(channel: string, after: Position | 'start', limit: number, bytes: number, rule: LogRule): Promise<Page> {
    return this.#reading((scene) => readAfter(scene, channel, after, limit, bytes, rule))
  }

  async back(channel: string, before: Position | 'head', limit: number, rule: LogRule): Promise<Page> {
    return this.#reading((scene) => readBack(scene, channel, before, limit, rule))
  }

  async heads(channels: readonly string[]): Promise<readonly Position[]> {
    return this.#reading((scene) => channels.map((channel) => headOf(scene, scene.channels.get(channel))))
  }

  async attach(channel: string, sink: Sink): Promise<Detach> {
    this.#open()
    return this.#feeds.attach(channel, sink)
  }

  async attachPattern(pattern: string, sink: Sink): Promise<Detach> {
    this.#open()
    return this.#feeds.attachPattern(pattern, sink)
  }

  async cast(channel: string, cast: Cast): Promise<void> {
    this.#open()
    this.#feeds.tell(channel, (sink) => sink.cast(channel, cast))
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#queue.close()
    this.#upkeep.stop()
    this.#feeds.flush()
    this.#feeds.clear()
    this.#control.clear()
    this.#connection.close()
  }

  /** One transaction for all that waited. */
  #commit(group: readonly Pending[]): void {
    const opened = this.#connection.ensure()
    if (opened === null) {
      for (const pending of group) pending.resolve(refuse(pending.batch, 'unavailable'))
      return
    }
    let outcomes: readonly Outcome[]
    try {
      outcomes = this.#write(opened, group)
    } catch (error) {
      // What memory knew goes with the transaction.
      opened.channels.clear()
      this.#failed(group, error)
      return
    }
    let written = 0
    let bytes = 0
    for (const [i, pending] of group.entries()) {
      const { outcomes: settled, entries } = outcomes[i] as Outcome
      for (const entry of entries) this.#feeds.tell(pending.channel, (sink) => sink.entry(pending.channel, entry))
      written += entries.length
      bytes += pending.weight
      pending.resolve(settled)
    }
    if (written > 0) this.#upkeep.wrote(written, bytes)
  }

  #write({ store, channels }: Opened, group: readonly Pending[]): readonly Outcome[] {
    return store.transaction(() => {
      const age = this.#time.age()
      const scene: AppendScene = {
        sql: store.sql,
        channels,
        random: this.#random,
        lineage: store.lineage,
        wall: this.#time.wall(),
        age,
        unwritten: unwrittenPosition(this.#unwritten(store, age)),
        recentlyChanged: store.lineageChanged > 0 && age < store.lineageChanged + 2 * this.#facts.anchor,
      }
      const done = group.map(({ channel, batch, rule }) => appendBatch(scene, channel, batch, rule))
      // Each entry pays for the removal of two keys, so that they never pile up faster than the sweep walks.
      store.sql.dropKeys.run(age, 64 + 2 * done.reduce((sum, { entries }) => sum + entries.length, 0))
      return done
    })
  }

  /** Nothing of the group is acknowledged. */
  #failed(group: readonly Pending[], error: unknown): void {
    const cause = error instanceof CommitError ? error.cause : error
    if (!isMediumFailure(cause) && group.length > 1) {
      // One of them cannot be stored: it must not take the others with it.
      for (const pending of group) this.#commit([pending])
      return
    }
    const applied = error instanceof CommitError && mayHaveCommitted(cause) ? 'unknown' : 'no'
    this.#connection.report('sqlite.append', { applied, error: cause })
    if (isMediumFailure(cause)) this.#connection.recover(cause)
    for (const pending of group) {
      if (applied === 'unknown') this.#feeds.tell(pending.channel, (sink) => sink.interrupted())
      pending.resolve(refuse(pending.batch, 'unavailable', applied))
    }
  }

  #reading<T>(work: (scene: ReadScene) => T): T {
    this.#open()
    const opened = this.#connection.ensure()
    if (opened === null) throw new RealtimeError('unavailable', 'the store cannot be opened')
    const { store, channels } = opened
    try {
      const age = this.#time.age()
      return work({ sql: store.sql, channels, age, unwritten: this.#unwritten(store, age) })
    } catch (error) {
      this.#connection.report('sqlite.read', { error })
      throw new RealtimeError('unavailable', 'the store cannot be read', { cause: error })
    }
  }

  #unwritten(store: Store, age: number): Unwritten {
    return { base: store.base, lineage: store.lineage, slot: store.slot(slotAt(age, this.#facts.anchor)) }
  }

  #open(): void {
    if (this.#closed) throw new RealtimeError('unavailable', 'this broker is closed')
  }
}

function refuse(batch: readonly Append[], fail: string, applied: 'no' | 'unknown' = 'no'): readonly Appended[] {
  return batch.map(() => ({ fail, applied }))
}

function positive(name: string, value: number): number {
  if (!(value >= 1)) throw new TypeError(`${name} must be a number from 1 on, not ${value}`)
  return value
}
