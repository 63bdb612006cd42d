// The log: what is appended is there once, in order, under a position that proves it; and what is not there is not.

import assert from 'node:assert/strict'
import type { Append, Appended } from '../broker.ts'
import type { BrokerHarness, Case } from './harness.ts'
import { absent, dice, idsOf, matched, offsetsOf, positionOf, Stage, show, stored } from './stage.ts'

export const logCases: readonly Case<BrokerHarness>[] = [
  {
    title: 'the facts are of the kinds that the contract knows',
    async run(harness) {
      for (const broker of harness.nodes) {
        const facts = broker.facts()
        assert.ok(['memory', 'process', 'fsync', 'replicated'].includes(facts.durability), facts.durability)
        assert.ok(['dense', 'sparse'].includes(facts.offsets), facts.offsets)
        assert.ok(['restart', 'none'].includes(facts.survives), facts.survives)
        for (const flag of [facts.verified, facts.patterns, facts.cluster]) assert.equal(typeof flag, 'boolean')
        assert.ok(facts.window > 0 && facts.anchor > 0, show(facts))
      }
    },
  },
  {
    title: 'an entry comes back as it was stored, on either node',
    async run(harness) {
      const stage = new Stage(harness)
      const channel = stage.channel()
      const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i)
      const batch: Append[] = [
        stage.entry({ body: { json: '{"text":"ä\\u0000\\n \u2028 𝄞 \\ud800","__proto__":null}' } }),
        stage.entry({ body: { bytes: everyByte }, key: 'k', scope: 'user', state: 'cursor:7' }),
        stage.entry({ body: { bytes: new Uint8Array(0) }, from: { user: 'Ünal', peer: 'p' } }),
        stage.entry({ body: { json: JSON.stringify('x'.repeat(65_000)) }, from: {} }),
        stage.entry({ body: { json: 'null' }, state: '' }),
      ]
      const before = harness.time()
      const positions = stored(await stage.a.append(channel, batch, stage.rule()), batch.length)
      for (const node of harness.nodes) {
        const entries = await stage.readAll(channel, 'start', stage.rule(), 1_000, node)
        assert.deepEqual(entries.map(positionOf), positions)
        for (const [i, entry] of entries.entries()) {
          const asked = batch[i] as Append
          assert.equal(entry.body.json, asked.body.json)
          assert.deepEqual(entry.body.bytes && [...entry.body.bytes], asked.body.bytes && [...asked.body.bytes])
          assert.equal(entry.key, asked.key)
          assert.equal(entry.state, asked.state)
          assert.equal(entry.from?.user, asked.from?.user)
          assert.equal(entry.from?.peer, asked.from?.peer)
          assert.ok(Math.abs(entry.at - before) <= stage.tick * 10, `at is store time: ${entry.at}, not ${before}`)
        }
      }
    },
  },
  {
    title: 'two nodes append at once: no position twice, every acknowledged entry once, each publisher in its order',
    async run(harness) {
      const stage = new Stage(harness)
      for (let seed = 1; seed <= 3; seed++) {
        const channel = stage.channel()
        const throwDie = dice(seed)
        const sent = await Promise.all(
          harness.nodes.map(async (node) => {
            const acknowledged: { id: string; outcome: Appended }[] = []
            for (let round = 0; round < 20; round++) {
              const batch = Array.from({ length: 1 + throwDie(6) }, () => stage.entry())
              const outcomes = await node.append(channel, batch, stage.rule())
              stored(outcomes, batch.length)
              for (const [i, outcome] of outcomes.entries()) acknowledged.push({ id: batch[i]?.id ?? '', outcome })
            }
            return acknowledged
          }),
        )
        const log = await stage.readAll(channel, 'start')
        const ids = idsOf(log)
        assert.equal(new Set(log.map((entry) => `${entry.epoch} ${entry.off}`)).size, log.length, 'no position twice')
        assert.equal(new Set(ids).size, ids.length, 'no id twice')
        assert.equal(ids.length, sent.flat().length, 'what was acknowledged is there, and nothing else')
        for (const acknowledged of sent) {
          const own = new Set(acknowledged.map(({ id }) => id))
          assert.deepEqual(
            ids.filter((id) => own.has(id)),
            [...own],
            'the order of the publisher',
          )
          for (const { id, outcome } of acknowledged) {
            assert.deepEqual(positionOf(log[ids.indexOf(id)] as (typeof log)[0]), outcome.position)
          }
        }
      }
    },
  },
  {
    title: 'every position of an append proves itself and is followed by exactly what came after it',
    async run(harness) {
      const stage = new Stage(harness)
      const channel = stage.channel()
      const positions = await stage.put(channel, 12)
      for (const [i, position] of positions.entries()) {
        const rest = await stage.readAll(channel, position, stage.rule(), 5, i % 2 === 0 ? stage.a : stage.b)
        assert.deepEqual(rest.map(positionOf), positions.slice(i + 1))
      }
    },
  },
  {
    title: 'pages forward chain, hold no more than the limit, and say exactly whether there is more',
    async run(harness) {
      const stage = new Stage(harness)
      const channel = stage.channel()
      const positions = await stage.put(channel, 10)
      for (const limit of [1, 3, 5, 10, 11]) {
        let after = positions[0] as (typeof positions)[0]
        for (let at = 1; ; ) {
          const page = matched(await stage.a.read(channel, after, limit, 1 << 20, stage.rule()))
          assert.deepEqual(page.entries.map(positionOf), positions.slice(at, at + limit))
          assert.deepEqual(page.head, positions.at(-1))
          at += page.entries.length
          assert.equal(page.more, at < positions.length, `limit ${limit}, after ${at} of 10`)
          if (!page.more) break
          after = positionOf(page.entries.at(-1) as (typeof page.entries)[0])
        }
      }
    },
  },
  {
    title: 'a page holds about the bytes asked for, and one entry in any case',
    async run(harness) {
      const stage = new Stage(harness)
      const channel = stage.channel()
      const body = { json: JSON.stringify('x'.repeat(8_000)) }
      for (let i = 0; i < 10; i++) stored([await stage.putOne(channel, stage.entry({ body }))], 1)
      const small = matched(await stage.a.read(channel, 'start', 100, 1, stage.rule()))
      assert.equal(small.entries.length, 1)
      assert.equal(small.more, true)
      const some = matched(await stage.a.read(channel, 'start', 100, 30_000, stage.rule()))
      assert.ok(some.entries.length >= 2 && some.entries.length <= 5, `${some.entries.length} entries of 8 kB in 30 kB`)
      assert.equal((await stage.readAll(channel, 'start')).length, 10)
    },
  },
  {
    title: 'pages backward cover the log from the head to its beginning, each starting where the next one ends',
    async run(harness) {
      const stage = new Stage(harness)
      const channel = stage.channel()
      const beginning = (await stage.a.heads([channel]))[0] as (typeof positions)[0]
      const positions = await stage.put(channel, 10)
      for (const limit of [1, 3, 5, 10, 11]) {
        let before: (typeof positions)[0] | 'head' = 'head'
        let seen: typeof positions = []
        for (;;) {
          const page = matched(await stage.b.back(channel, before, limit, 1 << 30, stage.rule()))
          assert.ok(page.entries.length > 0 && page.entries.length <= limit)
          const { start } = page
          assert.ok(start, 'a page backward names the position before its first entry')
          stage.chained(start, page.entries)
          const again = matched(await stage.a.read(channel, start, limit, 1 << 20, stage.rule()))
          assert.deepEqual(offsetsOf(again.entries).slice(0, page.entries.length), offsetsOf(page.entries))
          seen = [...page.entries.map(positionOf), ...seen]
          assert.equal(page.more, seen.length < positions.length, `limit ${limit}, ${seen.length} of 10 seen`)
          if (!page.more) break
          before = start
        }
        assert.deepEqual(seen, positions)
      }
      // A page has a bound in bytes, too: the newest that fit, and at least one.
      const small = matched(await stage.b.back(channel, 'head', 10, 1, stage.rule()))
      assert.deepEqual([small.entries.map(positionOf), small.more], [positions.slice(-1), true])
      assert.deepEqual(small.start, positions.at(-2))
      // The beginning itself is a position too, and nothing lies before it.
      const none = matched(await stage.a.back(channel, beginning, 5, 1 << 30, stage.rule()))
      assert.deepEqual([none.entries.length, none.more, none.start?.id], [0, false, ''])
    },
  },
  {
    title: 'an unwritten channel has a position that its first entry follows',
    async run(harness) {
      const stage = new Stage(harness)
      const channel = stage.channel()
      const [before] = await stage.a.heads([channel])
      assert.ok(before && before.id === '')
      if (stage.dense) assert.equal(before.offset, 0)
      for (const node of harness.nodes) {
        const empty = matched(await node.read(channel, before, 10, 1_000, stage.rule()))
        assert.deepEqual([empty.entries.length, empty.more], [0, false])
      }
      const newest = matched(await stage.a.back(channel, 'head', 10, 1 << 30, stage.rule()))
      assert.deepEqual([newest.entries.length, newest.more, newest.start], [0, false, newest.head])
      assert.deepEqual(matched(await stage.a.read(channel, 'start', 10, 1_000, stage.rule())).entries, [])
      const positions = await stage.put(channel, 3)
      const entries = await stage.readAll(channel, before, stage.rule(), 2, stage.b)
      assert.deepEqual(entries.map(positionOf), positions)
      if (!stage.dense) return
      const first = entries[0] as (typeof entries)[0]
      assert.deepEqual(first.fence, { ev: 'fence', ch: channel, from: before, epoch: first.epoch, loss: 'none' })
      assert.notEqual(first.epoch, before.epoch)
      // Whoever passed the fence and was cut off before the entry stands at the beginning of the new epoch.
      const passed = { epoch: first.epoch, offset: 0, id: '' } as const
      assert.deepEqual((await stage.readAll(channel, passed)).map(positionOf), positions)
    },
  },
  {
    title: 'an unwritten position that is not of this store is absent',
    async run(harness) {
      const stage = new Stage(harness)
      const unused = stage.channel()
      const used = stage.channel()
      await stage.put(used, 2)
      for (const epoch of [
        '',
        '.',
        'x',
        'nonsense.0',
        `${(await stage.a.heads([unused]))[0]?.epoch}x`,
        '__proto__.1',
      ]) {
        for (const channel of [unused, used]) {
          absent(await stage.a.read(channel, { epoch, offset: 0, id: '' }, 10, 1_000, stage.rule()), `epoch '${epoch}'`)
        }
      }
    },
  },
  {
    title: 'heads answers authoritatively for many channels, in the order asked',
    async run(harness) {
      const stage = new Stage(harness)
      const channels = Array.from({ length: 40 }, () => stage.channel())
      const wanted = new Map<string, unknown>()
      for (const [i, channel] of channels.entries()) {
        if (i % 3 !== 0) wanted.set(channel, (await stage.put(channel, i % 5 || 1)).at(-1))
      }
      const heads = await stage.b.heads(channels)
      assert.equal(heads.length, channels.length)
      for (const [i, channel] of channels.entries()) {
        if (wanted.has(channel)) assert.deepEqual(heads[i], wanted.get(channel))
        else assert.equal(heads[i]?.id, '')
      }
      assert.deepEqual(await stage.a.heads([]), [])
    },
  },
  {
    title: 'a position that the log does not have is never proved',
    async run(harness) {
      const stage = new Stage(harness)
      const channel = stage.channel()
      const positions = await stage.put(channel, 8)
      const at = positions[3] as (typeof positions)[0]
      const head = positions.at(-1) as typeof at
      const wrong = {
        'another id at a known offset': { ...at, id: 'stranger.0' },
        'the id of another offset': { ...at, id: (positions[4] as typeof at).id },
        'no id at a known offset': { ...at, id: '' as const },
        'another id at the head': { ...head, id: 'stranger.1' },
        'beyond the head': { ...head, offset: head.offset + 1, id: 'stranger.2' },
        'far beyond the head': { ...head, offset: 2 ** 53 - 1, id: 'stranger.3' },
        'the head of another epoch with another id': { ...head, epoch: 'stranger', id: 'stranger.4' },
        'no whole number': { ...at, offset: at.offset + 0.5 },
        'a negative offset': { ...at, offset: -1 },
      }
      for (const [what, position] of Object.entries(wrong)) {
        for (const node of harness.nodes) {
          absent(await node.read(channel, position, 10, 1_000, stage.rule()), what)
          absent(await node.back(channel, position, 10, 1 << 30, stage.rule()), `${what}, backward`)
        }
      }
      const why = absent(await stage.a.read(channel, wrong['another id at a known offset'], 1, 1, stage.rule()), '')
      assert.equal(why, 'diverged', 'an epoch that is known, and an entry that is not')
      const epoch = { epoch: 'stranger', offset: head.offset, id: 'stranger.5' }
      assert.equal(absent(await stage.a.read(channel, epoch, 1, 1, stage.rule()), ''), 'epoch')
    },
  },
  {
    title: 'channels do not know each other',
    async run(harness) {
      const stage = new Stage(harness)
      const names = [stage.channel(), stage.channel()].flatMap((name) => [name, `${name}:1`, `${name}:constructor`])
      const positions = new Map<string, Awaited<ReturnType<Stage['put']>>>()
      for (const [i, name] of names.entries()) positions.set(name, await stage.put(name, 2 + i))
      for (const name of names) {
        assert.deepEqual((await stage.readAll(name, 'start')).map(positionOf), positions.get(name))
        for (const other of names) {
          if (other === name) continue
          const position = positions.get(other)?.at(-1) as NonNullable<ReturnType<(typeof positions)['get']>>[0]
          absent(await stage.a.read(name, position, 10, 1_000, stage.rule()), 'the position of another channel')
        }
      }
    },
  },
]
