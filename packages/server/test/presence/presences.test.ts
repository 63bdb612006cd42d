import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type MembersPage, RealtimeError } from '@tautline/wire'
import { CHANNEL, Cluster, Faulty, member, Subscriber, unreachable } from './cluster.ts'

describe('who is in a channel', () => {
  it('is known on every node within two seconds of a clean change', async () => {
    const cluster = new Cluster()
    const nodes = [cluster.node(), cluster.node(), cluster.node()]
    const subscribers = nodes.map((node) => new Subscriber(node))
    await cluster.time.pass(100)
    nodes[0]!.enter(CHANNEL, member('ann'))
    nodes[1]!.enter(CHANNEL, member('bob', { mood: 'fine' }))
    await cluster.time.pass(2_000)
    for (const subscriber of subscribers) assert.equal(subscriber.peers, 'ann bob')
    assert.deepEqual(subscribers[2]!.known.get('bob'), member('bob', { mood: 'fine' }))
    nodes[0]!.leave(CHANNEL, 'ann', true)
    await cluster.time.pass(2_000)
    for (const subscriber of subscribers) assert.equal(subscriber.peers, 'bob')
    assert.deepEqual(cluster.failures, [])
  })

  it('is told once for all changes of 250 ms, as one object for all subscribers', async () => {
    const cluster = new Cluster()
    const [a, b] = [cluster.node(), cluster.node()]
    const told = [new Subscriber(b), new Subscriber(b)]
    await cluster.time.pass(100)
    for (let i = 0; i < 50; i++) a.enter(CHANNEL, member(`p${i}`))
    await cluster.time.pass(1_000)
    assert.equal(told[0]!.changes.length, 1)
    assert.equal(told[0]!.changes[0]!.joined?.length, 50)
    assert.equal(told[0]!.changes[0], told[1]!.changes[0])
  })

  it('is registered under a lease, also if the last renewal failed while the last member left (seed 150)', async () => {
    const cluster = new Cluster()
    const faulty = new Faulty(cluster.store)
    const node = cluster.node(faulty)
    node.enter(CHANNEL, member('ann'))
    await cluster.time.pass(1_000)
    // A renewal is on its way, and will fail, when the last member leaves.
    const { promise, reject } = Promise.withResolvers<boolean>()
    const { renew } = faulty
    faulty.renew = () => promise
    await cluster.time.pass(10_000)
    node.leave(CHANNEL, 'ann', true)
    await cluster.time.pass(100)
    faulty.renew = renew
    reject(unreachable())
    await cluster.time.pass(60_000)
    node.enter(CHANNEL, member('bob'))
    await cluster.time.pass(60_000)
    assert.equal(await cluster.inStore(), 'bob')
  })

  it('counts a peer once, however many connections and nodes it is on', async () => {
    const cluster = new Cluster()
    const [a, b, c] = [cluster.node(), cluster.node(), cluster.node()]
    const subscriber = new Subscriber(c)
    await cluster.time.pass(100)
    for (const node of [a, a, b]) node.enter(CHANNEL, member('ann'))
    await cluster.time.pass(2_000)
    assert.equal(subscriber.count, 1)
    a.leave(CHANNEL, 'ann', true)
    a.leave(CHANNEL, 'ann', true)
    await cluster.time.pass(20_000)
    assert.equal(subscriber.peers, 'ann')
    assert.equal(subscriber.changes.length, 1, 'a flicker')
    b.leave(CHANNEL, 'ann', true)
    await cluster.time.pass(2_000)
    assert.equal(subscriber.peers, '')
  })

  it('does not flicker when a cut connection comes back within eight seconds, here or elsewhere', async () => {
    const cluster = new Cluster()
    const [a, b] = [cluster.node(), cluster.node()]
    const subscriber = new Subscriber(b)
    a.enter(CHANNEL, member('ann'))
    a.enter(CHANNEL, member('bob'))
    await cluster.time.pass(2_000)
    const { length } = subscriber.changes
    a.leave(CHANNEL, 'ann', false)
    a.leave(CHANNEL, 'bob', false)
    await cluster.time.pass(7_900)
    a.enter(CHANNEL, member('ann'))
    b.enter(CHANNEL, member('bob'))
    await cluster.time.pass(60_000)
    assert.equal(subscriber.peers, 'ann bob')
    assert.equal(subscriber.changes.length, length)
    assert.equal(await cluster.inStore(), 'ann bob')
  })

  it('changes eight seconds after a connection was cut for good', async () => {
    const cluster = new Cluster()
    const [a, b] = [cluster.node(), cluster.node()]
    const subscriber = new Subscriber(b)
    a.enter(CHANNEL, member('ann'))
    await cluster.time.pass(2_000)
    a.leave(CHANNEL, 'ann', false)
    await cluster.time.pass(7_900)
    assert.equal(subscriber.peers, 'ann')
    await cluster.time.pass(2_000)
    assert.equal(subscriber.peers, '')
  })

  it('leaves at once when a connection says so that had come back', async () => {
    const cluster = new Cluster()
    const node = cluster.node()
    node.enter(CHANNEL, member('ann'))
    node.leave(CHANNEL, 'ann', false)
    await cluster.time.pass(1_000)
    node.enter(CHANNEL, member('ann'))
    await cluster.time.pass(1_000)
    node.leave(CHANNEL, 'ann', true)
    await cluster.time.pass(1_000)
    assert.equal(await cluster.inStore(), '')
  })

  it('waits for a cut connection though another one of the peer leaves cleanly', async () => {
    const cluster = new Cluster()
    const node = cluster.node()
    node.enter(CHANNEL, member('ann'))
    node.enter(CHANNEL, member('ann'))
    await cluster.time.pass(1_000)
    node.leave(CHANNEL, 'ann', false)
    node.leave(CHANNEL, 'ann', true)
    await cluster.time.pass(5_000)
    assert.equal(await cluster.inStore(), 'ann')
    await cluster.time.pass(4_000)
    assert.equal(await cluster.inStore(), '')
  })

  it('is right within 30 seconds of the crash of a node, whenever it happens', async () => {
    for (let offset = 0; offset < 7_500; offset += 500) {
      const cluster = new Cluster()
      const [crashing, deaf] = [new Faulty(cluster.store), new Faulty(cluster.store)]
      const [a, b] = [cluster.node(crashing), cluster.node(deaf)]
      // No event says that a lease has ended: the comparison alone has to notice.
      deaf.deaf = true
      const subscriber = new Subscriber(b)
      a.enter(CHANNEL, member('ann'))
      a.enter(CHANNEL, member('bob'))
      b.enter(CHANNEL, member('bob'))
      await cluster.time.pass(20_000 + offset)
      assert.equal(subscriber.peers, 'ann bob')
      crashing.fails = unreachable
      await cluster.time.pass(30_000)
      assert.equal(subscriber.peers, 'bob', `crashed at ${offset}`)
      await b.stop()
    }
  })

  it('is told with consecutive numbers, and a page fits to the numbers behind it', async () => {
    const cluster = new Cluster()
    const [a, b] = [cluster.node(), cluster.node()]
    const early = new Subscriber(b)
    for (let i = 0; i < 5; i++) {
      a.enter(CHANNEL, member(`p${i}`))
      await cluster.time.pass(400)
    }
    const late = new Subscriber(b)
    for (let i = 0; i < 5; i += 2) {
      a.leave(CHANNEL, `p${i}`, true)
      await cluster.time.pass(400)
    }
    await cluster.time.pass(1_000)
    assert.deepEqual([early.jumps, late.jumps], [0, 0])
    assert.equal(early.rev, late.rev)
    assert.equal(early.peers, 'p1 p3')
    assert.equal(late.peers, 'p1 p3')
  })

  it('shows the newest info of a member', async () => {
    const cluster = new Cluster()
    const [a, b] = [cluster.node(), cluster.node()]
    const subscriber = new Subscriber(b)
    a.enter(CHANNEL, member('ann', 'away'))
    await cluster.time.pass(1_000)
    a.enter(CHANNEL, member('ann', 'here'))
    await cluster.time.pass(1_000)
    assert.equal(subscriber.known.get('ann')?.info, 'here')
    assert.equal(subscriber.count, 1)
  })

  it('comes in pages of at most 500, ordered by peer', async () => {
    const cluster = new Cluster()
    const [a, b] = [cluster.node(), cluster.node()]
    const peers = Array.from({ length: 700 }, (_, i) => `p${String(i).padStart(4, '0')}`)
    for (const peer of peers) a.enter(CHANNEL, member(peer))
    await cluster.time.pass(2_000)
    for (const watched of [false, true]) {
      if (watched) new Subscriber(b)
      await cluster.time.pass(1_000)
      const found: string[] = []
      const sizes: number[] = []
      let page: MembersPage | null = null
      do {
        page = await b.page(CHANNEL, page?.next, 1_000_000_000)
        sizes.push(page.members.length)
        found.push(...page.members.map(({ peer }) => peer))
        assert.equal(page.count, 700)
      } while (page.next !== undefined)
      assert.deepEqual(sizes, [500, 200])
      assert.deepEqual(found, peers)
    }
    for (const limit of [0, -5, Number.NaN]) assert.equal((await b.page(CHANNEL, undefined, limit)).members.length, 1)
    assert.deepEqual((await b.page(CHANNEL, 'zzz', 10)).members, [])
  })
})

