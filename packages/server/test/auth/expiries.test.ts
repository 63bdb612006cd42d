import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Expiries, type Expiry, GRACE } from '../../src/auth/expiries.ts'
import { chance, Time } from '../presence/clock.ts'

test('every moment is called once, never early and at most 50 ms late, a second or a year ahead', async () => {
  const time = new Time()
  const expiries = new Expiries(time)
  const { unit } = chance(7)
  const late: number[] = []
  const begun = time.now()
  const spans = [0, 1, 49, 50, 51, 29_999, 30_000, 59_999, 60_000, 60_001, 90_000, 3_600_000, 31_536_000_000]
  for (let i = 0; i < 500; i++) spans.push(Math.floor(unit() * 300_000))
  for (const span of spans) expiries.in(span, () => late.push(time.now() - begun - span))
  assert.equal(expiries.size, spans.length)
  // The year last, in one leap: the timer fires where it was set.
  await time.pass(3_700_000)
  assert.equal(late.length, spans.length - 1)
  assert.ok(Math.min(...late) >= 0, 'early')
  assert.ok(Math.max(...late) <= GRACE, `${Math.max(...late)} ms late`)
  assert.equal(time.pending, 1, 'one timer')
})

test('what was called off is not called, also out of the bucket that is being called; nothing is left', async () => {
  const time = new Time()
  const expiries = new Expiries(time)
  const called: string[] = []
  const second: { expiry?: Expiry } = {}
  expiries.in(1_000, () => {
    called.push('first')
    expiries.cancel(second.expiry as Expiry)
  })
  second.expiry = expiries.in(1_000, () => called.push('second'))
  const far = expiries.in(600_000, () => called.push('far'))
  await time.pass(2_000)
  assert.deepEqual(called, ['first'])
  expiries.cancel(far)
  expiries.cancel(far)
  assert.equal(time.pending, 0)
  assert.equal(expiries.size, 0)
})

test('a step of the wall clock ends nothing', async () => {
  const time = new Time()
  const expiries = new Expiries(time)
  let called = 0
  expiries.in(10_000, () => called++)
  const wall = time.wall.bind(time)
  time.wall = () => wall() + 3_600_000
  await time.pass(9_900)
  assert.equal(called, 0)
  await time.pass(200)
  assert.equal(called, 1)
})
