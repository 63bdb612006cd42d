import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client, type ClientOptions, MemoryOutbox } from '@tautline/client'
import type { Json } from '@tautline/wire'
import { Bench } from './fake-peer.ts'

const NOT_TEXT = [undefined, null, 0, {}, [], '', ' ', 'a b', 'ä', 'x'.repeat(129), '\n']

for (const [what, options, message] of [
  ['null', null, /Client: the options must be an object/],
  ['a token that is a number', { token: 7 }, /token must be text or a function/],
  ['an empty token', { token: '' }, /token must be text or a function/],
  ['a codec by its name', { codec: 'msgpack' }, /codec must be a codec/],
  ['a WebSocket that is no class', { WebSocket: {} }, /WebSocket must be a function/],
  ['an outbox that is a list', { outbox: [] }, /outbox must be an Outbox/],
  ['a backoff that is a number', { backoff: 100 }, /backoff: the options must be an object/],
  ['a backoff below nothing', { backoff: { min: -1 } }, /backoff: min must be a whole number/],
  ['a timeout that is no number', { connectTimeout: '10s' }, /connectTimeout must be a whole number/],
  ['a queue of NaN', { maxQueue: Number.NaN }, /maxQueue must be a whole number/],
] as const) {
  test(`a client is refused ${what}, and told what it must be`, () => {
    assert.throws(
      () => new Client('https://example.com', options as unknown as ClientOptions),
      (error) => {
        assert.ok(error instanceof TypeError)
        assert.match(error.message, message)
        return true
      },
    )
  })
}

test('an address must be one that a WebSocket can have', () => {
  for (const url of ['', 'example.com', '/realtime', 'ftp://example.com', 'http://', undefined, null, 7]) {
    assert.throws(() => new Client(url as string), TypeError, String(url))
  }
  for (const url of ['http://a', 'https://a/b?c=d#e', 'ws://a', 'wss://a', new URL('https://a')]) new Client(url)
})

test('names that no channel or method can have are refused at once', () => {
  const { client } = new Bench()
  for (const name of NOT_TEXT) {
    assert.throws(() => client.channel(name as string), /TypeError: .* ASCII characters, no space/, String(name))
    assert.throws(() => client.call(name as string), TypeError, String(name))
    assert.throws(() => client.stream(name as string), TypeError, String(name))
  }
  assert.equal(client.state, 'idle', 'nothing of it connects')
})

test('options of the wrong kind are refused where they are given', () => {
  const { client } = new Bench()
  const channel = client.channel('a')
  const position = { epoch: 'E', offset: 1, id: 'w.1' }
  for (const options of [
    null,
    'head',
    { from: 'head' },
    { from: { epoch: 'E', offset: -1, id: '' } },
    { from: position, last: 1 },
    { last: -1 },
    { last: 1.5 },
    { policy: 'none' },
    { policy: null },
    { policy: { drop: 0 } },
    { token: 1 },
    { onMessage: {} },
    { onLost: 'x' },
    { snapshot: 1 },
  ]) {
    assert.throws(() => channel.subscribe(options as object), TypeError, JSON.stringify(options))
  }
  for (const options of [null, { key: '' }, { key: 'ä' }, { state: '' }, { signal: {} }]) {
    assert.throws(() => channel.publish(1, options as object), TypeError, JSON.stringify(options))
  }
  for (const options of [null, { limit: -1 }, { after: 1 }, { after: position, before: position }, { timeout: '1' }]) {
    assert.throws(() => channel.history(options as object), TypeError, JSON.stringify(options))
  }
  assert.throws(() => channel.presence({ signal: 1 } as object), TypeError)
  assert.throws(() => client.call('m', null, { timeout: -1 }), TypeError)
  assert.throws(() => client.on('state', 'x' as never), TypeError)
  assert.throws(() => client.channel('a:*').publish(1), /pattern/)
  assert.throws(() => client.channel('a:*').history(), /pattern/)
})

test('what JSON cannot say is refused with bad-data, what is too large with too-large; nothing is sent', async () => {
  const bench = new Bench()
  const socket = await bench.up({ limits: { body: 100, depth: 5, keys: 10, inflight: 256 } })
  const channel = bench.client.channel<unknown>('a')
  const circular: unknown[] = []
  circular.push(circular)
  let deep: Json = 1
  for (let n = 0; n < 6; n++) deep = [deep]
  for (const [value, code] of [
    [undefined, 'bad-data'],
    [Number.NaN, 'bad-data'],
    [Number.POSITIVE_INFINITY, 'bad-data'],
    [2 ** 53, 'bad-data'],
    [-(2 ** 53), 'bad-data'],
    [10n, 'bad-data'],
    [Symbol('x'), 'bad-data'],
    [() => {}, 'bad-data'],
    [{ a: undefined }, 'bad-data'],
    [[undefined], 'bad-data'],
    [new Date(), 'bad-data'],
    [new Map(), 'bad-data'],
    [new Float64Array(1), 'bad-data'],
    [new ArrayBuffer(1), 'bad-data'],
    [circular, 'too-large'],
    [deep, 'too-large'],
    [Object.fromEntries(Array.from({ length: 11 }, (_, n) => [n, 0])), 'too-large'],
    ['x'.repeat(99), 'too-large'],
    ['ä'.repeat(50), 'too-large'],
    [new Uint8Array(101), 'too-large'],
  ] as const) {
    // No argument at all is null.
    const call = () => (value === undefined ? channel.publish(value) : bench.client.call('m', value as Json))
    for (const send of [() => channel.publish(value), call]) {
      assert.throws(send, { name: 'RealtimeError', code }, String(value))
    }
  }
  assert.deepEqual(await socket.rest(), [])
  for (const value of [
    null,
    true,
    0,
    -0,
    1.5,
    2 ** 53 - 1,
    '',
    'x'.repeat(98),
    [],
    {},
    Object.create(null),
    new Uint8Array(100),
  ]) {
    void channel.publish(value)
  }
  assert.equal((await socket.rest()).length, 12)
})

test('an outbox whose bounds are no numbers takes nothing', () => {
  const outbox = new MemoryOutbox({ maxEntries: Number.NaN })
  const entry = { channel: 'a', key: 'k', body: { json: '1' }, since: null }
  assert.throws(() => outbox.put(entry), { code: 'limit' })
})
