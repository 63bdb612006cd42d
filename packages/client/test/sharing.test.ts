import assert from 'node:assert/strict'
import { test } from 'node:test'
import { at, Bench, fence, pub, subscribed, subscribedTo } from './fake-peer.ts'

test('several subscriptions share one attachment; the strictest policy is asked for', async () => {
  const { bench, socket, heard } = await subscribedTo('a')
  const others: unknown[] = []
  bench.client.channel('a').subscribe({ policy: 'latest', onMessage: ({ data }) => others.push(data) })
  assert.deepEqual(await socket.rest(), [], 'latest asks for less than the channel has')
  bench.client.channel('a').subscribe({ policy: 'lossless', onMessage: () => {} })
  const command = await socket.take('subscribe')
  assert.equal(command.policy, 'lossless')
  assert.deepEqual(command.from, at(0))
  socket.ok(command, subscribed('a', at(0), { outcome: 'recovered' }))
  socket.say(pub('a', 1))
  assert.deepEqual([heard, others], [[1], [1]])
})

test('a second subscription that begins in the past reads again, and the first hears nothing twice', async () => {
  const { bench, socket, heard, subscription } = await subscribedTo('a')
  socket.say(pub('a', 1), pub('a', 2), pub('a', 3))
  const others: unknown[] = []
  bench.client.channel('a').subscribe({ last: 2, onMessage: ({ data }) => others.push(data) })
  const command = await socket.take('subscribe')
  assert.deepEqual(command.from, { last: 2 })
  socket.ok(command, subscribed('a', at(1), { head: at(3) }))
  socket.say(pub('a', 2), pub('a', 3), pub('a', 4))
  assert.deepEqual(heard, [1, 2, 3, 4])
  assert.deepEqual(others, [2, 3, 4])
  assert.equal(subscription.state, 'live')
})

test('a second subscription whose position is lost is told alone; the first goes on from where it was', async () => {
  const { bench, socket, heard, subscription } = await subscribedTo('a', at(5))
  const lost: string[] = []
  subscription.on('lost', () => lost.push('first'))
  bench.client.channel('a').subscribe({ from: at(1, 'E0'), onMessage: () => {}, onLost: () => lost.push('second') })
  const command = await socket.take('subscribe')
  socket.ok(command, {
    ...subscribed('a', at(6), { outcome: 'lost' }),
    lost: { why: 'epoch', from: at(1, 'E0'), to: at(6), spread: 0 },
  })
  const again = await socket.take('subscribe')
  assert.deepEqual(again.from, at(5))
  socket.ok(again, subscribed('a', at(5), { outcome: 'recovered', head: at(6) }))
  socket.say(pub('a', 6), pub('a', 7))
  assert.deepEqual(lost, ['second'])
  assert.deepEqual(heard, [6, 7])
})

test('a loss while the log is read again for one subscription does not hit another that is ahead', async () => {
  const { bench, socket, heard, subscription } = await subscribedTo('a', at(8))
  const lost: string[] = []
  subscription.on('lost', () => lost.push('first'))
  bench.client.channel('a').subscribe({ from: at(2), onMessage: () => {}, onLost: () => lost.push('second') })
  const command = await socket.take('subscribe')
  socket.ok(command, subscribed('a', at(2), { outcome: 'recovered', head: at(8) }))
  socket.say(pub('a', 3), {
    ev: 'lost',
    ch: 'a',
    start: at(9),
    lost: { why: 'trimmed', from: at(3), to: at(9), spread: 0 },
  })
  assert.deepEqual(lost, ['second'])
  const again = await socket.take('subscribe')
  assert.deepEqual(again.from, at(8))
  socket.ok(again, subscribed('a', at(8), { outcome: 'recovered', head: at(9) }))
  socket.say(pub('a', 9), pub('a', 10))
  assert.deepEqual(lost, ['second'])
  assert.deepEqual(heard, [9, 10])
})

test('a loss hits only those that stood where it happened: another asks for itself (seed 5430)', async () => {
  const { bench, socket, heard, subscription } = await subscribedTo('a', at(29))
  const events: unknown[] = []
  subscription.on('lost', () => events.push('first lost'))
  bench.client.channel('a').subscribe({
    from: at(17),
    onMessage: ({ data }) => events.push(data),
    onLost: () => events.push('second lost'),
  })
  const start = at(0, 'E2')
  const lostFrom = (from: object): object => ({
    ...subscribed('a', start, { outcome: 'lost' }),
    lost: { why: 'epoch', from, to: start, spread: 0 },
  })
  for (const place of [17, 29]) {
    const command = await socket.take('subscribe')
    assert.deepEqual(command.from, at(place))
    socket.ok(command, lostFrom(at(place)))
  }
  assert.deepEqual(events, ['second lost', 'first lost'])
  const command = await socket.take('subscribe')
  assert.deepEqual(command.from, start)
  socket.ok(command, subscribed('a', start, { outcome: 'recovered' }))
  socket.say(pub('a', 1))
  assert.deepEqual([heard, events], [[1], ['second lost', 'first lost', 1]])
})

