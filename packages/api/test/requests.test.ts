// What comes over HTTP and is not as it should be: refused with the status that says so, before anything is done.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { ADMIN, type Answer, ask, type Served, serve } from './served.ts'

const KEY = { authorization: `Bearer ${ADMIN}` }
const PAGE = 'https://admin.example.com'
const GOOD = { channel: 'chat:1', data: 1 }

let served: Served

before(async () => {
  served = await serve({ origins: [PAGE] })
})
after(() => served.close())

function post(body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Answer> {
  return ask(`${served.url}/publish`, body, { ...KEY, ...headers })
}

function send(method: string, path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${served.url}${path}`, { method, headers })
}

/** Writes to a raw connection. */
async function raw(text: string, { origin }: Served = served): Promise<Socket> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write(text)
  return socket
}

/** All that is answered until the other side closes. */
async function answered(socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket.setEncoding('latin1')) text += chunk
  return text
}

const HEAD = `POST /api/v1/publish HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${ADMIN}\r\nContent-Type: application/json\r\n`

describe('a body', () => {
  test('of another type than JSON is refused with 415: forms of any page can send the simple ones', async () => {
    const body = JSON.stringify(GOOD)
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/octet-stream',
      'application/jsonp',
      'application/json; charset=utf-16',
      'application/json, text/plain',
      'text/plain; a=application/json',
    ]) {
      const answer = await post(body, { 'content-type': type })
      assert.equal(answer.status, 415, type)
      assert.equal(answer.headers.get('connection'), 'close')
    }
    for (const type of ['application/json', 'Application/JSON; charset=UTF-8', 'application/json;charset="utf-8"']) {
      assert.equal((await post(body, { 'content-type': type })).status, 200, type)
    }
  })

  test('that is compressed is refused with 415: nothing is inflated', async () => {
    for (const encoding of ['gzip', 'br', 'deflate', 'zstd']) {
      assert.equal((await post(JSON.stringify(GOOD), { 'content-encoding': encoding })).status, 415, encoding)
    }
  })

  test('over the limit is refused with 413, by its declared length before a byte of it was read', async () => {
    const socket = await raw(`${HEAD}Content-Length: 10000000\r\n\r\n`)
    const text = await answered(socket)
    assert.match(text, /^HTTP\/1\.1 413 /)
    assert.match(text, /\r\nconnection: close\r\n/i)
    assert.match(text, /"code":"too-large"/)
  })

  test('over the limit without a length is refused with 413 when the limit is passed, and reading ends', async () => {
    const socket = await raw(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`)
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`
    for (let i = 0; i < 12; i++) socket.write(chunk)
    const text = await answered(socket)
    assert.match(text, /^HTTP\/1\.1 413 /)
    assert.match(text, /"code":"too-large"/)
  })

  test('that comes too slowly is refused with 408', async () => {
    const hasty = await serve({ bodyTimeout: 100 })
    try {
      const text = await answered(await raw(`${HEAD}Content-Length: 30\r\n\r\n{`, hasty))
      assert.match(text, /^HTTP\/1\.1 408 /)
      assert.match(text, /"code":"timeout"/)
    } finally {
      await hasty.close()
    }
  })

  test('that breaks off harms nobody', async () => {
    const socket = await raw(`${HEAD}Content-Length: 30\r\n\r\n{"chan`)
    socket.destroy()
    assert.equal((await served.ask('/publish', GOOD)).status, 200)
  })

  test('that is no JSON in UTF-8 is refused with 400, and never quoted', async () => {
    for (const body of [
      '',
      ' ',
      '{',
      '{"channel":"chat:1","data":1}x',
      "{'S3CRET':1}",
      '\u0000',
      '[1,]',
      'undefined',
      'NaN',
    ]) {
      const answer = await post(body)
      assert.equal(answer.status, 400, body)
      assert.equal(answer.body.error.code, 'bad-request')
      assert.ok(!answer.text.includes('S3CRET'))
    }
    assert.equal((await post(Uint8Array.of(0x22, 0xc3, 0x28, 0x22))).status, 400)
    assert.equal((await post('"\n"')).status, 400)
  })

  test('may be laid out in lines, but no text in it may hold one', async () => {
    assert.equal((await post(JSON.stringify(GOOD, null, 2))).status, 200)
    assert.equal((await post('{"channel":"chat:1",\r\n"data":"a\\nb"}\n')).status, 200)
    assert.equal((await post('{"channel":"chat:1",\n"data":"a\nb"}')).status, 400)
  })

  test('that is too deep or has too many keys is refused with 413 before it is parsed', async () => {
    const deep = `{"channel":"chat:1","data":${'['.repeat(50_000)}${']'.repeat(50_000)}}`
    const keys = `{"channel":"chat:1","data":{${Array.from({ length: 17_000 }, (_, i) => `"${i}":1`).join()}}}`
    for (const body of [deep, keys]) {
      const answer = await post(body)
      assert.equal(answer.status, 413, answer.text)
      assert.equal(answer.body.error.code, 'too-large')
    }
  })

  test('with numbers that no double holds, or with __proto__, is refused with bad-data', async () => {
    for (const data of ['1e999', '9007199254740993', '[{"a":-9007199254740993}]', '{"__proto__":{"x":1}}']) {
      const answer = await post(`{"channel":"chat:1","data":${data}}`)
      assert.equal(answer.status, 400, data)
      assert.equal(answer.body.error.code, 'bad-data', answer.text)
    }
    const answer = await post('{"channel":"chat:1","data":1,"__proto__":{"key":"x"}}')
    assert.equal(answer.status, 400)
    assert.equal(answer.body.error.code, 'bad-request')
  })

  test('whose publication is over the limit of the server is refused with 413', async () => {
    const answer = await post(JSON.stringify({ channel: 'chat:1', data: 'x'.repeat(65_536) }))
    assert.equal(answer.status, 413)
    assert.equal(answer.body.error.field, 'data')
  })
})

