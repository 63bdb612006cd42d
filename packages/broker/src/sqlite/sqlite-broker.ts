// The broker whose logs are one SQLite file: dense offsets, entry, head and key in one transaction, group commit, one
// process per file. It answers from the file and never from what it has not committed.

import {
  type Clock,
  type Position,
  type Random,
  RealtimeError,
  systemClock,
  systemRandom,
  type Timer,
} from '@tautline/wire'
import type { Append, Appended, Broker, Cast, Control, Detach, Facts, LogRule, Page, Sink } from '../broker.ts'
import { Feeds } from '../memory/feeds.ts'
import { LocalControl } from '../memory/local-control.ts'
import { slotAt, type Unwritten, unwrittenPosition } from '../unwritten.ts'
import { type AppendScene, appendBatch, type Outcome } from './appender.ts'
import { Channels } from './channels.ts'
import { CommitQueue, type Pending } from './commit-queue.ts'
import { isFull, isMediumFailure, mayHaveCommitted } from './failure.ts'
import { headOf, type ReadScene, readAfter, readBack } from './reader.ts'
import { sweep } from './retention.ts'
import { CommitError, Store, type StoreOptions } from './store.ts'
import { StoreTime } from './store-time.ts'

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
  readonly log?: (event: string, fields: Readonly<Record<string, unknown>>) => void
}

const DAY = 86_400_000
const QUEUE = { entries: 16_384, bytes: 64 * 1024 * 1024, groupEntries: 512, groupBytes: 4 * 1024 * 1024 }
/** Entries, and bytes of them, after which what the WAL holds is moved into the file. */
const CHECKPOINT_ENTRIES = 2_000
const CHECKPOINT_BYTES = 4 * 1024 * 1024
/** ms between steps of the sweep: while there is something to remove, and while there is not. */
const SWEEP_BUSY = 50
const SWEEP_IDLE = 1_000
/** What the pause grows to while nothing is appended either. */
const SWEEP_ASLEEP = 300_000
const SWEEP_BUDGET = { channels: 200, rows: 500 }
/** ms between attempts to open the file again after a failure. */
const REOPEN_EVERY = 500

export class SqliteBroker implements Broker {
  readonly control: Control
  readonly #control: LocalControl
  readonly #options: StoreOptions
  readonly #clock: Clock
  readonly #random: Random
  readonly #anchor: number
  readonly #maxChannels: number
  readonly #facts: Facts
  readonly #log: (event: string, fields: Readonly<Record<string, unknown>>) => void
  readonly #time: StoreTime
  readonly #feeds = new Feeds<Sink>()
  readonly #queue: CommitQueue
  /** null: the connection was given up after a failure, and is opened again when next needed. */
  #store: Store | null
  #channels: Channels
  #reopenAt = 0
  #written = 0
  #writtenBytes = 0
  #checkpointDue = false
  #sweepAfter = 0
  #sweepPause = SWEEP_IDLE
  #sweepTimer: Timer
  #closed = false

