// send, binaryType and bufferedAmount, as the standard has them.

import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { readHead, responseBytes } from '@tautline/testkit'
import { type Socket, WebSocket } from '@tautline/websocket'
import { echo, listening, serve } from '../client/peers.ts'

async function opened(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url)
  await new Promise((resolve) => socket.addEventListener('open', resolve))
  return socket
}

/** An open WebSocket and what its server hears: text, or bytes in hexadecimal. */
async function heard(t: TestContext): Promise<{ socket: WebSocket; end(): Promise<string[]> }> {
  const log: string[] = []
  let peer: Socket | undefined
  const { url } = await serve(t, (given) => {
    peer = given
    given.onmessage = (data, isBinary) =>
      log.push(isBinary ? `0x${(data as Buffer).toString('hex')}` : (data as string))
  })
  const socket = await opened(url)
  const end = async (): Promise<string[]> => {
    const closed = new Promise((resolve) => {
      if (peer !== undefined) peer.onclose = resolve
    })
    socket.close()
    await closed
    return log
  }
  return { socket, end }
}

test('send while connecting is an InvalidStateError, whatever it is given', () => {
  const socket = new WebSocket('ws://127.0.0.1:1')
  for (const data of ['x', new Blob([]), new ArrayBuffer(1)]) {
    assert.throws(
      () => socket.send(data),
      (error) => error instanceof DOMException && error.name === 'InvalidStateError',
    )
  }
  assert.throws(() => Reflect.apply(socket.send, socket, []), TypeError)
  assert.equal(socket.bufferedAmount, 0)
  socket.close()
})

test('bytes go out as binary, everything else as its string', async (t) => {
  const { socket, end } = await heard(t)
  const { buffer } = Uint8Array.from([1, 2, 3, 4])
  const sent: readonly [unknown, string][] = [
    ['', ''],
    ['ä€😀', 'ä€😀'],
    ['a\ud83d', 'a\ufffd'],
    [buffer, '0x01020304'],
    [new Uint8Array(buffer, 1, 2), '0x0203'],
    [new DataView(buffer, 3), '0x04'],
    [new Uint16Array(buffer, 2), '0x0304'],
    [new ArrayBuffer(0), '0x'],
    [new Blob(['ab', new Uint8Array([0])]), '0x616200'],
    [new Blob([]), '0x'],
    [null, 'null'],
    [undefined, 'undefined'],
    [1.5, '1.5'],
    [true, 'true'],
    [{ toString: () => 'own' }, 'own'],
    [[1, 2], '1,2'],
    [new SharedArrayBuffer(1), '[object SharedArrayBuffer]'],
  ]
  for (const [data] of sent) socket.send(data as unknown as string)
  assert.deepEqual(
    await end(),
    sent.map(([, expected]) => expected),
  )
})

test('symbols, shared and resizable memory are a TypeError', async (t) => {
  const { socket, end } = await heard(t)
  for (const data of [
    Symbol('x'),
    new Uint8Array(new SharedArrayBuffer(1)),
    new ArrayBuffer(1, { maxByteLength: 2 }),
    new Uint8Array(new ArrayBuffer(1, { maxByteLength: 2 })),
  ]) {
    assert.throws(() => socket.send(data as unknown as string), TypeError)
  }
  assert.deepEqual(await end(), [])
})

test('messages behind a Blob wait for it, bytes as they were when they were sent', async (t) => {
  const { socket, end } = await heard(t)
  const bytes = new Uint8Array([1])
  socket.send('a')
  socket.send(new Blob(['b']))
  socket.send(bytes)
  socket.send(new Blob(['c']))
  socket.send('d')
  bytes[0] = 2
  assert.equal(socket.bufferedAmount, 5)
  assert.deepEqual(await end(), ['a', '0x62', '0x01', '0x63', 'd'])
})

