import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Hubs } from '../src/hub/hubs.ts'
import type { Realtime } from '../src/mod.ts'
import { faulty } from './faulty.ts'
import { Peer, REQUEST } from './peer.ts'
import { chance } from './presence/clock.ts'
import { said, World } from './world.ts'

const KILOBYTE = 'x'.repeat(1_000)
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)

function hubsOf(realtime: Realtime): Hubs {
  return realtime['node'].hubs
}

/** Bytes that the rings of a server hold. */
function ringBytes(realtime: Realtime): number {
  return hubsOf(realtime)['context'].rings.used
}

test('rings give back what they held when their hubs close', async () => {
  const { world } = faulty()
  for (const n of range(1, 20)) {
    const peer = await world.subscriber(`chat:${n}`)
    await world.publish(`chat:${n}`, KILOBYTE, KILOBYTE)
    peer.vanish()
  }
  assert.ok(ringBytes(world.realtime) >= 40_000)
  await world.pass(11_000)
  assert.equal(world.realtime.stats.channels, 0)
  assert.equal(ringBytes(world.realtime), 0)
})

test('a hub that closes while it opens or repairs holds nothing afterwards', async () => {
  for (const call of ['attach', 'heads', 'read'] as const) {
    const { world, broker } = faulty()
    const first = await world.subscriber('chat:1')
    await world.publish('chat:1', ...range(1, 5))
    broker.hold(call)
    if (call === 'read') {
      broker.notices = () => []
      await world.publish('chat:1', 6, 7)
      broker.interrupt()
    }
    const late = await world.connect({ resume: [{ ch: 'chat:2', from: 'head' }] })
    await world.pass(6_000)
    first.vanish()
    late.vanish()
    await world.pass(20_000)
    broker.release(call)
    await world.pass(60_000)
    assert.equal(world.realtime.stats.channels, 0, call)
    assert.equal(ringBytes(world.realtime), 0, call)
    assert.equal(broker.sinks.size, 0, call)
    assert.equal(world.time.pending, 0, call)
  }
})

test('a client that resumes a hundred channels and stops reading is given a page or two, not all of them', async () => {
  const { world } = faulty({ channels: { '**': { history: { size: 100 } } } })
  const keepers = await world.connect({ resume: range(1, 100).map((n) => ({ ch: `c:${n}`, from: 'head' })) })
  await world.settle()
  const starts = keepers.pushes('sub').map((sub) => ({ ch: sub['ch'], from: sub['start'] }))
  for (const n of range(1, 100)) {
    const all = range(1, 60).map(() => world.realtime.publish(`c:${n}`, KILOBYTE))
    await world.settle()
    await Promise.all(all)
  }
  const peer = world.link()
  peer.stall()
  peer.say({ op: 'connect', client: 'slow', features: [], resume: starts })
  await world.settle()
  for (let turn = 0; turn < 5; turn++) {
    assert.ok(peer.buffered < 400_000, `${peer.buffered} bytes are under way in turn ${turn}`)
    peer.flow()
    peer.stall()
    await world.settle()
  }
  for (let i = 0; i < 400 && peer.publications().length < 6_000; i++) {
    peer.flow()
    await world.settle()
  }
  assert.equal(peer.publications().length, 6_000)
  assert.equal(peer.code(), null)
})

test('what is published in one turn is cut into frames that a client takes', async () => {
  const { world } = faulty()
  let largest = 0
  class Measured extends Peer {
    override send(frame: Parameters<Peer['send']>[0]): boolean {
      const before = this.bytes
      const room = super.send(frame)
      largest = Math.max(largest, this.bytes - before)
      return room
    }
  }
  const peer = new Measured()
  world.realtime.accept(peer, REQUEST)
  peer.say({ op: 'connect', client: 'c', features: [], resume: [{ ch: 'chat:1', from: 'head' }] })
  await world.settle()
  const text = 'y'.repeat(60_000)
  const all = range(1, 60).map((n) => world.realtime.publish('chat:1', { n, text }))
  await world.settle()
  await Promise.all(all)
  assert.equal(peer.publications().length, 60)
  assert.ok(largest < 400_000, `${largest} bytes in one frame`)
  const again = new Measured()
  largest = 0
  world.realtime.accept(again, REQUEST)
  again.say({ op: 'connect', client: 'd', features: [], resume: [{ ch: 'chat:1', from: { last: 60 } }] })
  await world.settle()
  assert.equal(again.publications().length, 60)
  assert.ok(largest < 400_000, `${largest} bytes in one frame of a replay`)
})

