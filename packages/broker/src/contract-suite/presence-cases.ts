// Presence: members count while the lease of their node lives, a peer counts once, pages and digests tell the same.

import assert from 'node:assert/strict'
import { type Member, RealtimeError, systemRandom } from '@tautline/wire'
import { randomName } from '../ids.ts'
import { memberHash, type PresenceSink, type PresenceStore } from '../presence.ts'
import { type Case, type PresenceHarness, until } from './harness.ts'

class PresenceStage {
  readonly harness: PresenceHarness
  readonly nodes: readonly [string, string]

  constructor(harness: PresenceHarness) {
    this.harness = harness
    this.nodes = [randomName(systemRandom), randomName(systemRandom)]
  }

  get tick(): number {
    return this.harness.tick ?? 1_000
  }

  channel(): string {
    return `suite:${randomName(systemRandom)}`
  }

  store(i: 0 | 1): PresenceStore {
    return this.harness.nodes[i]
  }

  /** Leases of 20 ticks for both nodes. */
  async lease(): Promise<void> {
    for (const i of [0, 1] as const) assert.equal(await this.store(i).renew(this.nodes[i], 20 * this.tick), false)
  }

  async join(i: 0 | 1, channel: string, member: Member | string): Promise<void> {
    await this.store(i).join(channel, this.nodes[i], typeof member === 'string' ? { peer: member } : member)
  }

  /** All members by pages; both stores and the digest must say the same. */
  async members(channel: string, limit: number = 1_000): Promise<Member[]> {
    const [first, second] = await Promise.all([this.#list(0, channel, limit), this.#list(1, channel, limit)])
    assert.deepEqual(first, second, 'both nodes list the same')
    const hash = first.reduce((all, member) => (all ^ memberHash(member)) >>> 0, 0)
    for (const i of [0, 1] as const) {
      assert.deepEqual(await this.store(i).digests([channel]), [{ count: first.length, hash }], 'the digest agrees')
    }
    return first
  }

  async peers(channel: string): Promise<string[]> {
    return (await this.members(channel)).map((member) => member.peer)
  }

  async #list(i: 0 | 1, channel: string, limit: number): Promise<Member[]> {
    const members: Member[] = []
    for (let after: string | null = null; ; ) {
      const page = await this.store(i).list(channel, after, limit)
      assert.ok(page.members.length <= limit)
      for (const member of page.members) {
        const last: string | null = members.at(-1)?.peer ?? after
        assert.ok(last === null || member.peer > last, `in order and none twice: ${last}, then ${member.peer}`)
        members.push(member)
      }
      if (page.next === undefined) {
        assert.equal(page.count, members.length, 'count is of the whole channel')
        return members
      }
      assert.equal(page.next, page.members.at(-1)?.peer, 'next is the last peer of the page')
      after = page.next
    }
  }

  until(what: string, so: () => boolean): Promise<void> {
    return until(this.harness, what, so)
  }
}

class PresenceEar implements PresenceSink {
  readonly heard: string[] = []

  joined(channel: string, node: string, member: Member): void {
    this.heard.push(`+ ${channel} ${node} ${member.peer} ${JSON.stringify(member.info) ?? ''}`)
  }

