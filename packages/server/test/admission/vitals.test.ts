import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '@tautline/wire'
import { memoryMark, ProcessVitals } from '../../src/admission/vitals.ts'

/** A loop whose turns take as long as they are told to: timers fire at the first turn behind their time. */
class Loop implements Clock {
  private time = 0
  private due: { at: number; callback: () => void } | null = null
  now(): number {
    return this.time
  }
  wall(): number {
    return this.time
  }
  setTimer(callback: () => void, ms: number): unknown {
    this.due = { at: this.time + ms, callback }
    return this.due
  }
  clearTimer(): void {
    this.due = null
  }
  defer(): void {}
  get idle(): boolean {
    return this.due === null
  }
  /** One turn that takes so long. */
  turn(ms: number): void {
    this.time += ms
    const { due } = this
    if (due !== null && due.at <= this.time) due.callback()
  }
}

test('the loop lags when three looks in a row are late, and one long turn is no lag', () => {
  const loop = new Loop()
  const vitals = new ProcessVitals(loop)
  assert.equal(vitals.lag(), 0)
  for (let i = 0; i < 100; i++) loop.turn(10)
  assert.ok(vitals.lag() <= 10)
  loop.turn(900)
  assert.ok(vitals.lag() <= 10, `${vitals.lag()}`)
  for (let i = 0; i < 20; i++) loop.turn(10)
  loop.turn(400)
  loop.turn(400)
  assert.ok(vitals.lag() <= 10)
  loop.turn(400)
  assert.equal(vitals.lag(), 350)
  for (let i = 0; i < 30; i++) loop.turn(10)
  assert.ok(vitals.lag() <= 10)
  vitals.stop()
  assert.ok(loop.idle)
})

test('a look that is overdue counts, while the turn that holds it up still goes on', () => {
  const loop = new Loop()
  const vitals = new ProcessVitals(loop)
  vitals.lag()
  loop.turn(400)
  loop.turn(400)
  loop['time'] += 500
  assert.equal(vitals.lag(), 350)
  vitals.stop()
})

test('memory is what the process has, and its mark is below what it may have', () => {
  const vitals = new ProcessVitals(new Loop())
  assert.ok(vitals.rss() > 20_000_000 && vitals.rss() < 4e9)
  assert.equal(vitals.heapIsFull(), false)
  const mark = memoryMark(8e9)
  assert.ok(mark > 0 && mark <= 6.4e9, `${mark}`)
})