describe('a field', () => {
  test('that is misspelt is refused with the one that was meant', async () => {
    for (const [given, meant] of [
      ['chanel', 'channel'],
      ['Data', 'data'],
      ['stat', 'state'],
    ] as const) {
      const answer = await served.ask('/publish', { channel: 'chat:1', data: 1, [given]: 'x' })
      assert.equal(answer.status, 400)
      assert.equal(answer.body.error.message, `"${given}" is no field of this: did you mean "${meant}"?`)
    }
    const answer = await served.ask('/history?channel=chat:1&limt=1')
    assert.equal(answer.body.error.message, '"limt" is no field of this: did you mean "limit"?')
  })

  test('comes once in a query, and not in the URL of a POST', async () => {
    assert.equal((await served.ask('/history?channel=chat:1&channel=chat:2')).status, 400)
    const answer = await served.ask('/publish?channel=chat:1', { data: 1 })
    assert.equal(answer.status, 400)
    assert.match(answer.body.error.message, /in the body/)
  })

  test('may hold anything that a channel may, encoded', async () => {
    const channel = 'inbox:a/b?c#d%25&e+f=%2F~"\'`|[]^@,;!$()'
    assert.equal((await served.ask('/publish', { channel, data: 'odd' })).status, 200)
    const { body } = await served.ask(`/history?channel=${encodeURIComponent(channel)}`)
    assert.deepEqual(
      body.items.map((item: { data: unknown }) => item.data),
      ['odd'],
    )
  })
})

describe('a route', () => {
  test('that does not exist is answered 404 with the one that was meant, one of another method 405 with Allow', async () => {
    const missing = await served.ask('/publich', GOOD)
    assert.equal(missing.status, 404)
    assert.equal(missing.body.error.message, 'there is nothing here: did you mean "/api/v1/publish"?')
    for (const path of ['', '/', '/publish/', '/publish/x', '/../info', '/%2e%2e/info', '//info', '/constructor']) {
      assert.equal((await served.ask(path)).status, 404, path)
    }
    assert.equal((await ask(`${served.origin}/`)).status, 404)
    for (const [method, path, allow] of [
      ['GET', '/publish', 'POST, OPTIONS'],
      ['DELETE', '/publish', 'POST, OPTIONS'],
      ['PUT', '/info', 'GET, HEAD, OPTIONS'],
      ['POST', '/openapi.json', 'GET, HEAD, OPTIONS'],
      ['POST', '/docs', 'GET, HEAD, OPTIONS'],
    ] as const) {
      const answer = await send(method, path, KEY)
      assert.equal(answer.status, 405, path)
      assert.equal(answer.headers.get('allow'), allow)
    }
  })

  test('that is read answers HEAD as well', async () => {
    const answer = await send('HEAD', '/info', KEY)
    assert.equal(answer.status, 200)
    assert.equal(await answer.text(), '')
  })

  test('answers with headers that keep its answers private and out of frames, whatever it answers', async () => {
    for (const [method, path, status] of [
      ['GET', '/info', 200],
      ['GET', '/openapi.json', 200],
      ['GET', '/docs', 200],
      ['GET', '/nothing', 404],
      ['GET', '/publish', 405],
      ['POST', '/publish', 415],
    ] as const) {
      const { headers, status: actual } = await send(method, path, KEY)
      assert.equal(actual, status, path)
      assert.equal(headers.get('cache-control'), 'no-store')
      assert.equal(headers.get('x-content-type-options'), 'nosniff')
      assert.equal(headers.get('x-frame-options'), 'DENY')
      assert.equal(headers.get('referrer-policy'), 'no-referrer')
      assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none'; .*frame-ancestors 'none'/)
      assert.equal(headers.get('set-cookie'), null)
    }
  })
})

