// Every way in which `connect` is rejected: stable codes, the server's status, words that help, and nothing of the
// peer's in them. Section 3 of the catalogue, as far as the opening handshake goes.

import assert from 'node:assert/strict'
import { createServer as createTcpServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { acceptFor, type ResponseText, responseBytes } from '@tautline/testkit'
import { CONNECT_FAILURES, type ConnectOptions, connect, HandshakeError } from '@tautline/websocket'
import { answering, failsWith, listening } from './peers.ts'

const PMD = 'permessage-deflate'
const extension = (value: string): ResponseText => ({ fields: [['Sec-WebSocket-Extensions', value]] })
const chosen = (...names: string[]): ResponseText => ({ fields: names.map((name) => ['Sec-WebSocket-Protocol', name]) })
const status = (line: string): ResponseText => ({ line: `HTTP/1.1 ${line}` })

type Row = [
  id: string,
  answer: ResponseText | ((key: string) => ResponseText),
  code: string,
  status?: number,
  options?: ConnectOptions,
]

const COMPRESSED: ConnectOptions = { compression: { clientMaxWindowBits: true } }

const ROWS: readonly Row[] = [
  ['C001', status('200 OK'), 'STATUS', 200],
  ['C002', status('400 Bad Request'), 'STATUS', 400],
  ['C003', status('401 Unauthorized'), 'STATUS', 401],
  ['C004', { ...status('302 Found'), fields: [['Location', 'http://evil.example/']] }, 'STATUS', 302],
  ['C005', { line: 'HTTP/1.0 101 Switching Protocols' }, 'HTTP_VERSION', 101],
  ['C006', { without: ['Upgrade'] }, 'UPGRADE', 101],
  ['C007', { set: { Upgrade: 'h2c' } }, 'UPGRADE', 101],
  ['C008', { without: ['Connection'] }, 'CONNECTION', 101],
  ['C009', { set: { Connection: 'close' } }, 'CONNECTION', 101],
  ['C010', { without: ['Sec-WebSocket-Accept'] }, 'ACCEPT_MISSING', 101],
  ['C011', { set: { 'Sec-WebSocket-Accept': acceptFor('another') } }, 'ACCEPT_WRONG', 101],
  ['C012', (key) => ({ set: { 'Sec-WebSocket-Accept': acceptFor(key).toLowerCase() } }), 'ACCEPT_WRONG', 101],
  ['C013', (key) => ({ fields: [['Sec-WebSocket-Accept', acceptFor(key)]] }), 'ACCEPT_REPEATED', 101],
  ['C014', chosen('c'), 'SUBPROTOCOL_NOT_OFFERED', 101, { subprotocols: ['a', 'b'] }],
  ['C015', chosen('a'), 'SUBPROTOCOL_NOT_OFFERED', 101],
  ['C016', chosen('a', 'b'), 'SUBPROTOCOL_REPEATED', 101, { subprotocols: ['a', 'b'] }],
  ['C018', extension('foo'), 'EXTENSION_NOT_OFFERED', 101],
  ['C019', extension(PMD), 'EXTENSION_NOT_OFFERED', 101],
  ['C020', extension(`${PMD}; server_max_window_bits=7`), 'DEFLATE_PARAMETER_VALUE', 101, COMPRESSED],
  ['C021', extension(`${PMD}; server_max_window_bits=16`), 'DEFLATE_PARAMETER_VALUE', 101, COMPRESSED],
  ['C022', extension(`${PMD}; server_max_window_bits=99999999999`), 'DEFLATE_PARAMETER_VALUE', 101, COMPRESSED],
  ['C023', extension(`${PMD}; server_max_window_bits=0`), 'DEFLATE_PARAMETER_VALUE', 101, COMPRESSED],
  ['C024', extension(`${PMD}; server_max_window_bits`), 'DEFLATE_PARAMETER_VALUE', 101, COMPRESSED],
  ['C025', extension(`${PMD}; server_max_window_bits=08`), 'DEFLATE_PARAMETER_VALUE', 101, COMPRESSED],
  ['C026', extension(`${PMD}; client_max_window_bits=16`), 'DEFLATE_PARAMETER_VALUE', 101, COMPRESSED],
  ['C027', extension(`${PMD}; client_max_window_bits=7`), 'DEFLATE_PARAMETER_VALUE', 101, COMPRESSED],
  ['C028', extension(`${PMD}; client_max_window_bits`), 'DEFLATE_PARAMETER_VALUE', 101, COMPRESSED],
  ['C029', extension(`${PMD}; foo=1`), 'DEFLATE_PARAMETER_UNKNOWN', 101, COMPRESSED],
  ['C030', extension(`${PMD}; server_no_context_takeover=x`), 'DEFLATE_PARAMETER_VALUE', 101, COMPRESSED],
  [
    'C031',
    extension(`${PMD}; server_max_window_bits=9; server_max_window_bits=9`),
    'DEFLATE_PARAMETER_REPEATED',
    101,
    COMPRESSED,
  ],
  ['C032', extension(`${PMD}, ${PMD}`), 'EXTENSION_REPEATED', 101, COMPRESSED],
  ['C033', extension(`${PMD}; =`), 'EXTENSIONS_SYNTAX', 101, COMPRESSED],
  ['C034', { fields: [['X-Large', 'x'.repeat(20_000)]] }, 'HEAD_TOO_LARGE'],
  ['C038', { fields: [['Content-Length', '5']], body: 'hello' }, 'BODY', 101],
  ['a bare LF', { eol: '\n' }, 'BARE_LF'],
  ['no HTTP at all', { line: 'SSH-2.0-OpenSSH_9.2' }, 'STATUS_LINE'],
  ['9 interim responses', { prefix: 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(9) }, 'TOO_MANY_INTERIM'],
  ['too many fields', { fields: Array.from({ length: 101 }, (_, i) => [`X-${i}`, ''] as const) }, 'TOO_MANY_FIELDS'],
]

for (const [id, answer, code, expected = 0, options = {}] of ROWS) {
  test(`${id}: the response fails the handshake with ${code}`, async (t) => {
    const server = await answering(t, (key) => responseBytes(key, typeof answer === 'function' ? answer(key) : answer))
    await assert.rejects(connect(server.url, options), failsWith(`TAUTLINE_HANDSHAKE_${code}`, expected))
    await untilClosed(t, server.sockets[0])
    assert.equal(server.sockets.length, 1, 'one attempt, no loop')
  })
}

/** The client lets go of the connection it refused. */
async function untilClosed(_t: TestContext, socket: import('node:net').Socket | undefined): Promise<void> {
  if (socket === undefined || socket.closed) return
  await new Promise((resolve) => socket.once('close', resolve))
}

test('a server that never answers is given up at handshakeTimeout (C035)', async (t) => {
  const server = await answering(t, () => null)
  const begun = performance.now()
  await assert.rejects(connect(server.url, { handshakeTimeout: 150 }), failsWith('TAUTLINE_HANDSHAKE_TIMEOUT'))
  assert.ok(performance.now() - begun >= 149)
  await untilClosed(t, server.sockets[0])
})

test('a server that closes without an answer is a failure of its own', async (t) => {
  const server = await answering(t, (_key, _head, socket) => {
    socket.end('HTTP/1.1 101 Swi')
    return null
  })
  await assert.rejects(connect(server.url), failsWith('TAUTLINE_HANDSHAKE_CLOSED'))
})

test('a reset instead of an answer tells the system error as its cause', async (t) => {
  const server = await answering(t, (_key, _head, socket) => {
    socket.resetAndDestroy()
    return null
  })
  await assert.rejects(connect(server.url), (error: HandshakeError) => {
    assert.equal(error.code, 'TAUTLINE_HANDSHAKE_CLOSED')
    assert.equal((error.cause as NodeJS.ErrnoException).code, 'ECONNRESET')
    return error.message.endsWith('[ECONNRESET]')
  })
})

test('a refused connection tells host, port and the system error', async () => {
  await assert.rejects(connect('ws://127.0.0.1:1/secret?token=abc'), (error: HandshakeError) => {
    assert.ok(error.message.startsWith('ws://127.0.0.1:1: '))
    assert.ok(error.message.endsWith('[ECONNREFUSED]'))
    return error.code === 'TAUTLINE_HANDSHAKE_CONNECT'
  })
})

test('errors name the origin only, never path, query or user of the URL', async (t) => {
  const server = await answering(t, () => responseBytes('', status('500 Internal Server Error')))
  const url = `ws://name:secret@127.0.0.1:${server.port}/path?token=abc`
  await assert.rejects(connect(url), (error: HandshakeError) => {
    assert.equal(error.status, 500)
    return !/name|secret|path|token/.test(error.message)
  })
})

test("nothing of the peer's text reaches an error", async (t) => {
  const evil = '\x1b[31mEVIL\x1b[0m'
  const answers = [
    `HTTP/1.1 500 EVIL\r\nX: EVIL\r\n\r\nEVIL`,
    `HTTP/1.1 101 EVIL\r\nUpgrade: EVIL\r\nConnection: EVIL\r\n\r\n`,
    `${evil}\r\n\r\n`,
    `HTTP/1.1 101 x\r\n${evil}: x\r\n\r\n`,
  ]
  for (const answer of answers) {
    const server = await answering(t, () => answer)
    await assert.rejects(connect(server.url), (error: HandshakeError) => {
      assert.ok(error instanceof HandshakeError)
      return !error.message.includes('EVIL')
    })
  }
})

test('each status has words that say what to do', async (t) => {
  for (const code of [200, 302, 400, 401, 403, 404, 407, 426, 429, 502, 503, 504]) {
    const server = await answering(t, () => responseBytes('', status(`${code} X`)))
    await assert.rejects(connect(server.url), (error: HandshakeError) => {
      assert.match(error.message, new RegExp(`but ${code} \\(RFC 6455 §4\\.1\\)\\. \\S.+\\.$`))
      return error.status === code
    })
  }
})

test('the table of failures is frozen and each text is a sentence', () => {
  assert.ok(Object.isFrozen(CONNECT_FAILURES))
  for (const text of Object.values(CONNECT_FAILURES)) assert.match(text, /^[A-Z].*[.?]$/)
})

test('an aborted signal ends the attempt with its reason, at any time', async (t) => {
  const reason = new Error('enough')
  await assert.rejects(connect('ws://127.0.0.1:1', { signal: AbortSignal.abort(reason) }), reason)
  const server = await answering(t, (_key, _head) => {
    controller.abort(reason)
    return null
  })
  const controller = new AbortController()
  await assert.rejects(connect(server.url, { signal: controller.signal }), reason)
  await untilClosed(t, server.sockets[0])
  // While the TCP connection is being made: the backlog answers, nobody accepts.
  const early = new AbortController()
  const attempt = connect(server.url, { signal: early.signal })
  early.abort(reason)
  await assert.rejects(attempt, reason)
})

test('after connect the signal means nothing any more', async (t) => {
  const server = await answering(t, (key) => responseBytes(key))
  const controller = new AbortController()
  const socket = await connect(server.url, { signal: controller.signal })
  controller.abort()
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(socket.state, 'open')
  socket.terminate()
})

test('plain text behind a wss: URL fails with words', async (t) => {
  const tcp = createTcpServer((socket) => {
    socket.on('error', () => {}).resume()
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
  })
  const port = await listening(t, tcp)
  await assert.rejects(connect(`wss://127.0.0.1:${port}`), (error: HandshakeError) => {
    assert.equal(error.code, 'TAUTLINE_HANDSHAKE_CONNECT')
    return /certificate/.test(error.message)
  })
})
