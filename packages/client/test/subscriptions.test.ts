import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Message, SubscriptionState } from '@tautline/client'
import { at, Bench, fence, pub, settled, subscribed, subscribedTo } from './fake-peer.ts'

test('a subscription is waiting, joining, catching-up and live, in this order', async () => {
  const bench = new Bench()
  const states: SubscriptionState[] = []
  const subscription = bench.client.channel('a').subscribe({ from: at(3), onMessage: () => {} })
  subscription.on('state', ({ state }) => states.push(state))
  assert.equal(subscription.state, 'waiting')
  const connect = await bench.welcome()
  assert.deepEqual(connect.resume, [{ ch: 'a', from: at(3) }])
  bench.socket.say({ ev: 'sub', ...subscribed('a', at(3), { outcome: 'recovered', head: at(5) }) })
  assert.deepEqual(subscription.position, at(3))
  bench.socket.say(pub('a', 4))
  assert.equal(subscription.state, 'catching-up')
  bench.socket.say(pub('a', 5))
  assert.deepEqual(states, ['joining', 'catching-up', 'live'])
  assert.deepEqual(subscription.position, at(5))
})

test('messages carry their position, time, key, publisher; bytes come as bytes', async () => {
  const { socket, bench } = await subscribedTo('a')
  const messages: Message[] = []
  bench.client.channel('a').subscribe((message) => messages.push(message))
  socket.say(pub('a', 1, { x: 1 }, { at: 77, key: 'k', state: 's', from: { user: 'ann', peer: 'p' } }), {
    ev: 'pub',
    ch: 'a',
    off: 2,
    id: 'w.2',
    at: 78,
    bytes: 'AQID',
  })
  assert.deepEqual(messages[0], {
    data: { x: 1 },
    channel: 'a',
    position: at(1),
    at: 77,
    id: 'w.1',
    key: 'k',
    state: 's',
    from: { user: 'ann', peer: 'p' },
    own: false,
  })
  assert.deepEqual(messages[1]?.bytes, Uint8Array.of(1, 2, 3))
  assert.equal(messages[1]?.data, undefined)
})

test('an entry that comes again is dropped; one behind a hole is not delivered, and the client asks again from where it is', async () => {
  const { socket, subscription, heard, states } = await subscribedTo('a')
  socket.say(pub('a', 1), pub('a', 1), pub('a', 2), pub('a', 1))
  assert.deepEqual(heard, [1, 2])
  socket.say(pub('a', 4))
  assert.equal(subscription.state, 'joining')
  assert.deepEqual(heard, [1, 2])
  const repair = await socket.take('subscribe')
  assert.deepEqual(repair.from, at(2))
  socket.say(pub('a', 5))
  socket.ok(repair, subscribed('a', at(2), { outcome: 'recovered', head: at(5) }))
  socket.say(pub('a', 3), pub('a', 4), pub('a', 5))
  assert.deepEqual(heard, [1, 2, 3, 4, 5])
  assert.deepEqual(states, ['live', 'joining', 'catching-up', 'live'])
})

test('the same offset with another id is a broken chain', async () => {
  const { socket, subscription } = await subscribedTo('a')
  socket.say(pub('a', 1), pub('a', 1, 'other', { id: 'v.9' }))
  assert.equal(subscription.state, 'joining')
})

test('a chain that breaks at the same place again is asked for after a wait, not in a circle', async () => {
  const { bench, socket } = await subscribedTo('a')
  socket.say(pub('a', 5))
  const first = await socket.take('subscribe')
  socket.ok(first, subscribed('a', at(0), { outcome: 'recovered', head: at(0) }))
  socket.say(pub('a', 5))
  assert.deepEqual(await socket.rest(), [])
  await bench.clock.pass(500)
  await socket.take('subscribe')
})

