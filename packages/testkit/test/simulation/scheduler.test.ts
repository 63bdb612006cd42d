import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Chance, Machine, Scheduler } from '@tautline/testkit/simulation'

const never = (error: unknown): void => {
  throw error
}

test('events run in the order of their time, then of their setting, and microtasks settle between them', async () => {
  const scheduler = new Scheduler()
  const log: string[] = []
  const note = (name: string) => (): void => {
    log.push(`${name} ${scheduler.now}`)
    void Promise.resolve()
      .then(() => {})
      .then(() => log.push(`${name}'`))
  }
  scheduler.at(20, note('c'))
  scheduler.at(10, note('a'))
  scheduler.at(10, note('b'))
  assert.equal(await scheduler.run(15, 100, never), 'time')
  assert.deepEqual(log, ['a 10', "a'", 'b 10', "b'"])
  assert.equal(scheduler.now, 15)
  assert.equal(scheduler.pending, 1)
})

test('ten thousand events with random times come in order', async () => {
  const scheduler = new Scheduler()
  const chance = new Chance(1, 'test')
  const times: number[] = []
  for (let i = 0; i < 10_000; i++) scheduler.at(chance.between(0, 1_000), () => times.push(scheduler.now))
  await scheduler.run(2_000, 20_000, never)
  assert.equal(times.length, 10_000)
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  )
})

test('a world that never comes to rest is given up after so many events', async () => {
  const scheduler = new Scheduler()
  const again = (): void => void scheduler.at(0, again)
  again()
  assert.equal(await scheduler.run(1, 500, never), 'events')
  assert.equal(scheduler.ran, 500)
})

test('an event that throws is told, and time goes on', async () => {
  const scheduler = new Scheduler()
  const errors: unknown[] = []
  let after = false
  scheduler.at(1, () => {
    throw new Error('one')
  })
  scheduler.at(2, () => {
    after = true
  })
  await scheduler.run(3, 10, (error) => errors.push(error))
  assert.equal(errors.length, 1)
  assert.ok(after)
})

test('a frozen machine runs nothing; thawed it runs what fell due, in order, ahead of what comes later', async () => {
  const scheduler = new Scheduler()
  const machine = new Machine(scheduler, 'm')
  const log: string[] = []
  machine.setTimer(() => log.push('a'), 10)
  machine.post(() => log.push('b'), 20)
  const cleared = machine.setTimer(() => log.push('never'), 15)
  machine.freeze()
  await scheduler.run(30, 100, never)
  assert.equal(log.length, 0)
  machine.clearTimer(cleared)
  machine.thaw()
  machine.defer(() => log.push('c'))
  await scheduler.run(30, 100, never)
  assert.deepEqual(log, ['a', 'b', 'c'])
})

test('nothing that was set on a dead machine ever runs', async () => {
  const scheduler = new Scheduler()
  const machine = new Machine(scheduler, 'm')
  let ran = false
  machine.setTimer(() => {
    ran = true
  }, 10)
  machine.kill()
  await scheduler.run(100, 100, never)
  assert.equal(ran, false)
})

test('a wall clock that jumps leaves monotonic time alone', () => {
  const machine = new Machine(new Scheduler(), 'm', 5)
  const before = machine.wall()
  machine.jump(3_600_000)
  assert.equal(machine.wall() - before, 3_600_000)
  assert.equal(machine.now(), 0)
})

test('chance has one stream per seed and name', () => {
  const first = Array.from({ length: 8 }, (_, i) => new Chance(7, 'a').bytes(i + 1).join())
  assert.deepEqual(
    first,
    Array.from({ length: 8 }, (_, i) => new Chance(7, 'a').bytes(i + 1).join()),
  )
  assert.notEqual(new Chance(7, 'a').next(), new Chance(7, 'b').next())
  assert.notEqual(new Chance(7, 'a').next(), new Chance(8, 'a').next())
  const chance = new Chance(1, 'range')
  const drawn = Array.from({ length: 1_000 }, () => chance.between(1, 3))
  assert.deepEqual([...new Set(drawn)].sort(), [1, 2, 3])
})
