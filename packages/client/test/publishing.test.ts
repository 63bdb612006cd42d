import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type PublishResult, UnknownOutcomeError } from '@tautline/client'
import { at, Bench, CONNECTED, pub, type Sent, subscribed } from './fake-peer.ts'

test('a publish carries a key, a lane and the server time of its first transmission, and resolves with its position', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  await bench.clock.pass(250)
  const publishing = bench.client.channel('a').publish({ x: 1 }, { state: 's' })
  const { key, ...command } = await socket.take('publish')
  assert.match(key, /^[\w-]{16}$/)
  assert.deepEqual(command, {
    id: 2,
    op: 'publish',
    ch: 'a',
    since: CONNECTED.time + 250,
    lane: 0,
    state: 's',
    data: { x: 1 },
  })
  socket.say({ id: 2, ok: { position: at(7) } })
  assert.deepEqual(await publishing, { position: at(7), key })
})

test('what is published is copied at once', async () => {
  const bench = new Bench()
  const data = { x: 1 }
  const bytes = Uint8Array.of(1, 2)
  const channel = bench.client.channel<{ x: number }>('a')
  void channel.publish(data)
  void channel.publish(bytes)
  data.x = 2
  bytes[0] = 9
  await bench.welcome()
  assert.deepEqual((await bench.socket.take('publish')).data, { x: 1 })
  assert.equal((await bench.socket.take('publish')).bytes, 'AQI')
})

test('offline, publications wait in their order; the first connection sends them', async () => {
  const bench = new Bench()
  for (let n = 0; n < 3; n++) void bench.client.channel('a').publish(n)
  assert.equal(bench.client.unsettled, 3)
  await bench.clock.pass(5_000)
  await bench.welcome()
  const commands = await bench.socket.rest()
  assert.deepEqual(
    commands.map(({ data }: Sent) => data),
    [0, 1, 2],
  )
  assert.deepEqual(new Set(commands.map(({ since }: Sent) => since)), new Set([CONNECTED.time]))
})

test('on a new connection the unsettled go first, in order, with their old keys and since (§7.5)', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  const channel = bench.client.channel('a')
  const results = [1, 2, 3].map((n) => channel.publish(n))
  const first = await socket.rest()
  socket.ok(first[0], { position: at(1) })
  socket.end(1006)
  results.push(channel.publish(4))
  await bench.retry()
  await bench.welcome({ time: CONNECTED.time + 90_000 })
  const second = await bench.socket.rest()
  assert.deepEqual(
    second.map(({ data }: Sent) => data),
    [2, 3, 4],
  )
  assert.deepEqual(
    second.slice(0, 2).map(({ key, since, lane }: Sent) => [key, since, lane]),
    first.slice(1).map(({ key, since }: Sent) => [key, since, 0]),
  )
  assert.equal(second[2].since, CONNECTED.time + 90_000)
  for (const [n, command] of second.entries()) {
    bench.socket.ok(command, { position: at(2 + n), ...(n === 0 ? { duplicate: true } : null) })
  }
  assert.deepEqual(
    (await Promise.all(results)).map(({ position, duplicate }) => [position?.offset, duplicate]),
    [
      [1, undefined],
      [2, true],
      [3, undefined],
      [4, undefined],
    ],
  )
  assert.equal(bench.client.unsettled, 0)
})

test('a failure that may pass breaks the lane: all unsettled again, in order, in the next lane, after `after` (§7.4)', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  const channel = bench.client.channel('a')
  const results = [1, 2, 3].map((n) => channel.publish(n))
  const first = await socket.rest()
  socket.ok(first[0], { position: at(1) })
  socket.refuse(first[1], 'rate', 'later', { after: 1_000 })
  socket.refuse(first[2], 'aborted', 'later')
  results.push(channel.publish(4))
  await bench.clock.pass(1_000)
  assert.deepEqual(await socket.rest(), [])
  await bench.clock.pass(500)
  const second = await socket.rest()
  assert.deepEqual(
    second.map(({ data, lane, key }: Sent) => [data, lane, key]),
    [
      [2, 1, first[1].key],
      [3, 1, first[2].key],
      [4, 1, second[2].key],
    ],
  )
  for (const [n, command] of second.entries()) socket.ok(command, { position: at(2 + n) })
  await Promise.all(results)
})

test('a final refusal settles its own publication and breaks nothing', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  const channel = bench.client.channel('a')
  const refused = channel.publish(1)
  const stored = channel.publish(2)
  const [first, second] = await socket.rest()
  socket.refuse(first, 'forbidden', 'no')
  socket.ok(second, { position: at(1) })
  await assert.rejects(refused, { code: 'forbidden', message: 'forbidden!' })
  assert.deepEqual((await stored).position, at(1))
})

test('other channels go on while a lane waits', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  void bench.client.channel('a').publish(1)
  const [first] = await socket.rest()
  socket.refuse(first, 'unavailable', 'later')
  void bench.client.channel('b').publish(2)
  void bench.client.channel('a').publish(3)
  assert.deepEqual(
    (await socket.rest()).map(({ ch, data }: Sent) => [ch, data]),
    [['b', 2]],
  )
})

