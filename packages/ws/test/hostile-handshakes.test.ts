// Odd and hostile handshakes against servers and clients of ws and of ours: the same HTTP answers, the same errors. Where
// ours is stricter, the case says so and why.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import {
  RawPeer,
  RawServer,
  type RequestText,
  type ResponseText,
  readHead,
  requestBytes,
  responseBytes,
} from '@tautline/testkit'
import type { ClientOptions } from 'ws'
import { type Implementation, OURS, REAL, Trace } from './pairing.ts'

// --- requests ---------------------------------------------------------------------------------------------------

interface RequestCase {
  readonly name: string
  readonly text: RequestText
  /** Status and body of ours, where ws answers otherwise. */
  readonly ours?: { readonly answer: string; readonly reason: string }
}

const extension = (value: string): RequestText => ({ fields: [['Sec-WebSocket-Extensions', value]] })
const set = (name: string, value: string): RequestText => ({ set: { [name]: value } })
const without = (...names: string[]): RequestText => ({ without: names })
const stricter = (status: number, text: string, reason: string) => ({ answer: `${status} ${text}`, reason })

const REQUESTS: readonly RequestCase[] = [
  { name: 'a plain request', text: {} },
  { name: 'POST', text: { method: 'POST' } },
  { name: 'Upgrade: h2c', text: set('Upgrade', 'h2c') },
  { name: 'Upgrade: websocket, h2c', text: set('Upgrade', 'websocket, h2c') },
  { name: 'no Upgrade', text: without('Upgrade') },
  { name: 'no key', text: without('Sec-WebSocket-Key') },
  { name: 'a short key', text: set('Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25j') },
  { name: 'two keys', text: { fields: [['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ==']] } },
  { name: 'subprotocols with an empty member', text: { fields: [['Sec-WebSocket-Protocol', 'a,,b']] } },
  { name: 'a repeated subprotocol', text: { fields: [['Sec-WebSocket-Protocol', 'a, a']] } },
  { name: 'malformed extensions', text: extension('permessage-deflate; a="') },
  { name: 'an unknown extension', text: extension('x-other; a=1') },
  { name: 'permessage-deflate', text: extension('permessage-deflate; client_max_window_bits') },
  { name: 'a window of 7', text: extension('permessage-deflate; server_max_window_bits=7') },
  { name: 'a window of 16', text: extension('permessage-deflate; client_max_window_bits=16') },
  { name: 'a bad offer before a good one', text: extension('permessage-deflate; foo=1, permessage-deflate') },
  {
    name: 'a repeated parameter',
    text: extension('permessage-deflate; server_max_window_bits=9; server_max_window_bits=9'),
  },
  { name: 'a value where none may be', text: extension('permessage-deflate; server_no_context_takeover=1') },
  {
    name: 'a window with a leading zero',
    text: extension('permessage-deflate; server_max_window_bits=08'),
    ours: stricter(
      400,
      'Invalid or unacceptable Sec-WebSocket-Extensions header',
      'RFC 7692 §7.1.2.1: no leading zeroes',
    ),
  },
  {
    name: 'version 8',
    text: set('Sec-WebSocket-Version', '8'),
    ours: stricter(400, 'Missing or invalid Sec-WebSocket-Version header', 'RFC 6455 §4.4: only 13 is spoken'),
  },
  {
    name: 'version +13',
    text: set('Sec-WebSocket-Version', '+13'),
    ours: stricter(400, 'Missing or invalid Sec-WebSocket-Version header', 'RFC 6455 §4.1: the value is 13'),
  },
  { name: 'version 14', text: set('Sec-WebSocket-Version', '14') },
  {
    name: 'HTTP/1.0',
    text: { version: 'HTTP/1.0' },
    ours: stricter(400, 'A WebSocket is opened with HTTP/1.1 or higher.', 'RFC 6455 §4.2.1'),
  },
  { name: 'no Host', text: without('Host'), ours: stricter(400, 'There is no Host.', 'RFC 9112 §3.2') },
  {
    name: 'two Hosts',
    text: { fields: [['Host', 'other']] },
    ours: stricter(400, 'There is more than one Host.', 'RFC 9112 §3.2'),
  },
  {
    name: 'a body',
    text: { fields: [['Content-Length', '5']], body: 'abcde' },
    ours: stricter(400, 'A request for a WebSocket must not have a body.', 'its bytes would be read as frames'),
  },
  {
    name: 'a chunked body',
    text: { fields: [['Transfer-Encoding', 'chunked']], body: '0\r\n\r\n' },
    ours: stricter(400, 'A request for a WebSocket must not have a body.', 'its bytes would be read as frames'),
  },
  { name: 'another path', text: { target: '/other' } },
]

