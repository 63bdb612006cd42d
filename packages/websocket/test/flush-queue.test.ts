import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Flushable, FlushQueue } from '../src/flush-queue.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('the flush queue', () => {
  it('writes everybody out once the turn is over, in order', async () => {
    const queue = new FlushQueue()
    const log: number[] = []
    for (let i = 0; i < 5; i++) queue.add({ flush: () => log.push(i) })
    assert.deepEqual(log, [])
    await turn()
    assert.deepEqual(log, [0, 1, 2, 3, 4])
    await turn()
    assert.equal(log.length, 5)
  })

  it('writes what is added meanwhile in the next turn', async () => {
    const queue = new FlushQueue()
    const log: string[] = []
    const second: Flushable = { flush: () => log.push('second') }
    queue.add({
      flush: () => {
        log.push('first')
        queue.add(second)
      },
    })
    queue.add({ flush: () => log.push('also first') })
    await turn()
    assert.deepEqual(log, ['first', 'also first'])
    await turn()
    assert.deepEqual(log, ['first', 'also first', 'second'])
  })

  it('forgets nobody because another one threw', async () => {
    const queue = new FlushQueue()
    const log: string[] = []
    const thrown: unknown[] = []
    const mine = (error: unknown): void => {
      thrown.push(error)
    }
    const others = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', mine)
    try {
      queue.add({
        flush: () => {
          throw new Error('a stream that throws')
        },
      })
      queue.add({ flush: () => log.push('written') })
      await turn()
      await turn()
      await turn()
    } finally {
      process.off('uncaughtException', mine)
      for (const other of others) process.on('uncaughtException', other)
    }
    assert.equal(thrown.length, 1)
    assert.deepEqual(log, ['written'])
  })
})
