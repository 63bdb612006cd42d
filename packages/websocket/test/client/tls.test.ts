// wss: with a certificate of our own making.

import assert from 'node:assert/strict'
import { createServer as createHttpsServer } from 'node:https'
import { createServer as createTcpServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { connect, type HandshakeError } from '@tautline/websocket'
import { WebSocketServer } from 'ws'
import { echo, listening, nextMessage, selfSigned, serve } from './peers.ts'

const tls = selfSigned()
const skip = typeof tls === 'string' ? tls : false
const pair = typeof tls === 'string' ? { key: Buffer.alloc(0), cert: Buffer.alloc(0) } : tls

test('wss: opens with a certificate that is trusted', { skip }, async (t) => {
  const { server } = await serve(t, echo, { tls: pair })
  const socket = await connect(`wss://localhost:${server.address()?.port}`, {
    tls: { ca: pair.cert },
    net: { family: 4 },
  })
  socket.send('x'.repeat(100_000))
  assert.equal((await nextMessage(socket)).length, 100_000)
  socket.terminate()
})

test('an address as host sends no server name, and its certificate is checked for it (RFC 6066 §3)', {
  skip,
}, async (t) => {
  const names: unknown[] = []
  const https = createHttpsServer({ ...pair }, () => {})
  https.on('secureConnection', (socket: TLSSocket) => names.push((socket as { servername?: unknown }).servername))
  const server = new WebSocketServer({ server: https })
  const port = await listening(t, https)
  t.after(() => server.close())
  const first = await connect(`wss://127.0.0.1:${port}`, { tls: { ca: pair.cert } })
  first.terminate()
  const second = await connect(`wss://localhost:${port}`, { tls: { ca: pair.cert }, net: { family: 4 } })
  second.terminate()
  assert.deepEqual(names, [false, 'localhost'])
})

test('a certificate that nobody vouches for fails, with the system name of the reason', { skip }, async (t) => {
  const url = await secured(t)
  await assert.rejects(connect(url), (error: HandshakeError) => {
    assert.equal(error.code, 'TAUTLINE_HANDSHAKE_CONNECT')
    return error.message.endsWith('[DEPTH_ZERO_SELF_SIGNED_CERT]')
  })
  const socket = await connect(url, { tls: { rejectUnauthorized: false } })
  socket.terminate()
})

test('a certificate for another host fails', { skip }, async (t) => {
  const attempt = connect(await secured(t), { tls: { ca: pair.cert, servername: 'example.com' } })
  await assert.rejects(attempt, (error: HandshakeError) => error.message.endsWith('[ERR_TLS_CERT_ALTNAME_INVALID]'))
})

test('a TLS server behind a ws: URL fails with words', { skip }, async (t) => {
  const url = (await secured(t)).replace('wss:', 'ws:')
  await assert.rejects(connect(url), (error: HandshakeError) => {
    assert.equal(error.code, 'TAUTLINE_HANDSHAKE_CLOSED')
    return /ws: or wss:/.test(error.message)
  })
})

test('a server that closes in the TLS handshake fails at once', { skip }, async (t) => {
  const port = await listening(
    t,
    createTcpServer((socket) => socket.on('error', () => {}).once('data', () => socket.end())),
  )
  await assert.rejects(connect(`wss://127.0.0.1:${port}`, { handshakeTimeout: 60_000 }), {
    code: 'TAUTLINE_HANDSHAKE_CONNECT',
  })
})

/** The `ws` package behind Node's https. */
async function secured(t: TestContext): Promise<string> {
  const https = createHttpsServer({ ...pair }, () => {})
  const server = new WebSocketServer({ server: https })
  const port = await listening(t, https)
  t.after(() => server.close())
  return `wss://127.0.0.1:${port}`
}

test('a TLS handshake that never ends is given up at handshakeTimeout', { skip }, async (t) => {
  const silent = createTcpServer((socket) => socket.on('error', () => {}).resume())
  const port = await listening(t, silent)
  await assert.rejects(connect(`wss://127.0.0.1:${port}`, { handshakeTimeout: 120 }), {
    code: 'TAUTLINE_HANDSHAKE_TIMEOUT',
  })
})
