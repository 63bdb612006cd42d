// What is removed, and when: rows beyond size + 1, what has outlived its ttl, keys past their window, records past two
// anchors. Always in small steps that are paid for by appends or by the sweep; never more than was promised is removed.

import type { ChannelRecord } from './channel-record.ts'
import type { Channels } from './channels.ts'
import type { ChannelRow, EdgeRow, Statements } from './statements.ts'

/** Rows over size + 1 that are left until removing them pays. */
const SLACK = 32
/** Rows removed at most for each one added. */
const PER_APPEND = 2

/** Removes rows beyond size + 1, about twice as many as were added, so that a lowered size is worked off too. */
export function trimBySize(sql: Statements, record: ChannelRecord, added: number): void {
  const surplus = record.offset - record.first - record.size
  if (surplus <= Math.min(SLACK, record.size)) return
  dropBelow(sql, record, record.first + Math.min(surplus, PER_APPEND * added + SLACK))
}

/** Removes a channel's rows below an offset, at least the newest one stays. */
function dropBelow(sql: Statements, record: ChannelRecord, off: number): void {
  const first = Math.min(off, record.offset)
  if (first <= record.first) return
  sql.dropEntries.run(record.ch, first)
  record.first = first
  // The fence at or below the oldest row says that row's epoch; those before it say nothing any more.
  let base = 0
  while ((record.fences[base + 1]?.off ?? Number.POSITIVE_INFINITY) <= first) base++
  if (base === 0) return
  sql.dropFences.run(record.ch, record.fences[base]?.off ?? 0)
  record.fences.splice(0, base)
}

/** What one step of the sweep may touch. */
export interface SweepBudget {
  readonly channels: number
  readonly rows: number
}

/** How far a step came. `worked`: something was removed. `after`: where the next one goes on, 0: from the beginning. */
export interface SweepStep {
  readonly after: number
  readonly worked: boolean
}

/** One step of the walk round all channels, inside a transaction. */
export function sweep(
  sql: Statements,
  channels: Channels,
  after: number,
  age: number,
  anchor: number,
  budget: SweepBudget,
): SweepStep {
  let worked = Number(sql.dropKeys.run(age, budget.rows).changes) > 0
  let rows = budget.rows
  let last = after
  const found = sql.channelsAfter.all(after, budget.channels) as unknown as ChannelRow[]
  for (const row of found) {
    if (rows <= 0) return { after: last, worked }
    const removed = sweepChannel(sql, channels, row, age, anchor, rows)
    rows -= removed
    if (removed > 0) worked = true
    // A channel that has more to remove is met again in the next step.
    if (rows > 0) last = row.ch
  }
  return { after: found.length < budget.channels && rows > 0 ? 0 : last, worked }
}

/** Removes at most about `rows` rows of a channel; returns how many. */
function sweepChannel(
  sql: Statements,
  channels: Channels,
  row: ChannelRow,
  age: number,
  anchor: number,
  rows: number,
): number {
  const record = channels.peek(row)
  if (record.at + record.ttl + 2 * anchor <= age && sql.hasKeys.get(record.ch) === undefined) {
    return dropChannel(sql, channels, record, rows)
  }
  const before = record.first
  const surplus = record.offset - record.first - record.size
  if (surplus > 0) dropBelow(sql, record, record.first + Math.min(surplus, rows))
  // The newest of what has expired stays: it is the predecessor that the oldest served entry is proved by.
  const limit = Math.min(record.offset, record.first + rows)
  if (expired(sql, record, record.first + 1, age)) {
    let low = record.first + 1
    let high = limit + 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (expired(sql, record, middle, age)) low = middle + 1
      else high = middle
    }
    dropBelow(sql, record, low - 1)
  }
  let removed = record.first - before
  if (record.at + record.ttl <= age && record.gone < record.offset && record.first === record.offset) {
    sql.strip.run(record.ch, record.offset)
    sql.setGone.run(record.offset, record.ch)
    record.gone = record.offset
    removed++
  }
  return removed
}

function dropChannel(sql: Statements, channels: Channels, record: ChannelRecord, rows: number): number {
  const first = record.first
  dropBelow(sql, record, record.first + rows)
  if (record.first < record.offset) return record.first - first
  sql.dropEntries.run(record.ch, record.offset + 1)
  sql.dropFences.run(record.ch, record.offset + 1)
  sql.dropChannel.run(record.ch)
  channels.forget(record.name)
  return record.offset - first + 1
}

function expired(sql: Statements, record: ChannelRecord, off: number, age: number): boolean {
  if (off > record.offset) return false
  const row = sql.edge.get(record.ch, off) as unknown as EdgeRow | undefined
  return row === undefined || row.at + record.ttl <= age
}