test('a fence is walked through, known again, and broken where it does not begin here (§4.3)', async () => {
  const { socket, subscription, heard } = await subscribedTo('a')
  socket.say(pub('a', 1), fence('a', at(1), 'E2'), pub('a', 2))
  assert.deepEqual(subscription.position, at(2, 'E2'))
  socket.say(fence('a', at(1), 'E2'), pub('a', 3))
  assert.deepEqual(heard, [1, 2, 3])
  socket.say(fence('a', at(9, 'E2'), 'E3'))
  assert.equal(subscription.state, 'joining')
})

test('sparse logs name the predecessor; -1 is nobody', async () => {
  const { socket, heard, subscription } = await subscribedTo('a', at(10))
  socket.say(pub('a', 40, 'x', { prev: 10 }), pub('a', 50, 'y', { prev: 40 }))
  assert.deepEqual(heard, ['x', 'y'])
  socket.say(pub('a', 60, 'z', { prev: -1 }))
  assert.equal(subscription.state, 'joining')
})

test('a gap moves the position, is told, and is no loss', async () => {
  const { socket, subscription, heard } = await subscribedTo('a')
  const gaps: unknown[] = []
  subscription.on('gap', (gap) => gaps.push(gap))
  socket.say({ ev: 'gap', ch: 'a', to: at(7), count: 7, why: 'conflated' }, pub('a', 8))
  assert.deepEqual(heard, [8])
  assert.deepEqual(gaps, [{ to: at(7), count: 7, why: 'conflated' }])
  assert.equal(subscription.state, 'live')
})

test('all channels are resumed in the one connect frame, each from what was received', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  for (const ch of ['a', 'b', 'c']) bench.client.channel(ch).subscribe(() => {})
  for (const ch of ['a', 'b', 'c']) socket.ok(await socket.take('subscribe'), subscribed(ch, at(0)))
  socket.say(pub('a', 1), pub('b', 1), pub('b', 2))
  socket.end(1006)
  await bench.retry()
  const connect = await bench.welcome({ conn: 'c2' })
  assert.deepEqual(connect.resume, [
    { ch: 'a', from: at(1) },
    { ch: 'b', from: at(2) },
    { ch: 'c', from: at(0) },
  ])
  assert.deepEqual(await bench.socket.rest(), [])
})

test('a recovery goes on behind what was received; nothing of the old connection is delivered twice', async () => {
  const { bench, socket, heard, states, subscription } = await subscribedTo('a')
  socket.say(pub('a', 1))
  socket.end(1006)
  assert.equal(subscription.state, 'waiting')
  await bench.retry()
  await bench.welcome()
  bench.socket.say(
    { ev: 'sub', ...subscribed('a', at(1), { outcome: 'recovered', head: at(3, 'E2') }) },
    fence('a', at(1), 'E2'),
    pub('a', 2),
    pub('a', 3),
  )
  assert.deepEqual(heard, [1, 2, 3])
  assert.deepEqual(states, ['live', 'waiting', 'joining', 'catching-up', 'live'])
})

test('a server that resumes anywhere else than where it was asked has lost something: never a silent jump', async () => {
  const { bench, socket, subscription } = await subscribedTo('a')
  const lost: unknown[] = []
  subscription.on('lost', (of) => lost.push(of))
  socket.say(pub('a', 1))
  socket.end(1006)
  await bench.retry()
  await bench.welcome()
  bench.socket.say({ ev: 'sub', ...subscribed('a', at(9), { outcome: 'recovered' }) })
  assert.deepEqual(lost, [{ why: 'diverged', from: at(1), to: at(9), spread: 0 }])
})

test('unsub and errors: no means stopped, later means again from the same place', async () => {
  const { bench, socket, subscription } = await subscribedTo('a', at(4))
  const errors: unknown[] = []
  subscription.on('state', ({ error }) => error !== undefined && errors.push((error as { code?: string }).code))
  socket.say({ ev: 'unsub', ch: 'a', error: { code: 'unavailable', message: '', retry: 'later', after: 2_000 } })
  assert.equal(subscription.state, 'waiting')
  await bench.clock.pass(1_999)
  assert.deepEqual(await socket.rest(), [])
  await bench.clock.pass(500)
  const again = await socket.take('subscribe')
  assert.deepEqual(again.from, at(4))
  socket.refuse(again, 'forbidden', 'no')
  assert.equal(subscription.state, 'stopped')
  assert.deepEqual(errors, ['unavailable', 'forbidden'])
  assert.equal((subscription.error as { code?: string } | null)?.code, 'forbidden')
  assert.deepEqual(await socket.rest(), [], 'the server knows that itself')
})

