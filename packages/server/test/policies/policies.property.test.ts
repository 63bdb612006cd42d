import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { crosses, type Fence, follow, type Position } from '@tautline/wire'
import fc from 'fast-check'
import { conflate, dropOldest, type QueueItem } from '../../src/policies.ts'

interface Entry {
  readonly fence?: Fence
  readonly epoch: string
  readonly offset: number
  readonly prev: number
}
type Item = QueueItem<Entry>

/** What happens to a queue: an entry of a key comes, an epoch changes, a policy is applied, the network takes some. */
type Event =
  | { push: string }
  | { skip: number }
  | { fence: true }
  | { conflate: true }
  | { drop: number }
  | { take: number }
const events = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ push: fc.constantFrom('', 'a', 'b', 'c') }) },
    { weight: 1, arbitrary: fc.record({ skip: fc.integer({ min: 1, max: 5 }) }) },
    { weight: 1, arbitrary: fc.constant({ fence: true } as const) },
    { weight: 2, arbitrary: fc.constant({ conflate: true } as const) },
    { weight: 1, arbitrary: fc.record({ drop: fc.integer({ min: 0, max: 6 }) }) },
    { weight: 1, arbitrary: fc.record({ take: fc.integer({ min: 0, max: 4 }) }) },
  ),
  { maxLength: 80 },
)

/** A log with a subscriber's queue, and the subscriber itself, which knows the chain rule and nothing else. */
class Model {
  queue: readonly Item[] = []
  position: Position = { epoch: 'e0', offset: 0, id: '' }
  head: Position = this.position
  epochs = 0
  pushed = 0
  received = 0
  missed = 0

  push(state: string, by = 1): void {
    const { epoch, offset } = this.head
    this.head = { epoch, offset: offset + by, id: `w.${offset + by}` }
    const entry: Entry = { epoch, offset: offset + by, prev: offset }
    this.pushed++
    this.queue = [...this.queue, { position: this.head, bytes: 10, payload: entry, ...(state === '' ? {} : { state }) }]
  }

  fence(): void {
    const from = this.head
    this.head = { ...from, epoch: `e${++this.epochs}` }
    const fence: Fence = { ev: 'fence', ch: 'x', from, epoch: this.head.epoch, loss: 'none' }
    const payload: Entry = { fence, epoch: fence.epoch, offset: from.offset, prev: from.offset }
    this.queue = [...this.queue, { position: this.head, bytes: 10, marker: true, payload }]
  }

  take(n: number): void {
    for (const item of this.queue.slice(0, n)) this.receive(item)
    this.queue = this.queue.slice(n)
  }

  private receive({ gap, position, payload }: Item): void {
    assert.ok(position !== null)
    if (gap) {
      this.missed += gap.count
      assert.equal(payload, null)
      assert.equal(position.epoch, this.position.epoch, 'a gap that spans a fence')
    } else if (payload?.fence !== undefined) {
      assert.ok(crosses(this.position, payload.fence), 'a fence that does not chain')
    } else {
      assert.ok(payload !== null)
      assert.equal(follow(this.position, { ...payload, id: position.id }), 'next')
      this.received++
    }
    this.position = position
  }
}

const entriesOf = (queue: readonly Item[]): Item[] => queue.filter(({ gap, marker }) => !gap && !marker)

describe('policies', () => {
  it('keep the chain whole and every removed entry counted, whatever is done in whatever order', () => {
    fc.assert(
      fc.property(events, (list: readonly Event[]) => {
        const model = new Model()
        for (const event of list) {
          if ('push' in event) model.push(event.push)
          else if ('skip' in event) model.push('', event.skip)
          else if ('fence' in event) model.fence()
          else if ('take' in event) model.take(event.take)
          else if ('drop' in event) model.queue = dropOldest(model.queue, event.drop)
          else model.queue = conflate(model.queue)
          for (let i = 1; i < model.queue.length; i++) {
            // Only a queue nothing was done to since may show two gaps in a row: policies merge them.
            assert.ok(!(model.queue[i]?.gap && model.queue[i - 1]?.gap), 'two gaps side by side')
          }
        }
        model.take(Number.POSITIVE_INFINITY)
        assert.deepEqual(model.position, model.head)
        assert.equal(model.received + model.missed, model.pushed)
      }),
      { numRuns: 1_000 },
    )
  })

  it('remove what a naive model removes', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('', 'a', 'b', 'c'), { maxLength: 30 }), fc.nat(10), (states, n) => {
        const model = new Model()
        for (const state of states) model.push(state)
        const all = model.queue
        const conflated = all.filter(
          ({ state }, i) => state === undefined || !all.slice(i + 1).some((later) => later.state === state),
        )
        assert.deepEqual(entriesOf(conflate(all)), conflated)
        assert.deepEqual(entriesOf(dropOldest(all, n)), all.slice(Math.max(0, all.length - n)))
      }),
      { numRuns: 500 },
    )
  })
})
