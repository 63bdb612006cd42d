import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Health } from '../src/health.ts'
import type { Frame } from '../src/link.ts'
import { RealtimeError } from '../src/mod.ts'
import { faulty } from './faulty.ts'
import { Peer, REQUEST } from './peer.ts'
import { Time } from './presence/clock.ts'
import { said, World } from './world.ts'

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)

/** A link that ends within the nth send of the server, or throws from there on. */
class Brittle extends Peer {
  private readonly last: number
  private readonly how: 'closes' | 'throws'

  constructor(last: number, how: 'closes' | 'throws') {
    super()
    this.last = last
    this.how = how
  }

  override send(frame: Frame | Parameters<Peer['send']>[0]): boolean {
    if (this.frames + 1 < this.last) return super.send(frame)
    this.frames++
    if (this.how === 'throws') throw new Error('the transport is broken')
    this.vanish()
    return true
  }
}

test('a link that ends within any send leaves no session, user, subscriber, hub or timer behind', async () => {
  for (const how of ['closes', 'throws'] as const) {
    for (const last of range(1, 24)) {
      const { world } = faulty({ channels: { '**': { presence: true, history: { size: 500 } } } })
      world.realtime.onConnect(({ token }) => ({
        ...(token === undefined ? null : { user: token }),
        channels: ['inbox'],
      }))
      const other = await world.subscriber('chat:1', { presence: true })
      const start = other.ok(2)['start']
      await world.publish('chat:1', ...range(1, 10))
      const peer = new Brittle(last, how)
      world.realtime.accept(peer, REQUEST)
      const resume = [{ ch: 'chat:1', from: start, presence: true }]
      peer.sayText(JSON.stringify({ id: 1, op: 'connect', client: 'c', features: [], token: 'ann', resume }))
      for (const [i, ch] of ['chat:2', 'chat:*', 'chat:3'].entries()) {
        peer.sayText(JSON.stringify({ id: i + 2, op: 'subscribe', ch, from: 'head' }))
      }
      await world.settle()
      for (const n of range(11, 20)) await world.publish('chat:1', n)
      await world.publish('chat:2', 1)
      await world.realtime.send('ann', 'hello')
      await world.pass(1_000)
      if (peer.closedWith === null) peer.vanish()
      assert.deepEqual(said(other), range(1, 20))
      const { node } = { node: world.realtime['node'] }
      assert.equal(node.connections, 1)
      assert.equal(node['users'].size, 0, `${how} within send ${last}`)
      assert.equal(node.hubs.get('chat:1')?.members, 1)
      other.vanish()
      await world.pass(60_000)
      assert.equal(world.realtime.stats.channels, 0)
      assert.equal(world.time.pending, 0)
    }
  }
})

test('a closed server leaves no timer at once, whatever it was at', async () => {
  for (const trouble of ['none', 'repair', 'reads', 'opening', 'replaying', 'unwell'] as const) {
    const { world, broker } = faulty({ channels: { '**': { presence: true, history: { size: 500 } } } })
    const peer = await world.subscriber('chat:1', { presence: true })
    const start = peer.ok(2)['start']
    await world.publish('chat:1', ...range(1, 100))
    const gone = await world.subscriber('chat:2')
    gone.vanish()
    if (trouble === 'repair' || trouble === 'unwell') {
      broker.down = true
      broker.interrupt()
    }
    if (trouble === 'reads' || trouble === 'replaying') broker.hold('read')
    if (trouble === 'opening') broker.hold('heads')
    const late = await world.connect({ resume: [{ ch: trouble === 'opening' ? 'chat:3' : 'chat:1', from: start }] })
    await world.pass(trouble === 'unwell' ? 7_000 : 300)
    void world.realtime.history('chat:1', { after: { epoch: 'e', offset: 1, id: 'x' } }).catch(() => {})
    await world.realtime.close()
    for (const call of ['read', 'heads'] as const) broker.release(call)
    await world.settle()
    assert.equal(late.code(), 1001)
    assert.equal(world.realtime.stats.connections, 0)
    // A wait for an answer that the store owes ends by itself.
    await world.pass(1_000)
    assert.equal(world.time.pending, 0, trouble)
  }
})

