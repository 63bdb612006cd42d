// A real server, real clients over real sockets, a real backend over HTTP.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Client, type ClientOptions } from '@tautline/client'
import { RealtimeError } from '@tautline/wire'
import { type Backend, type BackendOptions, backend } from '../../src/backend/mod.ts'
import { createRealtime, type Realtime, type RealtimeOptions } from '../../src/mod.ts'
import { type Asked, HttpBackend, oneAfterAnother, reply, SECRET, status } from './http-backend.ts'

/** What is never to be read in a log, an error or a metric. */
const TOKEN = 'S3CRET-token-of-ann'

interface World {
  readonly http: HttpBackend
  readonly realtime: Realtime
  readonly hooks: Backend
  readonly port: number
  /** All that was logged, by the server and by the hooks. */
  readonly lines: string[]
  client(options?: ClientOptions): Client
}

type Answers = Partial<Record<string, (asked: Asked) => unknown>>

async function world(
  t: TestContext,
  answers: Answers,
  change: Partial<BackendOptions> = {},
  server: RealtimeOptions = {},
): Promise<World> {
  const http = await HttpBackend.start((asked) => (answers[String(asked.body['type'])] ?? (() => ({})))(asked))
  const lines: string[] = []
  const log = (event: string, fields: object): void => void lines.push(`${event} ${JSON.stringify(fields)}`)
  const realtime = createRealtime({ log, ...server })
  const events = Object.fromEntries(Object.keys(answers).map((event) => [event, true]))
  const hooks = backend({ url: http.url, secret: SECRET, events, log, ...change }).install(realtime)
  const port = await realtime.listen({ port: 0, host: '127.0.0.1' })
  const clients: Client[] = []
  t.after(async () => {
    for (const client of clients) client.close()
    await realtime.close()
    await hooks.close(0)
    await http.stop()
    assert.doesNotMatch(lines.join('\n'), /S3CRET/)
    assert.doesNotMatch(JSON.stringify(realtime.metrics()), /S3CRET/)
  })
  const client = (of: ClientOptions = {}): Client => {
    const one = new Client(`http://127.0.0.1:${port}/realtime`, { token: TOKEN, backoff: { min: 20, max: 50 }, ...of })
    clients.push(one)
    return one
  }
  return { http, realtime, hooks, port, lines, client }
}

