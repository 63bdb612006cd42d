// Each operation over a real server, as clients on real connections see what it does.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { MemoryBroker } from '@tautline/broker'
import { Client, type Subscription } from '@tautline/client'
import { defineContract } from '@tautline/contract'
import type { RealtimeOptions } from '@tautline/server'
import { z } from 'zod'
import { type Served, serve } from './served.ts'

let served: Served
const clients: Client[] = []

before(async () => {
  served = await serve({}, { node: 'n1' })
  served.realtime.onConnect(({ token }) => (token === undefined ? {} : { user: token, info: { name: token } }))
})
after(async () => {
  for (const client of clients) client.close()
  await served.close()
})

/** A client that is connected as a user. */
async function connected(user: string): Promise<Client> {
  const client = new Client(`${served.origin}/realtime`, { token: user })
  clients.push(client)
  client.connect()
  await until(client, (state) => state === 'connected')
  return client
}

function until(client: Client, wanted: (state: string) => boolean): Promise<void> {
  return new Promise((resolve) => {
    if (wanted(client.state)) return resolve()
    const stop = client.on('state', ({ state }) => {
      if (!wanted(state)) return
      stop()
      resolve()
    })
  })
}

interface Heard {
  readonly data: unknown
  readonly bytes?: Uint8Array
  readonly position: unknown
}

/** What a subscription brings, one after another. */
async function listening(client: Client, channel: string): Promise<AsyncIterator<Heard>> {
  const subscription = client.channel(channel).subscribe()
  const messages = subscription[Symbol.asyncIterator]()
  await became(subscription, 'live')
  return messages as AsyncIterator<Heard>
}

function became(subscription: Subscription<unknown>, wanted: string): Promise<void> {
  return new Promise((resolve) => {
    if (subscription.state === wanted) return resolve()
    const stop = subscription.on('state', ({ state }) => {
      if (state !== wanted) return
      stop()
      resolve()
    })
  })
}

test('what is published reaches a real client, at the position that was answered, once for each key', async () => {
  const messages = await listening(await connected('ann'), 'chat:42')
  const first = await served.ask('/publish', { channel: 'chat:42', data: { text: 'hello' }, key: 'k1' })
  const again = await served.ask(
    '/publish',
    { channel: 'chat:42', data: { text: 'hello' } },
    { 'idempotency-key': '"k1"' },
  )
  const second = await served.ask('/publish', { channel: 'chat:42', bytes: 'AAEC_w' })
  assert.deepEqual(again.body, { ...first.body, duplicate: true })
  const { value: one } = await messages.next()
  assert.deepEqual(one.data, { text: 'hello' })
  assert.deepEqual(one.position, first.body.position)
  const { value: two } = await messages.next()
  assert.deepEqual([...two.bytes], [0, 1, 2, 255])
  assert.deepEqual(two.position, second.body.position)
})

test('the idempotency key of header and body are one, and two different ones are refused', async () => {
  const both = (key: string, header: string) =>
    served.ask('/publish', { channel: 'chat:key', data: 1, key }, { 'idempotency-key': header })
  assert.equal((await both('a', 'a')).status, 200)
  assert.equal((await both('a', '"a"')).body.duplicate, true)
  assert.equal((await both('a', 'b')).status, 400)
  for (const header of ['', ' ', 'x'.repeat(65), 'a b', '"a', 'a, b']) {
    const answer = await served.ask('/publish', { channel: 'chat:key', data: 1 }, { 'idempotency-key': header })
    assert.equal(answer.status, header === '"a' ? 200 : 400, JSON.stringify(header))
  }
  const conflict = await served.ask('/publish', { channel: 'chat:key', data: 2, key: 'a' })
  assert.equal(conflict.status, 409)
  assert.equal(conflict.body.error.code, 'key-conflict')
  // What may be done twice anyway needs none, what may not says so.
  assert.equal(
    (await served.ask('/unsubscribe', { user: 'x', channel: 'chat:1' }, { 'idempotency-key': 'k' })).status,
    200,
  )
  assert.equal((await served.ask('/message', { user: 'x', data: 1 }, { 'idempotency-key': 'k' })).status, 400)
})

test('a broadcast has an outcome for each channel, and repeating it stores only what is missing', async () => {
  const channels = ['chat:b1', 'chat:b2', 'nothing', 'bad name', 'typing:b', 'chat:b3']
  const messages = await listening(await connected('bob'), 'chat:b3')
  const said = { channels, data: { text: 'all' }, key: 'notice' }
  assert.equal((await served.ask('/publish', { channel: 'chat:b2', data: { text: 'all' }, key: 'notice' })).status, 200)
  const first = await served.ask('/broadcast', said)
  assert.equal(first.status, 200)
  assert.equal(first.body.failed, 2)
  const told = first.body.results.map((one: Record<string, unknown>) => [
    one['channel'],
    Object.keys(one).slice(1).join(),
  ])
  assert.deepEqual(told, [
    ['chat:b1', 'position'],
    ['chat:b2', 'position,duplicate'],
    ['nothing', 'error'],
    ['bad name', 'error'],
    ['typing:b', 'position'],
    ['chat:b3', 'position'],
  ])
  assert.equal(first.body.results[2].error.code, 'forbidden')
  assert.equal(first.body.results[3].error.field, 'channels[3]')
  assert.equal(first.body.results[4].position, null)
  assert.deepEqual((await messages.next()).value.position, first.body.results[5].position)
  const again = await served.ask('/broadcast', said)
  for (const i of [0, 1, 5]) {
    assert.equal(again.body.results[i].duplicate, true)
    assert.deepEqual(again.body.results[i].position, first.body.results[i].position)
  }
  const bad = await served.ask('/broadcast', { channels, bytes: '*' })
  assert.equal(bad.status, 400)
})