/** Head and body are here. */
function isWhole(peer: RawPeer): boolean {
  const head = readHead(peer.received)
  return head !== null && peer.received.length >= head.end + Number(head.all('content-length')[0] ?? 0)
}

/** Status, and the body or the extensions. */
async function ask(of: Implementation, text: RequestText): Promise<string> {
  const wss = new of.WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: true, path: '/' })
  wss.on('connection', (socket) => socket.on('error', () => {}))
  await once(wss, 'listening')
  const peer = await RawPeer.connect((wss.address() as AddressInfo).port)
  await peer.write(requestBytes(text))
  await peer.until(isWhole)
  const head = readHead(peer.received)
  const status = head?.line.split(' ')[1] ?? 'none'
  const extensions = (head?.all('sec-websocket-extensions') ?? []).join()
  const body = status === '101' ? extensions : peer.received.toString('latin1', head?.end)
  await peer.destroy()
  for (const socket of wss.clients) socket.terminate()
  await new Promise<void>((done) => wss.close(() => done()))
  return `${status} ${body}`
}

for (const { name, ours, text } of REQUESTS) {
  test(`a server answers ${name} as ws does`, async (t) => {
    const expected = await ask(REAL, text)
    const seen = await ask(OURS, text)
    if (ours === undefined) assert.equal(seen, expected)
    else {
      t.diagnostic(`${ours.reason}; ws: ${expected}`)
      assert.equal(seen, ours.answer)
      assert.notEqual(seen, expected)
    }
  })
}

// --- responses --------------------------------------------------------------------------------------------------

interface ResponseCase {
  readonly name: string
  readonly text: ResponseText
  readonly subprotocols?: string[]
  readonly options?: ClientOptions
  readonly ours?: { readonly error: string; readonly reason: string }
}

const field = (name: string, value: string): ResponseText => ({ fields: [[name, value]] })
const answer = (value: string): ResponseText => field('Sec-WebSocket-Extensions', value)