  left(channel: string, node: string, peer: string): void {
    this.heard.push(`- ${channel} ${node} ${peer}`)
  }
}

export const presenceCases: readonly Case<PresenceHarness>[] = [
  {
    title: 'members of both nodes are listed with user and info until they leave',
    async run(harness) {
      const stage = new PresenceStage(harness)
      const channel = stage.channel()
      await stage.lease()
      assert.deepEqual(await stage.members(channel), [])
      const full: Member = { peer: 'b', user: 'Ünal', info: { name: 'B', tags: [1, null, 'ä'] } }
      await stage.join(0, channel, 'a')
      await stage.join(1, channel, full)
      await stage.join(0, channel, 'c')
      await stage.join(0, stage.channel(), 'elsewhere')
      assert.deepEqual(await stage.members(channel), [{ peer: 'a' }, full, { peer: 'c' }])
      await stage.store(0).leave(channel, stage.nodes[0], 'a')
      await stage.store(0).leave(channel, stage.nodes[0], 'never-there')
      assert.deepEqual(await stage.peers(channel), ['b', 'c'])
      await stage.store(1).leave(channel, stage.nodes[1], 'c')
      assert.deepEqual(await stage.peers(channel), ['b', 'c'], "a node takes away its own registrations, not another's")
    },
  },
  {
    title: 'joining again replaces the info',
    async run(harness) {
      const stage = new PresenceStage(harness)
      const channel = stage.channel()
      await stage.lease()
      await stage.join(0, channel, { peer: 'a', info: 1 })
      await stage.join(0, channel, { peer: 'a', user: 'u', info: 2 })
      assert.deepEqual(await stage.members(channel), [{ peer: 'a', user: 'u', info: 2 }])
      await stage.store(0).leave(channel, stage.nodes[0], 'a')
      assert.deepEqual(await stage.members(channel), [])
    },
  },
  {
    title: 'a peer on two nodes is one member, and stays while one of them has it',
    async run(harness) {
      const stage = new PresenceStage(harness)
      const channel = stage.channel()
      await stage.lease()
      for (const i of [0, 1] as const) await stage.join(i, channel, { peer: 'a', user: 'u' })
      await stage.join(1, channel, 'b')
      assert.deepEqual(await stage.members(channel), [{ peer: 'a', user: 'u' }, { peer: 'b' }])
      await stage.store(0).leave(channel, stage.nodes[0], 'a')
      assert.deepEqual(await stage.members(channel), [{ peer: 'a', user: 'u' }, { peer: 'b' }])
      await stage.store(1).leave(channel, stage.nodes[1], 'a')
      assert.deepEqual(await stage.peers(channel), ['b'])
    },
  },
  {
    title: 'pages come in the order of peers, none twice, none left out, of any size',
    async run(harness) {
      const stage = new PresenceStage(harness)
      const channel = stage.channel()
      await stage.lease()
      const peers = [
        '__proto__',
        'constructor',
        '~',
        '-',
        '_',
        'A',
        'a',
        '0',
        ...Array.from({ length: 40 }, (_, i) => `p${i}`),
      ]
      for (const [i, peer] of [...peers].reverse().entries()) await stage.join(i % 2 === 0 ? 0 : 1, channel, peer)
      const sorted = [...peers].sort()
      for (const limit of [1, 7, 47, 48, 49]) {
        assert.deepEqual(
          (await stage.members(channel, limit)).map((member) => member.peer),
          sorted,
        )
      }
      const behind = await stage.store(0).list(channel, 'p1zzz', 3)
      assert.deepEqual(
        behind.members.map((member) => member.peer),
        sorted.filter((peer) => peer > 'p1zzz').slice(0, 3),
        'a page starts behind a peer that may have left',
      )
      assert.deepEqual((await stage.store(0).list(channel, '\x7f', 3)).members, [])
    },
  },
  {
    title: 'a lease is new once, then renewed; when it ends the members of its node go, and no others',
    async run(harness) {
      const stage = new PresenceStage(harness)
      const channel = stage.channel()
      await stage.lease()
      await stage.join(0, channel, 'a')
      await stage.join(0, channel, 'both')
      await stage.join(1, channel, 'b')
      await stage.join(1, channel, 'both')
      await harness.advance(12 * stage.tick)
      assert.equal(await stage.store(1).renew(stage.nodes[1], 20 * stage.tick), true)
      assert.deepEqual(await stage.peers(channel), ['a', 'b', 'both'])
      await harness.advance(10 * stage.tick)
      assert.deepEqual(await stage.peers(channel), ['b', 'both'])
      assert.equal(await stage.store(0).renew(stage.nodes[0], 20 * stage.tick), false, 'it had expired')
      assert.deepEqual(await stage.peers(channel), ['b', 'both'], 'what the node had registered is gone')
      await stage.join(0, channel, 'a')
      assert.deepEqual(await stage.peers(channel), ['a', 'b', 'both'])
    },
  },
  {
    title: 'a node without a lease has no members',
    async run(harness) {
      const stage = new PresenceStage(harness)
      const channel = stage.channel()
      await stage.join(0, channel, 'ghost')
      assert.deepEqual(await stage.members(channel), [])
      assert.equal(await stage.store(0).renew(stage.nodes[0], 20 * stage.tick), false)
      assert.deepEqual(await stage.members(channel), [], 'it registers everything anew')
    },
  },
  {
    title: 'release takes the members of a node away at once',
    async run(harness) {
      const stage = new PresenceStage(harness)
      const channels = [stage.channel(), stage.channel()]
      await stage.lease()
      for (const channel of channels) {
        await stage.join(0, channel, 'a')
        await stage.join(1, channel, 'b')
      }
      await stage.store(0).release(stage.nodes[0])
      for (const channel of channels) assert.deepEqual(await stage.peers(channel), ['b'])
      assert.equal(await stage.store(0).renew(stage.nodes[0], 20 * stage.tick), false)
    },
  },
  {
    title: 'digests answer for many channels in the order asked, and differ where members differ',
    async run(harness) {
      const stage = new PresenceStage(harness)
      const channels = Array.from({ length: 12 }, () => stage.channel())
      await stage.lease()
      for (const [i, channel] of channels.entries()) {
        for (let n = 0; n < i % 4; n++) await stage.join(n % 2 === 0 ? 0 : 1, channel, { peer: `p${n}`, info: i })
      }
      const digests = await stage.store(1).digests(channels)
      assert.deepEqual(
        digests.map((digest) => digest.count),
        channels.map((_, i) => i % 4),
      )
      assert.deepEqual(digests[0], { count: 0, hash: 0 })
      assert.notEqual(digests[1]?.hash, digests[5]?.hash, 'another info, another hash')
      assert.deepEqual(await stage.store(0).digests([]), [])
    },
  },
  {
    title: 'whoever is attached hears of joins and leaves of both nodes, and nothing after detaching',
    async run(harness) {
      const stage = new PresenceStage(harness)
      const channel = stage.channel()
      const [a, b] = stage.nodes
      await stage.lease()
      const ears = [new PresenceEar(), new PresenceEar()] as const
      const detach = await stage.store(0).attach(channel, ears[0])
      await stage.store(1).attach(channel, ears[1])
      await stage.join(0, channel, { peer: 'x', info: { n: 1 } })
      await stage.join(1, channel, 'y')
      await stage.join(1, stage.channel(), 'elsewhere')
      await stage.store(0).leave(channel, a, 'x')
      const wanted = [`+ ${channel} ${a} x {"n":1}`, `+ ${channel} ${b} y `, `- ${channel} ${a} x`].sort()
      for (const ear of ears) {
        await stage.until('all of it is heard', () => wanted.every((line) => ear.heard.includes(line)))
        assert.deepEqual([...ear.heard].sort(), wanted)
      }
      detach()
      detach()
      await stage.store(1).leave(channel, b, 'y')
      await stage.until('the other one hears', () => ears[1].heard.includes(`- ${channel} ${b} y`))
      assert.equal(ears[0].heard.length, 3, 'never called after it was detached')
    },
  },
  {
    title: 'a closed store rejects as unavailable',
    async run(harness) {
      const stage = new PresenceStage(harness)
      const channel = stage.channel()
      const store = stage.store(0)
      await stage.lease()
      await store.close()
      const asks: (() => Promise<unknown>)[] = [
        () => store.renew(stage.nodes[0], 1_000),
        () => store.join(channel, stage.nodes[0], { peer: 'a' }),
        () => store.list(channel, null, 10),
        () => store.digests([channel]),
      ]
      for (const ask of asks) {
        await assert.rejects(ask, (error) => error instanceof RealtimeError && error.code === 'unavailable')
      }
      await store.close()
    },
  },
]