test('history pages through a log in both directions, by the positions it gave', async () => {
  const channel = 'chat:pages'
  for (let i = 1; i <= 7; i++) await served.ask('/publish', { channel, data: i, state: `s${i}` })
  const page = async (query: Record<string, string>) => {
    const { body } = await served.ask(`/history?${new URLSearchParams({ channel, limit: '3', ...query })}`)
    return body
  }
  const values = (body: { items: { data: number }[] }): number[] => body.items.map((item) => item.data)
  const newest = await page({})
  assert.deepEqual(values(newest), [5, 6, 7])
  assert.equal(newest.more, true)
  const before = await page({ before: JSON.stringify(newest.start) })
  assert.deepEqual(values(before), [2, 3, 4])
  const oldest = await page({ before: JSON.stringify(before.start) })
  assert.deepEqual([values(oldest), oldest.more], [[1], false])
  const forward = await page({ after: JSON.stringify(oldest.end) })
  assert.deepEqual(values(forward), [2, 3, 4])
  assert.deepEqual(forward.items[1].position, before.items[1].position)
  const last = await page({ after: JSON.stringify(newest.end) })
  assert.deepEqual([values(last), last.more], [[], false])
  const { body } = await served.ask(`/publish`, { channel, data: 8 })
  assert.deepEqual(values(await page({ after: JSON.stringify(newest.items[2].position) })), [8])
  assert.ok(body.position.offset === 8)
})

test('history of a position that is gone is 404, of a channel without log 501', async () => {
  const { body } = await served.ask('/publish', { channel: 'brief:1', data: 0 })
  for (let i = 0; i < 20; i++) await served.ask('/publish', { channel: 'brief:1', data: i })
  const query = new URLSearchParams({ channel: 'brief:1', after: JSON.stringify({ ...body.position, id: 'no.such' }) })
  const gone = await served.ask(`/history?${query}`)
  assert.equal(gone.status, 404)
  assert.equal(gone.body.error.field, 'after')
  assert.equal((await served.ask('/history?channel=typing:1')).status, 501)
})

test('presence, channels and connections show who is there, in pages', async () => {
  const watcher = (await connected('p1')).channel('chat:present').subscribe({ presence: true })
  const all3 = new Promise<void>((resolve) => watcher.on('members', ({ count }) => count === 3 && resolve()))
  for (const user of ['p2', 'p3']) await listening(await connected(user), 'chat:present')
  await all3
  await listening(await connected('p4'), 'inbox:present')
  const seen: string[] = []
  let after: string | undefined
  do {
    const query = new URLSearchParams({ channel: 'chat:present', limit: '2', ...(after !== undefined && { after }) })
    const { body } = await served.ask(`/presence?${query}`)
    assert.equal(body.count, 3)
    for (const member of body.members) {
      assert.deepEqual(member.info, { name: member.user })
      seen.push(member.user)
    }
    after = body.next
  } while (after !== undefined)
  assert.deepEqual(seen.toSorted(), ['p1', 'p2', 'p3'])
  const channels = await served.ask('/channels?pattern=*:present')
  assert.deepEqual(channels.body, {
    node: 'n1',
    channels: [
      { channel: 'chat:present', subscribers: 3 },
      { channel: 'inbox:present', subscribers: 1 },
    ],
  })
  const paged = await served.ask('/channels?pattern=*:present&limit=1')
  assert.equal(paged.body.next, 'chat:present')
  const rest = await served.ask(`/channels?pattern=*:present&after=${paged.body.next}`)
  assert.deepEqual(rest.body.channels, [{ channel: 'inbox:present', subscribers: 1 }])
  const { body } = await served.ask('/connections?user=p4')
  assert.equal(body.connections.length, 1)
  const [connection] = body.connections
  assert.match(connection.connection, /^n1~/)
  assert.deepEqual([connection.user, connection.channels, connection.codec], ['p4', 1, 'json'])
  assert.equal(connection.address, '127.0.0.1')
  const all = await served.ask('/connections?limit=1000')
  assert.equal(all.body.connections.length, (await served.ask('/info')).body.connections)
})

