// The tables of a store and their version. Opening creates them in an empty file; it never touches a database that is
// not Tautline's, nor one that a newer Tautline has written.

import type { DatabaseSync } from 'node:sqlite'
import { StoreOpenError } from './failure.ts'

/** "Taut": tells a store from any other SQLite database. */
const APPLICATION_ID = 0x54617574

/** Raised whenever an older Tautline could misread the file. */
export const SCHEMA_VERSION = 1

/**
 * `entries` is the log, one row per entry, contiguous per channel: the newest row is the head and the anchor, and
 * outlives its data (body null). The epoch of a row is that of the last row of `fences` at or below its offset.
 * `keys` is in order of arrival so that only its index is written at random; `digest` is that of scope and key.
 */
const TABLES = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE channels (ch INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, gone INTEGER NOT NULL,
  size INTEGER NOT NULL, ttl INTEGER NOT NULL);
CREATE TABLE fences (ch INTEGER NOT NULL, off INTEGER NOT NULL, epoch TEXT NOT NULL, from_epoch TEXT NOT NULL,
  from_id TEXT NOT NULL, possible INTEGER NOT NULL, lineage TEXT NOT NULL, PRIMARY KEY (ch, off)) WITHOUT ROWID;
CREATE TABLE entries (ch INTEGER NOT NULL, off INTEGER NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, key TEXT,
  state TEXT, user TEXT, peer TEXT, body, PRIMARY KEY (ch, off)) WITHOUT ROWID;
CREATE TABLE keys (n INTEGER PRIMARY KEY, ch INTEGER NOT NULL, digest BLOB NOT NULL, hash TEXT NOT NULL,
  off INTEGER NOT NULL, id TEXT NOT NULL, epoch TEXT NOT NULL, until INTEGER NOT NULL);
CREATE UNIQUE INDEX keys_by_digest ON keys (ch, digest);
CREATE INDEX keys_by_until ON keys (until);
`

/** Creates the tables in an empty database; refuses a foreign or a newer one. */
export function prepareSchema(db: DatabaseSync, file: string): void {
  const application = pragma(db, 'application_id')
  const version = pragma(db, 'user_version')
  if (application === 0 && version === 0 && isEmpty(db)) {
    db.exec(
      `BEGIN IMMEDIATE; ${TABLES} PRAGMA application_id=${APPLICATION_ID}; PRAGMA user_version=${SCHEMA_VERSION}; COMMIT`,
    )
    return
  }
  if (application !== APPLICATION_ID) {
    throw new StoreOpenError(
      'foreign-database',
      file,
      `${JSON.stringify(file)} is a SQLite database of another program: name a file of Tautline's own.`,
    )
  }
  if (version !== SCHEMA_VERSION) {
    throw new StoreOpenError(
      'newer-schema',
      file,
      `${JSON.stringify(file)} has schema ${version}, this version knows ${SCHEMA_VERSION}: run the Tautline that wrote it, or a newer one.`,
    )
  }
}

/** The number that a pragma answers. */
export function pragma(db: DatabaseSync, name: string): number {
  return Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0])
}

function isEmpty(db: DatabaseSync): boolean {
  return db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined
}