describe('a channel with more than a thousand members', () => {
  it('is only counted, every two seconds, and named again when there are fewer', async () => {
    const cluster = new Cluster()
    const [a, b] = [cluster.node(), cluster.node()]
    const subscriber = new Subscriber(b)
    await cluster.time.pass(100)
    for (let i = 0; i < 1_500; i++) a.enter(CHANNEL, member(`p${i}`))
    await cluster.time.pass(20_000)
    assert.equal(subscriber.count, 1_500)
    const before = subscriber.changes.length
    for (let i = 0; i < 100; i++) a.leave(CHANNEL, `p${i}`, true)
    await cluster.time.pass(4_000)
    const counted = subscriber.changes.slice(before)
    assert.ok(counted.length >= 1 && counted.length <= 2, String(counted.length))
    for (const change of counted) assert.deepEqual(Object.keys(change).sort(), ['count', 'rev'])
    assert.equal(subscriber.count, 1_400)
    assert.equal(subscriber.jumps, 0)
    assert.equal((await b.page(CHANNEL, undefined, 500)).count, 1_400)
    for (let i = 100; i < 1_400; i++) a.leave(CHANNEL, `p${i}`, true)
    await cluster.time.pass(5_000)
    assert.equal(subscriber.jumps, 1, 'a jump says: fetch again')
    assert.equal(subscriber.count, 100)
    a.enter(CHANNEL, member('new'))
    await cluster.time.pass(1_000)
    assert.deepEqual(subscriber.changes.at(-1)?.joined, [member('new')])
  })

  it('costs no memory per member on a node that only watches', async () => {
    const cluster = new Cluster()
    const [a, b] = [cluster.node(), cluster.node()]
    for (let i = 0; i < 3_000; i++) a.enter(CHANNEL, member(`p${i}`))
    await cluster.time.pass(2_000)
    const subscriber = new Subscriber(b)
    await cluster.time.pass(3_000)
    assert.equal(subscriber.count, 3_000)
    for (let i = 0; i < 3_000; i++) a.enter(CHANNEL, member(`p${i}`, i))
    await cluster.time.pass(3_000)
    const { views } = b as unknown as { views: { get(channel: string): Record<string, Map<string, unknown>> } }
    const view = views.get(CHANNEL)
    assert.equal(view['members']!.size + view['changes']!.size, 0)
  })
})