test('a user is subscribed, sent to, unsubscribed and sent away, over the wire', async () => {
  const client = await connected('carl')
  const direct = new Promise((resolve) => client.on('message', ({ data }) => resolve(data)))
  assert.equal((await served.ask('/message', { user: 'carl', data: { for: 'carl' } })).status, 200)
  assert.deepEqual(await direct, { for: 'carl' })
  const subscribed = new Promise((resolve) => client.on('subscribed', ({ channel }) => resolve(channel)))
  assert.equal((await served.ask('/subscribe', { user: 'carl', channel: 'inbox:carl' })).status, 200)
  assert.equal(await subscribed, 'inbox:carl')
  const subscription = client.channel('inbox:carl').subscribe()
  await became(subscription, 'live')
  await served.ask('/publish', { channel: 'inbox:carl', data: 'for you' })
  for await (const message of subscription) {
    assert.equal(message.data, 'for you')
    assert.equal((await served.ask('/unsubscribe', { user: 'carl', channel: 'inbox:carl' })).status, 200)
    await became(subscription, 'stopped')
    break
  }
  assert.equal((await served.ask('/disconnect', { user: 'carl', code: 4400, reason: 'signed out' })).status, 200)
  await until(client, (state) => state === 'stopped')
  assert.deepEqual((await served.ask('/connections?user=carl')).body.connections, [])
})

test('a revoked connection ends at once, a revoked user too, and connects no more with what came before', async () => {
  const first = await connected('dora')
  const { body } = await served.ask('/connections?user=dora')
  const ended = new Promise<number | undefined>((resolve) => first.on('state', ({ reason }) => resolve(reason?.code)))
  assert.equal((await served.ask('/revoke', { connection: body.connections[0].connection })).status, 200)
  assert.equal(await ended, 4201)
  const second = await connected('emil')
  const gone = new Promise<number | undefined>((resolve) => second.on('state', ({ reason }) => resolve(reason?.code)))
  assert.equal((await served.ask('/revoke', { user: 'emil' })).status, 200)
  assert.equal(await gone, 4201)
  const past = await served.ask('/revoke', { user: 'emil', until: 1_000 })
  assert.equal(past.status, 400)
  assert.equal(past.body.error.field, 'until')
  assert.equal((await served.ask('/revoke', { user: 'emil', token: 'jti' })).status, 400)
})

test('what does not follow the contract of a channel is refused with 400 and the field', async () => {
  const contract = defineContract({ channels: { 'chat:*': { message: z.object({ text: z.string() }) } }, rpc: {} })
  const typed = await serve({}, { contract } as RealtimeOptions)
  try {
    const answer = await typed.ask('/publish', { channel: 'chat:1', data: { text: 1 } })
    assert.equal(answer.status, 400)
    assert.equal(answer.body.error.code, 'bad-data')
    assert.equal(answer.body.error.field, 'data.text')
    const { body } = await typed.ask('/broadcast', { channels: ['chat:1', 'inbox:1'], data: { text: 1 } })
    assert.deepEqual([body.failed, body.results[0].error.field], [1, 'data.text'])
  } finally {
    await typed.close()
  }
})

test('info tells what the node is', async () => {
  const { body } = await served.ask('/info')
  assert.deepEqual(
    [body.node, body.durability, body.verified, body.healthy, body.window],
    ['n1', 'memory', true, true, 300_000],
  )
  assert.equal(body.limits.body, 65_536)
  assert.match(body.version, /^\d+\.\d+\.\d+/)
})

/** A store that answers as it is told. */
class Failing extends MemoryBroker {
  fail = 'unavailable'

  override async append(): ReturnType<MemoryBroker['append']> {
    return [{ fail: this.fail, applied: this.fail === 'unknown' ? 'unknown' : 'no' }]
  }
}

test('a store that does not answer is a 503 with Retry-After, but not where a repetition might do it twice', async () => {
  const broker = new Failing()
  const failing = await serve({}, { broker })
  try {
    for (const [fail, key, retry] of [
      ['unavailable', undefined, true],
      ['unavailable', 'k', true],
      ['unknown', 'k', true],
      ['unknown', undefined, false],
    ] as const) {
      broker.fail = fail
      const answer = await failing.ask('/publish', { channel: 'chat:1', data: 1, ...(key !== undefined && { key }) })
      assert.equal(answer.status, 503)
      assert.equal(answer.body.error.code, fail)
      assert.equal(answer.headers.has('retry-after'), retry, `${fail} ${key}`)
    }
  } finally {
    await failing.close()
  }
})

test('a fault of the server is a 500 that tells nothing, and is logged', async () => {
  const broken = await serve()
  const { realtime } = broken
  try {
    Object.defineProperty(realtime, 'send', { value: () => Promise.reject(new Error('what nobody expected')) })
    const answer = await broken.ask('/message', { user: 'ann', data: 1 })
    assert.equal(answer.status, 500)
    assert.deepEqual(Object.keys(answer.body.error), ['code', 'message', 'retry'])
    assert.ok(!answer.text.includes('nobody expected'))
    assert.ok(broken.logged.some((line) => line.includes('what nobody expected')))
  } finally {
    await broken.close()
  }
})
