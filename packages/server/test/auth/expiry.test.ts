// Tokens that end on open connections (bad-input.md O26): asked for, ended, and nothing behind the end.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Grant, Realtime, TokenRight } from '../../src/mod.ts'
import { RealtimeError } from '../../src/mod.ts'
import type { Peer } from '../peer.ts'
import { said, World } from '../world.ts'

/** ms behind its end within which a token is over. */
const GRACE = 100

const reading = (one: Realtime): Realtime =>
  one
    .onConnect(({ token }) => (token === undefined ? {} : (JSON.parse(token) as Grant)))
    .onToken((token) => JSON.parse(token) as TokenRight)

const publishing = (world: World, peer: Peer, ch: string, key: string): number =>
  peer.say({ op: 'publish', ch, key, since: world.time.wall(), lane: 0, data: key })

test('a connection is asked for another token ahead of the end, and ended with 4200 at it: nothing comes or goes behind', async () => {
  for (const life of [2_000, 40_000, 3_600_000]) {
    const world = new World({ allow: 'everyone' })
    reading(world.realtime)
    const begun = world.time.wall()
    const peer = await world.connect({ token: JSON.stringify({ user: 'ann', expires: begun + life }) })
    const witness = await world.subscriber('chat:1')
    peer.say({ op: 'subscribe', ch: 'chat:1', from: 'head' })
    await world.settle()
    assert.equal(peer.ok(1)['expires'], begun + life)
    const ahead = Math.min(30_000, life / 2)
    while (world.time.wall() < begun + life - ahead) {
      assert.equal(peer.pushes('refresh').length, 0)
      await world.pass(Math.min(1_000, begun + life - ahead - world.time.wall()))
      if (world.time.wall() % 5_000 === 0) for (const one of [peer, witness]) one.say({ id: 0, op: 'pong' })
    }
    await world.pass(50)
    assert.deepEqual(peer.pushes('refresh'), [{ ev: 'refresh', within: ahead }])
    while (world.time.wall() < begun + life) {
      assert.equal(peer.code(), null, 'ended too early')
      await world.pass(Math.min(1_000, begun + life - world.time.wall()))
      for (const one of [peer, witness]) one.say({ id: 0, op: 'pong' })
    }
    await world.pass(GRACE)
    assert.equal(peer.code(), 4200)
    const heard = said(peer).length
    publishing(world, peer, 'chat:1', 'late')
    await world.publish('chat:1', 'last')
    assert.deepEqual(said(witness), ['last'])
    assert.equal(said(peer).length, heard)
    assert.equal(peer.pushes('refresh').length, 1)
  }
})

test('tokens of 2 s that are refreshed in time go on for a minute without a word of it', async () => {
  const world = new World({ allow: 'everyone' })
  reading(world.realtime)
  const fresh = (): string => JSON.stringify({ user: 'ann', expires: world.time.wall() + 2_000 })
  const peer = await world.connect({ token: fresh() })
  peer.say({ op: 'subscribe', ch: 'chat:1', from: 'head' })
  await world.settle()
  for (let second = 1; second <= 60; second++) {
    await world.pass(1_050)
    assert.equal(peer.pushes('refresh').length, second)
    const id = peer.say({ op: 'refresh', token: fresh() })
    await world.publish('chat:1', second)
    assert.ok(Number(peer.ok(id)['expires']) > world.time.wall())
  }
  assert.deepEqual(
    said(peer),
    Array.from({ length: 60 }, (_, i) => i + 1),
  )
  assert.equal(peer.code(), null)
})

test('the token of a channel ends its subscription alone, at its end; another one goes on without a loss', async () => {
  const world = new World({ channels: { 'chat:*': { allow: 'token', presence: true }, open: { allow: 'everyone' } } })
  reading(world.realtime)
  const its = (life: number): string =>
    JSON.stringify({ channels: 'chat:1', expires: world.time.wall() + life } satisfies TokenRight)
  const peer = await world.connect({ token: '{"user":"ann"}' })
  const other = peer.say({ op: 'subscribe', ch: 'open', from: 'head' })
  const id = peer.say({ op: 'subscribe', ch: 'chat:1', from: 'head', token: its(2_000) })
  await world.settle()
  peer.ok(other)
  peer.ok(id)
  await world.publish('chat:1', 1)
  await world.pass(1_990)
  assert.equal(peer.pushes('unsub').length, 0)
  const inTime = publishing(world, peer, 'chat:1', 'in-time')
  await world.settle()
  peer.ok(inTime)
  await world.pass(10 + GRACE)
  const [unsub] = peer.pushes('unsub') as { ch: string; error: { code: string; retry: string } }[]
  assert.deepEqual([unsub?.ch, unsub?.error.code, unsub?.error.retry], ['chat:1', 'token-expired', 'auth'])
  const late = publishing(world, peer, 'chat:1', 'late')
  const history = peer.say({ op: 'history', ch: 'chat:1', limit: 10 })
  await world.publish('chat:1', 2)
  for (const id of [late, history]) {
    assert.deepEqual([peer.error(id).code, peer.error(id).retry], ['token-expired', 'auth'])
  }
  assert.deepEqual(said(peer, 'chat:1'), [1, 'in-time'])
  // From the last message that it got, as a client does.
  const [, last] = peer.publications('chat:1')
  const { epoch } = (await world.realtime.history('chat:1', { limit: 1 })).end
  const from = { epoch, offset: last?.off, id: last?.id }
  const again = peer.say({ op: 'subscribe', ch: 'chat:1', from, token: its(2_000) })
  await world.settle()
  assert.equal(peer.ok(again)['outcome'], 'recovered')
  assert.deepEqual(said(peer, 'chat:1'), [1, 'in-time', 2])
  await world.publish('open', 'still there')
  assert.deepEqual(said(peer, 'open'), ['still there'])
  assert.equal(peer.code(), null)
  peer.vanish()
  await world.pass(30_000)
  assert.equal(world.time.pending, 0, 'nothing is waited for any more')
})

