// The idempotency window, and what a batch leaves behind of which not everything is stored.

import assert from 'node:assert/strict'
import type { Position } from '@tautline/wire'
import type { Append } from '../broker.ts'
import type { BrokerHarness, Case } from './harness.ts'
import { idsOf, positionOf, Stage, show, stored } from './stage.ts'

export const keyCases: readonly Case<BrokerHarness>[] = [
  {
    title: 'a key that is known gives the first position, on either node, and stores nothing',
    async run(harness) {
      const stage = new Stage(harness)
      const channel = stage.channel()
      const first = stage.entry({ key: 'k', scope: 'u' })
      const [position] = stored([await stage.putOne(channel, first)], 1)
      await stage.put(channel, 3)
      for (const node of [stage.a, stage.b]) {
        const again = await stage.putOne(channel, stage.entry({ key: 'k', scope: 'u' }), stage.rule(), node)
        assert.deepEqual(again, { position, duplicate: true })
      }
      assert.equal((await stage.readAll(channel, 'start')).length, 4)
    },
  },
  {
    title: 'the same publication sent to two nodes at once, three times, is stored once',
    async run(harness) {
      const stage = new Stage(harness)
      for (let round = 0; round < 10; round++) {
        const channel = stage.channel()
        const attempts = [stage.a, stage.b, stage.a].map((node) =>
          stage.putOne(channel, stage.entry({ key: 'once', scope: 'u' }), stage.rule(), node),
        )
        const outcomes = await Promise.all(attempts)
        const log = await stage.readAll(channel, 'start')
        assert.equal(log.length, 1, `stored once: ${show(outcomes)}`)
        for (const { position } of outcomes) assert.deepEqual(position, positionOf(log[0] as (typeof log)[0]))
        assert.equal(outcomes.filter((outcome) => outcome.duplicate === undefined).length, 1)
      }
    },
  },
  {
    title: 'a key twice in one batch is stored once',
    async run(harness) {
      const stage = new Stage(harness)
      const channel = stage.channel()
      const batch = ['x', 'y', 'x', 'y', 'z'].map((key) => stage.entry({ key, scope: 'u' }))
      const outcomes = await stage.a.append(channel, batch, stage.rule())
      assert.deepEqual(
        outcomes.map((outcome) => outcome.duplicate ?? false),
        [false, false, true, true, false],
        show(outcomes),
      )
      assert.deepEqual(outcomes[2]?.position, outcomes[0]?.position)
      assert.deepEqual(outcomes[3]?.position, outcomes[1]?.position)
      assert.deepEqual(idsOf(await stage.readAll(channel, 'start')), [batch[0]?.id, batch[1]?.id, batch[4]?.id])
    },
  },
  {
    title: 'a known key with another hash is a key-conflict and stores nothing',
    async run(harness) {
      const stage = new Stage(harness)
      const channel = stage.channel()
      const [position] = stored([await stage.putOne(channel, stage.entry({ key: 'k', scope: 'u', hash: '1' }))], 1)
      const other = await stage.putOne(channel, stage.entry({ key: 'k', scope: 'u', hash: '2' }), stage.rule(), stage.b)
      assert.deepEqual(other, { fail: 'key-conflict', applied: 'no' })
      const again = await stage.putOne(channel, stage.entry({ key: 'k', scope: 'u', hash: '1' }))
      assert.deepEqual(again, { position, duplicate: true }, 'a conflict does not replace the record')
      assert.equal((await stage.readAll(channel, 'start')).length, 1)
    },
  },
  {
    title: 'a key counts within its scope and its channel, and no scope can spell the key of another',
    async run(harness) {
      const stage = new Stage(harness)
      const channels = [stage.channel(), stage.channel()]
      const pairs = ['a|bc', 'ab|c', '|abc', 'abc|', 'a:b|c', 'a|b:c', '1:a|b', '__proto__|x', 'x|__proto__', 'A|bc']
      for (const channel of channels) {
        for (const pair of pairs) {
          const [scope, key] = pair.split('|') as [string, string]
          stored([await stage.putOne(channel, stage.entry({ scope, key, hash: 'h' }))], 1)
        }
        assert.equal((await stage.readAll(channel, 'start')).length, pairs.length)
      }
    },
  },
  {
    title:
      'a key is known until its window ends, also when its entry is no longer served, and is accepted anew afterwards',
    async run(harness) {
      const stage = new Stage(harness)
      const { tick } = stage
      const channel = stage.channel()
      const rule = stage.rule({ size: 2, ttl: 3 * tick, window: 8 * tick })
      const [position] = stored([await stage.putOne(channel, stage.entry({ key: 'k' }), rule)], 1)
      await stage.put(channel, 5, rule)
      for (const ms of [1, 5]) {
        await harness.advance(ms * tick)
        const again = await stage.putOne(channel, stage.entry({ key: 'k' }), rule, stage.b)
        assert.deepEqual(again, { position, duplicate: true }, 'within the window')
      }
      await harness.advance(4 * tick)
      const [anew] = stored([await stage.putOne(channel, stage.entry({ key: 'k' }), rule)], 1)
      assert.notDeepEqual(anew, position)
      const again = await stage.putOne(channel, stage.entry({ key: 'k' }), rule, stage.b)
      assert.deepEqual(again, { position: anew, duplicate: true }, 'the new record has a window of its own')
    },
  },
  {
    title: 'past `expires` an unknown key is key-expired and nothing is stored',
    async run(harness) {
      const stage = new Stage(harness)
      const channel = stage.channel()
      const late = stage.entry({ key: 'late', expires: harness.time() - stage.tick })
      assert.deepEqual(await stage.putOne(channel, late), { fail: 'key-expired', applied: 'no' })
      const soon = stage.entry({ key: 'soon', expires: harness.time() + 2 * stage.tick })
      await harness.advance(3 * stage.tick)
      assert.deepEqual(await stage.putOne(channel, soon), { fail: 'key-expired', applied: 'no' })
      assert.deepEqual(await stage.readAll(channel, 'start'), [])
      const fine = stage.entry({ key: 'late', expires: harness.time() + 10 * stage.tick })
      stored([await stage.putOne(channel, fine)], 1)
    },
  },
  {
    title: 'refusals in a batch leave the rest stored, contiguous and in order',
    async run(harness) {
      const stage = new Stage(harness)
      const channel = stage.channel()
      await stage.putOne(channel, stage.entry({ key: 'known', hash: '1' }))
      const batch: Append[] = [
        stage.entry({ key: 'one' }),
        stage.entry({ key: 'known', hash: '2' }),
        stage.entry({ key: 'two' }),
        stage.entry({ key: 'old', expires: harness.time() - stage.tick }),
        stage.entry({ key: 'known', hash: '1' }),
        stage.entry({ key: 'three' }),
      ]
      const outcomes = await stage.a.append(channel, batch, stage.rule())
      assert.deepEqual(
        outcomes.map((outcome) => outcome.fail ?? (outcome.duplicate ? 'duplicate' : 'stored')),
        ['stored', 'key-conflict', 'stored', 'key-expired', 'duplicate', 'stored'],
      )
      const log = await stage.readAll(channel, 'start')
      assert.deepEqual(idsOf(log).slice(1), [batch[0]?.id, batch[2]?.id, batch[5]?.id])
      assert.deepEqual(
        [0, 2, 5].map((i) => outcomes[i]?.position as Position),
        log.slice(1).map(positionOf),
      )
    },
  },
  {
    title: 'of a batch that failed in the store a prefix is there, and each outcome says the truth about its entry',
    async run(harness) {
      const stage = new Stage(harness)
      const fail = stage.hook('fail')
      const channel = stage.channel()
      await stage.put(channel, 2)
      await fail()
      const batch = Array.from({ length: 10 }, (_, i) => stage.entry({ key: `k${i}` }))
      const outcomes = await stage.a.append(channel, batch, stage.rule())
      assert.equal(outcomes.length, batch.length)
      assert.ok(
        outcomes.some((outcome) => outcome.fail !== undefined),
        'the hook made something fail',
      )
      const ids = idsOf(await stage.readAll(channel, 'start', stage.rule(), 100, stage.b)).slice(2)
      assert.deepEqual(ids, batch.map((append) => append.id).slice(0, ids.length), 'a prefix, in order')
      for (const [i, outcome] of outcomes.entries()) {
        if (outcome.fail === undefined) assert.ok(i < ids.length, 'what was acknowledged is there')
        else if (outcome.applied === 'no') assert.ok(i >= ids.length, "what was not applied ('no') is not there")
      }
      // The same keys again: every entry is there once, in order, however much of the first attempt was.
      const again = await stage.b.append(
        channel,
        batch.map((append) => ({ ...append, id: `${append.id}r` })),
        stage.rule(),
      )
      for (const outcome of again) assert.equal(outcome.fail, undefined, show(outcome))
      const keys = (await stage.readAll(channel, 'start')).slice(2).map((entry) => entry.key)
      assert.deepEqual(
        keys,
        batch.map((append) => append.key),
      )
    },
  },
]
