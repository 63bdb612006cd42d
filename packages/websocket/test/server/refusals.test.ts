import assert from 'node:assert/strict'
import { createServer as createHttpServer } from 'node:http'
import { test } from 'node:test'
import { RawPeer, requestBytes } from '@tautline/testkit'
import type { Refusal } from '../../src/mod.ts'
import { until } from '../wire.ts'
import { ask, later, open, portOf, serve } from './open.ts'

const BAD: readonly (readonly [string, unknown])[] = [
  ['true', true],
  ['false', false],
  ['a status of 101', { id: 'x', status: 101, section: '', text: '' }],
  [
    'a header value that breaks its line',
    { id: 'x', status: 302, section: '', text: '', headers: ['Location', '/a\r\nX: y'] },
  ],
]

for (const [title, answered] of BAD) {
  test(`authorize that answers ${title} is a 500, and the server lives on`, async () => {
    const server = await serve({ port: 0, authorize: () => answered as Refusal })
    for (let i = 0; i < 2; i++) {
      const { head } = await ask(portOf(server))
      assert.match(head.line, /^HTTP\/1\.1 500 /)
    }
  })
}

test('onRefused hears what a hook threw', async () => {
  const causes: unknown[] = []
  const failure = new Error('no database')
  const server = await serve({
    port: 0,
    authorize: () => Promise.reject(failure),
    onRefused: (refusal, _address, cause) => causes.push([refusal.id, cause]),
  })
  await ask(portOf(server))
  assert.deepEqual(causes, [['internal-error', failure]])
})

test('maxHandshakes counts those who wait for authorize', async () => {
  const server = await serve({
    port: 0,
    maxHandshakes: 3,
    handshakeTimeout: 5000,
    authorize: () => new Promise(() => undefined),
  })
  const peers = await Promise.all(Array.from({ length: 8 }, () => RawPeer.connect(portOf(server))))
  for (const peer of peers) later(() => peer.destroy())
  for (const peer of peers) await peer.write(requestBytes()).catch(() => undefined)
  // Three wait for an answer; the others are cut without one.
  const endings: string[] = []
  for (const peer of peers) void peer.untilEnd(5000).then((ending) => endings.push(ending))
  await until(() => endings.length === 5, 'five are cut')
  assert.ok(!endings.includes('open'))
})

test('handleUpgrade refuses a stream it has taken already', async () => {
  const http = createHttpServer()
  const server = await serve({ noServer: true })
  const codes: unknown[] = []
  http.on('upgrade', (request, stream, head) => {
    server.handleUpgrade(request, stream, head)
    try {
      server.handleUpgrade(request, stream, head)
    } catch (error) {
      codes.push((error as { code?: string }).code)
    }
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  later(() => http.close())
  await open(portOf(http))
  assert.deepEqual(codes, ['TAUTLINE_TAKEN'])
})
