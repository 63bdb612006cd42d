import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Random } from '@tautline/testkit'
import { outcome, runSchedule } from './shared-schedules.ts'

describe('streams of shared takeover, at length', () => {
  it('never give a peer a wrong byte, in 20,000 schedules', async () => {
    const all = outcome()
    for (let seed = 100_000; seed < 120_000; seed++) {
      await runSchedule(new Random(seed), all)
      assert.equal(all.wrong, 0, `seed ${seed}`)
    }
  })

  it('never, in 50 schedules of 1,000 steps', async () => {
    const all = outcome()
    for (let seed = 1; seed <= 50; seed++) {
      await runSchedule(new Random(seed), all, 1_000)
      assert.equal(all.wrong, 0, `seed ${seed}`)
    }
  })

  it('never, read message by message by persistent zlib streams, in 1,000 schedules', async () => {
    const all = outcome()
    for (let seed = 200_000; seed < 201_000; seed++) {
      await runSchedule(new Random(seed), all, 60, true)
      assert.equal(all.wrong, 0, `seed ${seed}`)
    }
  })
})
