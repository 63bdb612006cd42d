import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Append, Appended, LogRule } from '@tautline/broker'
import { MemoryBroker } from '@tautline/broker'
import { RealtimeError } from '../src/mod.ts'
import { chance, Time } from './presence/clock.ts'
import { said, World } from './world.ts'

function publication(world: World, n: number, fields: Record<string, unknown> = {}): Record<string, unknown> {
  return { op: 'publish', ch: 'chat:1', key: `key-${n}`, since: world.time.wall(), lane: 0, data: n, ...fields }
}

test('a publish is answered with its position, and shows who published as the rule allows', async () => {
  const world = new World()
  const listener = await world.subscriber('chat:1')
  const peer = await world.connect()
  const id = peer.say(publication(world, 1))
  await world.settle()
  const position = peer.ok(id)['position'] as { offset: number; id: string }
  assert.equal(position.offset, 1)
  const [heard] = listener.publications()
  assert.equal(heard?.id, position.id)
  assert.equal(heard?.key, 'key-1')
  assert.match(heard?.from?.peer ?? '', /^[\w-]{16}$/)
})

test('a key seen again gives the first position; with another body it is a conflict (J14)', async () => {
  const world = new World()
  const listener = await world.subscriber('chat:1')
  const peer = await world.connect()
  const first = peer.say(publication(world, 1))
  const again = peer.say(publication(world, 1))
  const other = peer.say(publication(world, 1, { data: 'other' }))
  await world.settle()
  assert.deepEqual(peer.ok(again), { position: peer.ok(first)['position'], duplicate: true })
  assert.equal(peer.error(other).code, 'key-conflict')
  assert.deepEqual(said(listener), [1])
})

test('the keys of different clients do not meet, those of one user do', async () => {
  const world = new World()
  world.realtime.onConnect((request) => (request.token === undefined ? {} : { user: request.token }))
  const strangers = [await world.connect(), await world.connect()]
  const same = [await world.connect({ token: 'ann' }), await world.connect({ token: 'ann' })]
  const ids = strangers.map((peer) => peer.say(publication(world, 1)))
  const others = same.map((peer) => peer.say(publication(world, 1)))
  await world.settle()
  assert.notDeepEqual(strangers[0]!.ok(ids[0]!), strangers[1]!.ok(ids[1]!))
  assert.deepEqual(same[1]!.ok(others[1]!), { position: same[0]!.ok(others[0]!)['position'], duplicate: true })
})

test('since in the future is bad-request, and too old for the window key-expired', async () => {
  const world = new World({ window: 300_000 })
  const peer = await world.connect()
  const early = peer.say(publication(world, 1, { since: world.time.wall() + 61_000 }))
  const late = peer.say(publication(world, 2, { since: world.time.wall() - 241_000 }))
  const good = peer.say(publication(world, 3, { since: world.time.wall() - 200_000 }))
  await world.settle()
  assert.equal(peer.error(early).code, 'bad-request')
  assert.equal(peer.error(late).code, 'key-expired')
  peer.ok(good)
})

test('a step of the wall clock by a year, either way, refuses no publish of a client that is connected', async () => {
  const world = new World()
  const peer = await world.connect()
  const told = (peer.ok(1)['time'] as number) - world.time.now()
  const wall = world.time.wall.bind(world.time)
  for (const [n, step] of [3_600_000, -3_600_000, 31_536_000_000, -31_536_000_000].entries()) {
    world.time.wall = () => wall() + step
    const id = peer.say(publication(world, n, { since: told + world.time.now() }))
    await world.pass(1_000)
    peer.ok(id)
    const newcomer = await world.connect()
    const since = newcomer.ok(1)['time'] as number
    const other = newcomer.say(publication(world, n, { since }))
    await world.pass(1_000)
    newcomer.ok(other)
  }
})

/** A store that fails as told. */
class Moody extends MemoryBroker {
  mood: ((batch: readonly Append[]) => Appended[] | null) | null = null
  batches: number[] = []
  override async append(channel: string, batch: readonly Append[], rule: LogRule): Promise<readonly Appended[]> {
    this.batches.push(batch.length)
    const answer = this.mood?.(batch) ?? null
    return answer ?? super.append(channel, batch, rule)
  }
}

function moody(): { world: World; broker: Moody } {
  const time = new Time()
  const broker = new Moody({ clock: time, random: chance(7) })
  return { world: new World({ broker, clock: time }), broker }
}