const RESPONSES: readonly ResponseCase[] = [
  { name: 'a good one', text: {} },
  {
    name: 'status 200',
    text: { line: 'HTTP/1.1 200 OK', without: ['Upgrade', 'Connection'], fields: [['Content-Length', '0']] },
  },
  {
    name: 'status 401',
    text: { line: 'HTTP/1.1 401 Unauthorized', without: ['Upgrade', 'Connection'], fields: [['Content-Length', '0']] },
  },
  {
    name: 'a redirect that is not followed',
    text: {
      line: 'HTTP/1.1 302 Found',
      fields: [
        ['Location', 'http://127.0.0.1/'],
        ['Content-Length', '0'],
      ],
    },
  },
  { name: 'Upgrade: h2c', text: { set: { Upgrade: 'h2c' } } },
  { name: 'no Upgrade', text: { without: ['Upgrade'] } },
  { name: 'no Connection', text: { without: ['Connection'] } },
  { name: 'no Sec-WebSocket-Accept', text: { without: ['Sec-WebSocket-Accept'] } },
  { name: 'a wrong Sec-WebSocket-Accept', text: { set: { 'Sec-WebSocket-Accept': 'dGhlIHNhbXBsZSBub25jZQ==' } } },
  {
    name: 'a subprotocol that was not asked for',
    text: field('Sec-WebSocket-Protocol', 'c'),
    subprotocols: ['a', 'b'],
  },
  { name: 'a subprotocol when none was asked for', text: field('Sec-WebSocket-Protocol', 'c') },
  {
    name: 'two subprotocols',
    text: {
      fields: [
        ['Sec-WebSocket-Protocol', 'a'],
        ['Sec-WebSocket-Protocol', 'b'],
      ],
    },
    subprotocols: ['a', 'b'],
  },
  { name: 'no subprotocol', text: {}, subprotocols: ['a'] },
  { name: 'another extension', text: answer('x-other') },
  {
    name: 'an extension when none was offered',
    text: answer('permessage-deflate'),
    options: { perMessageDeflate: false },
  },
  { name: 'malformed extensions', text: answer('permessage-deflate; =') },
  { name: 'a window of 7', text: answer('permessage-deflate; server_max_window_bits=7') },
  { name: 'client_max_window_bits without a value', text: answer('permessage-deflate; client_max_window_bits') },
  { name: 'an unknown parameter', text: answer('permessage-deflate; foo=1') },
  {
    name: 'a takeover that the options refuse',
    text: answer('permessage-deflate; client_no_context_takeover'),
    options: { perMessageDeflate: { clientNoContextTakeover: false } },
  },
  { name: 'a header of 20 kB', text: field('X-Long', 'x'.repeat(20_000)) },
  { name: 'three interim responses', text: { prefix: 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(3) } },
  {
    name: 'HTTP/1.0',
    text: { line: 'HTTP/1.0 101 Switching Protocols' },
    ours: { error: 'Invalid HTTP version', reason: 'HTTP/1.0 knows no 101 (RFC 9110 §7.8)' },
  },
  {
    name: 'a body',
    text: field('Content-Length', '5'),
    ours: { error: 'Unexpected body in the response', reason: 'RFC 9110 §8.6: no body in a 101' },
  },
  {
    name: 'a window with a leading zero',
    text: answer('permessage-deflate; server_max_window_bits=08'),
    ours: { error: 'Invalid Sec-WebSocket-Extensions header', reason: 'RFC 7692 §7.1.2.1' },
  },
  {
    name: 'permessage-deflate twice',
    text: answer('permessage-deflate, permessage-deflate'),
    ours: { error: 'Invalid Sec-WebSocket-Extensions header', reason: 'RFC 7692 §5: one answer to the offers' },
  },
]

async function open(of: Implementation, given: ResponseCase): Promise<string> {
  const server = await RawServer.listen()
  const socket = new of.WebSocket(`ws://127.0.0.1:${server.port}`, given.subprotocols ?? [], given.options)
  const trace = new Trace()
  const over = new Promise<void>((resolve) => {
    socket.on('open', () => {
      trace.add('open', socket.extensions)
      resolve()
    })
    socket.on('error', (error) => trace.add('error', error))
    socket.on('close', (code) => {
      trace.add('close', code)
      resolve()
    })
  })
  const peer = await server.accept()
  await peer.until((one) => readHead(one.received) !== null)
  const [key = ''] = readHead(peer.take())?.all('sec-websocket-key') ?? []
  await peer.write(responseBytes(key, given.text))
  await over
  socket.terminate()
  await peer.destroy()
  await server.close()
  return trace.lines.slice(0, 2).join(', ')
}

for (const given of RESPONSES) {
  test(`a client takes ${given.name} in the response as ws does`, async (t) => {
    const expected = await open(REAL, given)
    const seen = await open(OURS, given)
    if (given.ours === undefined) assert.equal(seen, expected)
    else {
      t.diagnostic(`${given.ours.reason}; ws: ${expected}`)
      assert.equal(seen, `'error' Error<${given.ours.error}>, 'close' 1006`)
      assert.notEqual(seen, expected)
    }
  })
}
