import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Lifecycle } from '@tautline/client'
import { Bench, settled } from './fake-peer.ts'

const SILENCE = 45_000

function told(): { lifecycle: Lifecycle; tell: (why: 'online' | 'wake' | 'show') => void; listeners: () => number } {
  const listeners = new Set<(why: 'online' | 'wake' | 'show') => void>()
  return {
    lifecycle: {
      listen: (wake) => {
        listeners.add(wake)
        return () => listeners.delete(wake)
      },
    },
    tell: (why) => {
      for (const listener of listeners) listener(why)
    },
    listeners: () => listeners.size,
  }
}

test('after every + timeout of silence the client asks, and goes only when 5 s brought nothing (§11.1)', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  await bench.clock.pass(SILENCE - 5_000)
  assert.deepEqual(await socket.rest(), [])
  await bench.clock.pass(7_000)
  const ping = await socket.take('ping')
  await bench.clock.pass(2_000)
  assert.equal(bench.client.state, 'connected')
  socket.ok(ping, { time: 1 })
  await bench.clock.pass(SILENCE - 1_000)
  assert.deepEqual(await socket.rest(), [])
  await bench.clock.pass(2_000)
  await socket.take('ping')
  await bench.clock.pass(5_000)
  assert.notEqual(socket.closedWith, null)
  assert.equal(bench.waits.length, 1)
})

test('anything the server says is a sign of life', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  for (let n = 0; n < 10; n++) {
    await bench.clock.pass(25_000)
    socket.say({ ev: 'ping', time: n })
  }
  assert.deepEqual(
    (await socket.rest()).map(({ op }) => op),
    Array.from({ length: 10 }, () => 'pong'),
  )
})

test('a probe whose timer fired late is asked once more before the client judges', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  await bench.clock.pass(SILENCE + 1_000)
  await socket.rest()
  // The tab was frozen: the timer of 5 s fires half a minute late, with the answer still in the queue of messages.
  const due = bench.clock.virtual
  const now = due.now
  let late = 0
  bench.clock.now = () => now() + late
  late = 30_000
  await bench.clock.pass(5_000)
  assert.equal(bench.client.state, 'connected')
  const ping = await socket.take('ping')
  socket.ok(ping, { time: 1 })
  await bench.clock.pass(6_000)
  assert.equal(bench.client.state, 'connected')
})

test('a machine that slept is noticed by its wall clock, and asked for', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  bench.clock.ahead += 3_600_000
  await bench.clock.pass(10_000)
  await socket.take('ping')
  await bench.clock.pass(5_000)
  assert.notEqual(bench.client.state, 'connected')
})

test('a wall clock that is set back means nothing', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  bench.clock.ahead -= 3_600_000
  await bench.clock.pass(20_000)
  assert.deepEqual(await socket.rest(), [])
})

test('on wake, online and show a standing connection is probed', async () => {
  for (const why of ['online', 'wake', 'show'] as const) {
    const { lifecycle, tell } = told()
    const bench = new Bench({ lifecycle })
    const socket = await bench.up()
    tell(why)
    await socket.take('ping')
    await bench.clock.pass(5_000)
    assert.notEqual(bench.client.state, 'connected')
    assert.deepEqual(bench.states.slice(0, 3), ['connecting', 'connected', 'waiting'])
  }
})

test('on online a client that waits tries at once, and the backoff begins anew', async () => {
  const { lifecycle, tell } = told()
  const bench = new Bench({ lifecycle })
  bench.random.next = 0.999
  bench.client.connect()
  for (let n = 0; n < 6; n++) {
    await settled()
    bench.socket.end(1006)
    if (n < 5) await bench.retry()
  }
  assert.equal(bench.waits.at(-1), 15_984)
  await bench.clock.pass(1_000)
  tell('online')
  assert.equal(bench.client.state, 'connecting')
  await settled()
  bench.socket.end(1006)
  assert.equal(bench.waits.at(-1), 499)
})

test('a swarm of events is one attempt; an attempt that fails after the world changed is repeated at once', async () => {
  const { lifecycle, tell } = told()
  const bench = new Bench({ lifecycle })
  bench.client.connect()
  await settled()
  await bench.clock.pass(3_000)
  for (let n = 0; n < 5; n++) tell('online')
  bench.socket.end(1006)
  assert.equal(bench.waits.at(-1), 0)
  await settled()
  assert.equal(bench.sockets.length, 2)
  for (let n = 0; n < 5; n++) tell('show')
  bench.socket.end(1006)
  await settled()
  assert.equal(bench.sockets.length, 2, 'not two attempts within a second without a random wait')
})

test('a connection that answered on wake waits like any other when it ends later', async () => {
  const { lifecycle, tell } = told()
  const bench = new Bench({ lifecycle })
  const socket = await bench.up()
  await bench.clock.pass(20_000)
  tell('show')
  socket.ok(await socket.take('ping'), { time: 1 })
  await bench.clock.pass(20_000)
  socket.end(1006)
  assert.equal(bench.waits.at(-1), 250)
})

test('a closed or stopped client listens to nobody', async () => {
  const { lifecycle, listeners } = told()
  const bench = new Bench({ lifecycle })
  assert.equal(listeners(), 0)
  await bench.up()
  assert.equal(listeners(), 1)
  bench.client.close()
  assert.equal(listeners(), 0)
  await bench.up()
  bench.socket.end(4400)
  assert.equal(listeners(), 0)
})