test('a failure that may be tried again breaks the lane: nothing behind it overtakes it', async () => {
  const { world, broker } = moody()
  const peer = await world.connect()
  const listener = await world.subscriber('chat:1')
  broker.mood = (batch) =>
    batch.some((one) => one.key === 'key-2') ? batch.map(() => ({ fail: 'unavailable', applied: 'no' as const })) : null
  const ids = [1, 2, 3, 4].map((n) => peer.say(publication(world, n)))
  await world.settle()
  peer.ok(ids[0]!)
  assert.equal(peer.error(ids[1]!).code, 'unavailable')
  for (const id of ids.slice(2)) assert.match(peer.error(id).code, /aborted|unavailable/)
  broker.mood = null
  const straggler = peer.say(publication(world, 5))
  const again = [2, 3, 4].map((n) => peer.say(publication(world, n, { lane: 1 })))
  await world.settle()
  assert.equal(peer.error(straggler).code, 'aborted')
  for (const id of again) peer.ok(id)
  assert.deepEqual(said(listener), [1, 2, 3, 4])
})

test('a final refusal does not break the lane', async () => {
  const world = new World()
  const peer = await world.connect()
  const ids = [publication(world, 1), publication(world, 2, { data: 'x'.repeat(70_000) }), publication(world, 3)].map(
    (one) => peer.say(one),
  )
  await world.settle()
  peer.ok(ids[0]!)
  assert.equal(peer.error(ids[1]!).code, 'too-large')
  peer.ok(ids[2]!)
})

test('what arrives while an append is in flight is one batch of at most 64', async () => {
  const { world, broker } = moody()
  const peer = await world.connect()
  for (let n = 1; n <= 200; n++) peer.say(publication(world, n))
  await world.settle()
  assert.equal(
    broker.batches.reduce((sum, size) => sum + size, 0),
    200,
  )
  assert.ok(Math.max(...broker.batches) === 64 && broker.batches.length < 10, broker.batches.join())
})

test('an unknown outcome is said to be unknown', async () => {
  const { world, broker } = moody()
  broker.mood = (batch) => batch.map(() => ({ fail: 'unavailable', applied: 'unknown' as const }))
  const peer = await world.connect()
  const id = peer.say(publication(world, 1))
  await world.settle()
  assert.deepEqual([peer.error(id).code, peer.error(id).retry], ['unknown', 'unknown'])
  await assert.rejects(
    world.realtime.publish('chat:1', 1),
    (error) => error instanceof RealtimeError && error.code === 'unknown',
  )
})

test('hooks see every publish in the order of arrival, may change it, and may refuse it', async () => {
  const world = new World()
  const listener = await world.subscriber('chat:1')
  world.realtime.onPublish(async (_who, channel, data) => {
    // The first is the slowest: it must not be overtaken.
    if (data === 1) await new Promise<void>((resolve) => world.time.setTimer(resolve, 50))
    if (data === 2) throw new RealtimeError('bad-data', 'two is not allowed')
    return { channel, data: data as number }
  })
  const peer = await world.connect()
  const ids = [1, 2, 3].map((n) => peer.say(publication(world, n)))
  await world.pass(100)
  peer.ok(ids[0]!)
  assert.equal(peer.error(ids[1]!).code, 'bad-data')
  peer.ok(ids[2]!)
  assert.deepEqual(said(listener), [
    { channel: 'chat:1', data: 1 },
    { channel: 'chat:1', data: 3 },
  ])
})

test('a hook is not asked about what no store would take', async () => {
  const world = new World()
  const asked: unknown[] = []
  world.realtime.onPublish((_who, _channel, data) => {
    asked.push(data)
    return undefined
  })
  const peer = await world.connect()
  const id = peer.say(publication(world, 1, { data: 'x'.repeat(70_000) }))
  await world.settle()
  assert.equal(peer.error(id).code, 'too-large')
  assert.deepEqual(asked, [])
})

test('an application that fails in a hook is not told to the client in words, and nothing is published', async () => {
  const world = new World()
  world.realtime.onPublish(() => {
    throw new Error('the password is swordfish')
  })
  const peer = await world.connect()
  const id = peer.say(publication(world, 1))
  await world.settle()
  assert.equal(peer.error(id).code, 'unavailable')
  assert.ok(!JSON.stringify(peer.received).includes('swordfish'))
})

test('a publish to an ephemeral channel resolves with null and reaches who is there', async () => {
  const world = new World({ channels: { 'typing:*': { log: false } } })
  const listener = await world.subscriber('typing:1')
  const peer = await world.connect()
  const id = peer.say(publication(world, 1, { ch: 'typing:1' }))
  await world.settle()
  assert.deepEqual(peer.ok(id), { position: null })
  assert.deepEqual(said(listener), [1])
})
