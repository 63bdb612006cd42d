import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Gate, type Leave } from '../../src/backend/gate.ts'

const forever = new AbortController().signal

test('so many are in at once, so many wait, the next is turned away', async () => {
  const gate = new Gate({ concurrency: 2, queue: 2, parts: 1 })
  const first = await gate.enter('a', forever)
  const second = await gate.enter('a', forever)
  const third = gate.enter('a', forever)
  const fourth = gate.enter('a', forever)
  assert.equal(await gate.enter('a', forever), null)
  assert.deepEqual([gate.size, gate.length], [2, 2])
  first?.()
  first?.()
  const leave = await third
  assert.ok(leave)
  assert.deepEqual([gate.size, gate.length], [2, 1])
  second?.()
  leave()
  ;(await fourth)?.()
  assert.deepEqual([gate.size, gate.length], [0, 0])
})

test('who asks a lot has a part of the places, and waits behind nobody but himself', async () => {
  const gate = new Gate({ concurrency: 4, queue: 40, parts: 4 })
  const served: string[] = []
  const leaves: Leave[] = []
  const ask = (who: string): void => {
    void gate.enter(who, forever).then((leave) => {
      if (leave === null) return served.push(`${who} turned away`)
      served.push(who)
      return leaves.push(leave)
    })
  }
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  for (let i = 0; i < 20; i++) ask('flood')
  await turn()
  // One place of four; ten of the forty who may wait.
  assert.deepEqual(served, ['flood', ...Array(9).fill('flood turned away')])
  for (const who of ['ann', 'bob', 'cid']) ask(who)
  await turn()
  assert.deepEqual(served.slice(-3), ['ann', 'bob', 'cid'])
  ask('dan')
  leaves.splice(1, 1)[0]?.()
  await turn()
  assert.equal(served.at(-1), 'dan')
})

test('who gives up waiting leaves the queue at once', async () => {
  const gate = new Gate({ concurrency: 1, queue: 1, parts: 1 })
  const leave = await gate.enter('a', forever)
  const controller = new AbortController()
  const waiting = gate.enter('b', controller.signal)
  controller.abort()
  assert.equal(await waiting, null)
  assert.equal(gate.length, 0)
  const next = gate.enter('c', forever)
  leave?.()
  ;(await next)?.()
  assert.equal(gate.size, 0)
  assert.equal(await gate.enter('d', controller.signal), null)
})

test('whatever comes and goes: never more than there are places, and nobody is left behind', async () => {
  const step = fc.record({ who: fc.constantFrom('a', 'b', 'c'), what: fc.constantFrom('enter', 'leave', 'abort') })
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 60 }), async (concurrency, steps) => {
      const gate = new Gate({ concurrency, queue: 1_000, parts: 4 })
      const leaves: Leave[] = []
      const controllers: AbortController[] = []
      const asked: Promise<unknown>[] = []
      for (const { who, what } of steps) {
        if (what === 'enter') {
          const controller = new AbortController()
          controllers.push(controller)
          asked.push(gate.enter(who, controller.signal).then((leave) => leave && leaves.push(leave)))
        } else if (what === 'leave') leaves.shift()?.()
        else controllers.pop()?.abort()
        await Promise.resolve()
        assert.ok(gate.size <= concurrency)
      }
      let rest = Promise.all(asked).then(() => true as boolean)
      for (let i = 0; i < 200; i++) {
        leaves.shift()?.()
        await Promise.resolve()
      }
      rest = Promise.race([rest, new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))])
      assert.equal(await rest, true)
      while (leaves.length > 0) leaves.shift()?.()
      assert.deepEqual([gate.size, gate.length], [0, 0])
    }),
    { numRuns: 200 },
  )
})
