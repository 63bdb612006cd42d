// WebSocketStream: opening, closing, failing, as web-platform-tests' websockets/stream has it (with the names of today:
// closeCode, WebSocketError).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildFrame, responseBytes } from '@tautline/testkit'
import { type Socket, WebSocketStream, WebSocketStreamError } from '@tautline/websocket'
import { answering, echo, serve } from '../client/peers.ts'

const URL_OF_NOBODY = 'ws://127.0.0.1:1/'
const named = (name: string) => (error: unknown) => error instanceof DOMException && error.name === name

test('the constructor refuses what makes no sense', () => {
  assert.throws(() => Reflect.construct(WebSocketStream, []), named('SyntaxError'))
  assert.throws(() => new WebSocketStream('invalid:'), named('SyntaxError'))
  assert.throws(() => new WebSocketStream(URL_OF_NOBODY, true as never), TypeError)
  assert.throws(() => new WebSocketStream(URL_OF_NOBODY, null as never), TypeError)
  assert.throws(() => new WebSocketStream(URL_OF_NOBODY, { protocols: 'hi' }), TypeError)
  assert.throws(() => new WebSocketStream(URL_OF_NOBODY, { protocols: ['a b'] }), named('SyntaxError'))
  assert.throws(() => new WebSocketStream(URL_OF_NOBODY, { messages: 'parts' as never }), TypeError)
})

test('opened tells streams, protocol and extensions', async (t) => {
  const { url } = await serve(t, echo, { subprotocols: ['beta'], compression: true })
  const stream = new WebSocketStream(`${url}/path`, { protocols: ['alpha', 'beta'] })
  assert.equal(stream.url, `${url}/path`)
  const { extensions, protocol, readable, writable } = await stream.opened
  assert.equal(protocol, 'beta')
  assert.equal(extensions, 'permessage-deflate; server_no_context_takeover; client_no_context_takeover')
  assert.ok(readable instanceof ReadableStream)
  assert.ok(writable instanceof WritableStream)
  assert.equal(Object.prototype.toString.call(stream), '[object WebSocketStream]')
  stream.close()
})

test('messages go both ways: text as strings, bytes as Uint8Arrays of their own', async (t) => {
  const { url } = await serve(t, echo)
  const stream = new WebSocketStream(url)
  const { readable, writable } = await stream.opened
  const writer = writable.getWriter()
  const reader = readable.getReader()
  const long = 'long '.repeat(50_000)
  for (const text of ['', 'text', 'a\ud800', long]) {
    await writer.write(text)
    assert.equal((await reader.read()).value, text.toWellFormed())
  }
  for (const bytes of [new ArrayBuffer(0), Uint8Array.from([1, 2]), new DataView(new ArrayBuffer(3))]) {
    await writer.write(bytes)
    const { value } = await reader.read()
    assert.ok(value instanceof Uint8Array && !(value instanceof Buffer))
    assert.equal(value.length, bytes.byteLength)
    structuredClone(value.buffer, { transfer: [value.buffer as ArrayBuffer] })
  }
  stream.close()
  assert.deepEqual(await stream.closed, { closeCode: 1005, reason: '' })
  assert.equal((await reader.read()).done, true)
  await assert.rejects(writer.write('late'), named('InvalidStateError'))
})

test('close sends code and reason; a reason alone goes with 1000', async (t) => {
  const { url } = await serve(t, echo)
  for (const [info, expected] of [
    [undefined, [1005, '']],
    [{}, [1005, '']],
    [{ reason: '' }, [1005, '']],
    [{ closeCode: 3456, reason: 'pizza' }, [3456, 'pizza']],
    [{ reason: 'non-empty' }, [1000, 'non-empty']],
  ] as const) {
    const stream = new WebSocketStream(url)
    await stream.opened
    stream.close(info)
    const { closeCode, reason } = await stream.closed
    assert.deepEqual([closeCode, reason], expected)
  }
})

test('close refuses illegal arguments and leaves the connection open', async (t) => {
  const { url } = await serve(t, echo)
  const stream = new WebSocketStream(url)
  await stream.opened
  assert.throws(() => stream.close(true as never), TypeError)
  assert.throws(() => stream.close({ reason: '.'.repeat(124) }), named('SyntaxError'))
  for (const closeCode of [999, 1001, 2999, 5000]) {
    assert.throws(() => stream.close({ closeCode }), named('InvalidAccessError'))
  }
  stream.close({ closeCode: 1000 })
  assert.equal((await stream.closed).closeCode, 1000)
})

test('closing the writable closes cleanly, and waits for the closing handshake', async (t) => {
  let peer: Socket | undefined
  const { url } = await serve(t, (socket) => {
    peer = socket
  })
  const stream = new WebSocketStream(url)
  const { writable } = await stream.opened
  peer?.pause()
  let closed = false
  const writing = writable
    .getWriter()
    .close()
    .then(() => {
      closed = true
    })
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(closed, false)
  peer?.resume()
  await writing
  assert.deepEqual(await stream.closed, { closeCode: 1005, reason: '' })
})

