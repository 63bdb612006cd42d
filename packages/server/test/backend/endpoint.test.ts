// Real requests to real backends that fail in every way; only time is virtual.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Complaints } from '../../src/backend/complaints.ts'
import { Endpoint } from '../../src/backend/endpoint.ts'
import type { BackendOptions, HookEvent } from '../../src/backend/mod.ts'
import { readBackendOptions } from '../../src/backend/options.ts'
import { Signer } from '../../src/backend/signature.ts'
import { Trouble } from '../../src/backend/trouble.ts'
import { Time } from '../presence/clock.ts'
import { HttpBackend, oneAfterAnother, reply, SECRET, status } from './http-backend.ts'

type Line = readonly [event: string, fields: Readonly<Record<string, unknown>>]

class Bench {
  readonly time: Time = new Time()
  readonly lines: Line[] = []
  readonly outcomes: string[] = []
  readonly endpoint: Endpoint

  /** @param unit chance: full jitter takes that share of a pause */
  constructor(url: string, event: HookEvent, change: Partial<BackendOptions> = {}, unit = 0) {
    // Signatures are checked by the backend, against the real time.
    this.time.wall = () => Date.now()
    const settings = readBackendOptions({
      url,
      secret: SECRET,
      events: { [event]: true },
      clock: this.time,
      random: { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)), unit: () => unit },
      ...change,
    })
    const its = settings.events.get(event)
    assert.ok(its)
    this.endpoint = new Endpoint(its, {
      settings,
      signer: new Signer(settings.keys),
      complaints: new Complaints(this.time, (...line) => this.lines.push(line)),
      count: (outcome) => this.outcomes.push(outcome),
    })
  }

  ask(who = 'ann', signal?: AbortSignal): Promise<unknown> {
    const question = { body: { type: 'x', token: 'S3CRET-token' }, who, ...(signal && { signal }) }
    return this.endpoint.ask(question, (answer) => answer)
  }

  /** The trouble that a question ends with. */
  async trouble(who?: string): Promise<Trouble> {
    const error = await this.ask(who).then(
      () => assert.fail('there was an answer'),
      (error: unknown) => error,
    )
    assert.ok(error instanceof Trouble, String(error))
    return error
  }

  problems(): unknown[] {
    return this.lines.map(([, fields]) => fields['problem'])
  }
}

async function start(t: TestContext, answer?: HttpBackend['answer']): Promise<HttpBackend> {
  const backend = await HttpBackend.start(answer)
  t.after(() => backend.stop())
  return backend
}

test('one answer, one request, one connection for many of them', async (t) => {
  const backend = await start(t)
  const bench = new Bench(backend.url, 'subscribe')
  for (let i = 0; i < 20; i++) assert.deepEqual(await bench.ask(), { allow: true })
  assert.equal(backend.asked.length, 20)
  assert.ok(backend.connections <= 2, `${backend.connections} connections`)
  const [first] = backend.asked
  assert.equal(first?.headers['content-type'], 'application/json')
  assert.match(first?.id ?? '', /^msg_[\w-]{22}$/)
  assert.deepEqual(bench.outcomes, Array(20).fill('ok'))
  assert.deepEqual(bench.lines, [])
  assert.equal(bench.time.pending, 0)
})

test('503, 429 and broken connections are tried again under the same id, with a fresh signature', async (t) => {
  const broken = ({ response }: { response: { destroy(): unknown } }): void => void response.destroy()
  for (const first of [status(503), status(502), status(504), status(429), broken]) {
    const backend = await start(
      t,
      oneAfterAnother(first, () => ({ allow: true })),
    )
    const bench = new Bench(backend.url, 'publish')
    const asked = bench.ask()
    await backend.seen(1)
    while (backend.asked.length < 2) await bench.time.pass(1)
    assert.deepEqual(await asked, { allow: true })
    assert.equal(backend.asked[0]?.id, backend.asked[1]?.id)
    assert.equal(backend.asked[0]?.raw, backend.asked[1]?.raw)
    assert.deepEqual(bench.outcomes, ['retried', 'ok'])
  }
})