  private constructor(options: SqliteBrokerOptions, store: (options: StoreOptions) => Store) {
    const clock = options.clock ?? systemClock
    this.#clock = clock
    this.#random = options.random ?? systemRandom
    this.#anchor = positive('anchor', options.anchor ?? 30 * DAY)
    this.#maxChannels = positive('maxChannels', options.maxChannels ?? 20_000)
    this.#log = options.log ?? (() => {})
    this.#options = {
      file: options.file,
      durability: options.durability ?? 'fsync',
      random: this.#random,
      wall: () => clock.wall(),
      cache: positive('cache', options.cache ?? 32 * 1024 * 1024),
    }
    this.#facts = {
      durability: this.#options.durability,
      verified: true,
      offsets: 'dense',
      window: positive('window', options.window ?? DAY),
      survives: 'restart',
      anchor: this.#anchor,
      patterns: true,
      cluster: false,
    }
    this.#control = new LocalControl()
    this.control = this.#control
    this.#time = new StoreTime(clock)
    this.#queue = new CommitQueue(clock, QUEUE, (group) => this.#commit(group))
    this.#store = store(this.#options)
    this.#channels = new Channels(this.#store.sql, this.#maxChannels)
    this.#sweepTimer = clock.setTimer(() => this.#sweep(), this.#sweepPause)
  }

  /** Opens a file, creates it where it is missing. @throws StoreOpenError, with a code and what to do about it */
  static async open(options: SqliteBrokerOptions): Promise<SqliteBroker> {
    return new SqliteBroker(options, (storeOptions) => Store.open(storeOptions))
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
    this.#queue.close()
    this.#closed = true
    this.#clock.clearTimer(this.#sweepTimer)
    this.#feeds.flush()
    this.#feeds.clear()
    this.#control.clear()
    const store = this.#store
    this.#store = null
    try {
      store?.close()
    } catch (error) {
      // All that was acknowledged is in the WAL; the next opening takes it from there.
      this.#log('sqlite.close', { file: this.#options.file, error })
    }
  }

  /** One transaction for all that waited. */
  #commit(group: readonly Pending[]): void {
    const store = this.#ensure()
    if (store === null) {
      for (const pending of group) pending.resolve(refuse(pending.batch, 'unavailable'))
      return
    }
    let outcomes: readonly Outcome[]
    try {
      outcomes = store.transaction(() => {
        const scene = this.#appendScene(store)
        const done = group.map(({ channel, batch, rule }) => appendBatch(scene, channel, batch, rule))
        // Each entry pays for the removal of two keys, so that they never pile up faster than the sweep walks.
        store.sql.dropKeys.run(scene.age, 64 + 2 * done.reduce((sum, { entries }) => sum + entries.length, 0))
        return done
      })
    } catch (error) {
      this.#failed(store, group, error)
      return
    }
    for (const [i, pending] of group.entries()) {
      const { outcomes: settled, entries } = outcomes[i] as Outcome
      for (const entry of entries) this.#feeds.tell(pending.channel, (sink) => sink.entry(pending.channel, entry))
      this.#written += entries.length
      this.#writtenBytes += pending.weight
      pending.resolve(settled)
    }
    if (this.#sweepPause > SWEEP_IDLE) this.#sweepIn(SWEEP_IDLE)
    this.#checkpointSoon()
  }

  /** Nothing of the group is acknowledged. What memory knew is dropped with the transaction. */
  #failed(store: Store, group: readonly Pending[], error: unknown): void {
    this.#channels.clear()
    const cause = error instanceof CommitError ? error.cause : error
    if (!isMediumFailure(cause) && group.length > 1) {
      // One of them cannot be stored: it must not take the others with it.
      for (const pending of group) this.#commit([pending])
      return
    }
    const unknown = error instanceof CommitError && mayHaveCommitted(cause)
    this.#log('sqlite.append', { file: this.#options.file, applied: unknown ? 'unknown' : 'no', error: cause })
    // But for a full disk: what the file holds now is settled by opening it again. Until then nothing is appended.
    if (unknown || isMediumFailure(cause)) this.#recover(store, cause)
    for (const pending of group) {
      if (unknown) this.#feeds.tell(pending.channel, (sink) => sink.interrupted())
      pending.resolve(refuse(pending.batch, 'unavailable', unknown ? 'unknown' : 'no'))
    }
  }

  #recover(store: Store, error: unknown): void {
    if (isFull(error)) {
      try {
        // There is often room in the file itself: then the WAL can begin anew.
        store.checkpoint()
      } catch {
        // The connection stays good, and appends when space returns.
      }
      return
    }
    store.abandon()
    this.#store = null
    this.#reopenAt = this.#clock.now()
    this.#ensure()
  }

  /** The store; null while it cannot be opened. */
  #ensure(): Store | null {
    if (this.#store !== null) return this.#store
    const now = this.#clock.now()
    if (this.#closed || now < this.#reopenAt) return null
    try {
      this.#store = Store.open(this.#options)
      this.#channels = new Channels(this.#store.sql, this.#maxChannels)
    } catch (error) {
      this.#reopenAt = now + REOPEN_EVERY
      this.#log('sqlite.open', { file: this.#options.file, error })
    }
    return this.#store
  }

  #checkpointSoon(): void {
    if (this.#checkpointDue || (this.#written < CHECKPOINT_ENTRIES && this.#writtenBytes < CHECKPOINT_BYTES)) return
    this.#checkpointDue = true
    this.#clock.defer(() => this.#queue.blocking(() => this.#checkpoint()))
  }

  #checkpoint(): void {
    this.#checkpointDue = false
    if (this.#store === null || this.#written === 0) return
    this.#written = 0
    this.#writtenBytes = 0
    try {
      this.#store.checkpoint()
    } catch (error) {
      // Nothing is lost: the WAL grows until it succeeds.
      this.#log('sqlite.checkpoint', { file: this.#options.file, error })
    }
  }

  #sweep(): void {
    if (this.#closed) return
    this.#queue.blocking(() => {
      const written = this.#written > 0
      if (this.#sweepStep()) {
        this.#sweepIn(SWEEP_BUSY)
        return
      }
      this.#sweepIn(written ? SWEEP_IDLE : Math.min(SWEEP_ASLEEP, Math.max(SWEEP_IDLE, 2 * this.#sweepPause)))
      this.#checkpoint()
    })
  }

  #sweepIn(pause: number): void {
    this.#clock.clearTimer(this.#sweepTimer)
    this.#sweepPause = pause
    this.#sweepTimer = this.#clock.setTimer(() => this.#sweep(), pause)
  }

  /** true: something was removed, and there may be more. */
  #sweepStep(): boolean {
    const store = this.#store
    if (store === null) return false
    if (!store.inPlace()) {
      // What is appended now would go into a file that nobody finds again.
      this.#log('sqlite.replaced', { file: this.#options.file })
      store.abandon()
      this.#store = null
      return false
    }
    try {
      const step = store.transaction(() => {
        const age = this.#time.age()
        store.slot(slotAt(age, this.#anchor))
        return sweep(store.sql, this.#channels, this.#sweepAfter, age, this.#anchor, SWEEP_BUDGET)
      })
      this.#sweepAfter = step.after
      if (step.worked) this.#written++
      return step.worked
    } catch (error) {
      this.#channels.clear()
      this.#log('sqlite.sweep', { file: this.#options.file, error })
      return false
    }
  }

  #reading<T>(work: (scene: ReadScene) => T): T {
    this.#open()
    const store = this.#ensure()
    if (store === null) throw new RealtimeError('unavailable', 'the store cannot be opened')
    try {
      const age = this.#time.age()
      return work({ sql: store.sql, channels: this.#channels, age, unwritten: this.#unwritten(store, age) })
    } catch (error) {
      this.#log('sqlite.read', { file: this.#options.file, error })
      throw new RealtimeError('unavailable', 'the store cannot be read', { cause: error })
    }
  }

  #appendScene(store: Store): AppendScene {
    const age = this.#time.age()
    return {
      sql: store.sql,
      channels: this.#channels,
      random: this.#random,
      lineage: store.lineage,
      wall: this.#time.wall(),
      age,
      unwritten: unwrittenPosition(this.#unwritten(store, age)),
      recentlyChanged: store.lineageChanged > 0 && age < store.lineageChanged + 2 * this.#anchor,
    }
  }

  #unwritten(store: Store, age: number): Unwritten {
    return { base: store.base, lineage: store.lineage, slot: store.slot(slotAt(age, this.#anchor)) }
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
