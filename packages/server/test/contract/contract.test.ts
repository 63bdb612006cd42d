import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Contract, defineContract } from '@tautline/contract'
import { RealtimeError } from '@tautline/wire'
import * as v from 'valibot'
import { z } from 'zod'
import { createRealtime, type RealtimeOptions, SettingError } from '../../src/mod.ts'
import type { Peer } from '../peer.ts'
import { said, World } from '../world.ts'

const CHAT = z.object({
  text: z.string().min(1).max(20),
  items: z.array(z.object({ price: z.number() })).optional(),
})

/** A server with a contract, and what it logs. */
function world(contract: Partial<Contract>, options: RealtimeOptions = {}): World & { readonly logged: unknown[] } {
  const logged: unknown[] = []
  const log = (event: string, fields: object): void => void logged.push({ event, ...fields })
  return Object.assign(new World({ allow: 'everyone', contract: defineContract(contract), log, ...options }), {
    logged,
  })
}

let keys = 0

/** Publishes as a client: what it is told. */
async function publish(on: World, peer: Peer, ch: string, body: object, key = `k${++keys}`): Promise<string> {
  const id = peer.say({ op: 'publish', ch, key, since: on.time.wall(), lane: 0, ...body })
  await on.settle()
  const reply = peer.reply(id) as { ok?: unknown; error?: { code: string; field?: string; message: string } }
  if (reply.error === undefined) return 'ok'
  const { code, field, message } = reply.error
  return `${code} ${field ?? ''} | ${message}`
}

async function call(on: World, peer: Peer, method: string, data: unknown, stream = false): Promise<unknown> {
  const id = peer.say({ op: 'rpc', method, ms: 1_000, data, ...(stream ? { stream } : null) })
  await on.settle()
  const reply = peer.reply(id) as { ok?: { data?: unknown }; error?: { code: string; field?: string; message: string } }
  if (reply.error === undefined) return stream ? peer.pushes('rpc').map((push) => push['data']) : reply.ok?.data
  const { code, field, message } = reply.error
  return `${code} ${field ?? ''} | ${message}`
}

test('what a client publishes is checked, and the error names the field', async () => {
  const on = world({ channels: { 'chat:*': { message: CHAT } } })
  const peer = await on.subscriber('chat:42')
  assert.equal(await publish(on, peer, 'chat:42', { data: { text: 'hello' } }), 'ok')
  for (const [data, told] of [
    [{ text: 5 }, 'bad-data data.text | data.text: Invalid input: expected string, received number'],
    [{}, 'bad-data data.text | data.text: Invalid input: expected string, received undefined'],
    [
      { text: 'a', items: [{ price: 1 }, { price: 1 }, { price: 1 }, { price: 'much' }] },
      'bad-data data.items.3.price | data.items.3.price: Invalid input: expected number, received string',
    ],
    ['hello', 'bad-data data | data: Invalid input: expected object, received string'],
    [null, 'bad-data data | data: Invalid input: expected object, received null'],
    [
      { text: '', items: 5 },
      'bad-data data.text | data.text: Too small: expected string to have >=1 characters (and 1 more)',
    ],
  ] as const) {
    assert.equal(await publish(on, peer, 'chat:42', { data }), told)
  }
  const bytes = 'bad-data bytes | this channel has a contract: it carries JSON, not bytes'
  assert.equal(await publish(on, peer, 'chat:42', { bytes: 'AAEC' }), bytes)
  assert.deepEqual(said(peer), [{ text: 'hello' }])
})

test('a channel that the contract does not name is not checked, and nothing is without a contract', async () => {
  const on = world({ channels: { 'chat:*': { message: CHAT } } })
  const peer = await on.connect()
  assert.equal(await publish(on, peer, 'chat:42:side', { data: { text: 5 } }), 'ok')
  assert.equal(await publish(on, peer, 'other', { bytes: 'AAEC' }), 'ok')
  const without = new World({ allow: 'everyone' })
  assert.equal(await publish(without, await without.connect(), 'chat:42', { data: 5 }), 'ok')
})

