import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SubscribeOptions, Subscription } from '@tautline/client'
import { at, Bench, type FakeSocket, fence, pub, settled, subscribed } from './fake-peer.ts'

async function joined(
  options: SubscribeOptions = {},
): Promise<{ bench: Bench; socket: FakeSocket; subscription: Subscription }> {
  const bench = new Bench()
  const socket = await bench.up()
  const subscription = bench.client.channel('a').subscribe({ onMessage: () => {}, ...options })
  socket.ok(await socket.take('subscribe'), subscribed('a', at(0)))
  return { bench, socket, subscription }
}

async function outcome(promise: Promise<void>): Promise<string> {
  return promise.then(
    () => 'reached',
    (error: { why?: string; code?: string }) => error.why ?? error.code ?? 'other',
  )
}

test('a position is reached once it is handed over, at once if it was (§4.5)', async () => {
  const { socket, subscription } = await joined()
  const reached = outcome(subscription.reached(at(2)))
  socket.say(pub('a', 1), pub('a', 2))
  assert.equal(await reached, 'reached')
  assert.equal(await outcome(subscription.reached(at(1))), 'reached')
})

test('a gap counts as reached', async () => {
  const { socket, subscription } = await joined()
  const reached = outcome(subscription.reached(at(3)))
  socket.say({ ev: 'gap', ch: 'a', to: at(5), count: 5, why: 'dropped' })
  assert.equal(await reached, 'reached')
})

test('a fence from there or later proves it; one from before it says diverged', async () => {
  const { socket, subscription } = await joined()
  const vanished = outcome(subscription.reached(at(3)))
  socket.say(pub('a', 1), pub('a', 2), fence('a', at(2), 'E2'), pub('a', 3))
  assert.equal(await vanished, 'diverged')
  assert.equal(await outcome(subscription.reached(at(2))), 'reached')
  assert.equal(await outcome(subscription.reached(at(3, 'E2'))), 'reached')
})

test('a loss over it without a snapshot is lost; with one it is reached', async () => {
  const lost = { ev: 'lost', ch: 'a', start: at(9), lost: { why: 'trimmed', to: at(9), spread: 0 } }
  const plain = await joined()
  const first = outcome(plain.subscription.reached(at(5)))
  const later = outcome(plain.subscription.reached(at(10)))
  plain.socket.say(lost)
  assert.equal(await first, 'lost')
  plain.socket.say(pub('a', 10))
  assert.equal(await later, 'reached')

  const covered = await joined({ snapshot: () => {} })
  const second = outcome(covered.subscription.reached(at(5)))
  covered.socket.say(lost)
  await covered.bench.clock.pass(0)
  assert.equal(await second, 'reached')
})

test('it times out, is cancelled by its signal, and ends with the subscription', async () => {
  const { bench, subscription, socket } = await joined()
  const late = outcome(subscription.reached(at(5), { timeout: 100 }))
  await bench.clock.pass(100)
  assert.equal(await late, 'timeout')
  const controller = new AbortController()
  const cancelled = outcome(subscription.reached(at(5), { signal: controller.signal }))
  controller.abort()
  assert.equal(await cancelled, 'cancelled')
  assert.equal(await outcome(subscription.reached(at(5), { signal: controller.signal })), 'cancelled')
  const stopped = outcome(subscription.reached(at(5)))
  void subscription.unsubscribe()
  assert.equal(await stopped, 'stopped')
  assert.equal(await outcome(subscription.reached(at(5))), 'stopped')
  socket.end()
  bench.client.close()
  await settled()
  assert.equal(bench.clock.virtual.pending, 0)
  assert.throws(() => subscription.reached({} as never), TypeError)
})