/** What somebody is told instead of what was asked for. */
async function refusal(asked: Promise<unknown>): Promise<RealtimeError> {
  const error = await asked.then(
    () => assert.fail('it was allowed'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof RealtimeError, String(error))
  return error
}

function connected(client: Client): Promise<void> {
  return new Promise((resolve) => {
    client.on('state', ({ state }) => {
      if (state === 'connected') resolve()
    })
    client.connect()
  })
}

/** How a connection that is refused ends. */
function stopped(client: Client): Promise<{ readonly code: number; readonly text: string }> {
  return new Promise((resolve) => {
    client.on('state', ({ state, reason }) => {
      if ((state === 'stopped' || state === 'waiting') && reason !== undefined) resolve(reason)
    })
    client.connect()
  })
}

/** What was published to a channel, in its order. */
async function stored(realtime: Realtime, channel: string): Promise<unknown[]> {
  const { items } = await realtime.history(channel, { limit: 100 })
  return items
    .filter((item) => item.ev === 'pub')
    .map((item) => (item.bytes === undefined ? item.data : Buffer.from(item.bytes).toString()))
}

/** Lets the loop turn until something is so. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
}

const of = (http: HttpBackend, type: string): Record<string, unknown>[] =>
  http.asked.filter(({ body }) => body['type'] === type).map(({ body }) => body)

test('connect: the backend gets the token, the address and the listed headers, and says who it is', async (t) => {
  const answer = { user: 'ann', info: { name: 'Ann' }, channels: ['inbox:ann'], rights: [{ channels: 'chat:*' }] }
  const { http, realtime, client } = await world(t, { connect: () => answer }, { headers: ['User-Agent', 'x-none'] })
  const ann = client()
  await connected(ann)
  const [asked] = of(http, 'connect')
  assert.equal(asked?.['token'], TOKEN)
  assert.match(String(asked?.['address']), /127\.0\.0\.1$/)
  assert.deepEqual(Object.keys(asked?.['headers'] as object), ['user-agent'])
  const got = new Promise((resolve) => ann.on('message', ({ data }) => resolve(data)))
  await realtime.send('ann', 'hello')
  assert.equal(await got, 'hello')
  // Her right covers it; another channel is nobody's.
  await ann.channel('chat:1').publish('x')
  assert.equal((await refusal(ann.channel('other').publish('x'))).code, 'forbidden')
  assert.equal(realtime.metrics().find(({ name }) => name === 'tautline_hooks_total')?.value, 1)
})

test('connect: what the backend refuses with ends the connection as it says, and its words reach the client', async (t) => {
  for (const [error, code] of [
    [{ code: 'unauthorized', message: 'no such user' }, 4400],
    [{ code: 'forbidden' }, 4400],
    [{ code: 'token-expired' }, 4200],
    [{ code: 'limit', message: 'one device is enough' }, 4400],
    [{ code: 'overloaded', after: 5_000 }, 4003],
  ] as const) {
    const { client } = await world(t, { connect: () => ({ error }) })
    const reason = await stopped(client())
    if ('message' in error) assert.ok(reason.text.endsWith(error.message), reason.text)
    // The client goes by the answer to its connect, which comes before the code of the close.
    assert.equal(reason.code, code, error.code)
  }
})

test('connect: an answer that is none lets nobody in; the log names the field, the client learns nothing', async (t) => {
  const S = 'S3CRET'
  for (const [answer, problem] of [
    [[], /must be an object with user, info, .*, not a list/],
    ['ann', /must be an object .*, not this text/],
    [{ user: null }, /'s user must be text of 1 to 1024 characters, not null/],
    [{ user: 5 }, /'s user must be text .*, not this number/],
    [{ user: '' }, /'s user must be text/],
    [{ user: 'ann', expire: 5 }, /has an unknown key 'expire': did you mean 'expires'\?/],
    [{ user: 'ann', expires: S }, /'s expires must be whole ms since 1970, not this text/],
    [{ user: 'ann', channels: 'a' }, /'s channels must be a list/],
    [{ user: 'ann', channels: ['a', 'b c'] }, /'s channels\[1\] /],
    [
      { user: 'ann', rights: [{ channels: ['a'], actions: ['read'] }] },
      /'s rights\[0\]\.actions\[0\] must be one of subscribe/,
    ],
    [
      { user: 'ann', rights: [{ channel: 'a' }] },
      /'s rights\[0\] has an unknown key 'channel': did you mean 'channels'/,
    ],
    [{ user: 'ann', rights: { channels: S } }, /'s rights must be a list, not an object/],
    [{ user: 'ann', claims: [S] }, /'s claims must be an object, not a list/],
    [{ user: 'ann', token: { id: 5 } }, /'s token\.id must be text/],
    [{ error: S }, /'s error must be an object/],
    [{ error: { code: S } }, /'s error\.code must be a code of tautline\.v1/],
    [{ error: { code: 'forbidden' }, user: S }, /'s error and user exclude each other/],
    [{ user: 'ann', expires: 1_795_000_000 }, /expires must be ms since 1970, and 1795000000 are seconds/],
  ] as const) {
    const { client, lines } = await world(t, { connect: () => answer })
    const reason = await stopped(client())
    assert.equal(Math.floor(reason.code / 100), 40, JSON.stringify(answer))
    assert.doesNotMatch(reason.text, /S3CRET|must|user/)
    assert.match(lines.join('\n'), problem)
  }
})

test('connect: cookies are read only by a server that says so', async (t) => {
  const { client, lines, http } = await world(t, { connect: () => ({ user: 'ann' }) }, { headers: ['cookie'] })
  await stopped(client())
  assert.match(lines.join('\n'), /cookies must be true where a hook reads them/)
  assert.equal(http.asked.length, 0)
})

test('subscribe: asked once for each channel and action of a connection; history and presence are asked for, too', async (t) => {
  const { http, client } = await world(
    t,
    {
      connect: () => ({ user: 'ann', info: 1 }),
      subscribe: ({ body }) => ({ allow: body['channel'] === 'chat:1' && body['action'] !== 'presence' }),
    },
    {},
    { channels: { 'chat:*': { presence: true } } },
  )
  const ann = client()
  await ann.channel('chat:1').history()
  await ann.channel('chat:1').history()
  assert.equal((await refusal(ann.channel('chat:1').presence())).code, 'forbidden')
  assert.equal((await refusal(ann.channel('chat:2').history())).code, 'forbidden')
  const live = ann.channel('chat:1').subscribe()
  await new Promise<void>((resolve) => live.on('state', ({ state }) => state === 'live' && resolve()))
  const asked = of(http, 'subscribe')
  assert.deepEqual(
    asked.map(({ action, channel, user, info }) => [action, channel, user, info]),
    [
      ['history', 'chat:1', 'ann', 1],
      ['presence', 'chat:1', 'ann', 1],
      ['history', 'chat:2', 'ann', 1],
      ['subscribe', 'chat:1', 'ann', 1],
    ],
  )
  // Publishing is no event of this backend: the rules decide, and they give nothing.
  assert.equal((await refusal(ann.channel('chat:1').publish(1))).code, 'forbidden')
})

test('subscribe: channels that are not the backend’s are left to the rules; a pattern is its business always', async (t) => {
  const { http, client } = await world(
    t,
    { connect: () => ({}), subscribe: () => ({ allow: false }), publish: () => ({ allow: false }) },
    { events: { connect: true, subscribe: { channels: ['team:*'] }, publish: { channels: ['team:*'] } } },
    { channels: { '**': { allow: 'everyone' }, 'team:*': { allow: 'rights' } } },
  )
  const one = client()
  await one.channel('news').history()
  await one.channel('news').publish(1)
  assert.equal(of(http, 'subscribe').length + of(http, 'publish').length, 0)
  assert.equal((await refusal(one.channel('team:1').publish(1))).code, 'forbidden')
  assert.equal((await refusal(one.channel('team:1').history())).code, 'forbidden')
  const pattern = one.channel('team:*').subscribe()
  await new Promise<void>((resolve) => pattern.on('state', ({ state }) => state === 'stopped' && resolve()))
  assert.deepEqual(
    [...of(http, 'publish'), ...of(http, 'subscribe')].map(({ channel }) => channel),
    ['team:1', 'team:1', 'team:*'],
  )
})

test('publish: allowed, refused, changed; bytes are base64', async (t) => {
  const { http, client, realtime } = await world(t, {
    connect: () => ({ user: 'ann', rights: [{ channels: '**', actions: ['history'] }] }),
    publish: ({ body: { data, bytes } }) => {
      if (bytes !== undefined) return { allow: true, bytes: Buffer.from('changed').toString('base64') }
      if (data === 'no') return { allow: false }
      if (data === 'why') return { error: { code: 'bad-data', message: 'because', field: 'data' } }
      if (data === 'null') return { allow: true, data: null }
      return data === 'bad' ? { allow: true, data: { text: '***' } } : { allow: true }
    },
  })
  const chat = client().channel('chat:1')
  for (const said of ['good', 'bad', 'null', new TextEncoder().encode('raw')]) await chat.publish(said)
  assert.equal((await refusal(chat.publish('no'))).code, 'forbidden')
  const why = await refusal(chat.publish('why'))
  assert.deepEqual([why.code, why.message, why.field], ['bad-data', 'because', 'data'])
  assert.deepEqual(await stored(realtime, 'chat:1'), ['good', { text: '***' }, null, 'changed'])
  assert.equal(of(http, 'publish').at(-3)?.['bytes'], Buffer.from('raw').toString('base64'))
})

test('publishes of a lane keep their order while the backend fails now and then', async (t) => {
  let count = 0
  const { client, realtime, hooks } = await world(
    t,
    {
      connect: () => ({ user: 'ann' }),
      publish: (asked) => (++count % 3 === 0 ? status(503)(asked) : { allow: true }),
    },
    { breaker: false },
  )
  const chat = client().channel('chat:1')
  const numbers = Array.from({ length: 40 }, (_, i) => i)
  await Promise.all(numbers.map((number) => chat.publish(number)))
  assert.deepEqual(await stored(realtime, 'chat:1'), numbers)
  assert.ok((hooks.stats.outcomes.retried ?? 0) >= 15)
})

test('rpc: a result, a refusal, bytes, no such method; what is no answer may have been done', async (t) => {
  const { client, http } = await world(t, {
    connect: () => ({ user: 'ann' }),
    rpc: ({ body: { method, data, bytes }, response }) => {
      if (method === 'add') return { result: (data as number[]).reduce((a, b) => a + b, 0) }
      if (method === 'echo') return { bytes }
      if (method === 'poor') return { error: { code: 'forbidden', message: 'not enough money' } }
      if (method === 'empty') return {}
      if (method === 'both') return { result: 1, bytes: 'AAAA' }
      if (method === 'crash') return void response.destroy()
      return { error: { code: 'not-found' } }
    },
  })
  const ann = client()
  assert.equal(await ann.call('add', [1, 2, 3]), 6)
  assert.deepEqual(await ann.call('echo', new Uint8Array([1, 2])), new Uint8Array([1, 2]))
  const poor = await refusal(ann.call('poor'))
  assert.deepEqual([poor.code, poor.message], ['forbidden', 'not enough money'])
  assert.equal((await refusal(ann.call('nothing'))).code, 'not-found')
  const asked = http.asked.length
  for (const method of ['empty', 'both', 'crash'])
    assert.equal((await refusal(ann.call(method))).code, 'unknown', method)
  assert.equal(http.asked.length, asked + 3)
})

test('rpc: a call that is cancelled cancels its request', async (t) => {
  const { client, http, hooks } = await world(t, { connect: () => ({ user: 'ann' }), rpc: () => undefined })
  const controller = new AbortController()
  const call = client().call('slow', 1, { signal: controller.signal })
  call.catch(() => {})
  await http.seen(2)
  const gone = new Promise((resolve) => http.asked[1]?.response.once('close', resolve))
  controller.abort()
  await assert.rejects(call)
  await gone
  assert.equal(hooks.stats.outcomes.cancelled, 1)
})

test('disconnect: told who left and how, also by a server that stops', async (t) => {
  const { client, http, realtime, hooks } = await world(t, {
    connect: () => ({ user: 'ann', info: 'i' }),
    disconnect: () => undefined,
  })
  http.answer = (asked) => (asked.body['type'] === 'connect' ? { user: 'ann' } : status(204)(asked))
  const [first, second] = [client(), client()]
  await connected(first)
  await connected(second)
  first.close()
  await http.seen(3)
  await realtime.close()
  await hooks.close()
  const told = of(http, 'disconnect')
  assert.deepEqual(
    told.map(({ user, code }) => [user, code]),
    [
      ['ann', 1000],
      ['ann', 1001],
    ],
  )
  assert.match(String(told[0]?.['conn']), /~/)
  assert.equal(hooks.stats.pending, 0)
})

test('disconnects that find no place are dropped, and counted', async (t) => {
  const { client, http, hooks } = await world(
    t,
    { connect: () => ({ user: 'ann' }), disconnect: () => undefined },
    { events: { connect: true, disconnect: { queue: 1, concurrency: 1 } } },
  )
  const clients = Array.from({ length: 5 }, () => client())
  await Promise.all(clients.map(connected))
  for (const one of clients) one.close()
  await http.seen(6)
  await until(() => hooks.stats.outcomes.dropped === 3)
  assert.equal(hooks.stats.pending, 2)
})

test('while the backend is dead everybody is told so, those inside stay, and all goes on when it is back', async (t) => {
  const allow = (): unknown => ({ allow: true })
  const { client, http, realtime, hooks, lines } = await world(
    t,
    { connect: () => ({ user: 'ann' }), subscribe: allow, publish: allow },
    { retries: 0, breaker: { window: 4, rest: 100 } },
  )
  const ann = client()
  const chat = ann.channel<number>('chat:1')
  const got: number[] = []
  const live = chat.subscribe((message) => void got.push(message.data))
  await chat.publish(1)
  await until(() => got.length === 1)
  const works = http.answer
  http.answer = status(500)
  for (let i = 0; i < 6; i++) assert.equal((await refusal(ann.channel('chat:2').history())).code, 'unavailable')
  assert.ok((hooks.stats.outcomes.open ?? 0) >= 2)
  // What needs no decision works on; a client keeps what it could not publish, and tries again.
  await realtime.publish('chat:1', 2)
  const kept = chat.publish(3)
  const late = client()
  assert.equal(Math.floor((await stopped(late)).code / 100), 40)
  http.answer = works
  await connected(late)
  await kept
  const { position } = await late.channel('chat:1').publish(4)
  assert.ok(position)
  await live.reached(position)
  assert.deepEqual(got, [1, 2, 3, 4])
  assert.equal(ann.state, 'connected')
  const story = lines.filter((line) => !line.startsWith('hook failed')).map((line) => line.split(' {')[0])
  assert.ok(story.includes('hook is left alone') && story.includes('hook is back'), story.join())
})

test('a slow event holds up no other, and one who floods nobody else', async (t) => {
  const held: Asked[] = []
  const { client, http } = await world(
    t,
    {
      connect: ({ body }) => ({ user: String(body['token']) }),
      publish: () => ({ allow: true }),
      rpc: (asked) => (asked.body['user'] === 'flood' ? void held.push(asked) : { result: 'ok' }),
    },
    { concurrency: 8 },
  )
  const flood = client({ token: 'flood' })
  const calls = Array.from({ length: 40 }, () => flood.call('slow', 1, { timeout: 60_000 }))
  for (const call of calls) call.catch(() => {})
  await until(() => held.length >= 2)
  const times: number[] = []
  for (let i = 0; i < 30; i++) {
    const began = performance.now()
    const one = client({ token: `user-${i}` })
    assert.equal(await one.call('fast'), 'ok')
    await one.channel('chat:1').publish(i)
    times.push(performance.now() - began)
    one.close()
  }
  times.sort((a, b) => a - b)
  t.diagnostic(
    `connect, call and publish of others: median ${times[15]?.toFixed(1)} ms, worst ${times[29]?.toFixed(1)} ms`,
  )
  assert.ok((times[15] ?? 0) < 500)
  assert.equal(held.length, 2)
  for (let i = 0; i < 10; i++) {
    await until(() => held.length > 0)
    reply((held.shift() as Asked).response, { result: i })
  }
  await Promise.race(calls)
  assert.ok(http.most <= 16)
})

test('a retried publish has one id on all its attempts, and is stored once', async (t) => {
  const { client, http, realtime } = await world(t, {
    connect: () => ({ user: 'ann' }),
    publish: oneAfterAnother(
      status(502),
      ({ response }) => void response.destroy(),
      () => ({ allow: true }),
    ),
  })
  await client().channel('chat:1').publish('once')
  const ids = http.asked.filter(({ body }) => body['type'] === 'publish').map(({ id }) => id)
  assert.equal(ids.length, 3)
  assert.equal(new Set(ids).size, 1)
  assert.deepEqual(await stored(realtime, 'chat:1'), ['once'])
})

test('a process ends no sooner than its backend knows who left, even if it has to ask twice', async (t) => {
  const http = await HttpBackend.start(
    oneAfterAnother(() => ({ user: 'ann' }), status(503, { 'retry-after': '1' }), status(204)),
  )
  t.after(() => http.stop())
  const root = new URL('../../src/', import.meta.url)
  const program = `
    import { createRealtime } from '${new URL('mod.ts', root)}'
    import { backend } from '${new URL('backend/mod.ts', root)}'
    import { Client } from '@tautline/client'
    const realtime = createRealtime()
    const hooks = backend({ url: '${http.url}', secret: '${SECRET}', events: { connect: true, disconnect: true } }).install(realtime)
    const port = await realtime.listen({ port: 0, host: '127.0.0.1' })
    const client = new Client('http://127.0.0.1:' + port + '/realtime')
    await new Promise((resolve) => { client.on('state', ({ state }) => state === 'connected' && resolve()); client.connect() })
    client.close()
    await realtime.close()
    await hooks.close()
  `
  const child = spawn(process.execPath, ['--input-type=module', '--conditions=tautline-source', '-e', program], {
    cwd: fileURLToPath(root),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const [code] = (await once(child, 'close')) as [number]
  assert.equal(code, 0, said)
  assert.equal(of(http, 'disconnect').length, 2)
})
