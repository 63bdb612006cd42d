import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Position } from '@tautline/wire'
import { type Known, prove } from '../src/proof.ts'
import { judgeUnwritten, readUnwritten, slotAt, type Unwritten, unwrittenPosition } from '../src/unwritten.ts'

const now: Unwritten = { base: 'B', lineage: 'two', slot: 7 }

/** Entries 4 to 9 are retained; 7 came after a fence from epoch D to epoch E. */
const log: Known = {
  head: { epoch: 'E', offset: 9, id: 'i9' },
  floor: { epoch: 'D', offset: 3, id: 'i3' },
  idAt: (offset) => (Number.isInteger(offset) && offset > 3 && offset <= 9 ? `i${offset}` : undefined),
  knows: (epoch) => epoch === 'D' || epoch === 'E',
}

/** The first entry is retained; its fence came from slot 2, long ago. */
const young: Known = {
  head: { epoch: 'E', offset: 2, id: 'i2' },
  floor: { epoch: 'B~two.2', offset: 0, id: '' },
  idAt: (offset) => (offset === 1 || offset === 2 ? `i${offset}` : undefined),
  knows: (epoch) => epoch === 'E',
}

function at(epoch: string, offset: number, id: string = `i${offset}`): Position {
  return { epoch, offset, id }
}

const rows: readonly (readonly [string, Position, Known | null, number, string])[] = [
  ['an entry that is retained', at('D', 5), log, 3, 'match'],
  ['the same after the fence was passed', at('E', 6), log, 3, 'match'],
  ['the head', at('E', 9), log, 3, 'match'],
  ['the head when no data is left', at('E', 9), { ...log, floor: log.head, idAt: () => undefined }, 9, 'match'],
  ['the predecessor of the first entry retained', at('D', 3), log, 3, 'match'],
  ['the same once an entry behind it is not served', at('D', 3), log, 4, 'trimmed'],
  ['at the edge of what is served', at('D', 5), log, 5, 'match'],
  ['before what is retained', at('D', 2), log, 3, 'trimmed'],
  ['before what is retained, in an epoch nobody knows', at('C', 2), log, 3, 'epoch'],
  ['another id', at('D', 5, 'x'), log, 3, 'diverged'],
  ['another id in an epoch nobody knows', at('C', 5, 'x'), log, 3, 'epoch'],
  ['another id at the head', at('D', 9, 'x'), log, 3, 'diverged'],
  ['another id at the floor', at('D', 3, 'x'), log, 3, 'diverged'],
  ['beyond the head', at('E', 10), log, 3, 'diverged'],
  ['no id', at('E', 5, ''), log, 3, 'diverged'],
  ['half an offset', at('E', 4.5), log, 3, 'diverged'],
  ['offset NaN', at('E', Number.NaN), log, 3, 'trimmed'],
  ['a written position where nothing is known', at('E', 5), null, 0, 'epoch'],

  ['unwritten and still so', unwrittenPosition(now), null, 0, 'match'],
  ['unwritten, of the slot before', unwrittenPosition({ ...now, slot: 6 }), null, 0, 'match'],
  ['unwritten, of two slots before', unwrittenPosition({ ...now, slot: 5 }), null, 0, 'epoch'],
  ['unwritten, of a slot to come', unwrittenPosition({ ...now, slot: 8 }), null, 0, 'epoch'],
  ['unwritten, of another store', unwrittenPosition({ ...now, base: 'C' }), null, 0, 'epoch'],
  ['unwritten, before a change of lineage', unwrittenPosition({ ...now, lineage: 'one' }), null, 0, 'lineage'],
  ['unwritten, with an id', at('B~two.7', 0, 'x'), null, 0, 'epoch'],
  ['unwritten, and all of the log is there', unwrittenPosition(now), young, 0, 'match'],
  ['unwritten, and the first entry is not served', unwrittenPosition(now), young, 1, 'trimmed'],
  ['unwritten, and the first entry has gone', unwrittenPosition(now), log, 3, 'trimmed'],
  ['what the first fence names, however old', at('B~two.2', 0, ''), young, 0, 'match'],
  ['another old slot', at('B~two.3', 0, ''), young, 0, 'trimmed'],
  ['another lineage, and all of the log is there', at('B~one.7', 0, ''), young, 0, 'lineage'],
  ['another lineage, and the first entry has gone', at('B~one.7', 0, ''), log, 3, 'trimmed'],
  ['the first fence was passed', at('E', 0, ''), young, 0, 'match'],
  ['the first fence was passed, and the entry has gone', at('E', 0, ''), log, 3, 'trimmed'],
  ['a beginning of an epoch nobody knows', at('X', 0, ''), young, 0, 'epoch'],
]

for (const [what, position, known, served, wanted] of rows) {
  test(`the proof of a position: ${what} → ${wanted}`, () => {
    assert.equal(prove(position, known, served, now), wanted)
  })
}

test('an unwritten epoch is read back as it was written, and nothing else is taken for one', () => {
  for (const unwritten of [
    now,
    { base: 'a-b_c', lineage: '', slot: 0 },
    { base: 'x', lineage: 'y-1', slot: 2 ** 40 },
  ]) {
    assert.deepEqual(readUnwritten(unwrittenPosition(unwritten)), unwritten)
    assert.equal(judgeUnwritten(unwritten, unwritten), 'same')
  }
  for (const epoch of ['', '.', '.1', 'x', 'x.', 'x.A', 'x.-1', 'x.1e', ` ${'z'.repeat(12)}.${'z'.repeat(12)}`]) {
    const read = readUnwritten({ epoch, offset: 0, id: '' })
    if (epoch !== 'x.1e') assert.equal(read, null, epoch)
  }
  assert.equal(readUnwritten({ epoch: 'x.1', offset: 1, id: '' }), null)
  assert.equal(readUnwritten({ epoch: 'x.1', offset: 0, id: 'i' }), null)
  assert.deepEqual([slotAt(0, 10), slotAt(9, 10), slotAt(10, 10)], [0, 0, 1])
})
