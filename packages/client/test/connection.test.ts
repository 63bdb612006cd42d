import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RealtimeError } from '@tautline/wire'
import { Bench, CONNECTED, settled } from './fake-peer.ts'

test('the first thing asked for connects; the subprotocol names the codec, https becomes wss', async () => {
  const bench = new Bench({ token: 'secret' })
  assert.equal(bench.client.state, 'idle')
  bench.client.channel('chat:1').subscribe()
  assert.equal(bench.client.state, 'connecting')
  const connect = await bench.welcome()
  assert.equal(bench.socket.url, 'wss://example.com/realtime')
  assert.deepEqual(bench.socket.protocols, ['tautline.v1.json'])
  assert.equal(bench.socket.binaryType, 'arraybuffer')
  assert.equal(connect.id, 1)
  assert.equal(connect.token, 'secret')
  assert.match(connect.client, /^[\w-]{22}$/)
  assert.deepEqual(connect.resume, [{ ch: 'chat:1', from: 'head' }])
  assert.equal(connect.replaces, undefined)
  assert.deepEqual(bench.states, ['connecting', 'connected'])
})

test('a server that selects no subprotocol is not spoken to, and tried again with backoff', async () => {
  const bench = new Bench()
  bench.client.connect()
  await settled()
  bench.socket.open('')
  assert.equal(bench.client.state, 'waiting')
  assert.equal(bench.socket.closedWith?.code, 4300)
  assert.match(bench.errors[0]?.message ?? '', /does not speak tautline.v1.json/)
  await bench.retry()
  assert.equal(bench.sockets.length, 2)
})

test('whoever does not answer within connectTimeout is left, and told from whoever is slow with a token', async () => {
  const bench = new Bench({ token: () => new Promise<string>(() => {}) })
  const reasons: string[] = []
  bench.client.on('state', ({ reason }) => reason !== undefined && reasons.push(reason.text))
  bench.client.connect()
  await bench.clock.pass(10_000)
  assert.match(reasons[0] ?? '', /token/)

  const silent = new Bench()
  silent.client.on('state', ({ reason }) => reason !== undefined && reasons.push(reason.text))
  silent.client.connect()
  await settled()
  silent.socket.open()
  await silent.clock.pass(10_000)
  assert.match(reasons[1] ?? '', /no answer/)
  assert.notEqual(silent.socket.closedWith, null)
})

test('waits grow with full jitter from 500 ms to 20 s, and begin anew after a connection that held', async () => {
  const bench = new Bench()
  bench.random.next = 0.999
  bench.client.connect()
  for (let n = 0; n < 8; n++) {
    await settled()
    bench.socket.end(1006)
    await bench.retry()
  }
  assert.deepEqual(bench.waits, [499, 999, 1998, 3996, 7992, 15984, 19980, 19980])
  await bench.welcome()
  await bench.clock.pass(10_000)
  bench.socket.end(1006)
  assert.equal(bench.waits.at(-1), 499)
})

test('a connection that ends as soon as it stands does not reset the backoff', async () => {
  const bench = new Bench()
  bench.random.next = 0.999
  bench.client.connect()
  for (let n = 0; n < 3; n++) {
    await bench.welcome()
    bench.socket.end(4000)
    await bench.retry()
  }
  assert.deepEqual(bench.waits, [499, 999, 1998])
})

for (const [code, state, waits] of [
  [1000, 'waiting', true],
  [1001, 'waiting', true],
  [1006, 'waiting', true],
  [1011, 'waiting', true],
  [4000, 'waiting', true],
  [4099, 'waiting', true],
  [4100, 'connecting', false],
  [4101, 'connecting', false],
  [1002, 'stopped', false],
  [1008, 'stopped', false],
  [4300, 'stopped', false],
  [4399, 'stopped', false],
  [4400, 'stopped', false],
  [4402, 'stopped', false],
] as const) {
  test(`after close code ${code} the client is ${state} (tautline.v1 §11.5)`, async () => {
    const bench = new Bench()
    const socket = await bench.up()
    await bench.clock.pass(2_000)
    socket.end(code, 'because')
    assert.equal(bench.client.state, state)
    if (waits) await bench.retry()
    else await settled()
    assert.equal(bench.sockets.length, state === 'stopped' ? 1 : 2)
  })
}

