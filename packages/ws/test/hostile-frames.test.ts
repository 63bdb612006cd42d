// Hostile frames against servers and clients of ws and of ours: the same errors with the same codes and the same close
// codes. Where ours is stricter, the case says so and why.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import {
  buildFrame,
  buildFrames,
  closePayload,
  parseFrames,
  RawPeer,
  RawServer,
  readHead,
  requestBytes,
  responseBytes,
} from '@tautline/testkit'
import type { ClientOptions, ServerOptions } from 'ws'
import { type Implementation, OURS, REAL, Trace } from './pairing.ts'

const DEFLATE = ['Sec-WebSocket-Extensions', 'permessage-deflate'] as const

// --- frames -----------------------------------------------------------------------------------------------------

interface FrameCase {
  readonly name: string
  /** What is sent; masked for a server, unmasked for a client, unless it says otherwise. */
  readonly bytes: (mask: boolean) => Buffer
  readonly deflate?: boolean
  readonly options?: ServerOptions & ClientOptions
  /** What ours says instead, with the reason. */
  readonly ours?: { readonly lines: readonly string[]; readonly reason: string }
}

const frame = (name: string, spec: Parameters<typeof buildFrame>[0], more: Partial<FrameCase> = {}): FrameCase => ({
  name,
  bytes: (mask) => buildFrame({ mask, ...spec }),
  ...more,
})

const FRAMES: readonly FrameCase[] = [
  { name: 'the wrong masking', bytes: (mask) => buildFrame({ opcode: 1, payload: 'a', mask: !mask }) },
  frame('RSV1 without an extension', { opcode: 1, rsv: 4, payload: 'a' }),
  frame('RSV2', { opcode: 1, rsv: 2, payload: 'a' }),
  frame('RSV3', { opcode: 2, rsv: 1 }),
  frame('all reserved bits', { opcode: 1, rsv: 7 }),
  frame('RSV3 with permessage-deflate', { opcode: 1, rsv: 1 }, { deflate: true }),
  frame('RSV1 on a ping', { opcode: 9, rsv: 4 }, { deflate: true }),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => frame(`opcode ${opcode}`, { opcode })),
  frame('a continuation of nothing', { opcode: 0, payload: 'a' }),
  {
    name: 'a message inside a message',
    bytes: (mask) => buildFrames({ opcode: 1, fin: false, payload: 'a', mask }, { opcode: 2, payload: 'b', mask }),
  },
  frame('a fragmented ping', { opcode: 9, fin: false }),
  frame('a ping of 126 bytes', { opcode: 9, payload: Buffer.alloc(126) }),
  frame('a close of 70,000 bytes', { opcode: 8, payload: Buffer.alloc(70_000) }),
  frame('a close payload of one byte', { opcode: 8, payload: 'a' }),
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000].map((code) =>
    frame(`close code ${code}`, { opcode: 8, payload: closePayload(code) }),
  ),
  frame('a close reason that is no UTF-8', { opcode: 8, payload: closePayload(1000, Buffer.from([0xff])) }),
  frame('text that is no UTF-8', { opcode: 1, payload: Buffer.from([0xc0, 0x80]) }),
  frame(
    'a length above 2^53',
    { opcode: 2, declared: 2n ** 60n },
    {
      ours: {
        lines: ["'error' RangeError<Max payload size exceeded>WS_ERR_UNSUPPORTED_MESSAGE_LENGTH", "'close' 1006 ''"],
        reason: 'a length beyond maxPayload is too big, whether or not a number can hold it',
      },
    },
  ),
  frame('a declared length above maxPayload', { opcode: 2, declared: 11 }, { options: { maxPayload: 10 } }),
  {
    name: 'fragments above maxPayload',
    bytes: (mask) =>
      buildFrames({ opcode: 2, fin: false, payload: '123456', mask }, { opcode: 0, payload: '12345', mask }),
    options: { maxPayload: 10 },
  },
  {
    name: 'more fragments than maxFragments',
    bytes: (mask) => buildFrames({ opcode: 2, fin: false, mask }, { opcode: 0, fin: false, mask }, { opcode: 0, mask }),
    options: { maxFragments: 2 },
  },
  frame(
    'a length that is not minimal',
    { opcode: 2, payload: 'abc', lengthForm: 16 },
    {
      ours: {
        lines: [
          "'error' RangeError<Invalid WebSocket frame: the length is not in its minimal form>TAUTLINE_LENGTH_NOT_MINIMAL",
          "'close' 1006 ''",
        ],
        reason: 'RFC 6455 §5.2: the minimal number of bytes MUST be used; ws accepts any',
      },
    },
  ),
  frame(
    'corrupt DEFLATE',
    { opcode: 1, rsv: 4, payload: Buffer.from([0xff, 0xff]) },
    {
      deflate: true,
      ours: {
        lines: ["'error' Error<invalid compressed data>Z_DATA_ERROR", "'close' 1006 ''"],
        reason: 'the text is not zlib’s own; the code is',
      },
    },
  ),
  frame('a legal message and a legal close', { opcode: 1, payload: 'fine' }),
  frame('a legal close', { opcode: 8, payload: closePayload(4000, 'ok') }),
]

