// Every statement a store runs, prepared once. What a row looks like is said here, next to the SQL that gives it.

import type { DatabaseSync, StatementSync } from 'node:sqlite'

export interface ChannelRow {
  readonly ch: number
  readonly name: string
  /** The highest offset whose data was removed although its row stays. */
  readonly gone: number
  readonly size: number
  readonly ttl: number
}

export interface FenceRow {
  readonly off: number
  readonly epoch: string
  readonly from_epoch: string
  readonly from_id: string
  readonly possible: number
  /** The store's lineage when the epoch was drawn. */
  readonly lineage: string
}

export interface EntryRow {
  readonly off: number
  readonly id: string
  readonly at: number
  readonly key: string | null
  readonly state: string | null
  readonly user: string | null
  readonly peer: string | null
  /** JSON text, or bytes; null: gone. */
  readonly body: string | Uint8Array | null
}

export interface EdgeRow {
  readonly off: number
  readonly id: string
  readonly at: number
}

export interface KeyRow {
  readonly off: number
  readonly id: string
  readonly epoch: string
  readonly hash: string
}

const SQL = {
  begin: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  rollback: 'ROLLBACK',
  getMeta: 'SELECT value FROM meta WHERE name = ?',
  setMeta: 'INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
  channel: 'SELECT ch, name, gone, size, ttl FROM channels WHERE name = ?',
  channelsAfter: 'SELECT ch, name, gone, size, ttl FROM channels WHERE ch > ? ORDER BY ch LIMIT ?',
  addChannel: 'INSERT INTO channels (name, gone, size, ttl) VALUES (?, 0, ?, ?)',
  setRule: 'UPDATE channels SET size = ?, ttl = ? WHERE ch = ?',
  setGone: 'UPDATE channels SET gone = ? WHERE ch = ?',
  dropChannel: 'DELETE FROM channels WHERE ch = ?',
  fences: 'SELECT off, epoch, from_epoch, from_id, possible, lineage FROM fences WHERE ch = ? ORDER BY off',
  addFence: 'INSERT INTO fences (ch, off, epoch, from_epoch, from_id, possible, lineage) VALUES (?, ?, ?, ?, ?, ?, ?)',
  dropFences: 'DELETE FROM fences WHERE ch = ? AND off < ?',
  first: 'SELECT off, id, at FROM entries WHERE ch = ? ORDER BY off LIMIT 1',
  last: 'SELECT off, id, at FROM entries WHERE ch = ? ORDER BY off DESC LIMIT 1',
  edge: 'SELECT off, id, at FROM entries WHERE ch = ? AND off = ?',
  range:
    'SELECT off, id, at, key, state, user, peer, body FROM entries WHERE ch = ? AND off > ? AND off <= ? ORDER BY off LIMIT ?',
  rangeBack:
    'SELECT off, id, at, key, state, user, peer, body FROM entries WHERE ch = ? AND off > ? AND off <= ? ORDER BY off DESC LIMIT ?',
  addEntry: 'INSERT INTO entries (ch, off, id, at, key, state, user, peer, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
  dropEntries: 'DELETE FROM entries WHERE ch = ? AND off < ?',
  strip: 'UPDATE entries SET key = NULL, state = NULL, user = NULL, peer = NULL, body = NULL WHERE ch = ? AND off = ?',
  key: 'SELECT off, id, epoch, hash FROM keys WHERE ch = ? AND digest = ? AND until > ?',
  addKey: 'INSERT OR REPLACE INTO keys (ch, digest, hash, off, id, epoch, until) VALUES (?, ?, ?, ?, ?, ?, ?)',
  dropKeys: 'DELETE FROM keys WHERE n IN (SELECT n FROM keys WHERE until <= ? ORDER BY until LIMIT ?)',
  hasKeys: 'SELECT 1 AS one FROM keys WHERE ch = ? LIMIT 1',
  checkpoint: 'PRAGMA wal_checkpoint(PASSIVE)',
  truncate: 'PRAGMA wal_checkpoint(TRUNCATE)',
} as const

/** All statements of one connection. */
export type Statements = { readonly [name in keyof typeof SQL]: StatementSync }

export function prepareStatements(db: DatabaseSync): Statements {
  const entries = Object.entries(SQL).map(([name, sql]) => [name, db.prepare(sql)])
  return Object.fromEntries(entries) as Statements
}