test('unsubscribe waits for the reply, and nothing is delivered behind it', async () => {
  const { socket, subscription, heard } = await subscribedTo('a')
  let over = false
  void subscription.unsubscribe().then(() => {
    over = true
  })
  assert.equal(subscription.state, 'idle')
  socket.say(pub('a', 1))
  const command = await socket.take('unsubscribe')
  assert.equal(over, false)
  socket.ok(command)
  await settled()
  assert.equal(over, true)
  assert.deepEqual(heard, [])
})

test('who subscribes again before the unsubscribe was answered hears of the new attachment only', async () => {
  const { bench, socket, subscription } = await subscribedTo('a')
  void subscription.unsubscribe()
  const heard: unknown[] = []
  const second = bench.client.channel('a').subscribe(({ data }) => heard.push(data))
  socket.say(pub('a', 1))
  socket.ok(await socket.take('unsubscribe'))
  const command = await socket.take('subscribe')
  socket.ok(command, subscribed('a', at(1)))
  socket.say(pub('a', 2))
  assert.deepEqual(heard, [2])
  assert.equal(second.state, 'live')
})

test('what stood in connect and is not wanted any more is told so, and its answer means nothing', async () => {
  const bench = new Bench()
  const subscription = bench.client.channel('a').subscribe()
  bench.client.channel('b').subscribe()
  await settled()
  bench.socket.open()
  const connect = await bench.socket.take('connect')
  await subscription.unsubscribe()
  bench.socket.ok(connect, (await import('./fake-peer.ts')).CONNECTED)
  const command = await bench.socket.take('unsubscribe')
  assert.equal(command.ch, 'a')
  const announced: string[] = []
  bench.client.on('subscribed', ({ channel }) => announced.push(channel))
  bench.socket.say({ ev: 'sub', ...subscribed('a', at(0)) })
  bench.socket.ok(command)
  assert.deepEqual(announced, [])
})

test('ephemeral channels have no positions, are live at once, and say so when they were interrupted', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  const heard: unknown[] = []
  const lost: string[] = []
  const subscription = bench.client.channel('t').subscribe({
    onMessage: ({ data, position }) => heard.push([data, position]),
    onLost: ({ why }) => lost.push(why),
  })
  socket.ok(await socket.take('subscribe'), subscribed('t', null))
  socket.say({ ev: 'pub', ch: 't', id: 'w.1', at: 1, data: 'x' })
  assert.deepEqual(heard, [['x', null]])
  assert.equal(subscription.state, 'live')
  socket.end(1006)
  await bench.retry()
  assert.deepEqual((await bench.welcome()).resume, [{ ch: 't', from: 'head' }])
  bench.socket.say({ ev: 'sub', ...subscribed('t', null) })
  assert.deepEqual(lost, ['ephemeral'])
  assert.equal(subscription.state, 'live')
})

test('more channels than the server takes at once are subscribed after connect', async () => {
  const bench = new Bench()
  await bench.up({ limits: { channels: 2, inflight: 256 } })
  for (const ch of ['a', 'b', 'c']) bench.client.channel(ch).subscribe()
  bench.socket.end(1006)
  await bench.retry()
  const connect = await bench.welcome()
  assert.equal(connect.resume.length, 2)
  assert.equal((await bench.socket.take('subscribe')).ch, 'c')
})

test('a thousand channels are resumed in one frame', async () => {
  const bench = new Bench()
  for (let n = 0; n < 1_000; n++) bench.client.channel(`some:channel:${n}`).subscribe()
  await settled()
  bench.socket.open()
  const connect = await bench.socket.take('connect')
  assert.equal(connect.resume.length, 1_000)
  assert.equal(bench.socket.frames, 1)
})