test('a bye counts before the close code that follows, and its `after` is kept', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  let retryIn = 0
  bench.client.on('state', (change) => {
    retryIn = change.retryIn ?? 0
  })
  socket.say({ ev: 'bye', code: 4003, reason: 'overloaded', after: 3_000 })
  assert.equal(bench.client.state, 'waiting')
  assert.equal(retryIn, 3_250)
  socket.end(1000)
  await bench.clock.pass(3_249)
  assert.equal(bench.sockets.length, 1)
  await bench.clock.pass(1)
  assert.equal(bench.sockets.length, 2)
})

test('42xx asks for another token first; a token that is only text stops the client', async () => {
  let tokens = 0
  const bench = new Bench({ token: () => `token-${++tokens}` })
  await bench.up()
  await bench.clock.pass(2_000)
  bench.socket.end(1006)
  await bench.clock.pass(500)
  assert.equal((await bench.welcome()).token, 'token-1', 'a token is kept over reconnects')
  await bench.clock.pass(2_000)
  bench.socket.end(4200)
  assert.equal((await bench.welcome()).token, 'token-2')

  const fixed = new Bench({ token: 'fixed' })
  await fixed.up()
  fixed.socket.end(4200)
  assert.equal(fixed.client.state, 'stopped')
})

test('a token that has ended is not shown again; a refresh brings a new one on the same connection', async () => {
  let tokens = 0
  const bench = new Bench({ token: async () => `token-${++tokens}` })
  const socket = await bench.up({ expires: CONNECTED.time + 60_000 })
  socket.say({ ev: 'refresh', within: 30_000 })
  const refresh = await socket.take('refresh')
  assert.equal(refresh.token, 'token-2')
  socket.ok(refresh, { expires: CONNECTED.time + 90_000 })
  socket.end(1006)
  await bench.clock.pass(1_000)
  assert.equal((await bench.welcome({ expires: CONNECTED.time + 5_000 })).token, 'token-2')
  await bench.clock.pass(6_000)
  bench.socket.end(1006)
  await bench.clock.pass(1_000)
  assert.equal((await bench.welcome()).token, 'token-3')
})

test('a connect that is refused stops, waits, or fetches another token, by its retry', async () => {
  for (const [code, retry, state] of [
    ['unauthorized', 'no', 'stopped'],
    ['overloaded', 'later', 'waiting'],
    ['token-expired', 'auth', 'waiting'],
  ] as const) {
    const bench = new Bench({ token: () => 'token' })
    bench.client.connect()
    await settled()
    bench.socket.open()
    const reasons: (string | undefined)[] = []
    bench.client.on('state', ({ reason }) => reasons.push(reason?.text))
    bench.socket.refuse(await bench.socket.take('connect'), code, retry)
    assert.deepEqual(reasons, [(bench.errors[0] as RealtimeError).message], 'pages show it: no name of a class')
    assert.equal(bench.client.state, state)
    assert.equal((bench.errors[0] as RealtimeError).code, code)
    assert.notEqual(bench.socket.closedWith, null)
  }
})

test('a token that cannot be had is tried again; one that is refused for good stops the client', async () => {
  let fail: Error = new Error('offline')
  const bench = new Bench({
    token: () => {
      throw fail
    },
  })
  bench.client.connect()
  await settled()
  assert.equal(bench.client.state, 'waiting')
  assert.deepEqual(bench.errors, [fail])
  fail = new RealtimeError('forbidden', 'logged out')
  await bench.clock.pass(1_000)
  assert.equal(bench.client.state, 'stopped')
  assert.equal(bench.sockets.length, 0)
})

test('pings are answered in the message handler, without a timer or a promise', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  const frames = socket.frames
  socket.say({ ev: 'ping', time: 1 })
  assert.equal(socket.frames, frames + 1)
  assert.deepEqual(await socket.rest(), [{ id: 0, op: 'pong' }])
})

