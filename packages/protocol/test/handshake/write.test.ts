import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  acceptResponse,
  acceptValue,
  checkAccept,
  checkUpgrade,
  isRefusal,
  REFUSALS,
  type Refusal,
  RequestParser,
  ResponseParser,
  refusalResponse,
  upgradeRequest,
} from '../../src/handshake/mod.ts'
import { ACCEPT, bytes, KEY, platform } from './heads.ts'

const request = { target: '/', host: 'example.com', key: KEY }

test('the accept value is that of RFC 6455 §1.3', () => {
  assert.equal(acceptValue(KEY, platform), ACCEPT)
})

test('a 101 has the fields of RFC 6455 §4.2.2 in order, then the given ones', () => {
  const text = acceptResponse(
    {
      key: KEY,
      subprotocol: 'chat',
      extensions: 'permessage-deflate',
      headers: ['Set-Cookie', 'a=b', 'X-\x60', '\xe9'],
    },
    platform,
  )
  assert.equal(
    text,
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${ACCEPT}\r\nSec-WebSocket-Protocol: chat\r\n` +
      'Sec-WebSocket-Extensions: permessage-deflate\r\nSet-Cookie: a=b\r\nX-`: \xe9\r\n\r\n',
  )
})

test('what was not granted is not mentioned', () => {
  for (const granted of [{}, { subprotocol: '', extensions: '' }]) {
    assert.doesNotMatch(acceptResponse({ key: KEY, ...granted }, platform), /Protocol:|Extensions:/)
  }
})

test('a request says what it asks for, and the server understands it', () => {
  const text = upgradeRequest({
    target: '/a?b=c',
    host: '[::1]:8080',
    key: KEY,
    subprotocols: ['a', '__proto__'],
    extensions: 'permessage-deflate; client_max_window_bits',
    origin: 'https://example.com',
    headers: ['Authorization', 'Basic eA==', 'Cookie', 'a=b'],
  })
  const parser = new RequestParser()
  assert.equal(parser.push(bytes(text)), text.length)
  assert.equal(parser.head?.target, '/a?b=c')
  assert.equal(parser.head?.headers.get('origin'), 'https://example.com')
  assert.equal(parser.head?.headers.get('cookie'), 'a=b')
  assert.deepEqual(checkUpgrade(parser.head!), {
    key: KEY,
    subprotocols: ['a', '__proto__'],
    extensions: [{ name: 'permessage-deflate', parameters: [['client_max_window_bits', true]] }],
  })
})

test('the answer to a request passes the check of its sender', () => {
  const parser = new ResponseParser()
  parser.push(bytes(acceptResponse({ key: KEY, subprotocol: 'b', extensions: 'permessage-deflate' }, platform)))
  const sent = { key: KEY, subprotocols: ['a', 'b'], deflate: {} }
  assert.deepEqual(checkAccept(parser.head!, sent, platform), {
    subprotocol: 'b',
    deflate: {
      serverNoContextTakeover: false,
      clientNoContextTakeover: false,
      serverMaxWindowBits: 15,
      clientMaxWindowBits: 15,
    },
  })
})

test('every refusal of the table is a response that closes and counts its body', () => {
  for (const refusal of Object.values(REFUSALS)) {
    const parser = new ResponseParser()
    const text = refusalResponse(refusal)
    const head = parser.push(bytes(text))
    assert.equal(parser.head?.status, refusal.status)
    assert.notEqual(parser.head?.reason, 'Refused')
    const headers = parser.head!.headers
    assert.equal(headers.get('connection'), refusal.status === 426 ? 'close, Upgrade' : 'close')
    assert.equal(headers.get('content-type'), 'text/plain; charset=utf-8')
    assert.equal(Number(headers.get('content-length')), text.length - head)
    assert.equal(text.slice(head), `${refusal.text}\n`)
  }
})

const own = (status: number, headers?: readonly string[]): Refusal => {
  const row = { id: 'own', status, section: 'RFC 6455 §4.2.2', text: 'No.' }
  return headers === undefined ? row : { ...row, headers }
}

test('a body is counted in bytes of UTF-8', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (body) => {
      const text = refusalResponse(own(403), body)
      const encoded = Buffer.from(body, 'utf8').toString('latin1')
      assert.ok(text.endsWith(`\r\nContent-Length: ${encoded.length}\r\n\r\n${encoded}`))
    }),
  )
})