describe('a page', () => {
  /** fetch() of Node may set what a browser's page may not. */
  const from = (headers: Record<string, string>, path = '/info') => send('GET', path, { ...KEY, ...headers })

  test('of a listed origin may call, and read what is answered, refusals too', async () => {
    for (const origin of [PAGE, 'https://ADMIN.example.com', 'https://admin.example.com:443']) {
      const answer = await from({ origin, 'sec-fetch-site': 'cross-site' })
      assert.equal(answer.status, 200, origin)
      assert.equal(answer.headers.get('access-control-allow-origin'), origin)
      assert.equal(answer.headers.get('access-control-allow-credentials'), null)
      assert.match(answer.headers.get('vary') ?? '', /origin/i)
    }
    const refused = await from({ origin: PAGE, authorization: 'Bearer S3CRET-nobody' })
    assert.equal(refused.status, 401)
    assert.equal(refused.headers.get('access-control-allow-origin'), PAGE)
  })

  test('of any other origin is refused with 403 on every route, whatever key it has', async () => {
    for (const origin of [
      'null',
      'https://admin.example.com.evil.com',
      'https://evil-admin.example.com',
      'http://admin.example.com',
      'https://admin.example.com:444',
      'https://admin.example.com.',
      'https://user@admin.example.com',
      'https://admin.example.com/path',
      'https://admin.example.com, https://evil.com',
      served.origin.replace('127.0.0.1', 'rebound.example'),
    ]) {
      for (const path of ['/info', '/openapi.json', '/docs', '/nothing']) {
        const answer = await from({ origin }, path)
        assert.equal(answer.status, 403, `${origin} ${path}`)
        assert.equal(answer.headers.get('access-control-allow-origin'), null)
      }
    }
  })

  /** fetch() sets sec-fetch-mode itself. */
  const load = async (headers: Record<string, string>, path: string): Promise<number | undefined> => {
    const request = get(`${served.url}${path}`, { headers: { ...KEY, ...headers } })
    const [answer] = (await once(request, 'response')) as [IncomingMessage]
    answer.resume()
    return answer.statusCode
  }

  test('of elsewhere that loads without an origin (an image, a script, a frame) is refused', async () => {
    for (const site of ['cross-site', 'same-site']) {
      assert.equal(await load({ 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors' }, '/info'), 403)
      const framed = { 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }
      assert.equal(await load(framed, '/docs'), 403)
    }
    // A link may lead to the page that tells how to call.
    const linked = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    assert.equal(await load(linked, '/docs'), 200)
  })

  test('of the API itself may call: the browser says that it is one', async () => {
    const origin = 'https://api.example.com'
    assert.equal((await from({ origin, 'sec-fetch-site': 'same-origin' })).status, 200)
    assert.equal((await from({ 'sec-fetch-site': 'none' })).status, 200)
  })

  test('asks first, and is told what it may send if its origin is listed', async () => {
    const asks = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' }
    const answer = await send('OPTIONS', '/publish', { origin: PAGE, ...asks })
    assert.equal(answer.status, 204)
    assert.equal(answer.headers.get('access-control-allow-origin'), PAGE)
    assert.match(answer.headers.get('access-control-allow-methods') ?? '', /POST/)
    assert.match(answer.headers.get('access-control-allow-headers') ?? '', /Authorization.*X-API-Key.*Idempotency-Key/)
    const refused = await send('OPTIONS', '/publish', { origin: 'https://evil.com', ...asks })
    assert.equal(refused.status, 403)
    assert.equal(refused.headers.get('access-control-allow-origin'), null)
    const plain = await send('OPTIONS', '/publish')
    assert.equal(plain.status, 204)
    assert.equal(plain.headers.get('allow'), 'POST, OPTIONS')
  })
})

test('a key that is used too often is answered 429 with Retry-After, the others are not', async () => {
  const other = 'S3CRET-somebody-else-0001'
  const slow = await serve({
    keys: [{ name: 'other', secret: other, scopes: ['*'] }],
    rate: { perSecond: 1, burst: 100 },
  })
  try {
    const channels = Array.from({ length: 90 }, (_, i) => `chat:${i}`)
    assert.equal((await slow.ask('/broadcast', { channels, data: 1 })).status, 200)
    const broadcast = await slow.ask('/broadcast', { channels, data: 1 })
    assert.equal(broadcast.status, 429)
    assert.equal(broadcast.body.error.code, 'rate')
    assert.equal(broadcast.body.error.retry, 'later')
    assert.ok(Number(broadcast.headers.get('retry-after')) > 60, String(broadcast.headers.get('retry-after')))
    assert.equal((await ask(`${slow.url}/info`, undefined, { 'x-api-key': other })).status, 200)
    const counted = slow.realtime.metrics().filter(({ name }) => /api|limited/.test(name))
    assert.deepEqual(
      counted.map(({ labels, value }) => [...Object.values(labels), value]),
      [
        ['api rate', 1],
        ['ok', 2],
        ['rate', 1],
      ],
    )
  } finally {
    await slow.close()
  }
})
