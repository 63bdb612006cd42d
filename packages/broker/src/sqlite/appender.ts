// What an append does inside a transaction: the key is looked up, the entry, its key and, where one is due, its fence
// are written. It neither begins nor commits, and whoever rolls back forgets the records it has moved.

import { hash } from 'node:crypto'
import type { Position, Random } from '@tautline/wire'
import type { Append, Appended, Entry, LogRule } from '../broker.ts'
import { randomName } from '../ids.ts'
import { keyName, settle } from '../window.ts'
import { ChannelRecord } from './channel-record.ts'
import type { Channels } from './channels.ts'
import { trimBySize } from './retention.ts'
import type { FenceRow, KeyRow, Statements } from './statements.ts'
import type { Growth } from './unsynced.ts'

/** The store as an append sees it. */
export interface AppendScene {
  readonly sql: Statements
  readonly channels: Channels
  readonly random: Random
  readonly lineage: string
  /** Store time; and the time by which keys age. ms since 1970. */
  readonly wall: number
  readonly age: number
  /** The position of a channel without a record. */
  readonly unwritten: Position
  /** Does the first entry of a channel say that others may have vanished? */
  readonly recentlyChanged: boolean
}

/** One caller's batch, and what became of it. */
export interface Outcome {
  readonly outcomes: readonly Appended[]
  readonly entries: readonly Entry[]
  /** null: nothing was stored. */
  readonly growth: Growth | null
}

/** Stores a batch. Each entry has an outcome of its own; what is stored is contiguous and in order. */
export function appendBatch(scene: AppendScene, channel: string, batch: readonly Append[], rule: LogRule): Outcome {
  const outcomes: Appended[] = []
  const entries: Entry[] = []
  let record = scene.channels.get(channel)
  const before = record?.head ?? null
  for (const append of batch) {
    const digest = append.key === undefined ? null : digestOf(append.scope, append.key)
    const settled = settle(append, record === null ? undefined : knownKey(scene, record, digest), scene.wall)
    if (settled !== null) {
      outcomes.push(settled)
      continue
    }
    record ??= addChannel(scene, channel, rule)
    const entry = addEntry(scene, record, append)
    if (digest !== null) {
      const until = scene.age + rule.window
      scene.sql.addKey.run(record.ch, digest, append.hash, entry.off, entry.id, entry.epoch, until)
    }
    entries.push(entry)
    outcomes.push({ position: record.head })
  }
  if (record === null || entries.length === 0) return { outcomes, entries, growth: null }
  if (record.ruleDiffers(rule)) keepRule(scene.sql, record, rule)
  trimBySize(scene.sql, record, entries.length)
  return { outcomes, entries, growth: { channel, before, after: record.head } }
}

function knownKey(
  scene: AppendScene,
  record: ChannelRecord,
  digest: Uint8Array | null,
): { position: Position; hash: string } | undefined {
  if (digest === null) return undefined
  const row = scene.sql.key.get(record.ch, digest, scene.age) as unknown as KeyRow | undefined
  return row && { position: { epoch: row.epoch, offset: row.off, id: row.id }, hash: row.hash }
}

function addChannel(scene: AppendScene, name: string, rule: LogRule): ChannelRecord {
  const ch = Number(scene.sql.addChannel.run(name, rule.size, rule.ttl).lastInsertRowid)
  const record = new ChannelRecord({ ch, name, gone: 0, size: rule.size, ttl: rule.ttl }, [], 1, null)
  scene.channels.keep(record)
  return record
}

function addEntry(scene: AppendScene, record: ChannelRecord, append: Append): Entry {
  const { sql } = scene
  const off = record.offset + 1
  // "the epoch must change in the same atomic step as the first append after the store's lineage changed"
  if (record.newestFence?.lineage !== scene.lineage) {
    const from = off === 1 ? scene.unwritten : record.head
    const fence: FenceRow = {
      off,
      epoch: randomName(scene.random),
      from_epoch: from.epoch,
      from_id: from.id,
      possible: off > 1 || scene.recentlyChanged ? 1 : 0,
      lineage: scene.lineage,
    }
    sql.addFence.run(record.ch, off, fence.epoch, fence.from_epoch, fence.from_id, fence.possible, fence.lineage)
    record.fences.push(fence)
  }
  // The wall clock may go back; a log's times do not.
  const at = Math.max(record.at, scene.wall)
  const row = {
    off,
    id: append.id,
    at,
    key: append.key ?? null,
    state: append.state ?? null,
    user: append.from?.user ?? null,
    peer: append.from?.peer ?? null,
    body: append.body.json ?? append.body.bytes,
  }
  sql.addEntry.run(record.ch, off, row.id, at, row.key, row.state, row.user, row.peer, row.body)
  record.advance(off, append.id, at)
  return record.entry(row)
}

function keepRule(sql: Statements, record: ChannelRecord, rule: LogRule): void {
  sql.setRule.run(rule.size, rule.ttl, record.ch)
  record.size = rule.size
  record.ttl = rule.ttl
}

/** 128 bits of scope and key: index entries of one length, whatever clients send. */
function digestOf(scope: string, key: string): Uint8Array {
  return hash('sha256', keyName(scope, key), 'buffer').subarray(0, 16)
}
