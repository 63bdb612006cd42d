import assert from 'node:assert/strict'
import { test } from 'node:test'
import { at, Bench, fence, pub, settled } from './fake-peer.ts'

test('a call resolves with data or bytes, and rejects with what the server said', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  const sum = bench.client.call('add', { a: 1 })
  const command = await socket.take('rpc')
  assert.deepEqual(command, { id: 2, op: 'rpc', method: 'add', ms: 30_000, data: { a: 1 } })
  socket.ok(command, { data: 3 })
  assert.equal(await sum, 3)
  const bytes = bench.client.call('bytes', Uint8Array.of(1))
  const second = await socket.take('rpc')
  assert.equal(second.bytes, 'AQ')
  socket.ok(second, { bytes: 'AgM' })
  assert.deepEqual(await bytes, Uint8Array.of(2, 3))
  const bad = bench.client.call('bad')
  const third = await socket.take('rpc')
  assert.equal(third.data, null)
  socket.refuse(third, 'not-found', 'no', { field: 'method' })
  await assert.rejects(bad, { code: 'not-found', field: 'method' })
})

test('a call that was sent is unknown when the connection goes, and never sent again (§10)', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  const call = bench.client.call('m')
  await socket.take('rpc')
  socket.end(1006)
  await assert.rejects(call, { code: 'unknown', retry: 'unknown' })
  await bench.retry()
  await bench.welcome()
  assert.deepEqual(await bench.socket.rest(), [])
})

test('a call without a connection waits for one, and is unavailable when its time is over first', async () => {
  const bench = new Bench()
  const waiting = bench.client.call('m', null, { timeout: 5_000 })
  const late = bench.client.call('n', null, { timeout: 1_000 })
  await bench.clock.pass(1_000)
  await assert.rejects(late, { code: 'unavailable' })
  await bench.welcome()
  const command = await bench.socket.take('rpc')
  assert.equal(command.method, 'm')
  bench.socket.ok(command, { data: 1 })
  assert.equal(await waiting, 1)
})

test('timeouts and signals cancel on the server; a late answer means nothing', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  const slow = bench.client.call('slow', null, { timeout: 1_000 })
  const command = await socket.take('rpc')
  assert.equal(command.ms, 1_000)
  await bench.clock.pass(1_000)
  await assert.rejects(slow, { code: 'timeout' })
  const cancel = await socket.take('cancel')
  assert.equal(cancel.call, command.id)
  socket.ok(cancel)
  socket.ok(command, { data: 1 })
  const controller = new AbortController()
  const aborted = bench.client.call('m', null, { signal: controller.signal })
  const second = await socket.take('rpc')
  controller.abort()
  await assert.rejects(aborted, { code: 'cancelled' })
  assert.equal((await socket.take('cancel')).call, second.id)
  await assert.rejects(bench.client.call('m', null, { signal: controller.signal }), { code: 'cancelled' })
  assert.deepEqual(await socket.rest(), [])
})

test('more calls than the server takes at once wait their turn; more than 1,000 are refused', async () => {
  const bench = new Bench()
  const socket = await bench.up({ limits: { rpc: 2, inflight: 256 } })
  const calls = Array.from({ length: 1_000 }, (_, n) => bench.client.call<number>('m', n))
  await assert.rejects(bench.client.call('m'), { code: 'limit' })
  let most = 0
  for (;;) {
    const commands = await socket.rest()
    if (commands.length === 0) break
    most = Math.max(most, commands.length)
    for (const command of commands) socket.ok(command, { data: command.data })
  }
  assert.equal(most, 2)
  assert.deepEqual(
    await Promise.all(calls),
    calls.map((_, n) => n),
  )
})

test('calls of a stopped client are unavailable, and say why', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  socket.say({ ev: 'bye', code: 4401, reason: 'kicked' })
  await assert.rejects(bench.client.call('m'), { code: 'unavailable', message: /stopped: kicked/ })
})

test('a stream begins with its iteration, gives each value in order, and ends', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  const stream = bench.client.stream<number>('count', 3)
  assert.deepEqual(await socket.rest(), [])
  const seen: number[] = []
  const reading = (async () => {
    for await (const value of stream) seen.push(value)
  })()
  const command = await socket.take('rpc')
  assert.equal(command.stream, true)
  const value = (seq: number, more: object) => socket.say({ ev: 'rpc', call: command.id, seq, ...more })
  value(0, { data: 10 })
  value(1, { data: 11 })
  value(2, { data: null, end: true })
  socket.ok(command)
  await reading
  assert.deepEqual(seen, [10, 11])
})