test('pauses between attempts are full jitter, and a Retry-After is waited for on top', async (t) => {
  const backend = await start(
    t,
    oneAfterAnother(status(503), status(503, { 'retry-after': '1' }), () => ({ ok: 1 })),
  )
  const bench = new Bench(backend.url, 'subscribe', {}, 0.5)
  const began = bench.time.now()
  const asked = bench.ask()
  const when: number[] = []
  for (const count of [1, 2, 3]) {
    while (backend.asked.length < count) await bench.time.pass(1)
    when.push(bench.time.now() - began)
  }
  assert.deepEqual(await asked, { ok: 1 })
  const [first = 0, second = 0, third = 0] = when
  assert.ok(second - first >= 50 && second - first < 250, `${when}`)
  assert.ok(third - second >= 1_100 && third - second < 1_400, `${when}`)
})

test('a Retry-After that is later than anybody waits is told to the client instead', async (t) => {
  const date = new Date(Date.now() + 40_000).toUTCString()
  for (const [value, low, high] of [
    ['30', 30_000, 30_000],
    [date, 30_000, 41_000],
    ['9999999', 3_600_000, 3_600_000],
    ['soon', undefined, undefined],
  ] as const) {
    const backend = await start(t, status(503, { 'retry-after': value }))
    const bench = new Bench(backend.url, 'connect', { retries: value === 'soon' ? 0 : 2 })
    const { kind, after } = await bench.trouble()
    assert.equal(kind, 'away')
    if (low === undefined) assert.equal(after, undefined)
    else assert.ok(after !== undefined && after >= low && after <= high, `${after}`)
    assert.equal(backend.asked.length, 1)
  }
})

test('500 and whatever is no answer is not tried again; the log says what to do', async (t) => {
  const plain =
    (type: string, text: string | Buffer): HttpBackend['answer'] =>
    ({ response }) => {
      response.setHeader('content-type', type)
      response.end(text)
    }
  const json = 'application/json'
  for (const [answer, kind, problem] of [
    [status(500), 'failed', /^status 500$/],
    [
      status(302, { location: 'http://127.0.0.1:9/' }),
      'refused',
      /^status 302: redirects are not followed, give the URL/,
    ],
    [status(401), 'refused', /^status 401: has the backend the same secret/],
    [status(404), 'refused', /^status 404: is it the right URL/],
    [status(400), 'refused', /^status 400$/],
    [plain('text/html', '{}'), 'malformed', /^its content-type must be application\/json$/],
    [plain(json, ''), 'malformed', /^it is empty$/],
    [plain(json, '{"allow":tru'), 'malformed', /^it is no JSON$/],
    [plain(json, Buffer.from([0x22, 0xff, 0x22])), 'malformed', /^it is no UTF-8$/],
    [plain(json, `"${'x'.repeat(2_000)}"`), 'malformed', /^it has more than 1024 bytes$/],
  ] as const) {
    const backend = await start(t, answer)
    const bench = new Bench(backend.url, 'subscribe', { maxAnswer: 1_024 })
    assert.equal((await bench.trouble()).kind, kind)
    assert.equal(backend.asked.length, 1)
    assert.match(String(bench.problems()[0]), problem)
    assert.equal(bench.lines[0]?.[1]['url'], new URL(backend.url).origin)
    assert.doesNotMatch(JSON.stringify(bench.lines), /S3CRET/)
  }
})

test('an answer that has no end is cut off at its bound, and its connection with it', async (t) => {
  let sent = 0
  const backend = await start(t, ({ response }) => {
    response.setHeader('content-type', 'application/json')
    const more = (): void => {
      sent += 65_536
      if (!response.destroyed) response.write(' '.repeat(65_536), more)
    }
    more()
  })
  const bench = new Bench(backend.url, 'subscribe')
  assert.equal((await bench.trouble()).kind, 'malformed')
  assert.ok(sent < 8_388_608, `${sent} bytes`)
})

test('a compressed bomb is not asked for, and bounded by what it becomes', async (t) => {
  const { gzipSync } = await import('node:zlib')
  const bomb = gzipSync(Buffer.alloc(50_000_000, 0x20))
  const backend = await start(t, ({ headers, response }) => {
    assert.equal(headers['accept-encoding'], 'identity')
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
    response.end(bomb)
  })
  const bench = new Bench(backend.url, 'subscribe')
  const before = process.memoryUsage().rss
  assert.equal((await bench.trouble()).kind, 'malformed')
  assert.ok(process.memoryUsage().rss - before < 40_000_000)
})

