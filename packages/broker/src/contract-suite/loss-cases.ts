// Stores that lose things. The duty is not to keep what is gone but never to say `match` for a position whose entry has
// vanished, and never to name two entries alike where the loss can be noticed.

import assert from 'node:assert/strict'
import type { Position } from '@tautline/wire'
import type { BrokerHarness, Case } from './harness.ts'
import { absent, dice, matched, positionOf, Stage } from './stage.ts'

export const lossCases: readonly Case<BrokerHarness>[] = [
  {
    title: 'after a clean restart positions are proved as before, and keys as the facts say',
    async run(harness) {
      const stage = new Stage(harness)
      const restart = stage.hook('restart')
      const channel = stage.channel()
      const unused = stage.channel()
      const [unwritten] = (await stage.a.heads([unused])) as [Position]
      const positions = await stage.put(channel, 6)
      const first = await stage.putOne(channel, stage.entry({ key: 'k' }))
      await restart()
      for (const [i, position] of positions.entries()) {
        const rest = await stage.readAll(channel, position)
        assert.deepEqual(rest.slice(0, 5 - i).map(positionOf), positions.slice(i + 1))
      }
      assert.equal((await stage.readAll(unused, unwritten)).length, 0, 'an empty inbox is not lost')
      const again = await stage.putOne(channel, stage.entry({ key: 'k' }))
      if (stage.a.facts().survives === 'restart') {
        assert.deepEqual(again, { position: first.position, duplicate: true })
      }
      const later = await stage.put(channel, 2)
      assert.deepEqual((await stage.readAll(channel, positions[5] as Position)).slice(-2).map(positionOf), later)
      await stage.put(unused, 1)
      assert.equal((await stage.readAll(unused, unwritten)).length, 1, 'and its first entry follows')
    },
  },
  {
    title: 'after losing everything no position of before is proved, and none is given to another entry',
    async run(harness) {
      const stage = new Stage(harness)
      const lose = stage.hook('lose')
      const channel = stage.channel()
      const old = await stage.put(channel, 6)
      await lose()
      for (const position of old) {
        absent(await stage.a.read(channel, position, 10, 1_000, stage.rule()), 'before anything is written')
      }
      const renewed = await stage.put(channel, 8)
      for (const position of old) {
        absent(await stage.b.read(channel, position, 10, 1_000, stage.rule()), 'after as many were written')
        absent(await stage.a.back(channel, position, 10, 1 << 30, stage.rule()), 'backward')
        assert.ok(
          !renewed.some((one) => one.epoch === position.epoch && one.offset === position.offset),
          '(epoch, offset) never names two entries',
        )
      }
      assert.deepEqual((await stage.readAll(channel, 'start')).map(positionOf), renewed)
    },
  },
  {
    title: 'a store that went back never proves a position whose entry vanished, whatever is written afterwards',
    async run(harness) {
      const stage = new Stage(harness)
      const mark = stage.hook('mark')
      const rollback = stage.hook('rollback')
      const channel = stage.channel()
      const fresh = stage.channel()
      const survivors = await stage.put(channel, 5)
      await mark()
      const vanished = await stage.put(channel, 4)
      const vanishedFirst = await stage.put(fresh, 2)
      await rollback()
      const check = async (written: readonly Position[]): Promise<void> => {
        for (const node of harness.nodes) {
          for (const position of vanished) {
            absent(
              await node.read(channel, position, 100, 1 << 20, stage.rule()),
              `vanished, then ${written.length} new`,
            )
            absent(await node.back(channel, position, 100, 1 << 30, stage.rule()), 'backward')
          }
          for (const position of vanishedFirst) {
            absent(await node.read(fresh, position, 100, 1 << 20, stage.rule()), 'of a channel that vanished')
          }
        }
        for (const [i, position] of survivors.entries()) {
          const rest = (await stage.readAll(channel, position)).map(positionOf)
          assert.deepEqual(rest, [...survivors.slice(i + 1), ...written], 'survivors are proved, and lead on')
        }
      }
      await check([])
      const written: Position[] = []
      // Fewer than vanished, as many, more: their offsets are given again, under other ids.
      for (let i = 0; i < 7; i++) {
        written.push(...(await stage.put(channel, 1)))
        if (i === 3) await stage.put(fresh, 3)
        await check(written)
      }
      if (harness.lineage !== true) return
      const reissued = written.filter((one) => vanished.some((v) => v.epoch === one.epoch && v.offset === one.offset))
      assert.deepEqual(reissued, [], '(epoch, offset) never names two entries where the store notices')
      const [next] = matched(await stage.a.read(channel, survivors[4] as Position, 1, 1, stage.rule())).entries
      assert.equal(next?.fence?.loss, 'possible', 'the first entry afterwards says that something may have vanished')
    },
  },
  {
    title: 'random rollbacks: a position is proved only while its entry is in the log',
    async run(harness) {
      const stage = new Stage(harness)
      const mark = stage.hook('mark')
      const rollback = stage.hook('rollback')
      const rounds = Math.min(10, harness.rounds ?? 25)
      for (let seed = 1; seed <= rounds; seed++) {
        const throwDie = dice(seed)
        const channel = stage.channel()
        const rule = stage.rule({ size: 8 })
        const ever: Position[] = []
        let log: Position[] = []
        let marked: Position[] = []
        await mark()
        for (let step = 0; step < 20; step++) {
          const action = throwDie(10)
          if (action === 0) {
            await mark()
            marked = [...log]
          } else if (action <= 2) {
            await rollback()
            log = [...marked]
          } else {
            const added = await stage.put(channel, 1 + throwDie(3), rule)
            ever.push(...added)
            log.push(...added)
          }
          for (const position of ever) {
            const page = await stage.a.read(channel, position, 100, 1 << 20, rule)
            const at = log.findIndex((one) => one.id === position.id)
            const provable = at >= 0 && at >= log.length - 9
            assert.equal(
              page.proof === 'match',
              provable,
              `seed ${seed}, step ${step}: entry ${at + 1} of ${log.length}`,
            )
            if (page.proof === 'match') assert.deepEqual(page.entries.map(positionOf), log.slice(at + 1))
          }
        }
      }
    },
  },
]