describe('a store that fails', () => {
  it('gets what is wanted once it is back', async () => {
    const cluster = new Cluster()
    const faulty = new Faulty(cluster.store)
    const [a, b] = [cluster.node(faulty), cluster.node()]
    const subscriber = new Subscriber(b)
    a.enter(CHANNEL, member('ann'))
    a.enter(CHANNEL, member('bob'))
    await cluster.time.pass(1_000)
    faulty.fails = unreachable
    a.leave(CHANNEL, 'ann', true)
    a.enter(CHANNEL, member('cas'))
    await cluster.time.pass(10_000)
    assert.equal(subscriber.peers, 'ann bob')
    faulty.fails = () => null
    await cluster.time.pass(6_000)
    assert.equal(subscriber.peers, 'bob cas')
    assert.ok(cluster.failures.length > 0 && cluster.failures.length < 20, String(cluster.failures.length))
  })

  it('is asked ever less often, and never by more than one call at a time', async () => {
    const cluster = new Cluster()
    const faulty = new Faulty(cluster.store)
    faulty.fails = unreachable
    const node = cluster.node(faulty)
    for (let i = 0; i < 1_000; i++) node.enter(CHANNEL, member(`p${i}`))
    await cluster.time.pass(60_000)
    const calls = Object.values(faulty.calls).reduce((sum, n) => sum + n, 0)
    assert.ok(calls < 30, String(calls))
    faulty.fails = () => null
    await cluster.time.pass(8_000)
    assert.equal((await cluster.store.list(CHANNEL, null, 1)).count, 1_000)
  })

  it('has everything anew from a node that missed the end of its own lease', async () => {
    const cluster = new Cluster()
    const faulty = new Faulty(cluster.store)
    const [a, b] = [cluster.node(faulty), cluster.node()]
    const subscriber = new Subscriber(b)
    for (let i = 0; i < 200; i++) a.enter(CHANNEL, member(`p${i}`))
    await cluster.time.pass(1_000)
    assert.equal(subscriber.count, 200)
    faulty.fails = unreachable
    await cluster.time.pass(40_000)
    assert.equal(subscriber.count, 0)
    a.leave(CHANNEL, 'p0', true)
    faulty.fails = () => null
    await cluster.time.pass(8_000)
    assert.equal(subscriber.count, 199)
    assert.equal((await cluster.store.list(CHANNEL, null, 1)).count, 199)
  })

  it('has anew what was on its way while the lease ended', async () => {
    const cluster = new Cluster()
    const slow = new Faulty(cluster.store, cluster.time)
    const node = cluster.node(slow)
    node.enter(CHANNEL, member('bob'))
    await cluster.time.pass(1_000)
    slow.lag = [0, 40_000]
    node.enter(CHANNEL, member('ann'))
    await cluster.time.pass(100)
    assert.equal(await cluster.inStore(), 'ann bob')
    slow.lag = [0, 0]
    slow.fails = unreachable
    await cluster.time.pass(30_000)
    slow.fails = () => null
    await cluster.time.pass(6_000)
    assert.equal(await cluster.inStore(), 'bob')
    await cluster.time.pass(5_000)
    assert.equal(await cluster.inStore(), 'ann bob')
  })

  it('is asked for a list where many left at once, and for each where a few did', async () => {
    for (const [leaving, lists] of [
      [8, 8],
      [9, 1],
    ] as const) {
      const cluster = new Cluster()
      const counting = new Faulty(cluster.store)
      const [a, b] = [cluster.node(), cluster.node(counting)]
      // Differing before the last character, as digests do.
      const peers = Array.from('abcdefghijklmnopqrst', (letter) => `${letter}x`)
      for (const peer of peers) a.enter(CHANNEL, member(peer))
      await cluster.time.pass(1_000)
      const subscriber = new Subscriber(b)
      await cluster.time.pass(100)
      const before = counting.calls['list'] ?? 0
      for (const peer of peers.slice(0, leaving)) a.leave(CHANNEL, peer, true)
      await cluster.time.pass(1_000)
      assert.equal(subscriber.count, 20 - leaving)
      assert.equal((counting.calls['list'] ?? 0) - before, lists)
      assert.equal(subscriber.changes.length, 1)
    }
  })

  it('is repaired by comparison where events are lost', async () => {
    const cluster = new Cluster()
    const deaf = new Faulty(cluster.store)
    const [a, b] = [cluster.node(), cluster.node(deaf)]
    const subscriber = new Subscriber(b)
    a.enter(CHANNEL, member('ann'))
    await cluster.time.pass(1_000)
    deaf.deaf = true
    a.enter(CHANNEL, member('bob'))
    a.leave(CHANNEL, 'ann', true)
    await cluster.time.pass(7_500)
    assert.equal(subscriber.peers, 'bob')
    assert.equal(subscriber.jumps, 0)
  })

  it('is compared even where members come and go all the time', async () => {
    const cluster = new Cluster()
    const deaf = new Faulty(cluster.store)
    const [a, b] = [cluster.node(), cluster.node(deaf)]
    const subscriber = new Subscriber(b)
    await cluster.time.pass(100)
    deaf.deaf = true
    a.enter(CHANNEL, member('missed'))
    await cluster.time.pass(100)
    deaf.deaf = false
    for (let i = 0; i < 100; i++) {
      a.enter(CHANNEL, member('busy', i))
      await cluster.time.pass(200)
    }
    assert.equal(subscriber.peers, 'busy missed')
  })

  it('does not hold up the others with a member it will never take', async () => {
    const cluster = new Cluster()
    const faulty = new Faulty(cluster.store)
    let refused = 0
    const join = faulty.join
    faulty.join = async (channel, node, one) => {
      if (one.peer !== 'odd') return join(channel, node, one)
      refused++
      throw new RealtimeError('bad-data', 'never')
    }
    const node = cluster.node(faulty)
    node.enter(CHANNEL, member('odd'))
    node.enter(CHANNEL, member('ann'))
    await cluster.time.pass(2_000)
    assert.equal(await cluster.inStore(), 'ann')
    await cluster.time.pass(6_000)
    assert.equal(refused, 1)
    assert.equal(cluster.failures.length, 1)
  })

  it('is read as soon as it answers, and says so to whoever asks before', async () => {
    const cluster = new Cluster()
    const faulty = new Faulty(cluster.store)
    faulty.fails = (call) => (call === 'list' ? unreachable() : null)
    const node = cluster.node(faulty)
    node.enter(CHANNEL, member('ann'))
    node.watch(CHANNEL, () => {})
    await assert.rejects(node.page(CHANNEL, undefined, 10), { code: 'unavailable' })
    faulty.fails = () => null
    await cluster.time.pass(1_000)
    assert.equal((await node.page(CHANNEL, undefined, 10)).count, 1)
  })
})