for (const [what, given, expected] of [
  ['nothing', undefined, [1005, '']],
  ['any object', { closeCode: 3456, reason: 'set' }, [1005, '']],
  ['a WebSocketError', new WebSocketStreamError('', { closeCode: 3456, reason: 'set' }), [3456, 'set']],
  ['a WebSocketError without a code', new WebSocketStreamError('x'), [1005, '']],
  ['a WebSocketError with a reason only', new WebSocketStreamError('x', { reason: 'r' }), [1000, 'r']],
] as const) {
  for (const side of ['writable', 'readable'] as const) {
    test(`${side === 'writable' ? 'aborting the writable' : 'cancelling the readable'} with ${what} closes cleanly`, async (t) => {
      const { url } = await serve(t, echo)
      const stream = new WebSocketStream(url)
      const opened = await stream.opened
      if (side === 'writable') await opened.writable.abort(given)
      else await opened.readable.cancel(given)
      const { closeCode, reason } = await stream.closed
      assert.deepEqual([closeCode, reason], expected)
    })
  }
}

test('a WebSocketStreamError validates its code and says its name', () => {
  assert.throws(() => new WebSocketStreamError('', { closeCode: 1001 }), named('InvalidAccessError'))
  assert.throws(() => new WebSocketStreamError('', { reason: 'x'.repeat(124) }), named('SyntaxError'))
  const error = new WebSocketStreamError('text', { closeCode: 4000, reason: 'r', cause: 'c' })
  assert.deepEqual(
    [error.name, error.message, error.closeCode, error.reason, error.cause],
    ['WebSocketError', 'text', 4000, 'r', 'c'],
  )
  assert.ok(error instanceof WebSocketStreamError && error instanceof DOMException)
  assert.equal(new WebSocketStreamError().closeCode, null)
})

test('close during the handshake rejects both promises', async (t) => {
  const server = await answering(t, () => null)
  const stream = new WebSocketStream(server.url)
  stream.close()
  await assert.rejects(stream.opened, named('WebSocketError'))
  await assert.rejects(stream.closed, named('WebSocketError'))
})

test('a failed handshake rejects both promises, with its HandshakeError as the cause', async (t) => {
  const server = await answering(t, (key) => responseBytes(key, { line: 'HTTP/1.1 404 Not Found' }))
  const stream = new WebSocketStream(server.url)
  await assert.rejects(stream.opened, (error: WebSocketStreamError) => {
    assert.equal((error.cause as { status: number }).status, 404)
    return error.closeCode === 1006
  })
  await assert.rejects(stream.closed, WebSocketStreamError)
  const blocked = new WebSocketStream('ws://127.0.0.1:25')
  await assert.rejects(blocked.opened, WebSocketStreamError)
})

test('a signal aborts before and during the handshake, and means nothing behind it', async (t) => {
  const before = new WebSocketStream(URL_OF_NOBODY, { signal: AbortSignal.abort() })
  await assert.rejects(before.opened, named('AbortError'))
  await assert.rejects(before.closed, named('AbortError'))
  const silent = await answering(t, () => {
    controller.abort()
    return null
  })
  const controller = new AbortController()
  const during = new WebSocketStream(silent.url, { signal: controller.signal })
  await assert.rejects(during.opened, named('AbortError'))
  await assert.rejects(during.closed, named('AbortError'))
  const { url } = await serve(t, echo)
  const late = new AbortController()
  const stream = new WebSocketStream(url, { signal: late.signal })
  const { readable, writable } = await stream.opened
  late.abort()
  await writable.getWriter().write('connected')
  assert.equal((await readable.getReader().read()).value, 'connected')
  stream.close()
  await stream.closed
})

test("the server's Close ends the readable and errors the writable", async (t) => {
  const { url } = await serve(t, (socket) => {
    socket.send('last')
    socket.close(4000, 'bye')
  })
  const stream = new WebSocketStream(url)
  const { readable, writable } = await stream.opened
  assert.deepEqual(await stream.closed, { closeCode: 4000, reason: 'bye' })
  const reader = readable.getReader()
  assert.equal((await reader.read()).value, 'last')
  assert.equal((await reader.read()).done, true)
  await assert.rejects(writable.getWriter().write('x'), named('InvalidStateError'))
})

test('an unclean end errors both streams and rejects closed, with the violation as the cause', async (t) => {
  const server = await answering(t, (key) => Buffer.concat([responseBytes(key), buildFrame({ opcode: 3 })]))
  const stream = new WebSocketStream(server.url)
  const { readable, writable } = await stream.opened
  const isUnclean = (error: unknown): boolean => {
    assert.ok(error instanceof WebSocketStreamError)
    assert.equal((error.cause as { closeCode: number }).closeCode, 1002)
    return error.closeCode === 1006
  }
  await assert.rejects(readable.getReader().read(), isUnclean)
  await assert.rejects(stream.closed, isUnclean)
  await assert.rejects(writable.getWriter().closed, isUnclean)
})