test('the server publishes by the same contract: it throws bad-data, and nothing is stored', async () => {
  const on = world({ channels: { 'chat:*': { message: CHAT } } })
  const peer = await on.subscriber('chat:42')
  await on.publish('chat:42', { text: 'hello' })
  await assert.rejects(
    on.realtime.publish('chat:42', { text: 'x'.repeat(21) }),
    (error) => error instanceof RealtimeError && error.code === 'bad-data' && error.field === 'data.text',
  )
  await assert.rejects(on.realtime.publish('chat:42', new Uint8Array(3)), { code: 'bad-data', field: 'bytes' })
  assert.deepEqual(said(peer), [{ text: 'hello' }])
})

test('where only the server publishes clients are refused', async () => {
  const on = world({ channels: { 'quotes:*': { message: z.number(), publish: false } } })
  const peer = await on.subscriber('quotes:abc')
  assert.equal(await publish(on, peer, 'quotes:abc', { data: 5 }), 'forbidden  | only the server publishes here')
  await on.publish('quotes:abc', 7)
  assert.deepEqual(said(peer), [7])
})

test('what the schema makes of a message is stored; its key is recognised by what was sent', async () => {
  let made = 0
  const message = z.object({ text: z.string().trim(), n: z.number().default(() => ++made) })
  const on = world({ channels: { 'chat:*': { message } } })
  const peer = await on.subscriber('chat:42')
  const body = { data: { text: '  hello ', more: 'stripped' } }
  assert.equal(await publish(on, peer, 'chat:42', body, 'once'), 'ok')
  // The schema makes something else of it now: it is the same publication all the same.
  assert.equal(await publish(on, peer, 'chat:42', body, 'once'), 'ok')
  assert.match(await publish(on, peer, 'chat:42', { data: { text: 'other' } }, 'once'), /^key-conflict/)
  assert.deepEqual(said(peer), [{ text: 'hello', n: 1 }])
  const first = await on.realtime.publish('chat:42', { text: 'server' }, { key: 'own' })
  const again = await on.realtime.publish('chat:42', { text: 'server' }, { key: 'own' })
  assert.deepEqual([again.position, again.duplicate], [first.position, true])
})

test('no error repeats the value that was wrong, whatever the schema library says of it', async () => {
  const secret = 'S3CRET-in-the-wrong-field'
  const on = world({
    channels: {
      zod: { message: z.object({ a: z.enum(['x', 'y']) }) },
      valibot: { message: v.object({ a: v.picklist(['x', 'y']), b: v.optional(v.number()) }) },
      refined: { message: z.string().refine(() => false, { error: (issue) => `${issue.input} is ${issue.input}` }) },
      number: { message: v.pipe(v.number(), v.maxValue(5)) },
    },
  })
  const peer = await on.connect()
  for (const [channel, data, told] of [
    ['zod', { a: secret }, 'bad-data data.a | data.a: Invalid option: expected one of "x"|"y"'],
    ['valibot', { a: secret }, 'bad-data data.a | data.a: Invalid type: Expected ("x" | "y")'],
    ['valibot', { a: 'x', b: secret }, 'bad-data data.b | data.b: Invalid type: Expected number'],
    ['refined', secret, 'bad-data data | data: … is …'],
    ['number', 4_111_111_111, 'bad-data data | data: Invalid value: Expected <=5'],
  ] as const) {
    assert.equal(await publish(on, peer, channel, { data }), told)
  }
})