test('an application may refuse in its own words, type and status', () => {
  const text = refusalResponse(own(499, ['Content-Type', 'application/json', 'Retry-After', '3']), '{}')
  assert.equal(
    text,
    'HTTP/1.1 499 Refused\r\nConnection: close\r\nContent-Type: application/json\r\nRetry-After: 3\r\nContent-Length: 2\r\n\r\n{}',
  )
  assert.equal(refusalResponse(own(204), 'x'), 'HTTP/1.1 204 Refused\r\nConnection: close\r\n\r\n')
})

test('a refusal with a status that is none, or 101, is a RangeError', () => {
  for (const status of [0, 101, 199, 600, 403.5, Number.NaN]) {
    assert.throws(() => refusalResponse(own(status)), RangeError)
  }
})

/** What breaks out of a line, or becomes something that does once it is written as latin1 (U+010A, U+560D). */
const INJECTIONS = ['a\r\nX: y', 'a\nX: y', 'a\rX: y', 'a\0', '\x7f', '\u010a', '\u560d', '\ud800']

test('no given value can end its line', () => {
  for (const bad of INJECTIONS) {
    const attempts: readonly (() => string)[] = [
      () => acceptResponse({ key: KEY, subprotocol: bad }, platform),
      () => acceptResponse({ key: KEY, extensions: bad }, platform),
      () => acceptResponse({ key: KEY, headers: ['X-A', bad] }, platform),
      () => acceptResponse({ key: KEY, headers: [bad, 'a'] }, platform),
      () => refusalResponse(own(403, ['X-A', bad])),
      () => refusalResponse(own(403, [bad, 'a'])),
      () => upgradeRequest({ ...request, target: `/${bad}` }),
      () => upgradeRequest({ ...request, host: bad }),
      () => upgradeRequest({ ...request, key: bad }),
      () => upgradeRequest({ ...request, subprotocols: [bad] }),
      () => upgradeRequest({ ...request, extensions: bad }),
      () => upgradeRequest({ ...request, origin: bad }),
      () => upgradeRequest({ ...request, headers: ['X-A', bad] }),
      () => upgradeRequest({ ...request, headers: [bad, 'a'] }),
    ]
    for (const [i, attempt] of attempts.entries()) assert.throws(attempt, TypeError, `${i} ${JSON.stringify(bad)}`)
  }
})

test('the fields of the protocol cannot be given', () => {
  const shared = ['Connection', 'CONTENT-LENGTH', 'transfer-encoding']
  const handshake = [...shared, 'Upgrade', 'sec-websocket-extensions', 'Sec-WebSocket-Protocol']
  for (const name of [...handshake, 'Sec-WebSocket-Accept']) {
    assert.throws(() => acceptResponse({ key: KEY, headers: [name, 'x'] }, platform), TypeError, name)
  }
  for (const name of shared) assert.throws(() => refusalResponse(own(403, [name, 'x'])), TypeError, name)
  for (const name of [...handshake, 'host', 'Sec-WebSocket-Key', 'sec-websocket-version', 'Expect']) {
    assert.throws(() => upgradeRequest({ ...request, headers: [name, 'x'] }), TypeError, name)
  }
})

test('an origin is given once', () => {
  assert.match(upgradeRequest({ ...request, headers: ['Origin', 'a'] }), /\r\nOrigin: a\r\n/)
  assert.throws(() => upgradeRequest({ ...request, origin: 'a', headers: ['origin', 'b'] }), TypeError)
})

test('a request that no server could accept is not written', () => {
  const bad = [
    { target: '' },
    { target: 'a' },
    { target: 'http://example.com/' },
    { target: '/#a' },
    { target: '/a b' },
    { target: '/\xe9' },
    { host: '' },
    { host: 'user@example.com' },
    { key: 'short' },
    { subprotocols: ['a', 'a'] },
    { subprotocols: [''] },
    { headers: ['odd'] },
    { headers: ['', 'a'] },
  ]
  for (const part of bad) assert.throws(() => upgradeRequest({ ...request, ...part }), TypeError, JSON.stringify(part))
})

test('values of a wrong type are a TypeError', () => {
  for (const value of [undefined, null, 1, {}, ['a']]) {
    const headers = ['X-A', value] as unknown as string[]
    assert.throws(() => upgradeRequest({ ...request, headers }), TypeError)
    assert.throws(() => acceptResponse({ key: KEY, headers }, platform), TypeError)
  }
})

test('a refusal is known from an offer', () => {
  assert.equal(isRefusal(REFUSALS.method), true)
  assert.equal(isRefusal({ key: KEY, subprotocols: [], extensions: [] }), false)
})
