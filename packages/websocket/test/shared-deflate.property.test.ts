import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DeflateCodec, type SharedUnit } from '@tautline/protocol'
import { Random } from '@tautline/testkit'
import { outcome, runSchedule } from './shared-schedules.ts'

const SCHEDULES = 2_000

describe('streams of shared takeover', () => {
  it(`never give a peer a wrong byte, in ${SCHEDULES} schedules of joins, skips, stalls, drops and messages of its own`, async () => {
    const all = outcome()
    for (let seed = 1; seed <= SCHEDULES; seed++) {
      await runSchedule(new Random(seed), all)
      assert.equal(all.wrong, 0, `seed ${seed}`)
    }
    // What was tried: most of it compressed, and with what came before as context.
    assert.ok(all.compressed > all.messages / 3, JSON.stringify(all))
    assert.ok(all.continued > SCHEDULES * 5, JSON.stringify(all))
  })

  it('would be found wrong by the same schedules if a unit could follow any other', async () => {
    const { mayTake } = DeflateCodec.prototype
    DeflateCodec.prototype.mayTake = (unit: SharedUnit) => unit.canBeTaken
    try {
      assert.ok((await wrongIn(100)) > 50)
    } finally {
      DeflateCodec.prototype.mayTake = mayTake
    }
  })

  it('would be found wrong by them if a member were sent its own messages compressed', async () => {
    const { mayCompress } = DeflateCodec.prototype
    DeflateCodec.prototype.mayCompress = () => true
    try {
      assert.ok((await wrongIn(100)) > 20)
    } finally {
      DeflateCodec.prototype.mayCompress = mayCompress
    }
  })
})

async function wrongIn(schedules: number): Promise<number> {
  const all = outcome()
  for (let seed = 1; seed <= schedules; seed++) await runSchedule(new Random(seed), all)
  return all.wrong
}
