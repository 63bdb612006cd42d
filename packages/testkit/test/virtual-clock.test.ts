import assert from 'node:assert/strict'
import { test } from 'node:test'
import { handlesBeyond, handlesReturnTo, openHandles, VirtualClock } from '@tautline/testkit'

test('timers run in the order of their due time, then of their setting', () => {
  const clock = new VirtualClock(100)
  const log: string[] = []
  clock.setTimeout(() => log.push(`b ${clock.now()}`), 20)
  clock.setTimeout(() => log.push(`a ${clock.now()}`), 10)
  clock.setTimeout(() => log.push(`c ${clock.now()}`), 20)
  clock.clearTimeout(clock.setTimeout(() => log.push('never'), 5))
  clock.advance(19)
  assert.deepEqual(log, ['a 110'])
  assert.equal(clock.pending, 2)
  clock.advance(1)
  assert.deepEqual(log, ['a 110', 'b 120', 'c 120'])
  assert.equal(clock.now(), 120)
})

test('a timer set by a timer runs within the same advance when it falls due', async () => {
  const clock = new VirtualClock()
  let count = 0
  const again = (): void => {
    count++
    clock.setTimeout(again, 10)
  }
  clock.setTimeout(again, 10)
  clock.advance(35)
  assert.equal(count, 3)
  const later = Promise.resolve().then(() => clock.setTimeout(() => count++, 1))
  await clock.advanceSettling(20)
  await later
  assert.equal(count, 6)
})

test('a timer left behind is named', async () => {
  const base = openHandles()
  const timer = setTimeout(() => undefined, 60_000)
  assert.deepEqual(handlesBeyond(base), ['1 × Timeout'])
  await assert.rejects(handlesReturnTo(base, 10), /1 × Timeout/)
  clearTimeout(timer)
  await handlesReturnTo(base)
})
