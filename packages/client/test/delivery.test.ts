import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Message, SubscribeOptions, SubscriptionState } from '@tautline/client'
import { type Json, type Lost, type Position, RealtimeError } from '@tautline/wire'
import { at, Bench, pub, settled, subscribed } from './fake-peer.ts'

async function joined(options: SubscribeOptions = {}, client: object = {}) {
  const bench = new Bench(client)
  const socket = await bench.up()
  const states: SubscriptionState[] = []
  const subscription = bench.client.channel('a').subscribe(options)
  subscription.on('state', ({ state }) => states.push(state))
  socket.ok(await socket.take('subscribe'), subscribed('a', at(0)))
  return { bench, socket, subscription, states }
}

const TRIMMED: Omit<Lost, 'to'> = { why: 'trimmed', from: at(1), spread: 0 }

function lostAt(start: Position, spread = 0): object {
  return { ev: 'lost', ch: 'a', start, lost: { ...TRIMMED, to: start, spread } }
}

test('messages wait until somebody listens, and an iterator takes them at its own pace', async () => {
  const { socket, subscription } = await joined()
  socket.say(pub('a', 1), pub('a', 2))
  assert.deepEqual(subscription.position, at(0), 'nothing was handed over yet')
  const iterator = subscription[Symbol.asyncIterator]()
  assert.equal((await iterator.next()).value?.data, 1)
  assert.deepEqual(subscription.position, at(1))
  assert.equal((await iterator.next()).value?.data, 2)
  const third = iterator.next()
  const fourth = iterator.next()
  socket.say(pub('a', 3), pub('a', 4))
  assert.deepEqual([(await third).value?.data, (await fourth).value?.data], [3, 4])
})

test('leaving the loop unsubscribes; unsubscribing ends the loop', async () => {
  const { bench, socket, subscription } = await joined()
  socket.say(pub('a', 1))
  const loop = (async () => {
    for await (const { data } of subscription) if (data === 1) break
  })()
  socket.ok(await socket.take('unsubscribe'))
  await loop
  assert.equal(subscription.state, 'idle')

  const other = bench.client.channel('b').subscribe()
  socket.ok(await socket.take('subscribe'), subscribed('b', at(0)))
  const seen: Json[] = []
  const reading = (async () => {
    for await (const { data } of other) seen.push(data)
  })()
  socket.say(pub('b', 1))
  await settled()
  void other.unsubscribe()
  await reading
  assert.deepEqual(seen, [1])
})

test('a subscription that is refused for good throws in the loop, behind what was received', async () => {
  const { socket, subscription } = await joined()
  socket.say(pub('a', 1), { ev: 'unsub', ch: 'a', error: { code: 'forbidden', message: 'out', retry: 'no' } })
  const seen: Json[] = []
  await assert.rejects(
    (async () => {
      for await (const { data } of subscription) seen.push(data)
    })(),
    { code: 'forbidden' },
  )
  assert.deepEqual(seen, [1])
  assert.deepEqual(await subscription[Symbol.asyncIterator]().next(), { done: true, value: undefined })
})

test('a full queue leaves live, drops what arrives, and reads the rest again once half is empty', async () => {
  const { socket, subscription, states } = await joined({}, { maxQueue: 4 })
  for (let off = 1; off <= 7; off++) socket.say(pub('a', off))
  assert.equal(subscription.state, 'catching-up')
  const iterator = subscription[Symbol.asyncIterator]()
  for (const data of [1]) assert.equal((await iterator.next()).value?.data, data)
  assert.deepEqual(await socket.rest(), [], 'not yet half empty')
  assert.equal((await iterator.next()).value?.data, 2)
  const command = await socket.take('subscribe')
  assert.deepEqual(command.from, at(4))
  socket.ok(command, subscribed('a', at(4), { outcome: 'recovered', head: at(7) }))
  socket.say(pub('a', 5))
  for (const data of [3, 4, 5]) assert.equal((await iterator.next()).value?.data, data)
  socket.say(pub('a', 6), pub('a', 7))
  for (const data of [6, 7]) assert.equal((await iterator.next()).value?.data, data)
  assert.deepEqual(states, ['live', 'catching-up', 'joining', 'catching-up', 'live'])
})