test('a subscribe that fails does not take another connection of the same client out of the channel', async () => {
  const { world, broker } = faulty({ channels: { '**': { presence: true } } })
  const watcher = await world.subscriber('chat:1', { presence: true })
  const client = 'the-client'
  const first = await world.connect({ client })
  first.say({ op: 'subscribe', ch: 'chat:1', from: 'head' })
  await world.pass(1_000)
  await world.publish('chat:1', ...range(1, 100))
  const second = await world.connect({ client })
  broker.hold('read')
  second.say({ op: 'subscribe', ch: 'chat:1', from: { epoch: 'e', offset: 1, id: 'x.1' } })
  await world.settle()
  second.vanish()
  broker.release('read')
  await world.pass(20_000)
  assert.deepEqual(
    watcher.pushes('members').flatMap((push) => (push['left'] as string[]) ?? []),
    [],
  )
  assert.equal((await world.realtime.presenceOf('chat:1')).length, 2)
})

test('a connection that is replaced does not flicker in presence', async () => {
  const world = new World({ channels: { '**': { presence: true } } })
  const watcher = await world.subscriber('chat:1', { presence: true })
  const client = 'the-client'
  const old = await world.connect({ client, resume: [{ ch: 'chat:1', from: 'head' }] })
  await world.pass(1_000)
  const { conn, secret } = old.ok(1) as { conn: string; secret: string }
  // Its rights take a second to be looked up.
  world.realtime.authorize(async () => {
    await new Promise<void>((resolve) => world.time.setTimer(resolve, 1_000))
    return true
  })
  await world.connect({ client, replaces: { conn, secret }, resume: [{ ch: 'chat:1', from: 'head' }] })
  await world.pass(20_000)
  assert.equal(old.code(), 4402)
  assert.deepEqual(
    watcher.pushes('members').flatMap((push) => (push['left'] as string[]) ?? []),
    [],
  )
})

test('one call that hangs does not make health flap while others are answered', async () => {
  const { world, broker } = faulty()
  const peer = await world.subscriber('chat:1')
  broker.hold('read')
  void world.realtime.history('chat:9', { after: { epoch: 'e', offset: 1, id: 'x' } }).catch(() => {})
  for (const n of range(1, 20)) {
    await world.publish('chat:1', n)
    await world.pass(1_000)
  }
  assert.deepEqual(peer.pushes('health'), [])
})

test('a store that answers but stores nothing is out of reach until it stores something', async () => {
  const { world, broker } = faulty()
  const peer = await world.subscriber('chat:1')
  broker.append = async (_channel, batch) => batch.map(() => ({ fail: 'unavailable', applied: 'no' }))
  for (const n of range(1, 20)) {
    void world.realtime.publish('chat:1', n).catch(() => {})
    await world.pass(1_000)
  }
  assert.deepEqual(
    peer.pushes('health').map((push) => push['ok']),
    [false],
  )
})

test('who connects while the store is out of reach is told so', async () => {
  const { world, broker } = faulty()
  await world.subscriber('chat:1')
  broker.down = true
  broker.interrupt()
  await world.pass(7_000)
  const peer = await world.connect()
  await world.settle()
  broker.down = false
  await world.pass(2_000)
  assert.deepEqual(
    peer.pushes('health').map((push) => push['ok']),
    [false, true],
  )
})

test('health needs a success in 5 s while something is asked for, and says each change once', async () => {
  const time = new Time()
  const told: boolean[] = []
  const health = new Health(time, (ok) => told.push(ok))
  const never = new Promise<void>(() => {})
  void health.watch(never)
  await time.pass(4_900)
  await health.watch(Promise.resolve())
  await time.pass(4_900)
  assert.deepEqual(told, [])
  await time.pass(200)
  assert.deepEqual(told, [false])
  await health.watch(Promise.resolve())
  assert.deepEqual(told, [false, true])
  await health.watch(Promise.reject(new RealtimeError('unavailable'))).catch(() => {})
  await time.pass(6_000)
  assert.deepEqual(told, [false, true, false])
  health.stop()
  assert.equal(time.pending, 0)
})

