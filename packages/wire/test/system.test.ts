import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock, systemRandom } from '../src/mod.ts'

/** A timer of the system clock does not keep the process alive; while a test waits for one, something must. */
async function awake<T>(work: Promise<T>): Promise<T> {
  const keeper = setInterval(() => {}, 10_000)
  try {
    return await work
  } finally {
    clearInterval(keeper)
  }
}

test('a timer calls back once, not before its time', async () => {
  const start = systemClock.now()
  await awake(new Promise<void>((resolve) => systemClock.setTimer(resolve, 20)))
  assert.ok(systemClock.now() - start >= 19)
})

test('a cleared timer never calls back, and clearing twice does no harm', async () => {
  let called = false
  const timer = systemClock.setTimer(() => {
    called = true
  }, 1)
  systemClock.clearTimer(timer)
  systemClock.clearTimer(timer)
  systemClock.clearTimer(undefined)
  await awake(new Promise<void>((resolve) => systemClock.setTimer(resolve, 10)))
  assert.equal(called, false)
})

test('a timer of 30 days does not fire at once, as the platform would have it', async () => {
  let called = false
  const timer = systemClock.setTimer(() => {
    called = true
  }, 30 * 86_400_000)
  await awake(new Promise<void>((resolve) => systemClock.setTimer(resolve, 10)))
  systemClock.clearTimer(timer)
  assert.equal(called, false)
})

test('what is deferred runs behind the microtasks of this turn, in order', async () => {
  const order: string[] = []
  const done = new Promise<void>((resolve) => {
    systemClock.defer(() => order.push('first'))
    systemClock.defer(() => {
      order.push('second')
      resolve()
    })
  })
  queueMicrotask(() => order.push('microtask'))
  await done
  assert.deepEqual(order, ['microtask', 'first', 'second'])
})

test('random bytes come up to 65,536 at once, fresh each time', () => {
  const bytes = systemRandom.bytes(65_536)
  assert.equal(bytes.length, 65_536)
  for (let at = 0; at < bytes.length; at += 1000) assert.ok(bytes.subarray(at, at + 1000).some((byte) => byte !== 0))
  assert.notDeepEqual(systemRandom.bytes(16), systemRandom.bytes(16))
  const unit = systemRandom.unit()
  assert.ok(unit >= 0 && unit < 1)
})

test('the wall clock says the time since 1970', () => {
  assert.ok(Math.abs(systemClock.wall() - Date.now()) < 1000)
})