test('a slow reader does not hold up a fast one of the same channel, and gets each message once', async () => {
  const { bench, socket, subscription } = await joined({}, { maxQueue: 2 })
  const fast: Json[] = []
  bench.client.channel('a').subscribe(({ data }) => fast.push(data))
  for (let off = 1; off <= 5; off++) socket.say(pub('a', off))
  assert.deepEqual(fast, [1, 2, 3, 4, 5])
  const iterator = subscription[Symbol.asyncIterator]()
  assert.equal((await iterator.next()).value?.data, 1)
  const command = await socket.take('subscribe')
  assert.deepEqual(command.from, at(2))
  socket.ok(command, subscribed('a', at(2), { outcome: 'recovered', head: at(5) }))
  assert.equal((await iterator.next()).value?.data, 2)
  socket.say(pub('a', 3), pub('a', 4))
  assert.deepEqual(fast, [1, 2, 3, 4, 5])
  assert.equal((await iterator.next()).value?.data, 3)
})

test('a connection that is cut while a reader is behind is resumed from what was received, then from where it stopped', async () => {
  const { bench, socket, subscription } = await joined({}, { maxQueue: 2 })
  bench.client.channel('a').subscribe(() => {})
  for (let off = 1; off <= 5; off++) socket.say(pub('a', off))
  socket.end(1006)
  await bench.retry()
  assert.deepEqual((await bench.welcome()).resume, [{ ch: 'a', from: at(5) }])
  bench.socket.say({ ev: 'sub', ...subscribed('a', at(5), { outcome: 'recovered' }) })
  assert.equal(subscription.state, 'catching-up')
  const iterator = subscription[Symbol.asyncIterator]()
  await iterator.next()
  assert.deepEqual((await bench.socket.take('subscribe')).from, at(2))
})

test('a loss without a snapshot is told in its place, between the messages around it', async () => {
  const events: unknown[] = []
  const { socket, subscription, states } = await joined({
    onMessage: ({ data }) => events.push(data),
    onLost: ({ why, to }) => events.push([why, to?.offset]),
  })
  socket.say(pub('a', 1), lostAt(at(9)), pub('a', 10))
  assert.deepEqual(events, [1, ['trimmed', 9], 10])
  assert.deepEqual(states, ['live', 'resyncing', 'live'])
  assert.deepEqual(subscription.position, at(10))
})

test('a loss reaches a slow reader behind what came before it', async () => {
  const { socket, subscription } = await joined()
  const events: unknown[] = []
  subscription.on('lost', ({ why }) => events.push(why))
  socket.say(pub('a', 1), lostAt(at(9)), pub('a', 10))
  assert.equal(subscription.state, 'resyncing')
  assert.equal(events.length, 0)
  const iterator = subscription[Symbol.asyncIterator]()
  events.push((await iterator.next()).value?.data)
  events.push((await iterator.next()).value?.data)
  assert.deepEqual(events, [1, 'trimmed', 10])
  assert.equal(subscription.state, 'live')
})

test('a snapshot waits for its random part of spread; everything behind the loss follows it (§6.4)', async () => {
  const events: unknown[] = []
  const gate = Promise.withResolvers<void>()
  const { bench, socket, subscription, states } = await joined({
    onMessage: ({ data }) => events.push(data),
    snapshot: async ({ to }) => {
      events.push(`fetching ${to?.offset}`)
      await gate.promise
      events.push('snapshot')
    },
  })
  socket.say(pub('a', 1), lostAt(at(9), 10_000), pub('a', 10))
  await bench.clock.pass(4_999)
  assert.deepEqual(events, [1])
  await bench.clock.pass(1)
  assert.deepEqual(events, [1, 'fetching 9'])
  socket.say(pub('a', 11))
  assert.equal(subscription.state, 'resyncing')
  gate.resolve()
  await settled()
  assert.deepEqual(events, [1, 'fetching 9', 'snapshot', 10, 11])
  assert.deepEqual(states, ['live', 'resyncing', 'live'])
})

