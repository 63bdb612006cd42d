// From a group of waiting appends to their answers: one transaction, one sync of the WAL that does not block the loop,
// then the feeds and the callers hear of it. Nobody hears of an entry that is not durable.

import type { Random } from '@tautline/wire'
import type { Appended, Sink } from '../broker.ts'
import type { Feeds } from '../memory/feeds.ts'
import { unwrittenPosition } from '../unwritten.ts'
import { type AppendScene, appendBatch, type Outcome } from './appender.ts'
import type { Pending } from './commit-queue.ts'
import type { Connection, Opened } from './connection.ts'
import { isMediumFailure, mayHaveCommitted } from './failure.ts'
import { CommitError } from './store.ts'
import type { StoreTime } from './store-time.ts'
import { Unsynced } from './unsynced.ts'
import type { Upkeep } from './upkeep.ts'

/** A group that is committed and waits for its sync. */
interface Committed {
  readonly number: number
  readonly group: readonly Pending[]
  readonly outcomes: readonly Outcome[]
}

export interface CommitterParts {
  readonly connection: Connection
  readonly feeds: Feeds<Sink>
  readonly random: Random
  readonly time: StoreTime
  readonly upkeep: () => Upkeep
  /** A sync has ended: what waits may be committed. */
  readonly synced: () => void
}

export class Committer {
  readonly unsynced: Unsynced = new Unsynced()
  readonly #parts: CommitterParts
  #waiting: Committed[] = []
  #sync: Promise<void> | null = null

  constructor(parts: CommitterParts) {
    this.#parts = parts
  }

  /** Is a sync under way? What comes meanwhile had better wait for the next one. */
  get syncing(): boolean {
    return this.#sync !== null
  }

  /** Stores a group and answers each of it, later. Never throws. */
  commit(group: readonly Pending[]): void {
    const opened = this.#parts.connection.ensure()
    if (opened === null) {
      for (const pending of group) pending.resolve(refuse(pending, 'unavailable', 'no'))
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
    const number = this.unsynced.add(outcomes.flatMap(({ growth }) => growth ?? []))
    this.#waiting.push({ number, group, outcomes })
    this.#wrote(group, outcomes)
    this.#sync ??= this.#syncWaiting()
  }

  /** Resolves when nothing waits for a sync. */
  async settled(): Promise<void> {
    while (this.#sync !== null) await this.#sync
  }

  async #syncWaiting(): Promise<void> {
    // Behind the turn of the commit in any case, so that `#sync` is set before it is taken back.
    await null
    const covered = this.#waiting
    this.#waiting = []
    const opened = this.#parts.connection.current
    try {
      if (opened === null) throw new Error('the connection was given up before the sync')
      await opened.store.sync()
      // Its descriptor may by then have been another file's.
      if (this.#parts.connection.current !== opened) throw new Error('the connection was given up during the sync')
      for (const committed of covered) this.#answer(committed)
    } catch (error) {
      this.#unknown([...covered, ...this.#waiting.splice(0)], opened, error)
    }
    this.#sync = this.#waiting.length > 0 ? this.#syncWaiting() : null
    this.#parts.synced()
  }

  #answer({ number, group, outcomes }: Committed): void {
    this.unsynced.settle(number)
    for (const [i, pending] of group.entries()) {
      const { outcomes: settled, entries } = outcomes[i] as Outcome
      for (const entry of entries) this.#parts.feeds.tell(pending.channel, (sink) => sink.entry(pending.channel, entry))
      pending.resolve(settled)
    }
  }

  /** The sync failed: the entries are in the file or not, the disk alone knows. Opening it anew writes and syncs them. */
  #unknown(lost: readonly Committed[], opened: Opened | null, error: unknown): void {
    const { connection } = this.#parts
    connection.report('sqlite.sync', { applied: 'unknown', error })
    if (opened !== null && connection.current === opened) {
      connection.giveUp()
      connection.ensure()
    }
    for (const { number, group } of lost) {
      this.unsynced.settle(number)
      for (const pending of group) this.#refuse(pending, 'unknown')
    }
  }

  #write({ store, channels }: Opened, group: readonly Pending[]): readonly Outcome[] {
    const { time, random } = this.#parts
    return store.transaction(() => {
      const age = time.age()
      const scene: AppendScene = {
        sql: store.sql,
        channels,
        random,
        lineage: store.lineage,
        wall: time.wall(),
        age,
        unwritten: unwrittenPosition(time.unwritten(store)),
        recentlyChanged: store.lineageChanged > 0 && age < store.lineageChanged + 2 * time.anchor,
      }
      const done = group.map(({ channel, batch, rule }) => appendBatch(scene, channel, batch, rule))
      // Each entry pays for the removal of two keys, so that they never pile up faster than the sweep walks.
      store.sql.dropKeys.run(age, 64 + 2 * done.reduce((sum, { entries }) => sum + entries.length, 0))
      return done
    })
  }

  #wrote(group: readonly Pending[], outcomes: readonly Outcome[]): void {
    let entries = 0
    let bytes = 0
    for (const outcome of outcomes) entries += outcome.entries.length
    for (const { weight } of group) bytes += weight
    if (entries > 0) this.#parts.upkeep().wrote(entries, bytes)
  }

  /** Nothing of the group is acknowledged. */
  #failed(group: readonly Pending[], error: unknown): void {
    const { connection } = this.#parts
    const cause = error instanceof CommitError ? error.cause : error
    if (!isMediumFailure(cause) && group.length > 1) {
      // One of them cannot be stored: it must not take the others with it.
      for (const pending of group) this.commit([pending])
      return
    }
    const applied = error instanceof CommitError && mayHaveCommitted(cause) ? 'unknown' : 'no'
    connection.report('sqlite.append', { applied, error: cause })
    if (isMediumFailure(cause)) connection.recover(cause)
    for (const pending of group) this.#refuse(pending, applied)
  }

  #refuse(pending: Pending, applied: 'no' | 'unknown'): void {
    // It may be in the log: whoever is attached looks.
    if (applied === 'unknown') this.#parts.feeds.tell(pending.channel, (sink) => sink.interrupted())
    pending.resolve(refuse(pending, 'unavailable', applied))
  }
}

function refuse(pending: Pending, fail: string, applied: 'no' | 'unknown'): readonly Appended[] {
  return pending.batch.map(() => ({ fail, applied }))
}
