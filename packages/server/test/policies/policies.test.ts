import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Policy } from '@tautline/wire'
import { conflate, dropOldest, GAP_BYTES, type QueueItem, strictest } from '../../src/policies.ts'

/** An entry at an offset: `a3` has the state key a, `-3` has none; `|3` is a fence behind offset 3. */
function item(name: string): QueueItem<string> {
  const offset = Number(name.slice(1))
  const position = { epoch: 'e', offset, id: `w.${offset}` }
  if (name[0] === '|') return { position, bytes: 50, marker: true, payload: name }
  return { position, bytes: 100, ...(name[0] === '-' ? {} : { state: name[0] }), payload: name }
}
const queue = (text: string): QueueItem<string>[] => text.split(' ').filter(Boolean).map(item)
/** As written above; `(2→3 conflated)` is a gap of two entries up to offset 3. */
const written = (items: readonly QueueItem<string>[]): string =>
  items
    .map(({ payload, gap, position, channel }) =>
      gap ? `(${channel ?? ''}${gap.count}→${position?.offset} ${gap.why})` : payload,
    )
    .join(' ')

describe('policy latest', () => {
  it('keeps the newest entry of each state key, and entries without one', () => {
    assert.equal(written(conflate(queue('a1 b2 -3 a4 c5'))), '(1→1 conflated) b2 -3 a4 c5')
  })

  it('leaves one gap for each run of removed entries', () => {
    assert.equal(written(conflate(queue('a1 b2 a3 -4 b5 a6 b7'))), '(3→3 conflated) -4 (1→5 conflated) a6 b7')
  })

  it('merges gaps that come to stand side by side', () => {
    const once = conflate(queue('a1 a2 b3'))
    assert.equal(written(conflate([...once, ...queue('a4 b5')])), '(3→3 conflated) a4 b5')
  })

  it('hands back the queue where nothing is superseded', () => {
    for (const text of ['', '-1 -2', 'a1 b2 c3']) {
      const before = queue(text)
      assert.equal(conflate(before), before)
    }
  })

  it('removes no fence, and lets no gap span one', () => {
    assert.equal(written(conflate(queue('a1 a2 |2 a3 a4'))), '(2→2 conflated) |2 (1→3 conflated) a4')
  })

  it('marks no gap on an ephemeral channel, which has no positions', () => {
    const ephemeral = queue('a1 b2 a3').map((entry) => ({ ...entry, position: null }))
    assert.equal(written(conflate(ephemeral)), 'b2 a3')
  })

  it('is not misled by state keys that look like what objects inherit', () => {
    const odd = queue('-1 -2').map((entry, i) => ({ ...entry, state: ['__proto__', 'constructor'][i] }))
    assert.equal(conflate(odd), odd)
  })
})

describe('policy { drop: n }', () => {
  it('removes the oldest until n remain', () => {
    assert.equal(written(dropOldest(queue('-1 a2 -3 -4'), 2)), '(2→2 dropped) -3 -4')
  })

  it('adds up what was dropped before', () => {
    const once = dropOldest(queue('-1 -2 -3'), 1)
    assert.equal(written(dropOldest([...once, ...queue('-4 -5')], 1)), '(4→4 dropped) -5')
  })

  it('calls a gap dropped that holds a dropped entry', () => {
    const conflated = conflate(queue('a1 a2 -3'))
    assert.equal(written(dropOldest(conflated, 1)), '(2→2 dropped) -3')
    assert.equal(written(conflate([...dropOldest(queue('-1 -2'), 0), ...queue('a3 a4')])), '(3→3 dropped) a4')
  })

  it('counts neither gaps nor fences as entries, and keeps fences', () => {
    assert.equal(written(dropOldest(queue('-1 |1 -2 -3'), 1)), '(1→1 dropped) |1 (1→2 dropped) -3')
  })

  it('hands back the queue where no more than n are in it', () => {
    const before = queue('-1 -2')
    assert.equal(dropOldest(before, 2), before)
  })

  it('leaves a gap for each channel of a pattern, since each is a chain of its own', () => {
    const of = (channel: string, text: string) => queue(text).map((entry) => ({ ...entry, channel }))
    const mixed = [...of('x', '-1'), ...of('y', '-7'), ...of('x', '-2'), ...of('y', '-8')]
    assert.equal(written(dropOldest(mixed, 1)), '(x2→2 dropped) (y1→7 dropped) -8')
  })
})

describe('gaps', () => {
  it('are reckoned into the bytes of a queue', () => {
    assert.equal(dropOldest(queue('-1 -2'), 1)[0]?.bytes, GAP_BYTES)
  })
})

describe('the policy of handles that share a subscription', () => {
  it('is the one that loses less', () => {
    const order: Policy[] = ['lossless', 'disconnect', 'latest', { drop: 100 }, { drop: 1 }]
    for (const [i, a] of order.entries()) {
      for (const [j, b] of order.entries()) {
        assert.deepEqual(strictest(a, b), order[Math.min(i, j)], `${JSON.stringify(a)} and ${JSON.stringify(b)}`)
      }
    }
  })
})
