import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Command, LIMITS, readCommand } from '../src/mod.ts'

const POSITION = { epoch: 'e', offset: 1, id: 'w.1' }
const PUBLISH = { id: 1, op: 'publish', ch: 'c', key: 'k', since: 1, lane: 0, data: 1 }

function command(value: object): Command {
  const read = readCommand({ value }, LIMITS)
  assert.ok(read.command !== undefined, JSON.stringify(read))
  return read.command
}

/** Code and field of the refusal. */
function refusal(value: unknown): string {
  const read = readCommand({ value }, LIMITS)
  if (read.malformed !== undefined) return 'malformed'
  assert.ok(read.error !== undefined, JSON.stringify(value))
  assert.ok(read.error.message.length < 200)
  return `${read.error.code} ${read.error.field}`
}

test('unknown fields are left behind (tautline.v1 §3)', () => {
  const read = command({ ...PUBLISH, admin: true, from: { user: 'root' }, prev: 3 })
  assert.deepEqual(read, PUBLISH)
  const resumed = command({
    id: 1,
    op: 'connect',
    client: 'c',
    features: [],
    resume: [{ ch: 'c', from: { ...POSITION, more: 1 }, more: 1 }],
    replaces: { conn: 'a', secret: 'b', more: 1 },
  })
  assert.deepEqual(resumed, {
    id: 1,
    op: 'connect',
    client: 'c',
    features: [],
    resume: [{ ch: 'c', from: POSITION }],
    replaces: { conn: 'a', secret: 'b' },
  })
})