test('a snapshot with a position goes on right behind that position', async () => {
  const heard: Json[] = []
  const { bench, socket, subscription } = await joined({
    onMessage: ({ data }) => heard.push(data),
    snapshot: async () => at(12),
  })
  socket.say(lostAt(at(9)), pub('a', 10), pub('a', 11), pub('a', 12))
  await bench.clock.pass(0)
  const command = await socket.take('subscribe')
  assert.deepEqual(command.from, at(12))
  assert.deepEqual(subscription.position, at(12))
  socket.ok(command, subscribed('a', at(12), { outcome: 'recovered', head: at(13) }))
  socket.say(pub('a', 13))
  assert.deepEqual(heard, [13])
  assert.equal(subscription.state, 'live')
})

test('a snapshot that fails is fetched again with backoff, and reported', async () => {
  let tries = 0
  const heard: Json[] = []
  const { bench, socket } = await joined({
    onMessage: ({ data }) => heard.push(data),
    snapshot: () => {
      if (++tries < 3) throw new Error(`attempt ${tries}`)
    },
  })
  socket.say(lostAt(at(9)), pub('a', 10))
  await bench.clock.pass(0)
  assert.deepEqual(heard, [])
  await bench.clock.pass(1_000)
  assert.deepEqual(heard, [10])
  assert.deepEqual(
    bench.errors.map(({ message }) => message),
    ['attempt 1', 'attempt 2'],
  )
})

test('a snapshot that fails for a while only is fetched again, and nobody is troubled', async () => {
  const codes = ['unavailable', 'unknown', 'forbidden'] as const
  let tries = 0
  const heard: Json[] = []
  const { bench, socket } = await joined({
    onMessage: ({ data }) => heard.push(data),
    snapshot: async () => {
      const code = codes[tries++]
      if (code !== undefined) throw new RealtimeError(code)
    },
  })
  socket.say(lostAt(at(9)), pub('a', 10))
  await bench.clock.pass(10_000)
  assert.deepEqual([tries, heard], [4, [10]])
  // That one the application may have to do something about.
  assert.deepEqual(
    bench.errors.map((error) => (error as RealtimeError).code),
    ['forbidden'],
  )
})

test('a cut during a snapshot: the subscription resumes behind the loss and the snapshot still comes first', async () => {
  const events: unknown[] = []
  const gate = Promise.withResolvers<void>()
  const { bench, socket } = await joined({
    onMessage: ({ data }) => events.push(data),
    snapshot: async () => {
      await gate.promise
      events.push('snapshot')
    },
  })
  socket.say(lostAt(at(9)), pub('a', 10))
  await bench.clock.pass(0)
  socket.end(1006)
  await bench.retry()
  assert.deepEqual((await bench.welcome()).resume, [{ ch: 'a', from: at(10) }])
  bench.socket.say({ ev: 'sub', ...subscribed('a', at(10), { outcome: 'recovered', head: at(11) }) }, pub('a', 11))
  assert.deepEqual(events, [])
  gate.resolve()
  await settled()
  assert.deepEqual(events, ['snapshot', 10, 11])
})

test('losses with nothing between them are one notice, so that they cannot fill the memory', async () => {
  const { socket, subscription } = await joined()
  const lost: Lost[] = []
  subscription.on('lost', (of) => lost.push(of))
  socket.say(pub('a', 1))
  for (let n = 0; n < 5_000; n++) socket.say(lostAt(at(10 + n)))
  const iterator = subscription[Symbol.asyncIterator]()
  await iterator.next()
  void iterator.next()
  assert.equal(lost.length, 1)
  assert.deepEqual(lost[0], { ...TRIMMED, to: at(5_009) })
})

test('a listener that unsubscribes hears nothing more, of the same frame neither', async () => {
  const { socket, subscription } = await joined()
  const heard: Json[] = []
  subscription.on('message', ({ data }: Message) => {
    heard.push(data)
    void subscription.unsubscribe()
  })
  socket.say(pub('a', 1), pub('a', 2))
  assert.deepEqual(heard, [1])
})
