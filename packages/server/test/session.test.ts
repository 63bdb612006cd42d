import assert from 'node:assert/strict'
import { test } from 'node:test'
import { msgpackCodec } from '@tautline/wire/msgpack'
import { RealtimeError } from '../src/mod.ts'
import { said, World } from './world.ts'

test('connect comes first, its answer names the limits, and a second connect is refused', async () => {
  const world = new World()
  const peer = await world.connect()
  const answer = peer.ok(1)
  assert.deepEqual(answer['ping'], { every: 25_000, timeout: 20_000 })
  assert.equal((answer['limits'] as Record<string, number>)['body'], 65_536)
  const again = peer.say({ op: 'connect', client: 'x', features: [] })
  assert.equal(peer.error(again).code, 'bad-request')
  const rude = world.link()
  rude.say({ op: 'ping' })
  assert.equal(rude.code(), 4300)
})

test('commands sent behind connect wait until it is decided', async () => {
  const world = new World()
  world.realtime.onConnect(async () => {
    await new Promise<void>((resolve) => world.time.setTimer(resolve, 500))
    return { user: 'ann' }
  })
  const peer = world.link()
  peer.sayText(
    [
      '{"id":1,"op":"connect","client":"c","features":[]}',
      '{"id":2,"op":"subscribe","ch":"chat:1","from":"head"}',
    ].join('\n'),
  )
  peer.sayText('{"id":3,"op":"ping"}')
  await world.pass(100)
  assert.equal(peer.received.length, 0)
  await world.pass(500)
  assert.equal(peer.ok(1)['user'], 'ann')
  peer.ok(2)
  peer.ok(3)
})

test('rubbish ends the connection with 4300 and says so before (J01); an id that does not increase too', async () => {
  const world = new World()
  for (const text of [
    '',
    'null',
    '[]',
    '1',
    '"x"',
    '{',
    '{"op":"ping"}',
    '{"id":-1,"op":"ping"}',
    '{"id":1,"op":"ping"}',
  ]) {
    const peer = await world.connect()
    peer.sayText(text)
    assert.equal(peer.code(), 4300, text)
    assert.equal(peer.pushes('bye')[0]?.['code'], 4300, text)
  }
})

test('who does not connect within 10 s is sent away with 4005', async () => {
  const world = new World()
  const peer = world.link()
  await world.pass(9_900)
  assert.equal(peer.code(), null)
  await world.pass(200)
  assert.equal(peer.code(), 4005)
})

test('a refused connect says why, and the code says whether to come back', async () => {
  const world = new World()
  for (const [code, disconnect] of [
    ['unauthorized', 4400],
    ['token-expired', 4200],
    ['token-revoked', 4201],
    ['unavailable', 4003],
  ] as const) {
    world.realtime.onConnect(() => {
      throw new RealtimeError(code)
    })
    const peer = world.link()
    const id = peer.say({ op: 'connect', client: 'c', features: [] })
    await world.settle()
    assert.equal(peer.error(id).code, code)
    assert.equal(peer.code(), disconnect)
  }
})

test('the server pings a quiet connection, and one that says nothing for every + timeout is gone: 4001', async () => {
  const world = new World()
  const peer = await world.connect()
  await world.pass(25_000)
  assert.equal(peer.pushes('ping').length, 1)
  peer.sayText('{"id":0,"op":"pong"}')
  await world.pass(40_000)
  assert.equal(peer.code(), null)
  await world.pass(8_000)
  assert.equal(peer.code(), 4001)
})

test('who only listens to a busy channel is pinged all the same, and is not taken for dead (simulation, seed 312)', async () => {
  const world = new World()
  const peer = await world.subscriber('chat:1')
  let answered = 0
  for (let second = 0; second < 200; second++) {
    await world.publish('chat:1', second)
    for (; answered < peer.pushes('ping').length; answered++) peer.sayText('{"id":0,"op":"pong"}')
    await world.pass(1_000)
  }
  assert.equal(peer.code(), null)
})

test('a server that stood still for a minute gives its clients the grace that it took', async () => {
  const world = new World()
  const peer = await world.connect()
  await world.pass(20_000)
  // The process stands still: time passes, and no timer runs until it is over.
  const { time } = world
  const now = time.now.bind(time)
  time.now = () => now() + 60_000
  await world.pass(20_000)
  assert.equal(peer.code(), null)
})