/** The story of the socket under attack, and the code of the Close frame it answered with. */
async function attack(peer: RawPeer, hostile: FrameCase, mask: boolean, trace: Trace, over: Promise<unknown>) {
  await peer.write(Buffer.concat([hostile.bytes(mask), buildFrame({ opcode: 8, payload: closePayload(1000), mask })]))
  await peer.until((one) => parseFrames(one.received).frames.some((frame) => frame.opcode === 8))
  const close = parseFrames(peer.received).frames.find((one) => one.opcode === 8)
  peer.end()
  await over
  await peer.destroy()
  const code = close === undefined ? 'no close frame' : close.payload.length < 2 ? 1005 : close.payload.readUInt16BE(0)
  return { code, lines: trace.lines }
}

async function attackServer(of: Implementation, hostile: FrameCase) {
  const trace = new Trace()
  const wss = new of.WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: true, ...hostile.options })
  await once(wss, 'listening')
  const over = new Promise<void>((resolve) => {
    wss.on('connection', (socket) => {
      socket.on('message', (data) => trace.add('message', data))
      socket.on('error', (error) => trace.add('error', error))
      socket.on('close', (code, reason) => {
        trace.add('close', code, reason)
        resolve()
      })
    })
  })
  const peer = await RawPeer.connect((wss.address() as AddressInfo).port)
  await peer.write(requestBytes(hostile.deflate ? { fields: [DEFLATE] } : {}))
  await peer.until((one) => readHead(one.received) !== null)
  peer.take()
  const result = await attack(peer, hostile, true, trace, over)
  wss.close()
  return result
}

async function attackClient(of: Implementation, hostile: FrameCase) {
  const trace = new Trace()
  const server = await RawServer.listen()
  const socket = new of.WebSocket(`ws://127.0.0.1:${server.port}`, { ...hostile.options, perMessageDeflate: true })
  socket.on('message', (data) => trace.add('message', data))
  socket.on('error', (error) => trace.add('error', error))
  const over = new Promise<void>((resolve) => {
    socket.on('close', (code, reason) => {
      trace.add('close', code, reason)
      resolve()
    })
  })
  const peer = await server.accept()
  await peer.until((one) => readHead(one.received) !== null)
  const [key = ''] = readHead(peer.take())?.all('sec-websocket-key') ?? []
  await peer.write(responseBytes(key, hostile.deflate ? { fields: [DEFLATE] } : {}))
  await once(socket, 'open')
  const result = await attack(peer, hostile, false, trace, over)
  await server.close()
  return result
}

/** The frames our reader reports are masked by a client; the testkit's reader unmasks them. */
for (const hostile of FRAMES) {
  for (const [role, attackOn] of [
    ['server', attackServer],
    ['client', attackClient],
  ] as const) {
    test(`a ${role} meets ${hostile.name} as ws does`, async (t) => {
      const expected = await attackOn(REAL, hostile)
      const seen = await attackOn(OURS, hostile)
      if (hostile.ours === undefined) assert.deepEqual(seen, expected)
      else {
        t.diagnostic(`${hostile.ours.reason}; ws: ${expected.lines.join(', ')}`)
        assert.deepEqual(seen.lines, hostile.ours.lines)
      }
    })
  }
}
