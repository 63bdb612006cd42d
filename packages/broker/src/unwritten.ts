// Positions of channels that nobody has written to: {B.k, 0, ''} (README.md, L5). Nothing is stored for them, so a
// subscription to a random name costs no storage. Pure: it reads and writes the epoch's text and judges its age.

import type { Position } from '@tautline/wire'

/** The epoch of an unwritten channel, taken apart: `base.slot` or `base~lineage.slot`. */
export interface Unwritten {
  /** A random id of the store, drawn anew when a head record is dropped before its time. No '.' or '~' in it. */
  readonly base: string
  /** The store's lineage, '' where it shows none. No '.' or '~' in it. */
  readonly lineage: string
  /** floor(store time / anchor). */
  readonly slot: number
}

/** What an unwritten position means to a store: its own, its own before a change of lineage, or not (any more) its. */
export type UnwrittenVerdict = 'same' | 'lineage' | 'old' | 'strange'

/** The slot of a moment. Both in ms; `anchor` at least 1. */
export function slotAt(time: number, anchor: number): number {
  return Math.floor(time / anchor)
}

/** The position of a channel without a record. */
export function unwrittenPosition(now: Unwritten): Position {
  const base = now.lineage === '' ? now.base : `${now.base}~${now.lineage}`
  return { epoch: `${base}.${now.slot.toString(36)}`, offset: 0, id: '' }
}

/** Takes an epoch apart. null: it is not that of an unwritten channel. */
export function readUnwritten(position: Position): Unwritten | null {
  if (position.offset !== 0 || position.id !== '') return null
  const dot = position.epoch.lastIndexOf('.')
  if (dot < 1) return null
  const slotText = position.epoch.slice(dot + 1)
  if (!/^[0-9a-z]{1,11}$/.test(slotText)) return null
  const name = position.epoch.slice(0, dot)
  const tilde = name.indexOf('~')
  return {
    base: tilde < 0 ? name : name.slice(0, tilde),
    lineage: tilde < 0 ? '' : name.slice(tilde + 1),
    slot: Number.parseInt(slotText, 36),
  }
}

/**
 * Is it one of this store's, and young enough? A head record lives two anchors, so a position of this slot or the one
 * before cannot have been overtaken by a record that was written and dropped again.
 */
export function judgeUnwritten(asked: Unwritten, now: Unwritten): UnwrittenVerdict {
  if (asked.base !== now.base) return 'strange'
  if (asked.slot !== now.slot && asked.slot !== now.slot - 1) return 'old'
  return asked.lineage === now.lineage ? 'same' : 'lineage'
}