for (const [what, frame] of [
  ['no JSON', '{'],
  ['no message', '[]'],
  ['a number', '1'],
  ['a publication without an id', '{"ev":"pub","ch":"a","off":1,"at":1,"data":1}'],
  ['bytes with the JSON codec', new ArrayBuffer(2)],
  ['an error without a retry', '{"id":2,"error":{"code":"x","message":""}}'],
] as const) {
  test(`a server that says rubbish (${what}) is closed with 4300 and tried again later`, async () => {
    const bench = new Bench()
    const socket = await bench.up()
    void bench.client.call('m')
    await settled()
    socket.frame(frame)
    assert.equal(socket.closedWith?.code, 4300)
    assert.equal(bench.client.state, 'waiting')
    assert.equal(bench.errors.length, 1)
    await bench.clock.pass(1_000)
    assert.equal(bench.sockets.length, 2)
  })
}

test('replies to numbers never sent, and pushes not known, mean nothing', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  socket.say({ id: 99, ok: {} }, { id: 1, ok: {} }, { ev: 'later' }, { ev: 'drain', slot: 1, deadline: 2 })
  assert.equal(bench.client.state, 'connected')
})

test('commands of one turn are one frame', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  const { frames } = socket
  for (let n = 0; n < 10; n++) void bench.client.call('m', n)
  const commands = await socket.rest()
  assert.equal(commands.length, 10)
  assert.equal(socket.frames, frames + 1)
  assert.deepEqual(
    commands.map(({ id }) => id),
    [2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  )
})

test('close() says 1000, settles what waits, and is left only by connect()', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  const call = bench.client.call('m')
  await settled()
  bench.client.close()
  assert.equal(socket.closedWith?.code, 1000)
  assert.equal(bench.client.state, 'idle')
  await assert.rejects(call, { code: 'unknown' })
  await assert.rejects(bench.client.call('m'), { code: 'unavailable' })
  bench.client.channel('a').subscribe()
  await bench.clock.pass(60_000)
  assert.equal(bench.sockets.length, 1)
  assert.equal(bench.clock.virtual.pending, 0, 'no timer is left')
  bench.client.connect()
  assert.equal((await bench.welcome()).resume.length, 1)
})

test('an old connection that may still live is replaced by name; one that said goodbye is not', async () => {
  const bench = new Bench()
  await bench.up()
  bench.socket.end(1006)
  await bench.clock.pass(1_000)
  assert.deepEqual((await bench.welcome({ conn: 'c2', secret: 's2' })).replaces, { conn: 'c1', secret: 's1' })
  bench.socket.end(4000)
  await bench.clock.pass(1_000)
  assert.equal((await bench.welcome()).replaces, undefined)
})

test('a listener may close the client in the middle of anything', async () => {
  const bench = new Bench()
  bench.client.on('state', ({ state }) => state === 'connected' && bench.client.close())
  await bench.up()
  assert.equal(bench.client.state, 'idle')
  assert.equal(bench.socket.closedWith?.code, 1000)

  const other = new Bench()
  const socket = await other.up()
  other.client.on('message', () => other.client.close())
  const heard: unknown[] = []
  other.client.on('message', ({ data }) => heard.push(data))
  socket.say({ ev: 'msg', data: 1 }, { ev: 'msg', data: 2 })
  assert.deepEqual(heard, [1])
})

test('what listeners throw or reject with goes to the event error, else out of a timer', async () => {
  const bench = new Bench()
  const socket = await bench.up()
  bench.client.on('message', () => {
    throw new Error('bug')
  })
  bench.client.on('message', async () => {
    throw new Error('async bug')
  })
  const heard: unknown[] = []
  bench.client.on('message', ({ data }) => heard.push(data))
  socket.say({ ev: 'msg', data: 1 })
  await settled()
  assert.deepEqual(heard, [1])
  assert.deepEqual(
    bench.errors.map(({ message }) => message),
    ['bug', 'async bug'],
  )
  bench.client.on('error', () => {
    throw new Error('worse')
  })
  socket.say({ ev: 'msg', data: 2 })
  await settled()
  assert.throws(() => bench.clock.virtual.advance(0), { message: 'worse' })
})
