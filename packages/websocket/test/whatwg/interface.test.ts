// The interface: constructor, constants, attributes, handlers, conversions of arguments, as Web IDL and the standard say.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CloseEvent, ErrorEvent, MessageEvent, WebSocket } from '@tautline/websocket'
import { echo, serve } from '../client/peers.ts'

const URL_OF_NOBODY = 'ws://127.0.0.1:1/'
const named = (name: string) => (error: unknown) => error instanceof DOMException && error.name === name

/** A socket that never opens, for tests of the object alone. */
function idle(protocols?: string | string[]): WebSocket {
  const socket = new WebSocket(URL_OF_NOBODY, protocols)
  socket.close()
  return socket
}

const BAD_URLS = [
  '',
  'foo',
  '/path',
  '#test',
  'ws://',
  'ws://foo bar.com/',
  'wss://foo bar.com/',
  'ftp://127.0.0.1/',
  'mailto:a@b.c',
  'about:blank',
  `${URL_OF_NOBODY}#`,
  `${URL_OF_NOBODY}#test`,
  'ws://127.0.0.1:99999/',
]

for (const url of BAD_URLS) {
  test(`the URL "${url}" is a SyntaxError`, () => {
    assert.throws(() => new WebSocket(url), named('SyntaxError'))
  })
}

test('no URL at all is a TypeError', () => {
  assert.throws(() => Reflect.construct(WebSocket, []), TypeError)
  assert.throws(() => (WebSocket as unknown as () => void)(), TypeError)
})

test('http and https become ws and wss, and url is serialised', () => {
  const urls: readonly [string, string][] = [
    ['http://127.0.0.1:1', 'ws://127.0.0.1:1/'],
    ['https://127.0.0.1:1/a b', 'wss://127.0.0.1:1/a%20b'],
    ['WS://LOCALHOST:80/?x', 'ws://localhost/?x'],
    ['wss://localhost:443', 'wss://localhost/'],
  ]
  for (const [given, expected] of urls) {
    const socket = new WebSocket(given)
    socket.close()
    assert.equal(socket.url, expected)
  }
})

for (const protocols of [
  ['a', 'a'],
  ['a', 'A'],
  '',
  'a b',
  'a,b',
  'ä',
  '\u0080',
  '\u0000',
  'a\n',
  ['a', ''],
  '()',
  ['a', null, undefined, 'null'],
]) {
  test(`the subprotocols ${JSON.stringify(protocols)} are a SyntaxError`, () => {
    assert.throws(() => new WebSocket(URL_OF_NOBODY, protocols as string), named('SyntaxError'))
  })
}

test('subprotocols may be a string, a list, any iterable, or part of the options', async (t) => {
  const { url } = await serve(t, echo, { subprotocols: ['x'] })
  for (const given of ['x', ['y', 'x'], new Set(['x']), { protocols: ['x'], headers: { 'X-A': 'b' } }]) {
    const socket = new WebSocket(url, given)
    await new Promise((resolve) => socket.addEventListener('open', resolve))
    assert.equal(socket.protocol, 'x')
    socket.close()
  }
})

test('the constants stand on the class and on its instances, and cannot be changed', () => {
  const socket = idle()
  for (const [name, value] of [
    ['CONNECTING', 0],
    ['OPEN', 1],
    ['CLOSING', 2],
    ['CLOSED', 3],
  ] as const) {
    for (const holder of [WebSocket, WebSocket.prototype]) {
      const descriptor = Object.getOwnPropertyDescriptor(holder, name)
      assert.deepEqual(descriptor, { value, enumerable: true, writable: false, configurable: false })
    }
    assert.equal(socket[name], value)
  }
})

test('it is an EventTarget with a name, and its members are enumerable on the prototype', () => {
  const socket = idle()
  assert.ok(socket instanceof EventTarget)
  assert.equal(Object.prototype.toString.call(socket), '[object WebSocket]')
  assert.equal(WebSocket.length, 1)
  assert.equal(WebSocket.prototype.send.length, 1)
  assert.equal(WebSocket.prototype.close.length, 0)
  const members = Object.keys(WebSocket.prototype)
  for (const name of [
    'url',
    'readyState',
    'bufferedAmount',
    'onopen',
    'onerror',
    'onclose',
    'onmessage',
    'extensions',
    'protocol',
    'close',
    'binaryType',
    'send',
  ]) {
    assert.ok(members.includes(name), name)
  }
  assert.throws(() => Reflect.get(WebSocket.prototype, 'url'), TypeError)
})

test('read-only attributes stay as they are', () => {
  const socket = idle()
  for (const name of ['url', 'readyState', 'bufferedAmount', 'extensions', 'protocol'] as const) {
    const before = socket[name]
    assert.throws(() => Reflect.set.call(Reflect, socket, name, 1) || assert.fail('not set'))
    assert.equal(socket[name], before)
  }
  assert.equal(socket.extensions, '')
  assert.equal(socket.protocol, '')
})