test('bytes may change, and be transferred, as soon as send has returned, large and compressed ones too', async (t) => {
  const log: string[] = []
  let closed: Promise<unknown> = Promise.resolve()
  const { url } = await serve(
    t,
    (peer) => {
      closed = new Promise((resolve) => {
        peer.onclose = resolve
      })
      peer.onmessage = (data) => log.push(`${data.length} ${(data as Buffer).every((byte) => byte === 7)}`)
    },
    { compression: true },
  )
  const socket = await opened(url)
  assert.match(socket.extensions, /permessage-deflate/)
  // Also behind one that is being compressed, and on both sides of the thresholds at which the engine stops copying.
  const sizes = [64 * 1024 - 1, 4_000_000, 64 * 1024, 64 * 1024 + 1, 100, 8 * 1024 + 1, 300_000]
  for (const [index, size] of sizes.entries()) {
    const bytes = new Uint8Array(size).fill(7)
    socket.send(bytes)
    if (index % 2 === 0) bytes.fill(0)
    else structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
  }
  const total = sizes.reduce((sum, size) => sum + size, 0)
  assert.equal(socket.bufferedAmount, total)
  socket.close()
  await closed
  assert.deepEqual(
    log,
    sizes.map((size) => `${size} true`),
  )
})

test('binary messages are Blobs, or ArrayBuffers of their own', async (t) => {
  const { url } = await serve(t, (socket) => {
    socket.send(Buffer.from([1, 2]))
    socket.send(Buffer.alloc(0))
    socket.onmessage = () => {
      socket.send(Buffer.from([3, 4]))
      socket.send(Buffer.alloc(0))
    }
  })
  const socket = new WebSocket(url)
  const seen: unknown[] = []
  socket.onmessage = (event) => {
    seen.push(event.data)
    if (seen.length === 2) {
      socket.binaryType = 'arraybuffer'
      socket.send('more')
    } else if (seen.length === 4) socket.close()
  }
  await new Promise((resolve) => socket.addEventListener('close', resolve))
  const [first, second, third, fourth] = seen
  assert.ok(first instanceof Blob && second instanceof Blob)
  assert.deepEqual(new Uint8Array(await first.arrayBuffer()), Uint8Array.from([1, 2]))
  assert.equal(second.size, 0)
  assert.ok(third instanceof ArrayBuffer && fourth instanceof ArrayBuffer)
  assert.deepEqual(new Uint8Array(third), Uint8Array.from([3, 4]))
  assert.equal(fourth.byteLength, 0)
  // A script may transfer it without taking other messages' bytes along.
  structuredClone(third, { transfer: [third] })
})

test('bufferedAmount counts bytes of UTF-8 in the task, and falls when they are written', async (t) => {
  const { url } = await serve(t, echo)
  const socket = await opened(url)
  socket.send('ä€😀')
  assert.equal(socket.bufferedAmount, 9)
  socket.send(new Uint8Array(10))
  socket.send('\ud800')
  assert.equal(socket.bufferedAmount, 22)
  while (socket.bufferedAmount > 0) await new Promise((resolve) => setImmediate(resolve))
  socket.close()
})

test('bufferedAmount grows behind close() and is not reset by it', async (t) => {
  const { socket, end } = await heard(t)
  socket.send('one')
  socket.close()
  socket.send('four')
  socket.send(new Blob(['xx']))
  assert.equal(socket.bufferedAmount, 9)
  await new Promise((resolve) => socket.addEventListener('close', resolve))
  assert.equal(socket.bufferedAmount, 6)
  socket.send(new ArrayBuffer(4))
  assert.equal(socket.bufferedAmount, 10)
  assert.deepEqual(await end().catch(() => []), ['one'])
})

test('bufferedAmount stays up while the peer reads nothing', async (t) => {
  const peers: import('node:net').Socket[] = []
  const server = createServer((socket) => {
    peers.push(socket)
    socket.on('error', () => {})
    socket.once('data', (chunk) => {
      socket.pause()
      socket.write(responseBytes(readHead(chunk)?.all('sec-websocket-key')[0] ?? ''))
    })
  })
  const port = await listening(t, server)
  const socket = await opened(`ws://127.0.0.1:${port}`)
  const size = 8 * 1024 * 1024
  socket.send(new Uint8Array(size))
  socket.send('tail')
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
  assert.ok(socket.bufferedAmount >= 4)
  const closed = new Promise((resolve) => socket.addEventListener('close', resolve))
  for (const peer of peers) peer.destroy()
  await closed
  assert.ok(socket.bufferedAmount >= 4)
})