describe('a node', () => {
  it('has no timer while it has neither members nor subscribers', async () => {
    const cluster = new Cluster()
    const node = cluster.node()
    assert.equal(cluster.time.pending, 0)
    node.enter(CHANNEL, member('ann'))
    const subscriber = new Subscriber(node)
    await cluster.time.pass(1_000)
    assert.ok(cluster.time.pending > 0)
    node.leave(CHANNEL, 'ann', false)
    subscriber.end()
    await cluster.time.pass(30_000)
    assert.equal(cluster.time.pending, 0)
    assert.equal(await cluster.inStore(), '')
  })

  it('releases its members at once when it stops, and leaves no timer', async () => {
    const cluster = new Cluster()
    const [a, b] = [cluster.node(), cluster.node()]
    const [own, subscriber] = [new Subscriber(a), new Subscriber(b)]
    a.enter(CHANNEL, member('ann'))
    await cluster.time.pass(1_000)
    a.enter(CHANNEL, member('bob'))
    await a.stop()
    await cluster.time.pass(1_000)
    assert.equal(subscriber.peers, '')
    assert.equal(await cluster.inStore(), '')
    const { length } = own.changes
    a.enter(CHANNEL, member('cas'))
    await cluster.time.pass(1_000)
    assert.equal(own.changes.length, length)
    await assert.rejects(a.page(CHANNEL, undefined, 1), { code: 'draining' })
    await b.stop()
    assert.equal(cluster.time.pending, 0)
  })

  it('stops though the store never answers', async () => {
    const cluster = new Cluster()
    const faulty = new Faulty(cluster.store)
    const node = cluster.node(faulty)
    node.enter(CHANNEL, member('ann'))
    await cluster.time.pass(100)
    faulty.release = () => new Promise(() => {})
    const stopped = node.stop()
    await cluster.time.pass(6_000)
    await stopped
    assert.equal(cluster.failures.length, 1)
    assert.equal(cluster.time.pending, 0)
  })

  it('inherits no members of an earlier process of its name', async () => {
    const cluster = new Cluster()
    const crashing = new Faulty(cluster.store)
    const first = cluster.node(crashing, 'node')
    first.enter(CHANNEL, member('ghost'))
    await cluster.time.pass(1_000)
    crashing.fails = unreachable
    const second = cluster.node(cluster.store, 'node')
    second.enter(CHANNEL, member('ann'))
    await cluster.time.pass(1_000)
    assert.equal(await cluster.inStore(), 'ann')
    await first.stop()
  })

  it('writes a member four times a second at most, however often it changes (J20)', async () => {
    const cluster = new Cluster()
    const faulty = new Faulty(cluster.store)
    const [a, b] = [cluster.node(faulty), cluster.node()]
    const subscriber = new Subscriber(b)
    await cluster.time.pass(100)
    for (let i = 0; i < 100; i++) {
      for (let j = 0; j < 1_000; j++) {
        a.enter(CHANNEL, member('ann', i * 1_000 + j))
        a.leave(CHANNEL, 'ann', true)
      }
      await cluster.time.pass(10)
    }
    await cluster.time.pass(1_000)
    const writes = (faulty.calls['join'] ?? 0) + (faulty.calls['leave'] ?? 0)
    assert.ok(writes <= 10, `${writes} writes for 200,000 changes`)
    assert.ok(subscriber.changes.length <= 8, `${subscriber.changes.length} pushes`)
    assert.equal(subscriber.peers, '')
    assert.equal(await cluster.inStore(), '')
  })

  it('refuses info that is too large or not JSON (J20)', () => {
    const node = new Cluster().node()
    assert.throws(() => node.enter(CHANNEL, member('ann', 'x'.repeat(1_000_000))), { code: 'too-large', field: 'info' })
    assert.throws(() => node.enter(CHANNEL, member('ann', 'é'.repeat(2_100))), { code: 'too-large' })
    assert.throws(() => node.enter(CHANNEL, member('ann', { a: 1n } as never)), { code: 'bad-data', field: 'info' })
    const round: Record<string, unknown> = {}
    round['self'] = round
    assert.throws(() => node.enter(CHANNEL, member('ann', round as never)), { code: 'too-large', field: 'info' })
  })

  it('reads a list once for subscribers that come and go in a moment', async () => {
    const cluster = new Cluster()
    const faulty = new Faulty(cluster.store)
    const node = cluster.node(faulty)
    for (let i = 0; i < 1_000; i++) {
      node.watch(CHANNEL, () => {})()
      await cluster.time.pass(1)
    }
    assert.equal(faulty.calls['attach'], 1)
    assert.equal(faulty.calls['list'], 1)
    await cluster.time.pass(20_000)
    assert.equal(cluster.time.pending, 0)
  })

  it('keeps a bounded number of channels that nobody watches any more', async () => {
    const cluster = new Cluster()
    const node = cluster.node()
    for (let i = 0; i < 5_000; i++) node.watch(`room:${i}`, () => {})()
    assert.ok((node as unknown as { views: { size: number } }).views.size <= 1_000)
    await cluster.time.pass(20_000)
    assert.equal(cluster.time.pending, 0)
  })

  it('is not stopped by a subscriber that throws', async () => {
    const cluster = new Cluster()
    const node = cluster.node()
    node.watch(CHANNEL, () => {
      throw new Error('a bug')
    })
    const subscriber = new Subscriber(node)
    await cluster.time.pass(100)
    node.enter(CHANNEL, member('ann'))
    await cluster.time.pass(1_000)
    assert.equal(subscriber.peers, 'ann')
    assert.equal(cluster.failures.length, 1)
  })
})