test('binaryType is blob, takes arraybuffer, and ignores anything else', () => {
  const socket = idle()
  assert.equal(socket.binaryType, 'blob')
  socket.binaryType = 'arraybuffer'
  for (const other of ['', 'notBlobOrArrayBuffer', 'ArrayBuffer', null, undefined, 3])
    socket.binaryType = other as 'blob'
  assert.equal(socket.binaryType, 'arraybuffer')
})

const CODES: readonly [unknown, boolean][] = [
  [1000, true],
  ['1000', true],
  [999.6, true],
  [3000, true],
  [4999, true],
  [2999.5, true],
  [0, false],
  [500, false],
  [999, false],
  [1001, false],
  [1005, false],
  [2999, false],
  [5000, false],
  [Number.NaN, false],
  ['string', false],
  [null, false],
  [0x10000 + 1000, false],
  [-1, false],
]

for (const [code, legal] of CODES) {
  test(`close(${JSON.stringify(code)}) is ${legal ? 'legal' : 'an InvalidAccessError'}`, () => {
    const socket = new WebSocket(URL_OF_NOBODY)
    const call = (): void => socket.close(code as number)
    if (legal) call()
    else assert.throws(call, named('InvalidAccessError'))
    // Also when it is closed already.
    socket.close()
    if (!legal) assert.throws(call, named('InvalidAccessError'))
  })
}

test('a close reason of more than 123 bytes is a SyntaxError', () => {
  const socket = new WebSocket(URL_OF_NOBODY)
  assert.throws(() => socket.close(1000, 'x'.repeat(124)), named('SyntaxError'))
  assert.throws(() => socket.close(1000, 'ä'.repeat(62)), named('SyntaxError'))
  assert.throws(() => socket.close(999, 'x'.repeat(124)), named('InvalidAccessError'))
  socket.close(1000, 'ä'.repeat(61))
})

test('lone surrogates of a close reason become U+FFFD', async (t) => {
  const reasons: string[] = []
  const { url } = await serve(t, (socket) => {
    socket.onclose = (_code, reason) => reasons.push(reason)
  })
  const socket = new WebSocket(url)
  socket.onopen = () => socket.close(1000, 'a\ud800b')
  await new Promise((resolve) => socket.addEventListener('close', resolve))
  while (reasons.length === 0) await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(reasons, ['a\ufffdb'])
})

for (const name of ['onopen', 'onmessage', 'onerror', 'onclose'] as const) {
  test(`${name} takes functions and objects, and null for everything else`, () => {
    const socket = idle()
    assert.equal(socket[name], null)
    const handler = (): void => {}
    const object = {} as () => void
    socket[name] = handler
    assert.equal(socket[name], handler)
    socket[name] = object
    assert.equal(socket[name], object)
    for (const other of [2, 'x', undefined, true, Symbol('x')]) {
      socket[name] = handler
      socket[name] = other as unknown as null
      assert.equal(socket[name], null)
    }
  })
}

test('a handler keeps the place of its first setting until it is set to null', () => {
  const socket = idle()
  const log: string[] = []
  socket.addEventListener('open', () => log.push('1'))
  socket.onopen = () => log.push('never')
  socket.addEventListener('open', () => log.push('3'))
  socket.onopen = function handler(this: unknown, event: Event) {
    assert.equal(this, socket)
    assert.equal(event.type, 'open')
    log.push('2')
  }
  socket.dispatchEvent(new Event('open'))
  assert.deepEqual(log, ['1', '2', '3'])
  socket.onopen = null
  socket.onopen = () => log.push('4')
  log.length = 0
  socket.dispatchEvent(new Event('open'))
  assert.deepEqual(log, ['1', '3', '4'])
  socket.onopen = {} as () => void
  socket.dispatchEvent(new Event('open'))
})

test('the event classes have the fields of their dictionaries, and defaults', () => {
  const close = new CloseEvent('close', { code: 65536 + 1000, reason: 'r', wasClean: true, bubbles: true })
  assert.deepEqual([close.code, close.reason, close.wasClean, close.bubbles], [1000, 'r', true, true])
  const empty = new CloseEvent('close')
  assert.deepEqual([empty.code, empty.reason, empty.wasClean], [0, '', false])
  const message = new MessageEvent('message', { data: 1, origin: 'o', lastEventId: 'l', source: close, ports: [] })
  assert.deepEqual([message.data, message.origin, message.lastEventId, message.source], [1, 'o', 'l', close])
  assert.ok(Object.isFrozen(message.ports))
  assert.equal(new MessageEvent('message').data, null)
  const error = new ErrorEvent('error', { message: 'm', filename: 'f', lineno: 1, colno: 2, error: close })
  assert.deepEqual([error.message, error.filename, error.lineno, error.colno, error.error], ['m', 'f', 1, 2, close])
  assert.equal(new ErrorEvent('error').error, undefined)
  assert.equal(String(close), '[object CloseEvent]')
})