test('another connection with the secret replaces one that lives, on this node or another: 4402', async () => {
  const world = new World()
  const other = world.node('n2')
  for (const realtime of [world.realtime, other]) {
    const old = await world.connect()
    const { conn, secret } = old.ok(1) as { conn: string; secret: string }
    await world.connect({ replaces: { conn, secret: 'wrong' } }, undefined, realtime)
    await world.pass(10)
    assert.equal(old.code(), null)
    await world.connect({ replaces: { conn, secret } }, undefined, realtime)
    await world.pass(10)
    assert.equal(old.code(), 4402)
  }
})

test('a direct message reaches every connection of a user on every node, and nobody else', async () => {
  const world = new World()
  const other = world.node('n2')
  for (const realtime of [world.realtime, other])
    realtime.onConnect(({ token }) => (token === undefined ? {} : { user: token }))
  const anns = [
    await world.connect({ token: 'ann' }),
    await world.connect({ token: 'ann' }, msgpackCodec),
    await world.connect({ token: 'ann' }, undefined, other),
  ]
  const bob = await world.connect({ token: 'bob' })
  await world.realtime.send('ann', { hello: 'ann' })
  await world.realtime.send('ann', Uint8Array.of(1, 2, 255))
  await world.settle()
  for (const peer of anns) {
    const [json, bytes] = peer.pushes('msg')
    assert.deepEqual(json?.['data'], { hello: 'ann' })
    assert.deepEqual(bytes?.['bytes'], Uint8Array.of(1, 2, 255))
  }
  assert.equal(bob.pushes('msg').length, 0)
})

test('the server subscribes a client by itself, on connect and later, and takes it back', async () => {
  const world = new World()
  world.realtime.onConnect(({ token }) => (token === undefined ? {} : { user: token, channels: ['inbox:ann'] }))
  const peer = await world.connect({ token: 'ann' })
  await world.settle()
  assert.equal(peer.pushes('sub')[0]?.['ch'], 'inbox:ann')
  await world.realtime.subscribe('ann', 'news:1')
  await world.settle()
  await world.publish('inbox:ann', 'a')
  await world.publish('news:1', 'b')
  assert.deepEqual(said(peer), ['a', 'b'])
  await world.realtime.unsubscribe('ann', 'news:1')
  await world.settle()
  await world.publish('news:1', 'c')
  assert.deepEqual(said(peer), ['a', 'b'])
  assert.equal(peer.pushes('unsub')[0]?.['ch'], 'news:1')
})

test('what the server had subscribed and does not any more is answered with unsub', async () => {
  const world = new World()
  const peer = await world.connect({ resume: [{ ch: 'inbox:ann', from: 'head', server: true }] })
  await world.settle()
  assert.equal(peer.pushes('unsub')[0]?.['ch'], 'inbox:ann')
})

test('a pattern hears all its channels live, and nothing twice beside a subscription or another pattern', async () => {
  const world = new World()
  const peer = await world.connect()
  for (const ch of ['chat:*', '**', 'chat:1']) peer.say({ op: 'subscribe', ch, from: 'head' })
  await world.settle()
  assert.equal(peer.ok(2)['mode'], 'pattern')
  await world.publish('chat:1', 1)
  await world.publish('chat:2', 2)
  await world.publish('other', 3)
  assert.deepEqual(said(peer), [1, 2, 3])
})

test('subscribing again replaces the attachment: it begins anew, and nobody leaves', async () => {
  const world = new World({ channels: { '**': { presence: true } } })
  const watcher = await world.subscriber('chat:1', { presence: true })
  const peer = await world.subscriber('chat:1')
  await world.publish('chat:1', 1, 2)
  await world.pass(1_000)
  const id = peer.say({ op: 'subscribe', ch: 'chat:1', from: { last: 1 } })
  await world.settle()
  peer.ok(id)
  await world.publish('chat:1', 3)
  assert.deepEqual(said(peer), [1, 2, 2, 3])
  await world.pass(30_000)
  assert.deepEqual(
    watcher.pushes('members').flatMap((push) => (push['left'] as string[]) ?? []),
    [],
  )
})

