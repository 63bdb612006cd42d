// Who reads slowly holds the sender back, in both directions, with whole messages and with streams of them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Socket, streamOf, WebSocketStream } from '@tautline/websocket'
import { serve } from '../client/peers.ts'

const MiB = 1024 * 1024
/** What the kernel's buffers of both ends and our queues may hold, generously. */
const IN_FLIGHT = 24 * MiB

/** Waits until `count` stands still: nothing moves for a while of turns of the loop. */
async function standstill(count: () => number): Promise<number> {
  let last = -1
  for (let still = 0; still < 200; still++) {
    await new Promise((resolve) => setImmediate(resolve))
    if (count() === last) continue
    last = count()
    still = 0
  }
  return last
}

test('a reader that does not read holds the server back, and then gets everything', async (t) => {
  const total = 64
  let written = 0
  const { url } = await serve(t, async (socket) => {
    const writer = streamOf(socket).writable.getWriter()
    for (let i = 0; i < total; i++) {
      await writer.write(new Uint8Array(MiB).fill(i))
      written++
    }
    await writer.close()
  })
  const stream = new WebSocketStream(url, { compression: false })
  const { readable } = await stream.opened
  const stalledAt = await standstill(() => written)
  assert.ok(stalledAt * MiB < IN_FLIGHT, `${stalledAt} MiB were taken while nobody read`)
  let read = 0
  for await (const message of readable) {
    assert.equal((message as Uint8Array)[0], read)
    assert.equal((message as Uint8Array).length, MiB)
    read++
  }
  assert.equal(read, total)
  assert.equal((await stream.closed).closeCode, 1005)
})

test('a server that does not read holds the writer back', async (t) => {
  let peer: Socket | undefined
  let received = 0
  const { url } = await serve(t, (socket) => {
    peer = socket
    socket.pause()
    socket.onmessage = () => received++
  })
  const stream = new WebSocketStream(url, { compression: false })
  const { writable } = await stream.opened
  const writer = writable.getWriter()
  let written = 0
  const total = 48
  const writing = (async () => {
    for (; written < total; written++) await writer.write(new Uint8Array(MiB))
    await writer.close()
  })()
  const stalledAt = await standstill(() => written)
  assert.ok(stalledAt * MiB < IN_FLIGHT, `${stalledAt} MiB were written while nobody read`)
  peer?.resume()
  await writing
  assert.equal(received, total)
})

test('small messages are read ahead by 64 KiB only', async (t) => {
  let sent = 0
  const { url } = await serve(t, async (socket) => {
    const writer = streamOf(socket).writable.getWriter()
    const kilobyte = new Uint8Array(1024)
    for (let open = true; open; sent++) {
      open = await writer.write(kilobyte).then(
        () => true,
        () => false,
      )
    }
  })
  const stream = new WebSocketStream(url, { compression: false })
  const { readable } = await stream.opened
  const stalledAt = await standstill(() => sent)
  assert.ok(stalledAt * 1024 < IN_FLIGHT)
  const reader = readable.getReader()
  for (let i = 0; i < 1000; i++) await reader.read()
  await reader.cancel()
  await stream.closed
})

test('close() with a full queue does not wait for the reader: the rest is dropped, and reading says so', async (t) => {
  let written: () => void = () => {}
  const sent = new Promise<void>((resolve) => {
    written = resolve
  })
  const { url } = await serve(t, (socket) => {
    for (let i = 0; i < 100; i++) socket.send(new Uint8Array(8192).fill(i))
    socket.whenWritten(() => written())
  })
  const stream = new WebSocketStream(url, { compression: false })
  const { readable } = await stream.opened
  await sent
  stream.close({ closeCode: 3000 })
  assert.equal((await stream.closed).closeCode, 3000)
  await assert.rejects(
    (async () => {
      for await (const _ of readable) assert.ok(true)
    })(),
    { name: 'AbortError' },
  )
})

test('cancelling the readable discards what still comes', async (t) => {
  const { url } = await serve(t, (socket) => {
    for (let i = 0; i < 100; i++) socket.send(new Uint8Array(8192))
  })
  const stream = new WebSocketStream(url, { compression: false })
  const { readable } = await stream.opened
  await readable.cancel()
  assert.equal((await stream.closed).closeCode, 1005)
})