test('a refresh of the connection, in the turn in which the token of a channel is over, is no refusal for good', async () => {
  const world = new World({ channels: { '**': { allow: 'token' } } })
  reading(world.realtime)
  const peer = await world.connect({ token: '{"user":"ann"}' })
  // Not at the end of a bucket: between the end and the notice there is time for something else.
  await world.pass(13)
  const token = JSON.stringify({ channels: 'a', expires: world.time.wall() + 2_000 })
  peer.say({ op: 'subscribe', ch: 'a', from: 'head', token })
  await world.pass(2_000)
  assert.deepEqual(peer.pushes('unsub'), [])
  peer.say({ op: 'refresh', token: '{"user":"ann"}' })
  await world.settle()
  const unsubs = peer.pushes('unsub') as { error: { code: string } }[]
  assert.deepEqual(
    unsubs.map(({ error }) => error.code),
    ['token-expired'],
  )
  for (let i = 0; i < 6; i++) {
    await world.pass(10_000)
    peer.say({ id: 0, op: 'pong' })
  }
  assert.equal(peer.pushes('unsub').length, 1)
  // It is not known for ever.
  const id = peer.say({ op: 'subscribe', ch: 'a', from: 'head' })
  await world.settle()
  assert.equal(peer.error(id).code, 'forbidden')
})

test('a longer token for the channel, brought in time, moves the end; a right that needs none takes it away', async () => {
  const world = new World({ channels: { '**': { allow: ['rights', 'token'] } } })
  reading(world.realtime)
  const its = (life: number): string => JSON.stringify({ channels: '**', expires: world.time.wall() + life })
  const peer = await world.connect({ token: '{"user":"ann"}' })
  peer.say({ op: 'subscribe', ch: 'a', from: 'head', token: its(2_000) })
  peer.say({ op: 'subscribe', ch: 'b', from: 'head', token: its(2_000) })
  await world.pass(1_000)
  peer.say({ op: 'subscribe', ch: 'a', from: 'head', token: its(5_000) })
  await world.settle()
  const id = peer.say({ op: 'refresh', token: '{"user":"ann","rights":[{"channels":"b"}]}' })
  await world.settle()
  peer.ok(id)
  await world.pass(4_900)
  assert.deepEqual(peer.pushes('unsub'), [])
  await world.pass(200)
  assert.deepEqual(
    peer.pushes('unsub').map(({ ch }) => ch),
    ['a'],
  )
  await world.pass(100_000)
})

test('a token for a channel that has expired is refused with retry auth, in a subscribe and in a resume', async () => {
  const world = new World({ channels: { '**': { allow: 'token' } } })
  reading(world.realtime).onToken(() => {
    throw new RealtimeError('token-expired')
  })
  const sub = { ch: 'a', from: 'head', token: 'old' }
  const peer = await world.connect({ resume: [sub] })
  const [unsub] = peer.pushes('unsub') as { error: { code: string; retry: string } }[]
  assert.deepEqual([unsub?.error.code, unsub?.error.retry], ['token-expired', 'auth'])
  const id = peer.say({ op: 'subscribe', ...sub })
  await world.settle()
  assert.deepEqual([peer.error(id).code, peer.error(id).retry], ['token-expired', 'auth'])
})

test('a step of the wall clock by an hour ends no token', async () => {
  const world = new World({ allow: 'everyone' })
  reading(world.realtime)
  const peer = await world.connect({ token: JSON.stringify({ user: 'ann', expires: world.time.wall() + 20_000 }) })
  const wall = world.time.wall.bind(world.time)
  world.time.wall = () => wall() + 3_600_000
  await world.pass(9_900)
  assert.equal(peer.code(), null)
  assert.equal(peer.pushes('refresh').length, 0)
  await world.pass(10_300)
  assert.equal(peer.code(), 4200)
})

test('a connection that goes before its token does leaves nothing to wait for', async () => {
  const world = new World({ allow: 'everyone' })
  reading(world.realtime)
  for (const life of [5_000, 3_600_000]) {
    const peer = await world.connect({ token: JSON.stringify({ expires: world.time.wall() + life }) })
    peer.vanish()
  }
  const { expiries } = world.realtime['node']
  assert.equal(expiries.size, 0)
  assert.equal(world.time.pending, 0)
})
