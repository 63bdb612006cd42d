// Redirects: off by default, bounded, never from wss: to ws:, and no secret of one origin reaches another.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { responseBytes } from '@tautline/testkit'
import { type ConnectOptions, connect } from '@tautline/websocket'
import { answering, echo, failsWith, nextMessage, selfSigned, serve } from './peers.ts'

function redirect(location: string | readonly string[], status = 302): Buffer {
  const locations = typeof location === 'string' ? [location] : location
  const fields = locations.map((one) => ['Location', one] as const)
  return responseBytes('', { line: `HTTP/1.1 ${status} Found`, without: ['Upgrade', 'Connection'], fields })
}

const SECRETS: ConnectOptions = {
  redirects: 3,
  headers: { Authorization: 'Bearer a', cookie: 'b=c', 'Proxy-Authorization': 'd', 'X-Plain': 'e' },
}

for (const status of [301, 302, 303, 307, 308]) {
  test(`${status} is followed when redirects are allowed`, async (t) => {
    const { url } = await serve(t, echo)
    const from = await answering(t, () => redirect(`${url}/new`, status))
    const socket = await connect(from.url, { redirects: 1 })
    socket.send('there')
    assert.equal(await nextMessage(socket), 'there')
    socket.terminate()
  })
}

test('304 is no redirect', async (t) => {
  const from = await answering(t, () => redirect('/x', 304))
  await assert.rejects(connect(from.url, { redirects: 5 }), failsWith('TAUTLINE_HANDSHAKE_STATUS', 304))
})

test('a relative Location keeps the origin, the headers and the key fresh', async (t) => {
  const server = await answering(t, (key, head) =>
    head.line.includes('/b?q') ? responseBytes(key) : redirect('b?q#f'),
  )
  const socket = await connect(`${server.url}/a/a`, SECRETS)
  socket.terminate()
  const [first, second] = server.heads
  assert.equal(second?.line, 'GET /a/b?q HTTP/1.1')
  assert.deepEqual(second?.all('authorization'), ['Bearer a'])
  assert.deepEqual(second?.all('cookie'), ['b=c'])
  assert.notDeepEqual(first?.all('sec-websocket-key'), second?.all('sec-websocket-key'))
})

test('credentials are not sent to another origin, other headers are', async (t) => {
  const to = await answering(t, (key) => responseBytes(key))
  const from = await answering(t, () => redirect(`ws://u:p@127.0.0.1:${to.port}/`))
  const socket = await connect(from.url, SECRETS)
  socket.terminate()
  const head = to.heads[0]
  for (const name of ['authorization', 'cookie', 'proxy-authorization']) assert.deepEqual(head?.all(name), [])
  assert.deepEqual(head?.all('x-plain'), ['e'])
})

test("the URL's user is not sent to another origin, and not restored on the way back", async (t) => {
  const to = await answering(t, (key, head) =>
    head.line.includes('/end') ? responseBytes(key) : redirect(`${from.url}/back`),
  )
  const from = await answering(t, (_key, head) => redirect(head.line.includes('/back') ? `${to.url}/end` : to.url))
  const socket = await connect(`ws://u:p@127.0.0.1:${from.port}/`, { redirects: 3 })
  socket.terminate()
  assert.equal(from.heads[0]?.all('authorization').length, 1)
  for (const head of [...from.heads.slice(1), ...to.heads]) assert.deepEqual(head.all('authorization'), [])
})

test('more redirects than allowed fail, and a loop ends', async (t) => {
  const server = await answering(t, () => redirect('/again'))
  await assert.rejects(connect(server.url, { redirects: 2 }), failsWith('TAUTLINE_HANDSHAKE_REDIRECT_LIMIT', 302))
  assert.equal(server.heads.length, 3)
})

for (const [what, location] of [
  ['no Location', []],
  ['two Locations', ['/a', '/b']],
  ['a Location of another scheme', 'ftp://127.0.0.1/'],
  ['a Location that is no URL', 'ws://['],
] as const) {
  test(`a redirect with ${what} fails`, async (t) => {
    const server = await answering(t, () => redirect(location))
    await assert.rejects(connect(server.url, { redirects: 2 }), failsWith('TAUTLINE_HANDSHAKE_REDIRECT_LOCATION', 302))
  })
}

test('a redirect from wss: to ws: is never followed', async (t) => {
  const tls = selfSigned()
  if (typeof tls === 'string') return t.skip(tls)
  const to = await answering(t, (key) => responseBytes(key))
  const { server, url } = await serve(t, echo, {
    tls,
    authorize: () => ({
      id: 'moved',
      status: 302,
      section: '',
      text: '',
      headers: ['Location', to.url],
    }),
  })
  await server.listening
  const attempt = connect(url, { redirects: 2, tls: { ca: tls.cert } })
  await assert.rejects(attempt, failsWith('TAUTLINE_HANDSHAKE_REDIRECT_DOWNGRADE', 302))
  assert.equal(to.heads.length, 0)
})

test('the deadline holds for all redirects together', async (t) => {
  const server = await answering(t, (_key, head) => (head.line.includes('/2') ? null : redirect('/2')))
  const attempt = connect(server.url, { redirects: 5, handshakeTimeout: 150 })
  await assert.rejects(attempt, failsWith('TAUTLINE_HANDSHAKE_TIMEOUT'))
})

test('a signal ends the attempt behind a redirect too', async (t) => {
  const controller = new AbortController()
  const server = await answering(t, (_key, head) => {
    if (!head.line.includes('/2')) return redirect('/2')
    controller.abort()
    return null
  })
  await assert.rejects(connect(server.url, { redirects: 5, signal: controller.signal }), { name: 'AbortError' })
})
