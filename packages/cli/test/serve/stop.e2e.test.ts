// How the process ends: gracefully on SIGTERM and SIGINT, at once on a second signal, in time in any case.

import assert from 'node:assert/strict'
import { connect as open } from 'node:net'
import { after, test } from 'node:test'
import { newFolder, serve } from '../command.ts'
import { closeAll, connect, reached } from './clients.ts'

after(closeAll)

const OPEN = { 'tautline.config.json': '{ "allow": "everyone" }' }

test('SIGTERM: clients are told to come back, what is confirmed is stored, and the process ends with 0', async () => {
  const folder = newFolder({
    'tautline.config.json': JSON.stringify({
      ...{ allow: 'everyone', channels: { a: { history: { size: 1_000 } } } },
      store: { type: 'sqlite', file: 'a.sqlite' },
    }),
  })
  const server = await serve([], { folder })
  const client = connect(server.realtime)
  const reasons: unknown[] = []
  client.on('state', ({ reason }) => reason !== undefined && reasons.push(reason.code))
  const acked: unknown[] = []
  const publishing = Array.from({ length: 200 }, (_, i) =>
    client
      .channel('a')
      .publish(i)
      .then(({ position }) => acked.push(position)),
  )
  await Promise.race(publishing)
  assert.equal(await server.stop('SIGTERM'), 0)
  await reached(client, 'waiting')
  assert.ok(reasons.includes(1001), JSON.stringify(reasons))
  const confirmed = acked.length
  // What was not confirmed stays in the client's outbox.
  void Promise.allSettled(publishing)
  client.close()
  const again = await serve([], { folder })
  const { messages } = await connect(again.realtime).channel('a').history({ limit: 500 })
  assert.ok(messages.length >= confirmed, `${messages.length} of ${confirmed}`)
  assert.equal(await again.stop('SIGINT'), 0)
  assert.deepEqual(
    again.lines().map(({ event }) => event),
    ['listening', 'stopping', 'stopped'],
  )
})

test('/ready says 503 while the server drains, and it still serves until the delay is over', async () => {
  const folder = newFolder({ 'tautline.config.json': '{ "allow": "everyone", "stop": { "delay": "1s" } }' })
  const server = await serve([], { folder })
  assert.equal((await fetch(`${server.monitoring}/ready`)).status, 200)
  server.child.kill('SIGTERM')
  await server.line('stopping')
  const ready = await fetch(`${server.monitoring}/ready`)
  assert.deepEqual([ready.status, ((await ready.json()) as { reason: string }).reason], [503, 'draining'])
  assert.equal((await fetch(`${server.monitoring}/health`)).status, 200)
  await connect(server.realtime).channel('a').publish('still here')
  assert.equal(await server.ended, 0)
})

test('a second signal ends it at once', async () => {
  const folder = newFolder({ 'tautline.config.json': '{ "allow": "everyone", "stop": { "delay": "60s" } }' })
  const server = await serve([], { folder })
  server.child.kill('SIGTERM')
  await server.line('stopping')
  // Signals within half a second are the echo of one: repeated until it counts.
  const again = setInterval(() => server.child.kill('SIGINT'), 100)
  assert.equal(await server.ended, 130)
  clearInterval(again)
  await server.line('stopped at once')
})

test('whoever holds a connection open without a word does not hold up the stop', async () => {
  const server = await serve([], { folder: newFolder(OPEN) })
  const { port } = new URL(server.url)
  const streams = ['', 'GET / HTTP/1.1\r\nHost: localhost\r\n', 'GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n'].map(
    (text) => {
      const stream = open(Number(port), '127.0.0.1', () => stream.write(text))
      stream.on('error', () => {})
      return stream
    },
  )
  await new Promise((resolve) => streams[2]?.once('data', resolve))
  const before = performance.now()
  assert.equal(await server.stop(), 0)
  assert.ok(performance.now() - before < 5_000)
  for (const stream of streams) stream.destroy()
})

test('a stop that takes too long is cut off, with 1', async () => {
  const folder = newFolder({
    'tautline.config.json':
      '{ "allow": "everyone", "stop": { "timeout": 1 }, "store": { "type": "sqlite", "file": "a" } }',
  })
  const server = await serve([], { folder })
  const client = connect(server.realtime)
  client.connect()
  await reached(client, 'connected')
  const code = await server.stop()
  // On a fast machine one millisecond can be enough.
  assert.ok(code === 1 || code === 0)
  assert.ok(server.output().includes(code === 1 ? 'stopped before everything had ended' : '"stopped"'))
})
