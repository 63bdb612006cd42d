// The response parser: the same outcome at every split, a failure of the table or a head whose judgement never throws.

import assert from 'node:assert/strict'
import { checkAccept, HANDSHAKE_FAILURES, isHandshakeFailure, ResponseParser } from '@tautline/protocol'
import { nodePlatform } from '@tautline/websocket'
import { chunks, type Target, words } from '../target.ts'

function parse(pieces: readonly Uint8Array[]): { outcome: unknown; consumed: number; parser: ResponseParser } {
  const parser = new ResponseParser({ maxBytes: 1024, maxHeaders: 16 })
  let consumed = 0
  for (const piece of pieces) {
    consumed += parser.push(piece)
    if (parser.head !== null || parser.failure !== null) break
  }
  const { failure, head } = parser
  assert.ok(head === null || failure === null)
  return {
    outcome: head === null ? (failure?.id ?? 'unfinished') : { ...head, headers: head.headers.raw },
    consumed,
    parser,
  }
}

const SENT = {
  key: 'dGhlIHNhbXBsZSBub25jZQ==',
  subprotocols: ['a', 'b'],
  deflate: { clientMaxWindowBits: true },
} as const

export const responseParser: Target = {
  name: 'response-parser',
  dictionary: words(
    '\r\n',
    '\r\n\r\n',
    '\n',
    ' ',
    'HTTP/1.1 101 Switching Protocols\r\n',
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.0',
    '101',
    '200',
    'Upgrade: websocket\r\n',
    'Connection: Upgrade\r\n',
    'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n',
    'Sec-WebSocket-Protocol: a\r\n',
    'Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10\r\n',
    'Content-Length: 0\r\n',
    'Location: /x\r\n',
    '\xff',
    '\0',
    'b'.repeat(300),
  ),
  run(bytes, random) {
    const whole = parse([bytes])
    const split = parse(chunks(bytes, random))
    assert.deepEqual(split.outcome, whole.outcome)
    const { failure, head } = whole.parser
    if (failure !== null) assert.ok(Object.values(HANDSHAKE_FAILURES).includes(failure))
    if (head === null) return
    assert.equal(split.consumed, whole.consumed)
    assert.ok(head.status >= 101 && head.status <= 999)
    const judged = checkAccept(head, SENT, nodePlatform)
    if (isHandshakeFailure(judged)) assert.ok(Object.values(HANDSHAKE_FAILURES).includes(judged))
    else assert.ok(judged.subprotocol === '' || judged.subprotocol === 'a' || judged.subprotocol === 'b')
  },
}