test('leaving a stream cancels it; its error comes behind the values that were there', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  const left = (async () => {
    for await (const _ of bench.client.stream('m')) break
  })()
  const first = await socket.take('rpc')
  socket.say({ ev: 'rpc', call: first.id, seq: 0, data: 1 })
  await left
  assert.equal((await socket.take('cancel')).call, first.id)

  const seen: unknown[] = []
  const failed = (async () => {
    for await (const value of bench.client.stream('m')) seen.push(value)
  })()
  const second = await socket.take('rpc')
  socket.say({ ev: 'rpc', call: second.id, seq: 0, data: 1 })
  socket.refuse(second, 'overloaded', 'later')
  await assert.rejects(failed, { code: 'overloaded' })
  assert.deepEqual(seen, [1])
})

test('a stream that nobody reads is cancelled with limit after 1,000 values; one with a hole is unknown', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  const iterator = bench.client.stream<number>('m')[Symbol.asyncIterator]()
  void iterator.next()
  const command = await socket.take('rpc')
  for (let seq = 0; seq <= 1_001; seq++) socket.say({ ev: 'rpc', call: command.id, seq, data: seq })
  await socket.take('cancel')
  let count = 1
  await assert.rejects(
    (async () => {
      for (;;) {
        await iterator.next()
        count++
      }
    })(),
    { code: 'limit' },
  )
  assert.equal(count, 1_001)

  const holed = bench.client.stream<number>('m')[Symbol.asyncIterator]()
  const next = holed.next()
  const second = await socket.take('rpc')
  socket.say({ ev: 'rpc', call: second.id, seq: 1, data: 1 })
  await assert.rejects(next, { code: 'unknown' })
})

test('a stream is unknown when the connection goes', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  const next = bench.client.stream('m')[Symbol.asyncIterator]().next()
  await socket.take('rpc')
  socket.end(1006)
  await assert.rejects(next, { code: 'unknown' })
})

test('history gives messages with their positions, epochs taken from start and fences (§4.2)', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  const asked = bench.client.channel('a').history({ limit: 3, after: at(1) })
  const command = await socket.take('history')
  assert.deepEqual(command, { id: 2, op: 'history', ch: 'a', limit: 3, after: at(1) })
  socket.ok(command, {
    items: [pub('a', 2), fence('a', at(2), 'E2'), pub('a', 3)],
    start: at(1),
    end: at(3, 'E2'),
    more: true,
  })
  const page = await asked
  assert.deepEqual(
    page.messages.map(({ data, position }) => [data, position]),
    [
      [2, at(2)],
      [3, at(3, 'E2')],
    ],
  )
  assert.deepEqual([page.start, page.end, page.more], [at(1), at(3, 'E2'), true])
})

test('history and presence change nothing, so they are asked again on the next connection', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  const asked = bench.client.channel('a').presence()
  const first = await socket.take('presence')
  socket.ok(first, { members: [{ peer: 'p1' }], count: 2, rev: 1, next: 'n' })
  await settled()
  assert.equal((await socket.take('presence')).page, 'n')
  socket.end(1006)
  await bench.retry()
  await bench.welcome()
  const again = await bench.socket.take('presence')
  assert.equal(again.page, 'n')
  bench.socket.ok(again, { members: [{ peer: 'p2', user: 'ann' }], count: 2, rev: 1 })
  assert.deepEqual(await asked, { members: [{ peer: 'p1' }, { peer: 'p2', user: 'ann' }], count: 2 })
})

test('an answer that makes no sense closes the connection, and its question is settled', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  const asked = bench.client.channel('a').history()
  socket.ok(await socket.take('history'), { items: 'none' })
  await assert.rejects(asked, { code: 'unknown' })
  assert.equal(socket.closedWith?.code, 4300)
})

test('direct messages and health are told', async () => {
  const bench = new Bench()
  const socket = await bench.up({ user: 'ann' })
  assert.equal(bench.client.user, 'ann')
  const heard: unknown[] = []
  bench.client.on('message', (message) => heard.push(message))
  bench.client.on('health', (health) => heard.push(health))
  socket.say({ ev: 'msg', data: { hi: 1 } }, { ev: 'msg', bytes: 'AQ' }, { ev: 'health', ok: false })
  assert.equal(bench.client.healthy, false)
  socket.say({ ev: 'health', ok: true })
  assert.deepEqual(heard, [
    { data: { hi: 1 } },
    { data: undefined, bytes: Uint8Array.of(1) },
    { ok: false },
    { ok: true },
  ])
})