test('a pattern hears the channels it covers, each in order; a publication for both comes once and is heard by both', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  const heard: string[] = []
  const lost: string[] = []
  bench.client.channel('a:*').subscribe({
    onMessage: ({ channel, data }) => heard.push(`${channel}=${data}`),
    onLost: ({ why }) => lost.push(why),
  })
  const command = await socket.take('subscribe')
  assert.equal(command.from, 'head')
  socket.ok(command, { ch: 'a:*', mode: 'pattern', outcome: 'fresh', start: null, head: null })
  const exact: unknown[] = []
  bench.client.channel('a:1').subscribe(({ data }) => exact.push(data))
  socket.ok(await socket.take('subscribe'), subscribed('a:1', at(6)))
  socket.say(pub('a:1', 7), pub('a:2', 3), pub('a:1', 8), pub('a:1', 8), pub('b:1', 1))
  assert.deepEqual(heard, ['a:1=7', 'a:2=3', 'a:1=8'])
  assert.deepEqual(exact, [7, 8])
  socket.say(pub('a:2', 9))
  assert.deepEqual(lost, ['pattern'])
  assert.throws(() => bench.client.channel('a:*').subscribe({ last: 3 }), TypeError)
})

test('what a channel reads again, fences and all, reaches a pattern that has it only where it is new', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  const heard: unknown[] = []
  const lost: string[] = []
  bench.client
    .channel('a:*')
    .subscribe({ onMessage: ({ data }) => heard.push(data), onLost: ({ why }) => lost.push(why) })
  socket.ok(await socket.take('subscribe'), { ch: 'a:*', mode: 'pattern', outcome: 'fresh', start: null, head: null })
  bench.client.channel('a:1').subscribe(() => {})
  socket.ok(await socket.take('subscribe'), subscribed('a:1', at(6, 'E2')))
  socket.say(pub('a:1', 7), pub('a:1', 8))
  bench.client.channel('a:1').subscribe({ last: 4, onMessage: () => {} })
  socket.ok(await socket.take('subscribe'), subscribed('a:1', at(4), { head: at(9, 'E2') }))
  socket.say(pub('a:1', 5), fence('a:1', at(5), 'E2'), pub('a:1', 6), pub('a:1', 7), pub('a:1', 8), pub('a:1', 9))
  assert.deepEqual(heard, [7, 8, 9])
  socket.say(fence('a:1', at(9, 'E2'), 'E3'), pub('a:1', 10))
  assert.deepEqual(heard, [7, 8, 9, 10])
  assert.deepEqual(lost, [])
})

test('what is read again for a channel that is left meanwhile is not for a pattern; what is live is', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  const heard: unknown[] = []
  bench.client
    .channel('a:*')
    .subscribe({ onMessage: ({ data }) => heard.push(data), onLost: ({ why }) => heard.push(why) })
  socket.ok(await socket.take('subscribe'), { ch: 'a:*', mode: 'pattern', outcome: 'fresh', start: null, head: null })
  socket.say(pub('a:1', 8))
  const replayed = bench.client.channel('a:1').subscribe({ last: 2 })
  const asked = await socket.take('subscribe')
  const leaving = replayed.unsubscribe()
  socket.ok(asked, subscribed('a:1', at(5), { head: at(8) }))
  socket.say(fence('a:1', at(5), 'E2'), pub('a:1', 6), pub('a:1', 7), pub('a:1', 8), pub('a:1', 9))
  socket.ok(await socket.take('unsubscribe'))
  await leaving
  assert.deepEqual(heard, [8, 9])

  const live = bench.client.channel('a:2').subscribe(() => {})
  socket.ok(await socket.take('subscribe'), subscribed('a:2', at(3)))
  void live.unsubscribe()
  socket.say(pub('a:2', 4))
  assert.deepEqual(heard, [8, 9, 4])
})

test('a fence behind what a pattern had heard of a channel is a loss: the log went on from before it', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  const events: unknown[] = []
  bench.client
    .channel('a:*')
    .subscribe({ onMessage: ({ data }) => events.push(data), onLost: ({ why }) => events.push(why) })
  socket.ok(await socket.take('subscribe'), { ch: 'a:*', mode: 'pattern', outcome: 'fresh', start: null, head: null })
  socket.say(pub('a:1', 61), pub('a:1', 62))
  bench.client.channel('a:1').subscribe(() => {})
  socket.ok(await socket.take('subscribe'), subscribed('a:1', at(29)))
  socket.say(fence('a:1', at(29), 'E2'), pub('a:1', 30))
  assert.deepEqual(events, [61, 62, 'pattern', 30])
})

test('a subscription the server made is announced, resumed as such, and joined by who asks for it', async () => {
  const bench = new Bench()
  const announced: string[] = []
  bench.client.on('subscribed', ({ channel }) => announced.push(channel))
  const socket = await bench.up()
  socket.say({ ev: 'sub', ...subscribed('inbox:7', at(2)) })
  assert.deepEqual(announced, ['inbox:7'])
  const heard: unknown[] = []
  const subscription = bench.client.channel('inbox:7').subscribe(({ data }) => heard.push(data))
  assert.equal(subscription.state, 'live')
  assert.deepEqual(await socket.rest(), [])
  socket.say(pub('inbox:7', 3))
  assert.deepEqual(heard, [3])
  socket.end(1006)
  await bench.retry()
  assert.deepEqual((await bench.welcome()).resume, [{ ch: 'inbox:7', from: at(3), server: true }])
})