test('a disconnect with a code that says nothing to a client is refused before anybody is told', async () => {
  const world = new World()
  world.realtime.onConnect(() => ({ user: 'ann' }))
  const peer = await world.connect()
  for (const code of [1000, 3000, 4500, Number.NaN, 4000.5]) {
    await assert.rejects(() => world.realtime.disconnect('ann', code), RangeError)
  }
  assert.equal(peer.code(), null)
  await world.realtime.disconnect('ann', 4000)
  assert.equal(peer.code(), 4000)
})

test('a logger that throws is no reason to fail', async () => {
  const { world } = faulty({
    log: () => {
      throw new Error('disk full')
    },
  })
  world.realtime.authorize(() => {
    throw new Error('a fault of the hook')
  })
  const peer = await world.connect()
  const id = peer.say({ op: 'subscribe', ch: 'chat:1', from: 'head' })
  await world.settle()
  assert.equal(peer.error(id).code, 'unavailable')
})

test('a lane that broke stays broken though an earlier publish of it succeeds afterwards', async () => {
  const { world, broker } = faulty({ limits: { publishRate: 1 } })
  const peer = await world.connect()
  const say = (n: number, lane: number): number =>
    peer.say({ op: 'publish', ch: 'chat:1', key: `k${n}`, since: world.time.wall(), lane, data: n })
  broker.hold('append')
  const [first, second] = [say(1, 0), say(2, 0)]
  await world.settle()
  broker.release('append')
  await world.pass(5_000)
  peer.ok(first!)
  assert.equal(peer.error(second!).code, 'rate')
  const third = say(3, 0)
  await world.settle()
  assert.equal(peer.error(third).code, 'aborted')
  await world.pass(5_000)
  const again = say(2, 1)
  await world.pass(5_000)
  peer.ok(again)
  assert.equal(peer.received.length > 0 && world.realtime['node'].connections, 1)
})

test('of two refreshes the later one counts, whichever hook was faster', async () => {
  const world = new World()
  world.realtime.onConnect(async ({ token }) => {
    const [ms, expires] = (token ?? '0 60000').split(' ').map(Number) as [number, number]
    await new Promise<void>((resolve) => world.time.setTimer(resolve, ms))
    return { user: 'ann', expires: world.time.wall() + expires }
  })
  const peer = world.link()
  peer.say({ op: 'connect', client: 'c', features: [], token: '0 60000' })
  await world.settle()
  peer.say({ op: 'refresh', token: '2000 3000' })
  peer.say({ op: 'refresh', token: '0 3600000' })
  await world.pass(10_000)
  peer.sayText('{"id":0,"op":"pong"}')
  await world.pass(30_000)
  assert.equal(peer.code(), null)
})

test('a subscription of the server that the store does not allow yet is tried again by the server, until it is taken back', async () => {
  const { world, broker } = faulty()
  world.realtime.onConnect(() => ({ user: 'ann', channels: ['inbox:ann', 'news'] }))
  broker.down = true
  const peer = await world.connect()
  await world.pass(5_000)
  assert.deepEqual(peer.pushes('unsub'), [])
  await world.realtime.unsubscribe('ann', 'news')
  broker.down = false
  await world.pass(3_000)
  assert.deepEqual(
    peer.pushes('sub').map((push) => push['ch']),
    ['inbox:ann'],
  )
  assert.deepEqual(
    peer.pushes('unsub').map((push) => push['ch']),
    ['news'],
  )
  broker.down = true
  const gone = await world.connect()
  await world.pass(1_500)
  gone.vanish()
  peer.vanish()
  await world.pass(60_000)
  assert.equal(world.time.pending, 0)
})