test('places and messages are bounded, and of one line', async () => {
  const on = world({
    channels: {
      record: { message: z.record(z.string(), z.record(z.string(), z.number())) },
      long: { message: z.string().refine(() => false, `first\u0000\r\n\u202esecond ${'x'.repeat(5_000)}`) },
    },
  })
  const peer = await on.connect()
  const wild = `\r\n"${'k'.repeat(5_000)}`
  const told = await publish(on, peer, 'record', { data: { [wild]: { 'a.b': 'no number' } } })
  assert.match(told, /^bad-data data\.\["\\r\\n\\"k+"\]\.\["a\.b"\] \| /)
  assert.ok(told.length < 450, told)
  const long = await publish(on, peer, 'long', { data: 'a' })
  assert.match(long, /^bad-data data \| data: first {4}second x+…$/)
  assert.ok(long.length < 240, long)
})

test('a schema that answers later keeps the order of a channel, for clients and for the server', async () => {
  const waits: (() => void)[] = []
  const slow = z.number().refine(async (n) => {
    if (n % 2 === 0) return true
    await new Promise<void>((resolve) => waits.push(resolve))
    return n !== 3
  })
  const on = world({ channels: { 'slow:*': { message: slow } } })
  const peer = await on.subscriber('slow:1')
  const since = on.time.wall()
  const ids = [1, 2, 3, 4].map((n) => peer.say({ op: 'publish', ch: 'slow:1', key: `c${n}`, since, lane: 0, data: n }))
  const own = [5, 6, 7].map((n) => on.realtime.publish('slow:2', n))
  const watcher = await on.subscriber('slow:2')
  // zod asks twice: first it tries without waiting.
  for (let i = 0; i < 16; i++) {
    waits.shift()?.()
    await on.settle()
  }
  await Promise.all(own)
  assert.deepEqual(said(peer), [1, 2, 4])
  assert.equal(peer.error(ids[2]!).field, 'data')
  assert.deepEqual(said(watcher), [5, 6, 7])
})

test('a schema that throws, never answers, or makes no JSON is a fault of the server', async () => {
  const on = world({
    channels: {
      throws: {
        message: z.string().transform(() => {
          throw new TypeError('a bug')
        }),
      },
      hangs: { message: z.string().refine(() => new Promise<boolean>(() => {})) },
      date: { message: z.string().transform((text) => new Date(text)) },
      huge: { message: z.string().transform((text) => text.repeat(100_000)) },
    },
  })
  const peer = await on.connect()
  const failed = 'unavailable  | the server failed at this'
  assert.equal(await publish(on, peer, 'throws', { data: 'a' }), failed)
  assert.equal(await publish(on, peer, 'date', { data: '2026-01-01' }), failed)
  assert.match(await publish(on, peer, 'huge', { data: 'abc' }), /^too-large data/)
  assert.deepEqual(on.logged, [
    { event: 'hook failed', error: "ContractFault: the schema of channels['throws'].message failed: TypeError: a bug" },
    {
      event: 'hook failed',
      error:
        "ContractFault: the schema of channels['date'].message gives what is no JSON: data holds something that is neither a plain object, a list, text, a number nor a flag",
    },
  ])
  const id = peer.say({ op: 'publish', ch: 'hangs', key: 'h', since: on.time.wall(), lane: 9, data: 'a' })
  await on.pass(5_000)
  assert.equal(peer.error(id).code, 'unavailable')
  await assert.rejects(on.realtime.publish('throws', 'a'), { name: 'ContractFault' })
})

test('the hook is asked about messages that follow the contract, and what it says instead has to follow it, too', async () => {
  const on = world({ channels: { 'chat:*': { message: z.object({ text: z.string().trim() }) } } })
  const asked: unknown[] = []
  on.realtime.onPublish((_who, _channel, data) => {
    asked.push(data)
    const { text } = data as { text: string }
    return text === 'bad' ? { text: 5 } : text === 'loud' ? { text: ' LOUD ' } : undefined
  })
  const peer = await on.subscriber('chat:42')
  assert.match(await publish(on, peer, 'chat:42', { data: { text: 5 } }), /^bad-data data\.text/)
  assert.equal(await publish(on, peer, 'chat:42', { data: { text: ' quiet ' } }), 'ok')
  assert.equal(await publish(on, peer, 'chat:42', { data: { text: 'loud' } }), 'ok')
  assert.match(await publish(on, peer, 'chat:42', { data: { text: 'bad' } }), /^unavailable/)
  assert.deepEqual(asked, [{ text: 'quiet' }, { text: 'loud' }, { text: 'bad' }])
  assert.deepEqual(said(peer), [{ text: 'quiet' }, { text: 'LOUD' }])
})

test('calls: an argument is checked before the procedure sees it, a result before the caller does', async () => {
  const on = world({
    rpc: {
      add: { input: z.object({ a: z.number(), b: z.number().default(1) }), output: z.number().max(100) },
      count: { input: z.number(), output: z.object({ n: z.number() }), stream: true },
      once: { input: z.null(), output: z.number() },
    },
  })
  let ended = 0
  on.realtime.rpc('add', (data) => {
    const { a, b } = data as { a: number; b: number }
    return a + b
  })
  on.realtime.rpc('count', async function* (to) {
    try {
      for (let n = 0; n < (to as number); n++) yield n === 3 ? { n: 'S3CRET' } : { n, more: 'stripped' }
    } finally {
      ended++
    }
  })
  on.realtime.rpc('once', async function* () {
    yield 1
  })
  on.realtime.rpc('free', (data) => data)
  const peer = await on.connect()
  assert.equal(await call(on, peer, 'add', { a: 1 }), 2)
  assert.equal(
    await call(on, peer, 'add', { a: '1' }),
    'bad-data data.a | data.a: Invalid input: expected number, received string',
  )
  assert.match((await call(on, peer, 'add', { a: 100 })) as string, /^unknown {2}\|/)
  assert.deepEqual(await call(on, peer, 'count', 2, true), [{ n: 0 }, { n: 1 }, null])
  assert.match((await call(on, peer, 'count', 5, true)) as string, /^unknown {2}\|/)
  assert.match((await call(on, peer, 'once', null, true)) as string, /^unknown {2}\|/)
  assert.equal(await call(on, peer, 'free', 'anything'), 'anything')
  assert.equal(ended, 2)
  const bytes = peer.say({ op: 'rpc', method: 'add', ms: 1_000, bytes: 'AAEC' })
  await on.settle()
  assert.deepEqual([peer.error(bytes).code, peer.error(bytes).field], ['bad-data', 'bytes'])
  assert.deepEqual(on.logged, [
    {
      event: 'procedure failed',
      method: 'add',
      error: "ContractFault: 'add' gave what its contract does not allow: data: Too big: expected number to be <=100",
    },
    {
      event: 'procedure failed',
      method: 'count',
      error:
        "ContractFault: 'count' gave what its contract does not allow: data.n: Invalid input: expected number, received string",
    },
    {
      event: 'procedure failed',
      method: 'once',
      error: "ContractFault: 'once' gave several results: its contract has no stream: true",
    },
  ])
})

test('calls that a hook answers are checked by the contract as well', async () => {
  const on = world({ rpc: { add: { input: z.object({ a: z.number() }), output: z.number() } } })
  on.realtime.onCall((method, argument) => (method === 'add' ? `${JSON.stringify(argument)}` : undefined))
  const peer = await on.connect()
  assert.match((await call(on, peer, 'add', {})) as string, /^bad-data data\.a/)
  assert.match((await call(on, peer, 'add', { a: 1 })) as string, /^unknown/)
  assert.match((await call(on, peer, 'other', {})) as string, /^not-found/)
})

test('a contract that cannot be meant is refused when the server is made', () => {
  const contract = { channels: { 'chat:*': { mesage: CHAT } }, rpc: {} } as unknown as Contract
  assert.throws(
    () => createRealtime({ contract }),
    new SettingError('contract', "is wrong: channels['chat:*'] has an unknown key 'mesage': did you mean 'message'?"),
  )
})