test('a client that invents names keeps no more than 10,000 hubs without subscribers', async () => {
  const limits = { channels: 100_000, inflight: 100_000 }
  const { world } = faulty({ limits, admission: { messageRate: 100_000, subscribeRate: 100_000 } })
  const peer = await world.connect()
  for (let n = 0; n < 12_000; n += 500) {
    for (const i of range(n, n + 499)) {
      peer.say({ op: 'subscribe', ch: `c:${i}`, from: 'head' })
      peer.say({ op: 'unsubscribe', ch: `c:${i}` })
    }
    await world.settle()
  }
  assert.equal(world.realtime.stats.channels, 10_000)
  peer.vanish()
  await world.pass(11_000)
  assert.equal(world.realtime.stats.channels, 0)
})

test('a thousand channels that refuse a client leave room for the one that takes it', async () => {
  const world = new World()
  world.realtime.authorize((_who, _action, channel) => channel === 'good')
  const peer = await world.connect()
  const say = (ch: string): number =>
    peer.say({ op: 'publish', ch, key: `k-${ch}`, since: world.time.wall(), lane: 0, data: 1 })
  for (let n = 0; n < 1_200; n += 200) {
    for (const i of range(n, n + 199)) say(`bad:${i}`)
    await world.pass(1_000)
  }
  const id = say('good')
  await world.settle()
  peer.ok(id)
})

test('channels that are being answered count once against the limit', async () => {
  const { world, broker } = faulty({ limits: { channels: 10 } })
  for (const n of range(1, 6)) await world.publish(`c:${n}`, 1)
  broker.hold('back')
  const resume = range(1, 6).map((n) => ({ ch: `c:${n}`, from: { last: 5 } }))
  const peer = await world.connect({ resume })
  const ids = range(7, 11).map((n) => peer.say({ op: 'subscribe', ch: `c:${n}`, from: 'head' }))
  await world.settle()
  for (const id of ids.slice(0, 4)) peer.ok(id)
  assert.equal(peer.error(ids[4]!).code, 'limit')
  broker.release('back')
  await world.settle()
  assert.equal(peer.pushes('sub').length, 6)
})

test('a page of history is as long as it was asked for, though a replay asks for the same entries in smaller pages', async () => {
  const { world, broker } = faulty()
  const first = await world.subscriber('chat:1')
  const start = first.ok(2)['start']
  for (let n = 1; n <= 300; n += 50) {
    const all = range(n, n + 49).map((m) => world.realtime.publish('chat:1', { m, text: KILOBYTE }))
    await world.settle()
    await Promise.all(all)
  }
  broker.hold('read')
  await world.connect({ resume: [{ ch: 'chat:1', from: start }] })
  const reader = await world.connect()
  const page = reader.say({ op: 'history', ch: 'chat:1', after: start, limit: 256 })
  await world.settle()
  broker.release('read')
  await world.settle()
  // The fence of the first entry is an item of its own.
  assert.equal((reader.ok(page)['items'] as unknown[]).length, 257)
})

test('a stalled subscriber of a pattern whose rule says latest is no trouble to the server', async () => {
  const world = new World({ channels: { '**': { policy: 'latest', history: { size: 1_000 } } } })
  const peer = await world.subscriber('chat:*')
  peer.stall()
  for (const n of range(1, 1_000)) {
    const published = world.realtime.publish(`chat:${n % 3}`, { n, text: KILOBYTE })
    await world.settle()
    await published
  }
  peer.flow()
  await world.settle()
  await world.publish('chat:1', { n: 1_001 })
  const seen = said(peer).map((one) => (one as { n: number }).n)
  assert.equal(seen.at(-1), 1_001)
  assert.ok(seen.length < 700, `${seen.length} delivered`)
})

test('what a client says it replaces reaches one node at most', async () => {
  const world = new World({ random: chance(5) })
  const sent: string[] = []
  const { control } = world.broker
  const send = control.send.bind(control)
  control.send = (node, bytes, from) => {
    sent.push(node)
    return send(node, bytes, from)
  }
  for (const conn of ['*~x', '*', 'n2~x', 'a b~x', '~x', 'n1~nobody']) {
    const peer = world.link()
    peer.say({ op: 'connect', client: 'c', features: [], replaces: { conn, secret: 's' } })
    await world.settle()
  }
  assert.deepEqual(sent, ['n2'])
})