test('an answer to the old lane still settles what it is about', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  const one = bench.client.channel('a').publish(1)
  const two = bench.client.channel('a').publish(2)
  const [first, second] = await socket.rest()
  socket.refuse(first, 'timeout', 'unknown')
  socket.ok(second, { position: at(2) })
  assert.equal((await two).position?.offset, 2)
  await bench.clock.pass(500)
  const again = await socket.rest()
  assert.deepEqual(
    again.map(({ data }: Sent) => data),
    [1],
  )
  socket.ok(again[0], { position: at(1), duplicate: true })
  assert.equal((await one).duplicate, true)
})

test('a key too old to be known: unknown where it was transmitted before, with resend and drop; else plainly refused', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  const fresh = bench.client.channel('a').publish('fresh')
  socket.refuse(await socket.take('publish'), 'key-expired', 'no')
  await assert.rejects(fresh, { code: 'key-expired' })

  const old = bench.client.channel('a').publish('old', { state: 's' })
  const { key } = await socket.take('publish')
  socket.end(1006)
  await bench.retry()
  await bench.welcome()
  bench.socket.refuse(await bench.socket.take('publish'), 'key-expired', 'no')
  const error = await old.catch((reason: unknown) => reason)
  assert.ok(error instanceof UnknownOutcomeError)
  assert.equal(error.code, 'unknown')
  assert.deepEqual(await bench.socket.rest(), [], 'never by itself')
  const again = error.resend()
  const command = await bench.socket.take('publish')
  assert.notEqual(command.key, key)
  assert.deepEqual([command.data, command.state], ['old', 's'])
  bench.socket.ok(command, { position: at(9) })
  assert.deepEqual((await again).position, at(9))
  assert.equal(error.resend(), again, 'once, however often')
  error.drop()
})

test('never more than half of what the server takes is under way, and the rest follows as it answers', async () => {
  const bench = new Bench()
  const socket = await bench.up({ limits: { inflight: 8 } })
  const results: Promise<PublishResult>[] = []
  for (let n = 0; n < 20; n++) results.push(bench.client.channel(`c${n % 3}`).publish(n))
  let seen = 0
  for (;;) {
    const commands = await socket.rest()
    if (commands.length === 0) break
    assert.ok(commands.length <= 4)
    for (const command of commands) socket.ok(command, { position: at(++seen) })
  }
  await Promise.all(results)
  assert.equal(seen, 20)
})

test('while the network takes nothing, nothing more is given to it', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  void bench.client.channel('a').publish(1)
  const [first] = await socket.rest()
  socket.bufferedAmount = 300_000
  void bench.client.channel('a').publish(2)
  assert.deepEqual(await socket.rest(), [])
  socket.bufferedAmount = 0
  socket.ok(first, { position: at(1) })
  assert.equal((await socket.rest()).length, 1)
})

test('a signal takes back what was not sent, and gives up what was', async () => {
  const bench = new Bench()
  const controller = new AbortController()
  const channel = bench.client.channel('a')
  const unsent = channel.publish(1, { signal: controller.signal })
  const kept = channel.publish(2)
  controller.abort(new Error('changed my mind'))
  await assert.rejects(unsent, { code: 'cancelled' })
  await assert.rejects(channel.publish(3, { signal: controller.signal }), { code: 'cancelled' })
  await bench.welcome()
  const other = new AbortController()
  const sent = channel.publish(4, { signal: other.signal })
  const commands = await bench.socket.rest()
  assert.deepEqual(
    commands.map(({ data }: Sent) => data),
    [2, 4],
  )
  other.abort()
  await assert.rejects(sent, { code: 'unknown' })
  bench.socket.end(1006)
  await bench.retry()
  await bench.welcome()
  const again = await bench.socket.rest()
  assert.deepEqual(
    again.map(({ data }: Sent) => data),
    [2],
  )
  bench.socket.ok(again[0], { position: at(1) })
  await kept
})

test('the own echo is known by its key, whether it comes before or after the ok', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  const own: boolean[] = []
  bench.client.channel('a').subscribe((message) => own.push(message.own))
  socket.ok(await socket.take('subscribe'), subscribed('a', at(0)))
  void bench.client.channel('a').publish(1)
  const first = await socket.take('publish')
  socket.say(pub('a', 1, 1, { key: first.key }))
  socket.ok(first, { position: at(1) })
  void bench.client.channel('a').publish(2)
  const second = await socket.take('publish')
  socket.ok(second, { position: at(2) })
  socket.say(pub('a', 2, 2, { key: second.key }), pub('a', 3, 3, { key: 'other' }))
  assert.deepEqual(own, [true, true, false])
})

test('a key of the application goes as it is: the server knows whether it is the same publication', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  const channel = bench.client.channel('a')
  const one = channel.publish(1, { key: 'k' })
  const two = channel.publish(2, { key: 'k' })
  const [first, second] = await socket.rest()
  assert.deepEqual([first.key, second.key], ['k', 'k'])
  socket.ok(first, { position: at(1) })
  socket.refuse(second, 'key-conflict', 'no')
  assert.equal((await one).key, 'k')
  await assert.rejects(two, { code: 'key-conflict' })
})

test('auth failures ask for a new token on the connection, then again', async () => {
  let tokens = 0
  const bench = new Bench({ token: () => `t${++tokens}` })
  const socket = await bench.up()
  void bench.client.channel('a').publish(1)
  socket.refuse(await socket.take('publish'), 'token-expired', 'auth')
  assert.equal((await socket.take('refresh')).token, 't2')
  await bench.clock.pass(500)
  assert.equal((await socket.take('publish')).lane, 1)
})
