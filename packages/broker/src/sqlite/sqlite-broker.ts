// The broker whose logs are one SQLite file: dense offsets, entry, head and key in one transaction, group commit, one
// process per file. It answers from the file and never from what it has not committed.

import { existsSync } from 'node:fs'
import { type Clock, type Position, type Random, RealtimeError, systemClock, systemRandom } from '@tautline/wire'
import type { Append, Appended, Broker, Cast, Control, Detach, Facts, LogRule, Page, Sink } from '../broker.ts'
import { Feeds } from '../memory/feeds.ts'
import { LocalControl } from '../memory/local-control.ts'
import { checkNames, oneOf, positive } from '../options.ts'
import { CommitQueue } from './commit-queue.ts'
import { Committer } from './committer.ts'
import { Connection, type StoreLog } from './connection.ts'
import { headOf, type ReadScene, readAfter, readBack } from './reader.ts'
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

const OPTIONS = [
  'file',
  'clock',
  'random',
  'durability',
  'anchor',
  'window',
  'maxChannels',
  'cache',
  'log',
] as const satisfies readonly (keyof SqliteBrokerOptions)[]
const DAY = 86_400_000
const QUEUE = { entries: 16_384, bytes: 64 * 1024 * 1024, groupEntries: 512, groupBytes: 4 * 1024 * 1024 }

export class SqliteBroker implements Broker {
  readonly control: Control
  readonly #control: LocalControl
  readonly #facts: Facts
  readonly #time: StoreTime
  readonly #feeds: Feeds<Sink>
  readonly #connection: Connection
  readonly #committer: Committer
  readonly #queue: CommitQueue
  readonly #upkeep: Upkeep
  #closed: boolean

  private constructor(options: SqliteBrokerOptions) {
    checkNames('SqliteBroker.open()', options, OPTIONS)
    if (typeof options.file !== 'string') {
      throw new TypeError("SqliteBroker.open() needs the path of a file: { file: './realtime.db' }")
    }
    const clock = options.clock ?? systemClock
    const durability = oneOf('durability', options.durability ?? 'fsync', ['fsync', 'process'])
    this.#control = new LocalControl()
    this.control = this.#control
    const random = options.random ?? systemRandom
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
    this.#time = new StoreTime(clock, this.#facts.anchor)
    this.#feeds = new Feeds()
    const cache = positive('cache', options.cache ?? 32 * 1024 * 1024)
    this.#connection = new Connection(
      { file: options.file, durability, random, wall: () => clock.wall(), cache },
      clock,
      positive('maxChannels', options.maxChannels ?? 20_000),
      options.log ?? (() => {}),
    )
    this.#committer = new Committer({
      connection: this.#connection,
      feeds: this.#feeds,
      random,
      time: this.#time,
      upkeep: () => this.#upkeep,
      synced: () => this.#queue.go(),
    })
    this.#queue = new CommitQueue(clock, QUEUE, this.#committer)
    this.#upkeep = new Upkeep(this.#connection, this.#queue, clock, this.#time)
    this.#closed = false
  }

  /** Opens a file, creates it where it is missing. @throws StoreOpenError, with a code and what to do about it; TypeError: an option */
  static async open(options: SqliteBrokerOptions): Promise<SqliteBroker> {
    return new SqliteBroker(options)
  }

  facts(): Facts {
    return this.#facts
  }

  append(channel: string, batch: readonly Append[], rule: LogRule): Promise<readonly Appended[]> {
    if (this.#closed) return Promise.resolve(batch.map(() => ({ fail: 'unavailable', applied: 'no' })))
    if (batch.length === 0) return Promise.resolve([])
    return this.#queue.add(channel, batch, rule)
  }

  async read(channel: string, after: Position | 'start', limit: number, bytes: number, rule: LogRule): Promise<Page> {
    return this.#reading((scene) => readAfter(scene, channel, after, limit, bytes, rule))
  }

  async back(channel: string, before: Position | 'head', limit: number, bytes: number, rule: LogRule): Promise<Page> {
    return this.#reading((scene) => readBack(scene, channel, before, limit, bytes, rule))
  }

  async heads(channels: readonly string[]): Promise<readonly Position[]> {
    return this.#reading((scene) => channels.map((channel) => headOf(scene, channel)))
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

  /**
   * Writes a backup while appends go on. Put in the place of the file it is recognised as one: whoever had seen more is
   * told so. Copying the file itself is safe only while it is closed.
   *
   * @param to path of a file that does not exist yet
   */
  async backup(to: string): Promise<void> {
    this.#open()
    const opened = this.#connection.ensure()
    if (opened === null) throw new RealtimeError('unavailable', 'the store cannot be opened')
    if (existsSync(to)) throw new TypeError(`${JSON.stringify(to)} exists: name a new file for the backup`)
    await opened.store.backup(to)
  }

  /** @inheritDoc */
  time(): number {
    return this.#time.wall()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#queue.close()
    this.#upkeep.stop()
    await this.#committer.settled()
    this.#feeds.flush()
    this.#feeds.clear()
    this.#control.clear()
    this.#connection.close()
  }

  #reading<T>(work: (scene: ReadScene) => T): T {
    this.#open()
    const opened = this.#connection.ensure()
    if (opened === null) throw new RealtimeError('unavailable', 'the store cannot be opened')
    const { store, channels } = opened
    try {
      const age = this.#time.age()
      const { unsynced } = this.#committer
      return work({ sql: store.sql, channels, age, unwritten: this.#time.unwritten(store), unsynced })
    } catch (error) {
      this.#connection.report('sqlite.read', { error })
      throw new RealtimeError('unavailable', 'the store cannot be read', { cause: error })
    }
  }

  #open(): void {
    if (this.#closed) throw new RealtimeError('unavailable', 'this broker is closed')
  }
}