test('what has no usable id is malformed, for there is nobody to answer', () => {
  for (const value of [null, 1, 'x', [], true, Uint8Array.of(1), undefined]) assert.equal(refusal(value), 'malformed')
  for (const id of [undefined, null, '1', 0, -1, 1.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.equal(refusal({ ...PUBLISH, id }), 'malformed', String(id))
  }
})

test('an unknown command is unsupported, one without a name is bad', () => {
  for (const op of ['nope', '', 'constructor', '__proto__', 'toString']) {
    assert.equal(refusal({ id: 7, op }), 'unsupported op')
  }
  for (const op of [undefined, null, 1, ['ping']]) assert.equal(refusal({ id: 7, op }), 'bad-request op')
})

test('a pong has the id 0 and no other command has', () => {
  assert.deepEqual(command({ id: 0, op: 'pong' }), { id: 0, op: 'pong' })
  assert.equal(refusal({ id: 3, op: 'pong' }), 'bad-request id')
  assert.equal(refusal({ id: 0, op: 'ping' }), 'malformed')
})

test('J07: an offset is a whole number from 0 to 2^53 − 1', () => {
  for (const offset of [2 ** 53 + 2, -1, 1.5, '1', Number.NaN, Number.POSITIVE_INFINITY, null, undefined]) {
    for (const value of [
      { id: 1, op: 'subscribe', ch: 'c', from: { ...POSITION, offset } },
      { id: 1, op: 'connect', client: 'c', features: [], resume: [{ ch: 'c', from: { ...POSITION, offset } }] },
      { id: 1, op: 'history', ch: 'c', limit: 1, after: { ...POSITION, offset } },
      { id: 1, op: 'history', ch: 'c', limit: 1, before: { ...POSITION, offset } },
    ]) {
      assert.match(refusal(value), /^bad-request .*offset$/, String(offset))
    }
  }
})

test('J08: an epoch and an id are short and printable', () => {
  const from = (position: object): object => ({ id: 1, op: 'subscribe', ch: 'c', from: { ...POSITION, ...position } })
  for (const epoch of ['', 'x'.repeat(10_000), 'a b', 'é', 1, null]) {
    assert.equal(refusal(from({ epoch })), 'bad-request from.epoch')
  }
  for (const id of ['x'.repeat(65), 'a\n', 1, null]) assert.equal(refusal(from({ id })), 'bad-request from.id')
  assert.deepEqual(command(from({ id: '' })), from({ id: '' }))
})

test('J10: a channel is of the grammar on every path, and only subscriptions take patterns', () => {
  for (const ch of ['', 'x'.repeat(10_000), 'a\0', 'a\r\n', '..', '>', ' ', 'cafe\u0301', 1, null, undefined]) {
    for (const value of [
      { id: 1, op: 'subscribe', ch, from: 'head' },
      { id: 1, op: 'unsubscribe', ch },
      { ...PUBLISH, ch },
      { id: 1, op: 'history', ch, limit: 1 },
      { id: 1, op: 'presence', ch },
    ]) {
      assert.equal(refusal(value), 'bad-request ch')
    }
    const connect = { id: 1, op: 'connect', client: 'c', features: [], resume: [{ ch, from: 'head' }] }
    assert.equal(refusal(connect), 'bad-request resume.0.ch')
  }
  assert.ok(command({ id: 1, op: 'subscribe', ch: 'a:*', from: 'head' }))
  assert.ok(command({ id: 1, op: 'unsubscribe', ch: 'a:**' }))
  for (const value of [
    { ...PUBLISH, ch: 'a:*' },
    { id: 1, op: 'history', ch: '*', limit: 1 },
  ]) {
    assert.equal(refusal(value), 'bad-request ch')
  }
})

test('J11: a resume of 100,000 channels meets a limit before anything is read', () => {
  const resume = new Array<unknown>(100_000).fill({ ch: 'c', from: 'head' })
  assert.equal(refusal({ id: 1, op: 'connect', client: 'c', features: [], resume }), 'limit resume')
})

test('J13: limit, last, drop and ms are cut to what is allowed; what is no whole number is refused', () => {
  const history = (limit: unknown): object => ({ id: 1, op: 'history', ch: 'c', limit })
  for (const [limit, cut] of [
    [1e9, 500],
    [-5, 1],
    [0, 1],
    [7, 7],
  ]) {
    assert.deepEqual(command(history(limit)), history(cut))
  }
  for (const limit of [1.5, '10', Number.NaN, Number.POSITIVE_INFINITY, null, undefined]) {
    assert.equal(refusal(history(limit)), 'bad-request limit')
  }
  const subscribe = (options: object): object => ({ id: 1, op: 'subscribe', ch: 'c', from: 'head', ...options })
  assert.deepEqual(command(subscribe({ from: { last: 1e9 } })), subscribe({ from: { last: 500 } }))
  assert.deepEqual(command(subscribe({ from: { last: -1 } })), subscribe({ from: { last: 0 } }))
  assert.deepEqual(command(subscribe({ policy: { drop: 1e9 } })), subscribe({ policy: { drop: 10_000 } }))
  const rpc = (ms: number): object => ({ id: 1, op: 'rpc', method: 'm', ms, data: null })
  assert.deepEqual(command(rpc(1e12)), rpc(LIMITS.wait))
})

test('J15: an idempotency key is short, printable and there', () => {
  for (const key of ['x'.repeat(10_000), 'x'.repeat(65), '', 'a b', '\u202e', 1, undefined]) {
    assert.equal(refusal({ ...PUBLISH, key }), 'bad-request key')
  }
})

test('J17, J18: numbers of calls are whole; whether one was made is for the session to know', () => {
  for (const call of [0, -1, 1.5, '1', Number.NaN, undefined]) {
    assert.equal(refusal({ id: 1, op: 'cancel', call }), 'bad-request call')
  }
  assert.deepEqual(command({ id: 1, op: 'cancel', call: 99 }), { id: 1, op: 'cancel', call: 99 })
})

test('every other text is bounded too', () => {
  const long = 'x'.repeat(10_000)
  const connect = { id: 1, op: 'connect', client: 'c', features: [] }
  const cases: [object, string][] = [
    [{ ...connect, client: long }, 'bad-request client'],
    [{ ...connect, client: undefined }, 'bad-request client'],
    [{ ...connect, token: long }, 'bad-request token'],
    [{ ...connect, features: [long] }, 'bad-request features'],
    [{ ...connect, features: new Array(33).fill('a') }, 'bad-request features'],
    [{ ...connect, features: 'a' }, 'bad-request features'],
    [{ ...connect, replaces: { conn: long, secret: 's' } }, 'bad-request replaces.conn'],
    [{ ...connect, replaces: { conn: 'c' } }, 'bad-request replaces.secret'],
    [{ ...connect, replaces: 1 }, 'bad-request replaces'],
    [{ ...connect, resume: {} }, 'bad-request resume'],
    [{ ...connect, resume: [1] }, 'bad-request resume.0'],
    [{ ...PUBLISH, state: long }, 'bad-request state'],
    [{ ...PUBLISH, state: '\ud800' }, 'bad-request state'],
    [{ ...PUBLISH, state: 'é'.repeat(65) }, 'bad-request state'],
    [{ ...PUBLISH, since: -1 }, 'bad-request since'],
    [{ ...PUBLISH, lane: 0.5 }, 'bad-request lane'],
    [{ id: 1, op: 'presence', ch: 'c', page: long }, 'bad-request page'],
    [{ id: 1, op: 'rpc', method: long, ms: 1, data: 1 }, 'bad-request method'],
    [{ id: 1, op: 'rpc', method: 'm', ms: 1, data: 1, stream: 1 }, 'bad-request stream'],
    [{ id: 1, op: 'refresh', token: long }, 'bad-request token'],
    [{ id: 1, op: 'refresh' }, 'bad-request token'],
    [{ id: 1, op: 'subscribe', ch: 'c' }, 'bad-request from'],
    [{ id: 1, op: 'subscribe', ch: 'c', from: 'tail' }, 'bad-request from'],
    [{ id: 1, op: 'subscribe', ch: 'c', from: 'head', policy: 'fast' }, 'bad-request policy'],
    [{ id: 1, op: 'subscribe', ch: 'c', from: 'head', policy: {} }, 'bad-request policy.drop'],
    [{ id: 1, op: 'subscribe', ch: 'c', from: 'head', presence: 'yes' }, 'bad-request presence'],
    [{ id: 1, op: 'history', ch: 'c', limit: 1, after: POSITION, before: POSITION }, 'bad-request before'],
  ]
  for (const [value, expected] of cases) assert.equal(refusal(value), expected)
})

test('a body is data or bytes, never both and never neither', () => {
  assert.equal(refusal({ ...PUBLISH, data: undefined }), 'bad-data data')
  assert.equal(refusal({ ...PUBLISH, bytes: 'QQ' }), 'bad-data data')
  const { data: _, ...rest } = PUBLISH
  assert.deepEqual(command({ ...rest, bytes: 'QQ' }), { ...rest, bytes: Uint8Array.of(65) })
  for (const bytes of ['QQ==', '\ud800', 1, null, [65], { type: 'Buffer', data: [65] }]) {
    assert.equal(refusal({ ...rest, bytes }), 'bad-data bytes')
  }
})

test('bytes are the command’s own: they do not keep or share the frame', () => {
  const { data: _, ...rest } = PUBLISH
  const frame = Buffer.alloc(1000)
  const read = command({ ...rest, bytes: frame.subarray(10, 12) })
  assert.ok('bytes' in read && read.bytes !== undefined)
  assert.equal(read.bytes.buffer.byteLength, 2)
})

test('a message that holds what no message may is refused as bad-data, unless a field was wrong before', () => {
  const read = readCommand({ value: PUBLISH, bad: 'an extension' }, LIMITS)
  assert.equal(read.error?.code, 'bad-data')
  assert.equal(readCommand({ value: { ...PUBLISH, lane: 2 ** 60 }, bad: 'x' }, LIMITS).error?.field, 'lane')
})
