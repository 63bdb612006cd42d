// The API as part of something else: another Hono app, an application's own HTTP server, a port that serves WebSockets.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { getRequestListener } from '@hono/node-server'
import { Client } from '@tautline/client'
import { createRealtime } from '@tautline/server'
import { Hono } from 'hono'
import { createApi } from '../src/mod.ts'
import { ADMIN, ask } from './served.ts'

const KEYS = [{ name: 'admin', secret: ADMIN, scopes: ['*'] as const }]
const KEY = { authorization: `Bearer ${ADMIN}` }

test('below another path of another app it answers, describes itself there, and leaves the rest alone', async () => {
  const realtime = createRealtime({ allow: 'everyone' })
  const app = new Hono()
  app.use('*', async (context, next) => {
    // Loggers and the like read the body first.
    if (context.req.method === 'POST') await context.req.text()
    await next()
  })
  app.route('/internal', createApi(realtime, { keys: KEYS, basePath: '/rt' }))
  app.get('/mine', (context) => context.text('mine'))
  const send = (path: string, body?: unknown): Promise<Response> =>
    Promise.resolve(
      app.request(
        `http://app.example.com${path}`,
        body === undefined
          ? { headers: KEY }
          : { method: 'POST', body: JSON.stringify(body), headers: { ...KEY, 'content-type': 'application/json' } },
      ),
    )
  const published = await send('/internal/rt/publish', { channel: 'a', data: 1 })
  assert.equal(published.status, 200, await published.text())
  const { servers } = (await (await send('/internal/rt/openapi.json')).json()) as { servers: object[] }
  assert.deepEqual(servers, [{ url: '/internal/rt' }])
  assert.equal((await send('/internal/rt/publish')).status, 405)
  assert.equal((await send('/internal/rt/nothing')).status, 404)
  assert.equal(await (await send('/mine')).text(), 'mine')
  assert.equal((await send('/rt/info')).status, 404)
  await realtime.close()
})

test('it shares an HTTP server with the WebSockets, attached or on a port of its own', async () => {
  for (const attached of [true, false]) {
    const realtime = createRealtime({ allow: 'everyone' })
    const http = createServer(getRequestListener(createApi(realtime, { keys: KEYS, docs: false }).fetch))
    let port: number
    if (attached) {
      realtime.attach(http)
      http.listen(0, '127.0.0.1')
      await once(http, 'listening')
      port = (http.address() as AddressInfo).port
    } else port = await realtime.listen({ port: 0, host: '127.0.0.1', http })
    const origin = `http://127.0.0.1:${port}`
    const client = new Client(`${origin}/realtime`)
    const messages = client.channel('news').subscribe({ last: 1 })[Symbol.asyncIterator]()
    const answer = await ask(`${origin}/api/v1/publish`, { channel: 'news', data: 'both' }, KEY)
    assert.equal(answer.status, 200)
    assert.equal((await messages.next()).value.data, 'both')
    assert.equal((await ask(`${origin}/api/v1/docs`, undefined, KEY)).status, 404)
    client.close()
    await realtime.close()
    if (attached) http.close()
  }
})

test('every node takes every call: a user on one node is reached through the API of another', async () => {
  const { MemoryBroker, MemoryPresence } = await import('@tautline/broker')
  const shared = { broker: new MemoryBroker(), presence: new MemoryPresence(), allow: 'everyone' as const }
  const here = createRealtime({ ...shared, node: 'here' }).onConnect(({ token }) => ({ user: token ?? 'nobody' }))
  const there = createRealtime({ ...shared, node: 'there' })
  const port = await here.listen({ port: 0, host: '127.0.0.1' })
  const api = createApi(there, { keys: KEYS })
  const client = new Client(`http://127.0.0.1:${port}/realtime`, { token: 'ann' })
  const connected = new Promise<void>((resolve) =>
    client.on('state', ({ state }) => state === 'connected' && resolve()),
  )
  const message = new Promise((resolve) => client.on('message', ({ data }) => resolve(data)))
  client.connect()
  await connected
  const headers = { ...KEY, 'content-type': 'application/json' }
  const body = JSON.stringify({ user: 'ann', data: 'across' })
  const answer = await api.request('http://there/api/v1/message', { method: 'POST', headers, body })
  assert.equal(answer.status, 200)
  assert.equal(await message, 'across')
  client.close()
  await Promise.all([here.close(), there.close()])
})
