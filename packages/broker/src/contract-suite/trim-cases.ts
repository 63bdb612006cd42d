// What is no longer served: exact by size and by age, provable at the edge, admitted behind it.

import assert from 'node:assert/strict'
import type { Position } from '@tautline/wire'
import type { BrokerHarness, Case } from './harness.ts'
import { absent, dice, matched, positionOf, Stage, yieldSome } from './stage.ts'

export const trimCases: readonly Case<BrokerHarness>[] = [
  {
    title: 'size is exact when reading: forward, backward and after a smaller rule',
    async run(harness) {
      const stage = new Stage(harness)
      const channel = stage.channel()
      const rule = stage.rule({ size: 7 })
      const positions: Position[] = []
      for (let i = 1; i <= 30; i++) {
        positions.push(...(await stage.put(channel, 1, rule)))
        const wanted = positions.slice(-7)
        assert.deepEqual((await stage.readAll(channel, 'start', rule)).map(positionOf), wanted)
        const back = matched(await stage.b.back(channel, 'head', 100, 1 << 30, rule))
        assert.deepEqual([back.entries.map(positionOf), back.more], [wanted, false])
      }
      const smaller = { ...rule, size: 3 }
      assert.deepEqual((await stage.readAll(channel, 'start', smaller)).map(positionOf), positions.slice(-3))
    },
  },
  {
    title: 'the position before the oldest entry served proves itself; those before it are trimmed',
    async run(harness) {
      const stage = new Stage(harness)
      const channel = stage.channel()
      const rule = stage.rule({ size: 5 })
      const [unwritten] = (await stage.a.heads([channel])) as [Position]
      const positions = await stage.put(channel, 20, rule)
      for (const [i, position] of positions.entries()) {
        const page = await (i % 2 === 0 ? stage.a : stage.b).read(channel, position, 100, 1 << 20, rule)
        if (i >= 14) {
          assert.deepEqual(
            matched(page, `entry ${i + 1} of 20, size 5`).entries.map(positionOf),
            positions.slice(i + 1),
          )
        } else {
          assert.equal(absent(page, `entry ${i + 1} of 20, size 5`), 'trimmed')
        }
      }
      assert.equal(absent(await stage.a.read(channel, unwritten, 100, 1 << 20, rule), 'the beginning'), 'trimmed')
    },
  },
  {
    title: 'age is exact when reading; the position of the last expired entry still proves itself',
    async run(harness) {
      const stage = new Stage(harness)
      const { tick } = stage
      const channel = stage.channel()
      const rule = stage.rule({ ttl: 6 * tick })
      const old = await stage.put(channel, 3, rule)
      await harness.advance(4 * tick)
      const young = await stage.put(channel, 3, rule)
      assert.deepEqual((await stage.readAll(channel, 'start', rule)).map(positionOf), [...old, ...young])
      await harness.advance(3 * tick)
      assert.deepEqual((await stage.readAll(channel, 'start', rule)).map(positionOf), young)
      const back = matched(await stage.a.back(channel, 'head', 100, 1 << 30, rule))
      assert.deepEqual([back.entries.map(positionOf), back.more], [young, false])
      assert.deepEqual((await stage.readAll(channel, old[2] as Position, rule)).map(positionOf), young)
      for (const position of old.slice(0, 2)) {
        assert.equal(absent(await stage.b.read(channel, position, 100, 1 << 20, rule), 'expired'), 'trimmed')
      }
    },
  },
  {
    title: 'the newest position outlives all data: it matches, older ones are trimmed, and the log goes on from it',
    async run(harness) {
      const stage = new Stage(harness)
      const { tick } = stage
      const channel = stage.channel()
      const rule = stage.rule({ ttl: 2 * tick, window: Math.min(2 * tick, stage.a.facts().window) })
      const positions = await stage.put(channel, 4, rule)
      const head = positions[3] as Position
      await harness.advance(6 * tick)
      assert.deepEqual(await stage.b.heads([channel]), [head])
      for (const node of harness.nodes) {
        assert.deepEqual(matched(await node.read(channel, head, 10, 1_000, rule), 'the anchor').entries, [])
        assert.deepEqual(matched(await node.read(channel, 'start', 10, 1_000, rule)).entries, [])
        const back = matched(await node.back(channel, 'head', 10, 1 << 30, rule))
        assert.deepEqual([back.entries.length, back.start], [0, head])
        for (const position of positions.slice(0, 3)) {
          assert.equal(absent(await node.read(channel, position, 10, 1_000, rule), 'expired'), 'trimmed')
        }
        absent(await node.read(channel, { ...head, id: 'stranger.0' }, 10, 1_000, rule), 'another id at the anchor')
      }
      const [next] = (await stage.put(channel, 1, rule)) as [Position]
      assert.ok(next.offset > head.offset)
      assert.deepEqual((await stage.readAll(channel, head, rule)).map(positionOf), [next])
    },
  },
  {
    title: 'a reader whom trimming overtakes is told; what it got until then has no hole',
    async run(harness) {
      const stage = new Stage(harness)
      for (let seed = 1; seed <= (harness.rounds ?? 25); seed++) {
        const throwDie = dice(seed)
        const channel = stage.channel()
        const rule = stage.rule({ size: 6 })
        const all = await stage.put(channel, 6, rule)
        let after = all[0] as Position
        let writing = true
        const writer = async (): Promise<void> => {
          for (let i = 0; i < 12; i++) {
            all.push(...(await stage.put(channel, 1 + throwDie(2), rule)))
            await yieldSome(throwDie)
          }
          writing = false
        }
        const reader = async (): Promise<void> => {
          for (;;) {
            const last = !writing
            const page = await stage.b.read(channel, after, 1 + throwDie(3), 1 << 20, rule)
            if (page.proof === 'absent') {
              assert.equal(page.why, 'trimmed', `seed ${seed}`)
              return
            }
            stage.chained(after, page.entries)
            const newest = page.entries.at(-1)
            if (newest !== undefined) after = positionOf(newest)
            if (last && !page.more) return
            await yieldSome(throwDie)
          }
        }
        await Promise.all([writer(), reader()])
        const at = all.findIndex((position) => position.id === after.id)
        assert.ok(at >= 0, 'the reader stands on an entry of the log')
      }
    },
  },
]