test('after the unsubscribe reply nothing of the channel follows, and a second subscribe starts anew', async () => {
  const world = new World()
  const peer = await world.subscriber('chat:1')
  const published = world.realtime.publish('chat:1', 1)
  const id = peer.say({ op: 'unsubscribe', ch: 'chat:1' })
  await world.settle()
  await published
  peer.ok(id)
  const at = peer.received.findIndex((message) => 'id' in message && !('ev' in message) && message.id === id)
  assert.equal(
    peer.received.slice(at + 1).some((message) => 'ev' in message && message.ev === 'pub'),
    false,
  )
  const again = peer.say({ op: 'subscribe', ch: 'chat:1', from: 'head' })
  await world.settle()
  peer.ok(again)
  await world.publish('chat:1', 2)
  assert.equal(said(peer).at(-1), 2)
})

test('a member is there from subscribe to unsubscribe, others are told, and a reconnect within 8 s does not flicker', async () => {
  const world = new World({ channels: { '**': { presence: true } } })
  world.realtime.onConnect(({ token }) => (token === undefined ? {} : { user: token, info: { name: token } }))
  const watcher = await world.connect({ token: 'bob' })
  watcher.say({ op: 'subscribe', ch: 'chat:1', from: 'head', presence: true })
  await world.pass(1_000)
  const ann = await world.connect({ token: 'ann', client: 'ann-client' })
  ann.say({ op: 'subscribe', ch: 'chat:1', from: 'head' })
  await world.pass(1_000)
  const joined = watcher.pushes('members').flatMap((push) => (push['joined'] as { user: string }[]) ?? [])
  assert.deepEqual(joined.filter((one) => one.user === 'ann').length, 1)
  ann.vanish()
  await world.pass(3_000)
  const back = await world.connect({ token: 'ann', client: 'ann-client', resume: [{ ch: 'chat:1', from: 'head' }] })
  await world.pass(20_000)
  const left = (): unknown[] => watcher.pushes('members').flatMap((push) => (push['left'] as string[]) ?? [])
  assert.deepEqual(left(), [])
  const page = back.say({ op: 'presence', ch: 'chat:1' })
  await world.settle()
  assert.equal(back.ok(page)['count'], 2)
  back.say({ op: 'unsubscribe', ch: 'chat:1' })
  await world.pass(1_000)
  assert.equal(left().length, 1)
})

test('a token that ends is asked for ahead, refreshed in-band, and ends the connection otherwise: 4200', async () => {
  const world = new World()
  world.realtime.onConnect(({ token }) => ({ user: 'ann', expires: world.time.wall() + Number(token) }))
  const kept = await world.connect({ token: '60000' })
  const lapsed = await world.connect({ token: '60000' })
  await world.pass(31_500)
  assert.equal(kept.pushes('refresh').length, 1)
  const id = kept.say({ op: 'refresh', token: '600000' })
  await world.settle()
  kept.ok(id)
  lapsed.sayText('{"id":0,"op":"pong"}')
  await world.pass(20_000)
  lapsed.sayText('{"id":0,"op":"pong"}')
  await world.pass(10_000)
  assert.equal(kept.code(), null)
  assert.equal(lapsed.code(), 4200)
})

test('a closed server says goodbye, ends its links and leaves no timer', async () => {
  const world = new World({ channels: { '**': { presence: true } } })
  const peer = await world.subscriber('chat:1')
  await world.realtime.close()
  await world.settle()
  assert.equal(peer.pushes('bye')[0]?.['code'], 1001)
  await world.pass(60_000)
  assert.equal(world.time.pending, 0)
})

test('a flood of commands is dealt with 128 a turn, in order, so that others get theirs', async () => {
  const world = new World()
  const peer = await world.connect()
  const asked = Array.from({ length: 1_000 }, () => peer.say({ op: 'ping' }))
  const answered = (): number => peer.received.length - 1
  assert.equal(answered(), 127)
  await world.settle()
  assert.equal(answered(), 1_000)
  const ids = peer.received.flatMap((message) => ('ev' in message ? [] : [message.id]))
  assert.deepEqual(ids.slice(1), asked)
})