test('a backend that says nothing is given up after the timeout, tried again, and given up in whole', async (t) => {
  const backend = await start(t, () => undefined)
  const bench = new Bench(backend.url, 'subscribe', { timeout: '1s', retries: 9 })
  const began = bench.time.now()
  const asked = bench.trouble()
  await backend.seen(1)
  let over = 0
  void asked.then(() => {
    over = bench.time.now() - began
  })
  while (over === 0) await bench.time.pass(10)
  assert.equal((await asked).kind, 'timeout')
  assert.ok(backend.asked.length >= 4 && backend.asked.length <= 5, `${backend.asked.length}`)
  assert.ok(over <= 4_600, `${over}`)
  assert.equal(bench.endpoint.gate.size, 0)
})

test('half an answer is none: the timeout holds for all of it', async (t) => {
  const backend = await start(t, ({ response }) => {
    response.setHeader('content-type', 'application/json')
    response.write('{"allow":')
  })
  const bench = new Bench(backend.url, 'subscribe', { retries: 0 })
  const asked = bench.trouble()
  await backend.seen(1)
  await bench.time.pass(3_000)
  assert.equal((await asked).kind, 'timeout')
})

test('a call is tried again only where certainly nothing was sent', async (t) => {
  const dead = await HttpBackend.start()
  const { url } = dead
  await dead.stop()
  const bench = new Bench(url, 'rpc', { retries: 2 })
  const asked = bench.trouble()
  while (bench.outcomes.length < 3) await bench.time.pass(10)
  assert.equal((await asked).kind, 'unsent')
  assert.deepEqual(bench.outcomes, ['retried', 'retried', 'unsent'])
  assert.deepEqual(bench.problems(), ['no connection: ECONNREFUSED'])

  const broken = await start(t, ({ response }) => void response.destroy())
  for (const answer of [broken.answer, status(503), status(429), status(502)]) {
    broken.answer = answer
    const other = new Bench(broken.url, 'rpc')
    const asked = broken.asked.length
    await other.trouble()
    assert.equal(broken.asked.length, asked + 1)
  }
})

test('a name that does not exist, and a certificate that is none, were never sent anything', async (t) => {
  const bench = new Bench('http://no-such-host.invalid/', 'rpc', { insecure: true, retries: 0 })
  assert.equal((await bench.trouble()).kind, 'unsent')
  const backend = await start(t)
  const tls = new Bench(backend.url.replace('http:', 'https:'), 'connect', { retries: 0 })
  assert.match((await tls.trouble()).kind, /unsent|broken/)
  const port = new Bench('http://127.0.0.1:1/', 'rpc', { retries: 0 })
  assert.match((await port.trouble()).message, /fetch asks no port of this number/)
})

test('no more requests at once than places; who waits too long or is one too many is turned away', async (t) => {
  const held: HttpBackend['asked'] = []
  const backend = await start(t, (asked) => void held.push(asked))
  const bench = new Bench(backend.url, 'connect', { concurrency: 3, queue: 5 })
  const asked = Array.from({ length: 9 }, () => bench.ask().catch((error: Trouble) => error.kind))
  await backend.seen(3)
  assert.equal(await asked[8], 'overloaded')
  assert.deepEqual([bench.endpoint.gate.size, bench.endpoint.gate.length], [3, 5])
  for (let i = 0; i < 8; i++) {
    await backend.seen(i + 1)
    while (held.length === 0) await bench.time.pass(0)
    const next = held.shift()
    if (next !== undefined) reply(next.response, i)
  }
  const outcomes = await Promise.all(asked)
  assert.deepEqual(outcomes.slice(0, 8).toSorted(), [0, 1, 2, 3, 4, 5, 6, 7])
  assert.equal(backend.most, 3)

  const slow = await start(t, () => undefined)
  const waiting = new Bench(slow.url, 'connect', { concurrency: 1, retries: 0, timeout: '4.5s' })
  const late = [waiting.ask(), waiting.ask()].map((one) => one.catch((error: Trouble) => [error.kind, error.after]))
  await slow.seen(1)
  await waiting.time.pass(4_500)
  assert.deepEqual(await Promise.all(late), [
    ['timeout', undefined],
    ['overloaded', 1_000],
  ])
  assert.equal(slow.asked.length, 1)
})

test('one user’s slow calls leave places for the others', async (t) => {
  const backend = await start(t, ({ body }) =>
    body['type'] === 'x' && backend.asked.length <= 2 ? undefined : { result: 1 },
  )
  const bench = new Bench(backend.url, 'rpc', { concurrency: 8 })
  const flood = new AbortController()
  const calls = Array.from({ length: 50 }, () => bench.ask('flood', flood.signal).catch((error: Trouble) => error.kind))
  await backend.seen(2)
  assert.equal(bench.endpoint.gate.size, 2)
  for (const who of ['bob', 'cid', 'dan']) assert.deepEqual(await bench.ask(who), { result: 1 })
  flood.abort()
  assert.deepEqual(await Promise.all(calls), Array(50).fill('cancelled'))
  assert.equal(backend.asked.length, 5)
  assert.equal(bench.endpoint.gate.length, 0)
})

