// The feed: whoever is attached hears of every entry, or that something may have been missed. Casts, patterns, control.

import assert from 'node:assert/strict'
import { type Position, RealtimeError } from '@tautline/wire'
import { Follower } from './follower.ts'
import type { BrokerHarness, Case } from './harness.ts'
import { dice, Ear, idsOf, Stage, show, stored, yieldSome } from './stage.ts'

export const feedCases: readonly Case<BrokerHarness>[] = [
  {
    title: 'whoever is attached hears the entries of both nodes, as the log has them, and nothing after detaching',
    async run(harness) {
      const stage = new Stage(harness)
      const channel = stage.channel()
      const ears = [new Ear(), new Ear(), new Ear()] as const
      const detach = [
        await stage.a.attach(channel, ears[0]),
        await stage.b.attach(channel, ears[1]),
        await stage.a.attach(channel, ears[2]),
      ]
      await stage.put(channel, 5)
      await stage.put(channel, 5, stage.rule(), stage.b)
      await stage.put(stage.channel(), 1)
      const log = await stage.readAll(channel, 'start')
      for (const ear of ears) {
        await stage.until('every entry is heard', () => log.every((entry) => ear.heard(entry.id)))
        for (const heard of ear.entries)
          assert.deepEqual(
            heard,
            log.find((entry) => entry.id === heard.id),
          )
        assert.deepEqual([...ear.channels], [channel])
      }
      detach[0]?.()
      detach[0]?.()
      const counts = ears[0].entries.length
      const [last] = await stage.put(channel, 1)
      await stage.until('the others still hear', () => ears[1].heard(last?.id ?? '') && ears[2].heard(last?.id ?? ''))
      assert.equal(ears[0].entries.length, counts, 'never called after it was detached')
    },
  },
  {
    title: 'attaching while others publish: no hole between the head read after attaching and the feed',
    async run(harness) {
      const stage = new Stage(harness)
      for (let seed = 1; seed <= (harness.rounds ?? 25); seed++) await interleave(stage, seed)
    },
  },
  {
    title: 'a cast is heard on both nodes and stored nowhere',
    async run(harness) {
      const stage = new Stage(harness)
      const channel = stage.channel()
      const ears = [new Ear(), new Ear()] as const
      await stage.a.attach(channel, ears[0])
      await stage.b.attach(channel, ears[1])
      const before = await stage.a.heads([channel])
      const { id, body } = stage.entry()
      await stage.a.cast(channel, { id, at: harness.time(), body })
      await stage.a.cast(stage.channel(), { id: 'other.0', at: harness.time(), body })
      for (const ear of ears) {
        await stage.until('the cast is heard', () => ear.casts.includes(id))
        assert.deepEqual([ear.casts, ear.entries], [[id], []])
      }
      assert.deepEqual(await stage.b.heads([channel]), before)
      assert.deepEqual(await stage.readAll(channel, 'start'), [])
    },
  },
  {
    title: 'a pattern hears its channels and no others, or is refused as unsupported',
    async run(harness) {
      const stage = new Stage(harness)
      const base = stage.channel()
      const ears = { [`${base}:*`]: new Ear(), [`${base}:**`]: new Ear(), [`${base}:*:x`]: new Ear() }
      for (const [pattern, ear] of Object.entries(ears)) {
        const attaching = stage.b.attachPattern(pattern, ear)
        if (stage.b.facts().patterns) await attaching
        else await assert.rejects(attaching, (error) => error instanceof RealtimeError && error.code === 'unsupported')
      }
      if (!stage.b.facts().patterns) return
      const names = ['1', '2', '1:x', '1:y', '1:x:x', '1:2:x'].map((name) => `${base}:${name}`)
      const ids = new Map<string, string>()
      for (const name of [...names, base, `${base}1:1`]) ids.set(name, (await stage.put(name, 1))[0]?.id ?? '')
      const wanted = [names.slice(0, 2), names, [names[2]]] as string[][]
      for (const [i, [pattern, ear]] of Object.entries(ears).entries()) {
        const heard = (wanted[i] as string[]).map((name) => ids.get(name) ?? '')
        await stage.until(`${pattern} hears its channels`, () => heard.every((id) => ear.heard(id)))
        assert.deepEqual([...new Set(idsOf(ear.entries))].sort(), heard.sort(), pattern)
      }
    },
  },
  {
    title: 'control reaches the node named, all others with *, and nobody else',
    async run(harness) {
      const stage = new Stage(harness)
      const names = [stage.channel(), stage.channel()].map((name) => name.slice(6)) as [string, string]
      const heard: [string[], string[]] = [[], []]
      for (const i of [0, 1] as const) {
        harness.nodes[i].control.listen(names[i], (bytes) => {
          heard[i].push([...bytes].join())
        })
      }
      const bytes = Uint8Array.of(1, 2, 255)
      await stage.a.control.send(names[1], bytes, names[0])
      bytes.fill(9)
      await stage.b.control.send('*', Uint8Array.of(3), names[1])
      await stage.a.control.send('*', Uint8Array.of(4), names[0])
      const nobody = await stage.a.control.send(stage.channel(), Uint8Array.of(5), names[0])
      assert.ok(nobody === 'sent' || nobody === 'unknown')
      await stage.until('both heard', () => heard[0].length >= 1 && heard[1].length >= 2)
      assert.deepEqual(heard, [['3'], ['1,2,255', '4']])
    },
  },
  {
    title: 'who stopped listening to control hears nothing any more, and another may take the name',
    async run(harness) {
      const stage = new Stage(harness)
      const name = stage.channel().slice(6)
      const heard: string[] = []
      const stop = harness.nodes[0].control.listen(name, () => heard.push('first'))
      stop()
      await stage.b.control.send(name, Uint8Array.of(1))
      harness.nodes[0].control.listen(name, () => heard.push('second'))
      stop()
      await stage.b.control.send(name, Uint8Array.of(2))
      await stage.until('the second one heard', () => heard.includes('second'))
      assert.ok(!heard.includes('first'))
    },
  },
  {
    title: 'a feed that was cut says so, and goes on',
    async run(harness) {
      const stage = new Stage(harness)
      const cut = stage.hook('cut')
      const channel = stage.channel()
      const ear = new Ear()
      await stage.a.attach(channel, ear)
      const [before] = (await stage.put(channel, 1, stage.rule(), stage.b)) as [Position]
      await stage.until('the feed is on', () => ear.heard(before.id))
      let missed: Position[] = []
      await cut(async () => {
        missed = await stage.put(channel, 5, stage.rule(), stage.b)
      })
      await stage.until('what was missed is announced', () => ear.interruptions > 0)
      const [after] = (await stage.put(channel, 1, stage.rule(), stage.b)) as [Position]
      await stage.until('the feed goes on', () => ear.heard(after.id))
      const log = await stage.readAll(channel, before)
      assert.deepEqual(
        idsOf(log),
        [...missed, after].map((position) => position.id),
      )
    },
  },
  {
    title: 'close finishes the appends under way; afterwards appends fail as unavailable and reads reject',
    async run(harness) {
      const stage = new Stage(harness)
      const channel = stage.channel()
      const ear = new Ear()
      await stage.a.attach(channel, ear)
      const batch = [stage.entry(), stage.entry()]
      const appending = stage.a.append(channel, batch, stage.rule())
      const closing = stage.a.close()
      const outcomes = await appending
      const position = stored(outcomes, 2)[0] as Position
      await closing
      const count = ear.entries.length
      let late: unknown = null
      await assert.doesNotReject(async () => {
        late = await stage.a.append(channel, [stage.entry(), stage.entry()], stage.rule())
      }, 'append never rejects')
      assert.deepEqual(late, Array(2).fill({ fail: 'unavailable', applied: 'no' }), show(late))
      const asks: (() => Promise<unknown>)[] = [
        () => stage.a.read(channel, position, 10, 1_000, stage.rule()),
        () => stage.a.back(channel, 'head', 10, 1 << 30, stage.rule()),
        () => stage.a.heads([channel]),
        () => stage.a.attach(channel, ear),
      ]
      for (const ask of asks) {
        await assert.rejects(ask, (error) => error instanceof RealtimeError && error.code === 'unavailable')
      }
      assert.equal(ear.entries.length, count, 'a closed broker tells nobody anything')
      await stage.a.close()
    },
  },
]

