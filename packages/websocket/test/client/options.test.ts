// What `connect` refuses before it touches the network: always as a rejection, never as a throw.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ConnectOptions, connect } from '@tautline/websocket'

const URLS: readonly [unknown, string][] = [
  ['', 'an empty string'],
  ['example.com', 'no scheme'],
  ['/path', 'a relative URL'],
  ['ws://', 'no host'],
  ['ftp://example.com', 'another scheme'],
  ['ws://example.com/#', 'an empty fragment'],
  ['ws://example.com/#fragment', 'a fragment'],
  ['ws://exa mple.com', 'a blank in the host'],
  ['ws://example.com:99999', 'a port that is none'],
  [undefined, 'undefined'],
  [null, 'null'],
  [80, 'a number'],
  [{ href: 'ws://example.com' }, 'an object that is no URL'],
]

for (const [url, what] of URLS) {
  test(`connect rejects ${what} as its URL with a TypeError`, async () => {
    await assert.rejects(connect(url as string), TypeError)
  })
}

const OPTIONS: readonly [unknown, typeof TypeError | typeof RangeError, string][] = [
  [null, TypeError, 'null'],
  ['chat', TypeError, 'a string'],
  [{ subprotocols: [''] }, TypeError, 'an empty subprotocol'],
  [{ subprotocols: ['a b'] }, TypeError, 'a subprotocol with a blank'],
  [{ subprotocols: ['a', 'a'] }, TypeError, 'a repeated subprotocol'],
  [{ headers: { 'X Y': '1' } }, TypeError, 'a header name that is no token'],
  [{ headers: { X: 'a\r\nY: b' } }, TypeError, 'a header value with a line end'],
  [{ headers: { X: 'ж' } }, TypeError, 'a header value that is no latin1'],
  [{ headers: { X: 1 } }, TypeError, 'a header value that is no string'],
  [{ headers: { Host: 'x' } }, TypeError, 'Host as a header'],
  [{ headers: { 'sec-websocket-key': 'x' } }, TypeError, 'Sec-WebSocket-Key as a header'],
  [{ headers: { connection: 'close' } }, TypeError, 'Connection as a header'],
  [{ headers: { Origin: 'x' }, origin: 'y' }, TypeError, 'Origin twice'],
  [{ origin: 'a\nb' }, TypeError, 'an origin with a line end'],
  [{ compression: { serverMaxWindowBits: 7 } }, RangeError, 'a window of 7 bits'],
  [{ handshakeTimeout: -1 }, RangeError, 'a negative timeout'],
  [{ handshakeTimeout: '1' }, TypeError, 'a timeout that is no number'],
  [{ redirects: 1.5 }, RangeError, 'half a redirect'],
  [{ maxPayload: Number.NaN }, RangeError, 'a payload limit that is no number'],
  [{ maxHeadBytes: -5 }, RangeError, 'a negative head limit'],
  [{ proxy: 'socks5://127.0.0.1' }, TypeError, 'a SOCKS proxy'],
  [{ proxy: '127.0.0.1:8080' }, TypeError, 'a proxy without a scheme'],
]

for (const [options, type, what] of OPTIONS) {
  test(`connect rejects ${what} in its options with a ${type.name}`, async () => {
    await assert.rejects(connect('ws://127.0.0.1:1', options as ConnectOptions), type)
  })
}

test('credentials in the URL and in the headers contradict one another', async () => {
  await assert.rejects(connect('ws://a:b@127.0.0.1:1', { headers: { authorization: 'x' } }), TypeError)
})
