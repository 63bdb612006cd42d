// The proof of a position against a dense log (README.md, L4 and L5). Pure: the store says what it knows, this says
// what follows from it. It never says `match` because nothing speaks against it, only because something speaks for it.

import type { EntryId, Position } from '@tautline/wire'
import type { Absent } from './broker.ts'
import { judgeUnwritten, readUnwritten, type Unwritten } from './unwritten.ts'

/** What a store knows of a channel that has a record. */
export interface Known {
  /** The newest entry: the anchor, kept when its data has gone. */
  readonly head: Position
  /** The position before the oldest entry retained, as that entry names it; the head where none is retained. */
  readonly floor: Position
  /** Id of the retained entry at an offset, floor.offset < offset ≤ head.offset; undefined where there is none. */
  idAt(offset: number): EntryId | undefined
  /** Is it an epoch that this channel's log has, or had: of a retained entry, of a fence's `from`, of the head? */
  knows(epoch: string): boolean
}

/** `lineage`: it matches, and a fence with loss 'possible' has to follow (only for unwritten positions). */
export type Verdict = 'match' | 'lineage' | Absent['why']

/**
 * Does a position agree with the log, and is everything after it still served?
 *
 * @param known null: the channel has no record
 * @param served offset of the position before the oldest entry that the rule still serves, floor ≤ served ≤ head
 * @param now the store's unwritten position of this moment
 */
export function prove(position: Position, known: Known | null, served: number, now: Unwritten): Verdict {
  if (position.offset === 0) return proveBeginning(position, known, served, now)
  if (known === null) return 'epoch'
  const { head, floor } = known
  const other: Verdict = known.knows(position.epoch) ? 'diverged' : 'epoch'
  if (position.id === '' || position.offset > head.offset) return other
  // "or it equals the anchor", "or the first retained entry names it as predecessor"; both hold while no data is left.
  const id =
    position.offset === head.offset
      ? head.id
      : position.offset === floor.offset
        ? floor.id
        : position.offset > floor.offset
          ? known.idAt(position.offset)
          : null
  if (id === null) return known.knows(position.epoch) ? 'trimmed' : 'epoch'
  if (id !== position.id) return other
  return position.offset < served ? 'trimmed' : 'match'
}

/** Positions before the first entry: of a channel when it was unwritten, or of one whose first fence was just passed. */
function proveBeginning(position: Position, known: Known | null, served: number, now: Unwritten): Verdict {
  if (position.id !== '') return 'epoch'
  const unwritten = readUnwritten(position)
  const verdict = unwritten === null ? 'strange' : judgeUnwritten(unwritten, now)
  if (known === null) {
    if (verdict === 'same') return 'match'
    return verdict === 'lineage' ? 'lineage' : 'epoch'
  }
  // The first entry names {B.k, 0, ''} in its fence, however long ago; behind that fence the position bears its epoch.
  const first = known.floor.offset === 0
  if (first && verdict === 'lineage' && position.epoch !== known.floor.epoch) return served > 0 ? 'trimmed' : 'lineage'
  if (verdict === 'same' || position.epoch === known.floor.epoch || known.knows(position.epoch)) {
    return first && served === 0 ? 'match' : 'trimmed'
  }
  return verdict === 'strange' ? 'epoch' : 'trimmed'
}
