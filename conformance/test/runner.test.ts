/** The runner itself: servers that do one thing wrong must not pass a control case. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  buildFrame,
  closePayload,
  type FrameSpec,
  NaiveFrameReader,
  RawServer,
  readHead,
  responseBytes,
} from '@tautline/testkit'
import type { ServerCase } from '../cases/case.ts'
import { text } from '../cases/case.ts'
import { runServerCase } from '../run/server.ts'
import { WHOLE } from '../run/variants.ts'

/** What a server does with a request's key, a message, and a close. */
interface Faulty {
  readonly answer?: (key: string) => Buffer
  readonly echo?: (payload: Buffer) => readonly FrameSpec[]
  readonly goodbye?: readonly FrameSpec[]
}

const CONTROL: ServerCase = {
  id: 'F000',
  rfc: '5.6',
  title: 'a text',
  required: ['ECHO'],
  echo: [text('hello')],
  input: () => buildFrame({ opcode: 1, payload: 'hello', mask: true }),
}
const BYE: FrameSpec = { opcode: 8, payload: closePayload(1000) }

async function seen(faulty: Faulty): Promise<string> {
  const server = await RawServer.listen()
  const serve = async (): Promise<void> => {
    const peer = await server.accept()
    await peer.until(() => readHead(peer.received) !== null)
    const head = readHead(peer.received)
    await peer.write((faulty.answer ?? responseBytes)(head?.all('Sec-WebSocket-Key')[0] ?? ''))
    const reader = new NaiveFrameReader()
    const take = (chunk: Buffer): void => {
      for (const { opcode, payload } of reader.push(chunk)) {
        if (opcode === 1) for (const spec of (faulty.echo ?? ok)(payload)) void peer.write(buildFrame(spec))
        if (opcode !== 8) continue
        for (const spec of faulty.goodbye ?? [BYE]) void peer.write(buildFrame(spec))
        peer.end()
      }
    }
    peer.onData = take
  }
  const serving = serve()
  const result = await runServerCase(
    { host: '127.0.0.1', port: server.port, stop: () => server.close() },
    CONTROL,
    WHOLE,
  )
  await serving
  await server.close()
  assert.equal(result.problem === null, result.seen === '101 ECHO', result.seen)
  return result.seen
}

const ok = (payload: Buffer): readonly FrameSpec[] => [{ opcode: 1, payload }]

test('a plain echo passes', async () => {
  assert.equal(await seen({}), '101 ECHO')
})

const FAULTS: readonly (readonly [what: string, faulty: Faulty, seen: string])[] = [
  ['a masked echo', { echo: (payload) => [{ opcode: 1, payload, mask: true }] }, '101 !masked ECHO'],
  [
    'a length that is not minimal',
    { echo: (payload) => [{ opcode: 1, payload, lengthForm: 16 }] },
    '101 !length not minimal ECHO',
  ],
  ['an RSV bit nobody agreed on', { echo: (payload) => [{ opcode: 1, payload, rsv: 4 }] }, '101 !rsv=4 ECHO'],
  ['a reserved opcode', { echo: (payload) => [{ opcode: 11 }, { opcode: 1, payload }] }, '101 !opcode=11 ECHO'],
  ['another message', { echo: () => [{ opcode: 1, payload: 'HELLO' }] }, '101 !message 0 differs ECHO'],
  ['binary for text', { echo: (payload) => [{ opcode: 2, payload }] }, '101 !message 0 differs ECHO'],
  [
    'text that is no UTF-8',
    { echo: () => [{ opcode: 1, payload: Buffer.of(255) }] },
    '101 !text is not UTF-8 !message 0 differs ECHO',
  ],
  ['a message too many', { echo: (payload) => [...ok(payload), ...ok(payload)] }, '101 ECHO !message 1 differs'],
  [
    'a ping of 126 bytes',
    { echo: (payload) => [{ opcode: 9, payload: 'x'.repeat(126) }, ...ok(payload)] },
    '101 !long or fragmented control frame ECHO',
  ],
  ['a wrong goodbye', { goodbye: [{ opcode: 8, payload: closePayload(1002) }] }, '101 ECHO CLOSE:1002'],
  ['a frame behind the goodbye', { goodbye: [BYE, { opcode: 10 }] }, '101 ECHO CLOSE:1000 !frame behind close'],
  ['no goodbye', { goodbye: [] }, '101 ECHO EOF'],
  ['a wrong accept', { answer: (key) => responseBytes(`${key}x`) }, '101 !accept'],
  ['a body', { answer: (key) => responseBytes(key, { fields: [['Content-Length', '0']] }) }, '101 !body'],
]

for (const [what, faulty, expected] of FAULTS) {
  test(`${what} does not pass`, async () => {
    const result = await seen(faulty)
    assert.ok(result === expected || result.startsWith(`${expected} `), result)
  })
}
