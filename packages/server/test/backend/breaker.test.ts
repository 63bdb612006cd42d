import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Breaker, type BreakerState, type Pass } from '../../src/backend/breaker.ts'
import { Time } from '../presence/clock.ts'

const SETTINGS = { failures: 0.5, window: 4, rest: 1_000 }

class Bench {
  readonly time: Time = new Time()
  readonly states: BreakerState[] = []
  readonly breaker: Breaker

  constructor(unit = 0, settings = SETTINGS) {
    const random = { bytes: (length: number) => new Uint8Array(length), unit: () => unit }
    this.breaker = new Breaker({ clock: this.time, random }, settings, (state) => this.states.push(state))
  }

  go(who = ''): Pass {
    const pass = this.breaker.enter(who)
    assert.notEqual(typeof pass, 'number', `left alone for ${String(pass)} ms`)
    return pass as Pass
  }

  rest(who = ''): number {
    const pass = this.breaker.enter(who)
    assert.equal(typeof pass, 'number')
    return pass as number
  }
}

test('it opens when half of the newest attempts failed, and not before enough were seen', () => {
  const bench = new Bench()
  bench.go().report('bad')
  bench.go().report('good')
  bench.go().report('good')
  bench.go().report('good')
  bench.go().report('bad')
  assert.deepEqual(bench.states, [])
  bench.go().report('bad')
  assert.deepEqual(bench.states, ['open'])
  assert.equal(bench.rest(), 1_000)
})

test('after its rest one attempt asks while the others wait; good closes it, bad opens it for twice as long', async () => {
  const bench = new Bench()
  for (let i = 0; i < 2; i++) bench.go().report('bad')
  await bench.time.pass(999)
  assert.equal(bench.rest(), 1)
  await bench.time.pass(1)
  const first = bench.go()
  assert.equal(bench.rest(), 1_000)
  first.report('bad')
  assert.equal(bench.rest(), 2_000)
  await bench.time.pass(2_000)
  bench.go().report('good')
  assert.deepEqual(bench.states, ['open', 'asking', 'open', 'asking', 'closed'])
  // From the start: one failure is not enough again.
  bench.go().report('bad')
  bench.go().report('good')
  bench.go().report('good')
  bench.go().report('good')
  assert.equal(bench.states.length, 5)
})

test('the rest grows to a minute and no further; a Retry-After lengthens it', async () => {
  const bench = new Bench()
  for (let i = 0; i < 2; i++) bench.go().report('bad', 10_000)
  assert.equal(bench.rest(), 10_000)
  for (let i = 0; i < 12; i++) {
    await bench.time.pass(60_000)
    bench.go().report('bad', i === 0 ? 3_600_000 : 0)
    if (i === 0) assert.equal(bench.rest(), 60_000)
  }
  assert.equal(bench.rest(), 60_000)
})

test('nodes do not come back in the same moment', () => {
  const bench = new Bench(0.5)
  for (let i = 0; i < 2; i++) bench.go().report('bad')
  assert.equal(bench.rest(), 1_100)
})

test('attempts that began before it opened say nothing when they end', async () => {
  const bench = new Bench()
  const late = [bench.go(), bench.go(), bench.go()]
  for (let i = 0; i < 2; i++) bench.go().report('bad')
  late[0]?.report('good')
  assert.equal(bench.rest(), 1_000)
  await bench.time.pass(1_000)
  const asking = bench.go()
  late[1]?.report('good')
  assert.equal(bench.rest(), 1_000)
  asking.report('good')
  late[2]?.report('bad')
  asking.report('bad')
  bench.go().report('bad')
  assert.equal(bench.states.at(-1), 'closed')
})

test('an asking attempt that was given up leaves the question to the next', async () => {
  const bench = new Bench()
  for (let i = 0; i < 2; i++) bench.go().report('bad')
  await bench.time.pass(1_000)
  bench.go().report('neither')
  bench.go().report('good')
  assert.equal(bench.states.at(-1), 'closed')
})

test('what failed a minute ago is forgotten', async () => {
  const bench = new Bench()
  bench.go().report('bad')
  await bench.time.pass(61_000)
  bench.go().report('bad')
  assert.deepEqual(bench.states, [])
})

test('whoever makes a backend fail, and nobody else does, does not close it to others', () => {
  const bench = new Bench(0, { ...SETTINGS, window: 20 })
  for (let i = 0; i < 100; i++) bench.go('mallory').report('bad')
  bench.go('ann').report('good')
  assert.deepEqual(bench.states, [])
  // Five of them: it is the backend's fault.
  for (const who of ['bob', 'cid', 'dan', 'eve']) for (let i = 0; i < 2; i++) bench.go(who).report('bad')
  assert.deepEqual(bench.states, ['open'])
})

test('a backend that is down is down for whoever asks alone, too', () => {
  const bench = new Bench()
  for (let i = 0; i < 2; i++) bench.go('ann').report('down')
  assert.deepEqual(bench.states, ['open'])
})

test('who is to blame is not the one who asks whether it is back, unless nobody else does', async () => {
  const bench = new Bench()
  for (const who of ['ann', 'mallory']) bench.go(who).report('bad')
  await bench.time.pass(1_000)
  assert.equal(bench.rest('mallory'), 1_000)
  bench.go('bob').report('good')
  assert.equal(bench.states.at(-1), 'closed')
  for (const who of ['ann', 'mallory']) bench.go(who).report('bad')
  await bench.time.pass(2_000)
  bench.go('mallory').report('good')
  assert.equal(bench.states.at(-1), 'closed')
})