test('a dead backend is left alone, asked by one when it may be back, and served again', async (t) => {
  const backend = await start(t, status(500))
  const bench = new Bench(backend.url, 'subscribe', { breaker: { window: 10, rest: '2s' } })
  for (let i = 0; i < 5; i++) assert.equal((await bench.trouble(`user ${i}`)).kind, 'failed')
  const open = await bench.trouble()
  assert.deepEqual([open.kind, open.after], ['open', 2_000])
  assert.equal(backend.asked.length, 5)
  await bench.time.pass(2_000)
  // Still dead: one request finds out.
  const asked = [bench.trouble(), bench.trouble(), bench.trouble()]
  assert.deepEqual((await Promise.all(asked)).map(({ kind }) => kind).toSorted(), ['failed', 'open', 'open'])
  assert.equal(backend.asked.length, 6)
  backend.answer = () => ({ allow: true })
  assert.equal((await bench.trouble('bob')).after, 4_000)
  await bench.time.pass(4_000)
  assert.deepEqual(await bench.ask('bob'), { allow: true })
  assert.deepEqual(await bench.ask(), { allow: true })
  assert.deepEqual(
    bench.lines.map(([event]) => event).filter((event) => event !== 'hook failed'),
    ['hook is left alone', 'hook is left alone', 'hook is back'],
  )
})

test('a flapping backend: half of its failures open the breaker, fewer do not', async (t) => {
  let count = 0
  const backend = await start(t, (asked) => (count++ % 3 === 0 ? status(500)(asked) : { allow: true }))
  const bench = new Bench(backend.url, 'subscribe')
  for (let i = 0; i < 60; i++) await bench.ask(`user ${i}`).catch(() => {})
  assert.equal(backend.asked.length, 60)
  backend.answer = (asked) => (count++ % 3 !== 0 ? status(500)(asked) : { allow: true })
  for (let i = 0; i < 60; i++) await bench.ask(`user ${i}`).catch(() => {})
  assert.ok(backend.asked.length < 90, `${backend.asked.length}`)
  assert.ok(bench.outcomes.filter((outcome) => outcome === 'open').length > 30)
})

test('a notice outlives a restart of the backend; one that has no time left is dropped', async (t) => {
  const backend = await start(t, status(503))
  const bench = new Bench(backend.url, 'disconnect', { breaker: { window: 2, rest: '1s' }, retries: 1 })
  const asked = bench.ask()
  await backend.seen(1)
  while (bench.lines.length === 0) await bench.time.pass(10)
  assert.equal(bench.lines[0]?.[0], 'hook is left alone')
  backend.answer = status(204)
  const count = backend.asked.length
  while (backend.asked.length === count) await bench.time.pass(100)
  assert.equal(await asked, undefined)

  backend.answer = status(503)
  const lost = bench.trouble()
  let over = false
  void lost.then(() => {
    over = true
  })
  while (!over) await bench.time.pass(1_000)
  assert.match((await lost).kind, /open|away|timeout/)
})

test('a failing backend fills no log: one line a second of a kind, which says how many were left out', async (t) => {
  const backend = await start(t, status(500))
  const bench = new Bench(backend.url, 'subscribe', { breaker: false })
  for (let i = 0; i < 30; i++) await bench.trouble()
  assert.equal(bench.lines.length, 1)
  await bench.time.pass(1_000)
  await bench.trouble()
  assert.equal(bench.lines.length, 2)
  assert.equal(bench.lines[1]?.[1]['suppressed'], 29)
})

test('what is closed sends nothing more, and lets go of what waits', async (t) => {
  const backend = await start(t, () => undefined)
  const bench = new Bench(backend.url, 'subscribe', { concurrency: 1 })
  const asked = [bench.trouble(), bench.trouble()]
  await backend.seen(1)
  bench.endpoint.close()
  asked.push(bench.trouble())
  assert.deepEqual(
    (await Promise.all(asked)).map(({ kind }) => kind),
    Array(3).fill('cancelled'),
  )
  assert.equal(backend.asked.length, 1)
  assert.equal(bench.time.pending, 0)
})
