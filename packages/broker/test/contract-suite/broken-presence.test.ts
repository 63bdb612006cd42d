import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Digest, type Members, MemoryPresence, type PresenceSink } from '@tautline/broker'
import { type PresenceHarness, presenceCases } from '@tautline/broker/contract-suite'
import type { Member } from '@tautline/wire'
import { TestClock } from '../clock.ts'

class LeaseForEver extends MemoryPresence {
  override renew(node: string, ms: number): Promise<boolean> {
    return super.renew(node, ms * 1_000)
  }
}

class AlwaysRenewed extends MemoryPresence {
  override async renew(node: string, ms: number): Promise<boolean> {
    await super.renew(node, ms)
    return true
  }
}

class LeavesEverywhere extends MemoryPresence {
  readonly #nodes = new Set<string>()
  override renew(node: string, ms: number): Promise<boolean> {
    this.#nodes.add(node)
    return super.renew(node, ms)
  }
  override async leave(channel: string, _node: string, peer: string): Promise<void> {
    for (const node of this.#nodes) await super.leave(channel, node, peer)
  }
}

class CountsTwice extends MemoryPresence {
  override async list(channel: string, after: string | null, limit: number): Promise<Members> {
    const page = await super.list(channel, after, limit)
    return { ...page, members: page.members.flatMap((member) => [member, member]) }
  }
}

class RepeatsBetweenPages extends MemoryPresence {
  override async list(channel: string, after: string | null, limit: number): Promise<Members> {
    const page = await super.list(channel, after === null ? null : after.slice(0, -1), limit)
    return page.members.at(-1)?.peer === after ? super.list(channel, after, limit) : page
  }
}

class KeepsFirstInfo extends MemoryPresence {
  readonly #first = new Map<string, Member>()
  override join(channel: string, node: string, member: Member): Promise<void> {
    const name = `${channel} ${node} ${member.peer}`
    if (!this.#first.has(name)) this.#first.set(name, member)
    return super.join(channel, node, this.#first.get(name) as Member)
  }
}

class StaleDigest extends MemoryPresence {
  override async digests(channels: readonly string[]): Promise<readonly Digest[]> {
    return (await super.digests(channels)).map(({ count }) => ({ count, hash: 0 }))
  }
}

class ReleasesNothing extends MemoryPresence {
  override async release(): Promise<void> {}
}

class GhostsWithoutLease extends MemoryPresence {
  override async join(channel: string, node: string, member: Member): Promise<void> {
    await super.join(channel, node, member)
    if ((await super.list(channel, null, 1)).count === 0) {
      await super.renew(node, 1_000)
      await super.join(channel, node, member)
    }
  }
}

class NeverDetaches extends MemoryPresence {
  override async attach(channel: string, sink: PresenceSink): Promise<() => void> {
    await super.attach(channel, sink)
    return () => {}
  }
}

class OpenForEver extends MemoryPresence {
  override async close(): Promise<void> {}
}

/** Title of a case → the stores that it has to fail. */
const broken: Readonly<Record<string, readonly (typeof MemoryPresence)[]>> = {
  'members of both nodes are listed with user and info until they leave': [LeavesEverywhere, CountsTwice],
  'joining again replaces the info': [KeepsFirstInfo],
  'a peer on two nodes is one member, and stays while one of them has it': [LeavesEverywhere],
  'pages come in the order of peers, none twice, none left out, of any size': [RepeatsBetweenPages],
  'a lease is new once, then renewed; when it ends the members of its node go, and no others': [
    LeaseForEver,
    AlwaysRenewed,
  ],
  'a node without a lease has no members': [GhostsWithoutLease],
  'release takes the members of a node away at once': [ReleasesNothing],
  'digests answer for many channels in the order asked, and differ where members differ': [StaleDigest],
  'whoever is attached hears of joins and leaves of both nodes, and nothing after detaching': [NeverDetaches],
  'a closed store rejects as unavailable': [OpenForEver],
}

function harnessOf(Store: typeof MemoryPresence): PresenceHarness {
  const clock = new TestClock()
  const store = new Store({ clock })
  return {
    nodes: [store, store],
    patience: 50,
    advance: async (ms) => clock.advance(ms),
    close: () => store.close(),
  }
}

for (const { title, run } of presenceCases) {
  for (const Store of broken[title] ?? []) {
    test(`a presence store of the kind ${Store.name} fails the case '${title}'`, async () => {
      await assert.rejects(run(harnessOf(Store)), assert.AssertionError)
    })
  }
}

test('every case is failed by some presence store', () => {
  assert.deepEqual(
    presenceCases.map(({ title }) => title).filter((title) => broken[title] === undefined),
    [],
  )
})