/** Publishers on both nodes, followers that come and go at random moments; at the end every follower has all of it. */
async function interleave(stage: Stage, seed: number): Promise<void> {
  const throwDie = dice(seed)
  const channel = stage.channel()
  const rule = stage.rule()
  const followers: { follower: Follower; before: Set<string> }[] = []
  const begun = new Set<string>()
  const publish = async (node: typeof stage.a): Promise<void> => {
    for (let i = 0; i < 15; i++) {
      const batch = Array.from({ length: 1 + throwDie(3) }, () => stage.entry())
      for (const { id } of batch) begun.add(id)
      stored(await node.append(channel, batch, rule), batch.length)
      await yieldSome(throwDie)
    }
  }
  const come = async (node: typeof stage.a): Promise<void> => {
    for (let i = 0; i < 5; i++) {
      for (let n = throwDie(4) * Math.min(i, 1); n > 0; n--) await yieldSome(throwDie)
      const follower = new Follower(node, channel, rule)
      await follower.attach()
      followers.push({ follower, before: new Set(begun) })
      if (throwDie(2) === 0) await follower.apply()
    }
  }
  const all = [() => come(stage.a), () => publish(stage.a), () => come(stage.b), () => publish(stage.b)]
  // Whoever is first comes before the first entry, or after it.
  await Promise.all((seed % 2 === 0 ? all : all.reverse()).map((begin) => begin()))
  const log = await stage.readAll(channel, 'start', rule)
  for (const { follower, before } of followers) {
    const begunLater = log.filter((entry) => !before.has(entry.id))
    await stage.until(
      `seed ${seed}: every entry begun after attaching is heard, or an interruption`,
      () => follower.interruptions > 0 || begunLater.every((entry) => follower.heard.has(entry.id)),
    )
    // A broken chain at the end would stay unnoticed: the last entry chains, so nothing before it is missing.
    await follower.apply()
    if (follower.interruptions > 0) await follower.fill()
    const start = follower.start as Position
    const wanted = idsOf(log.slice(log.findIndex((entry) => entry.id === start.id) + 1))
    assert.deepEqual(
      idsOf(follower.applied),
      wanted,
      `seed ${seed}: all of the log after ${show(start)}, once, in order`,
    )
    follower.detach()
  }
}
