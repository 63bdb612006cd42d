import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Appended } from '@tautline/broker'
import { CommitQueue, type Pending } from '../../src/sqlite/commit-queue.ts'
import { TestClock } from '../clock.ts'
import { publication, RULE } from './publishing.ts'

const BOUNDS = { entries: 20, bytes: 1e9, groupEntries: 8, groupBytes: 1e9 }

class Sink {
  syncing = false
  readonly groups: string[][] = []
  readonly #takes: () => void

  /** @param takes what a commit does to the clock */
  constructor(takes: () => void = () => {}) {
    this.#takes = takes
  }

  commit(group: readonly Pending[]): void {
    this.groups.push(group.map(({ channel }) => channel))
    this.#takes()
    for (const { batch, resolve } of group) resolve(batch.map(() => ({ fail: 'test', applied: 'no' })))
  }
}

const add = (queue: CommitQueue, channel: string, count = 1): Promise<readonly Appended[]> =>
  queue.add(
    channel,
    Array.from({ length: count }, () => publication()),
    RULE,
  )
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('what arrives in one turn shares a transaction, in order', async () => {
  const sink = new Sink()
  const queue = new CommitQueue(new TestClock(), BOUNDS, sink)
  await Promise.all([add(queue, 'a'), add(queue, 'b'), Promise.resolve().then(() => add(queue, 'c'))])
  assert.deepEqual(sink.groups, [['a', 'b', 'c']])
})

test('a group is bounded; the rest follows without anybody asking', async () => {
  const sink = new Sink()
  const queue = new CommitQueue(new TestClock(), BOUNDS, sink)
  await Promise.all([add(queue, 'a', 5), add(queue, 'b', 5), add(queue, 'c', 5)])
  assert.deepEqual(sink.groups, [['a', 'b'], ['c']])
})

test('over its bound it refuses as overloaded, which is not applied, and takes again when it has room', async () => {
  const queue = new CommitQueue(new TestClock(), BOUNDS, new Sink())
  const taken = [add(queue, 'a', 10), add(queue, 'b', 10)]
  assert.deepEqual(await add(queue, 'c', 1), [{ fail: 'overloaded', applied: 'no' }])
  await Promise.all(taken)
  assert.deepEqual(await add(queue, 'c', 1), [{ fail: 'test', applied: 'no' }])
})

test('while a sync is under way it gathers, up to a whole group; the end of the sync sets it going', async () => {
  const sink = new Sink()
  const queue = new CommitQueue(new TestClock(), BOUNDS, sink)
  sink.syncing = true
  void add(queue, 'a', 3)
  await turn()
  assert.deepEqual(sink.groups, [])
  void add(queue, 'b', 5)
  await turn()
  assert.deepEqual(sink.groups, [['a', 'b']], 'a whole group need not wait')
  const last = add(queue, 'c')
  await turn()
  sink.syncing = false
  queue.go()
  await last
  assert.deepEqual(sink.groups, [['a', 'b'], ['c']])
})

test('beyond a short burst transactions take half of the time', async () => {
  const clock = new TestClock()
  const sink = new Sink(() => clock.advance(10))
  const queue = new CommitQueue(clock, BOUNDS, sink)
  await add(queue, 'a')
  const start = clock.now()
  for (let i = 0; i < 20; i++) {
    const done = add(queue, 'a')
    for (let settled = false; !settled; ) {
      await turn()
      settled = sink.groups.length === i + 2
      if (!settled) clock.advance(1)
    }
    await done
  }
  const passed = clock.now() - start
  assert.ok(passed >= 380 && passed <= 420, `20 commits of 10 ms within ${passed} ms`)
})

test('close commits what waits at once', async () => {
  const sink = new Sink()
  sink.syncing = true
  const queue = new CommitQueue(new TestClock(), BOUNDS, sink)
  const waiting = [add(queue, 'a', 7), add(queue, 'b', 7)]
  queue.close()
  await Promise.all(waiting)
  assert.deepEqual(sink.groups, [['a', 'b']])
})
