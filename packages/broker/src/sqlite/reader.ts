// Pages of a log and the proof that comes with each. It reads what is committed, and writes nothing.

import type { EntryId, Position } from '@tautline/wire'
import type { Absent, Entry, LogRule, Page } from '../broker.ts'
import { PageBudget } from '../page.ts'
import { type Known, prove } from '../proof.ts'
import { type Unwritten, unwrittenPosition } from '../unwritten.ts'
import type { ChannelRecord } from './channel-record.ts'
import type { Channels } from './channels.ts'
import type { EdgeRow, EntryRow, Statements } from './statements.ts'
import type { Unsynced } from './unsynced.ts'

/** The store as a reader sees it at one moment. */
export interface ReadScene {
  readonly sql: Statements
  readonly channels: Channels
  /** The time by which entries age, ms since 1970. */
  readonly age: number
  readonly unwritten: Unwritten
  readonly unsynced: Unsynced
}

export function readAfter(
  scene: ReadScene,
  channel: string,
  after: Position | 'start',
  limit: number,
  bytes: number,
  rule: LogRule,
): Page {
  const log = logOf(scene, channel)
  const served = log === null ? 0 : servedFrom(scene, log, rule)
  const refused = after === 'start' ? null : judge(scene, log, after, served)
  if (refused !== null) return refused
  if (log === null) return { proof: 'match', entries: [], head: unwrittenPosition(scene.unwritten), more: false }
  const { head, record } = log
  const budget = new PageBudget(limit, bytes)
  const start = after === 'start' ? served : after.offset
  const entries: Entry[] = []
  const rows = scene.sql.range.iterate(record.ch, start, head.offset, Math.max(0, limit))
  for (const row of rows as unknown as Iterable<EntryRow>) {
    if (row.off !== start + entries.length + 1) throw new Error('the log has a hole: the file is damaged')
    const entry = record.entry(row)
    if (!budget.take(entry)) break
    entries.push(entry)
  }
  return { proof: 'match', entries, head, more: (entries.at(-1)?.off ?? start) < head.offset }
}

export function readBack(
  scene: ReadScene,
  channel: string,
  before: Position | 'head',
  limit: number,
  bytes: number,
  rule: LogRule,
): Page {
  const log = logOf(scene, channel)
  // What the position stands on may have been trimmed: only what is still served is given.
  const refused = before === 'head' ? null : judge(scene, log, before, 0)
  if (refused !== null) return refused
  if (log === null) {
    const head = unwrittenPosition(scene.unwritten)
    return { proof: 'match', entries: [], head, more: false, start: head }
  }
  const { head, record } = log
  const served = servedFrom(scene, log, rule)
  const end = before === 'head' ? head.offset : before.offset
  if (limit <= 0 || served >= end) {
    return { proof: 'match', entries: [], head, more: false, start: before === 'head' ? head : before }
  }
  const budget = new PageBudget(limit, bytes)
  const entries: Entry[] = []
  const rows = scene.sql.rangeBack.iterate(record.ch, served, end, limit)
  for (const row of rows as unknown as Iterable<EntryRow>) {
    if (row.off !== end - entries.length) throw new Error('the log has a hole: the file is damaged')
    const entry = record.entry(row)
    if (!budget.take(entry)) break
    entries.push(entry)
  }
  const first = end - entries.length
  return { proof: 'match', entries: entries.reverse(), head, more: first > served, start: log.position(first) }
}

/** The newest position of a channel. */
export function headOf(scene: ReadScene, channel: string): Position {
  return logOf(scene, channel)?.head ?? unwrittenPosition(scene.unwritten)
}

/** What may be shown of a channel; null: nothing is known of it. */
function logOf(scene: ReadScene, channel: string): StoredLog | null {
  const durable = scene.unsynced.head(channel)
  if (durable === null) return null
  const record = scene.channels.get(channel)
  return record === null ? null : new StoredLog(scene.sql, record, durable ?? record.head)
}

/** null: the position agrees with the log. */
function judge(scene: ReadScene, log: StoredLog | null, position: Position, served: number): Absent | null {
  const verdict = prove(position, log, served, scene.unwritten)
  // 'lineage': the fence that has to follow is written with the channel's first entry.
  if (verdict === 'match' || verdict === 'lineage') return null
  return { proof: 'absent', why: verdict, head: log?.head ?? unwrittenPosition(scene.unwritten) }
}

/** Offset of the position before the oldest entry that the rule serves: exact in size and in age. */
function servedFrom(scene: ReadScene, { record, head, floor }: StoredLog, rule: LogRule): number {
  let low = Math.max(floor.offset, head.offset - rule.size, Math.min(record.gone, head.offset)) + 1
  let high = head.offset + 1
  const expired = (off: number): boolean => {
    const row = scene.sql.edge.get(record.ch, off) as unknown as EdgeRow | undefined
    return row === undefined || row.at + rule.ttl <= scene.age
  }
  // Most often nothing has expired. Times do not decrease along the log.
  if (low < high && !expired(low)) return low - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (expired(middle)) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** What the file knows of a channel, as the proof asks for it. */
class StoredLog implements Known {
  readonly record: ChannelRecord
  readonly head: Position
  readonly floor: Position
  readonly #sql: Statements

  /** @param head the newest position that may be shown */
  constructor(sql: Statements, record: ChannelRecord, head: Position) {
    this.#sql = sql
    this.record = record
    this.head = head
    this.floor = this.#floor()
  }

  idAt(offset: number): EntryId | undefined {
    return this.#edge(offset)?.id
  }

  knows(epoch: string): boolean {
    return this.record.knows(epoch)
  }

  /** The position at an offset, floor ≤ offset ≤ head. */
  position(offset: number): Position {
    if (offset === this.floor.offset) return this.floor
    return { epoch: this.record.epochAt(offset), offset, id: this.#edge(offset)?.id ?? '' }
  }

  /** An oldest row with a fence names its predecessor; any other is itself what the next one stands on. */
  #floor(): Position {
    const { first, fences } = this.record
    const fence = fences.find((candidate) => candidate.off === first)
    if (fence !== undefined) return { epoch: fence.from_epoch, offset: first - 1, id: fence.from_id }
    // What was written since, and is not durable, has already displaced all that may be shown.
    if (first >= this.head.offset) return this.head
    return { epoch: this.record.epochAt(first), offset: first, id: this.#edge(first)?.id ?? '' }
  }

  #edge(offset: number): EdgeRow | undefined {
    return this.#sql.edge.get(this.record.ch, offset) as unknown as EdgeRow | undefined
  }
}
