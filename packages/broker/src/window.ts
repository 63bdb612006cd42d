// The idempotency window: what a key that is known, or not, means for an append (tautline.v1 §7.1, §7.2). Pure: stores
// keep the records, in the same atomic step as the entry; this judges them.

import type { Position } from '@tautline/wire'
import type { Append, Appended } from './broker.ts'

/** What is kept of a key for the window. */
export interface KeyRecord {
  readonly position: Position
  readonly hash: string
}

/** The name of a key record within its channel: no scope can spell another one's key. */
export function keyName(scope: string, key: string): string {
  return `${scope.length}:${scope}${key}`
}

/**
 * The outcome of an append that must not be stored; null: store it.
 *
 * @param record of its (channel, scope, key) within the window, if there is one
 * @param time of the store, ms since 1970
 */
export function settle(append: Append, record: KeyRecord | undefined, time: number): Appended | null {
  if (record !== undefined) {
    if (record.hash !== append.hash) return { fail: 'key-conflict', applied: 'no' }
    return { position: record.position, duplicate: true }
  }
  // "so that a paused node cannot append after the record is gone"
  return time > append.expires ? { fail: 'key-expired', applied: 'no' } : null
}
