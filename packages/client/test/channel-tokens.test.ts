import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RealtimeError, type SubscriptionState } from '@tautline/client'
import { at, Bench, pub, settled, subscribed } from './fake-peer.ts'

/** A function that counts what it gives, and what it was asked for. */
function source(): { token: (channel: string) => Promise<string>; asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    token: (channel) => Promise.resolve(`t${asked.push(channel)}`),
  }
}

const unsub = (ch: string, code: string, retry: string): object => ({
  ev: 'unsub',
  ch,
  error: { code, message: code, retry },
})

test('a function gives the token of a channel before it is asked for; until then no resume has it', async () => {
  const bench = new Bench()
  const { token, asked } = source()
  bench.client.channel('a').subscribe({ token })
  const connect = await bench.welcome()
  assert.deepEqual(connect.resume, [])
  const subscribe = await bench.socket.take('subscribe')
  assert.deepEqual([subscribe.ch, subscribe.token], ['a', 't1'])
  assert.deepEqual(asked, ['a'])
  bench.socket.ok(subscribe, subscribed('a', at(0)))
  // The next connection has it at once.
  bench.socket.end()
  await bench.retry()
  const again = await bench.welcome()
  assert.deepEqual(again.resume, [{ ch: 'a', from: at(0), token: 't1' }])
  assert.deepEqual(asked, ['a'])
})

test('when the token of a channel ends, another one is fetched and the subscription goes on where it was', async () => {
  const { token, asked } = source()
  const heard: unknown[] = []
  const lost: unknown[] = []
  const states: SubscriptionState[] = []
  const client = new Bench()
  const subscription = client.client
    .channel('a')
    .subscribe({ token, onMessage: ({ data }) => heard.push(data), onLost: (loss) => lost.push(loss) })
  subscription.on('state', ({ state }) => states.push(state))
  await client.welcome()
  client.socket.ok(await client.socket.take('subscribe'), subscribed('a', at(0)))
  client.socket.say(pub('a', 1), pub('a', 2), unsub('a', 'token-expired', 'auth'))
  assert.equal(subscription.state, 'waiting')
  await client.clock.pass(500)
  const again = await client.socket.take('subscribe')
  assert.deepEqual([again.from, again.token], [at(2), 't2'])
  client.socket.ok(again, subscribed('a', at(2), { outcome: 'recovered', head: at(3) }))
  client.socket.say(pub('a', 3))
  assert.deepEqual(heard, [1, 2, 3])
  assert.deepEqual(lost, [])
  assert.deepEqual(states, ['joining', 'live', 'waiting', 'joining', 'catching-up', 'live'])
  assert.deepEqual(asked, ['a', 'a'])
  assert.deepEqual(await client.socket.rest(), [], 'the connection’s own token is not renewed for it')
})

test('a resume whose token has ended is asked for again with another one', async () => {
  const bench = new Bench()
  const { token } = source()
  bench.client.channel('a').subscribe({ token })
  await bench.welcome()
  bench.socket.ok(await bench.socket.take('subscribe'), subscribed('a', at(5)))
  bench.socket.end()
  await bench.retry()
  await bench.welcome()
  bench.socket.say(unsub('a', 'token-expired', 'auth'))
  await bench.clock.pass(500)
  const again = await bench.socket.take('subscribe')
  assert.deepEqual([again.from, again.token], [at(5), 't2'])
})

test('a function that fails is called again after a while; what it refuses for good stops the subscription', async () => {
  const bench = new Bench()
  let calls = 0
  const subscription = bench.client.channel('a').subscribe({
    token: () => {
      calls++
      if (calls === 1) throw new Error('the backend is away')
      if (calls === 2) return Promise.reject(new RealtimeError('unavailable'))
      throw new RealtimeError('forbidden', 'not you')
    },
  })
  const errors: unknown[] = []
  subscription.on('state', ({ error }) => errors.push(error?.message))
  await bench.welcome()
  assert.equal(subscription.state, 'waiting')
  await bench.clock.pass(500)
  assert.equal(calls, 2)
  await bench.clock.pass(1_000)
  assert.equal(calls, 3)
  assert.equal(subscription.state, 'stopped')
  assert.equal(subscription.error?.message, 'not you')
  assert.deepEqual(await bench.socket.rest(), [])
  assert.equal(errors[1], 'the backend is away')
})

test('a token that comes when nobody wants it any more is not used', async () => {
  const bench = new Bench()
  const late = Promise.withResolvers<string>()
  const subscription = bench.client.channel('a').subscribe({ token: () => late.promise })
  await bench.welcome()
  await subscription.unsubscribe()
  late.resolve('late')
  await settled()
  assert.deepEqual(await bench.socket.rest(), [])
})
