// The request parser: the same outcome at every split, a refusal of the table or a head that a naive reader sees too.

import assert from 'node:assert/strict'
import { checkUpgrade, isRefusal, REFUSALS, RequestParser } from '@tautline/protocol'
import { chunks, type Target, words } from '../target.ts'

function parse(pieces: readonly Uint8Array[]): { outcome: unknown; consumed: number; parser: RequestParser } {
  const parser = new RequestParser({ maxBytes: 1024, maxHeaders: 16 })
  let consumed = 0
  for (const piece of pieces) {
    consumed += parser.push(piece)
    if (parser.head !== null || parser.refusal !== null) break
  }
  const { head, refusal } = parser
  assert.ok(head === null || refusal === null)
  return {
    outcome: head === null ? (refusal?.id ?? 'unfinished') : { ...head, headers: head.headers.raw },
    consumed,
    parser,
  }
}

export const requestParser: Target = {
  name: 'request-parser',
  dictionary: words(
    '\r\n',
    '\r\n\r\n',
    '\n',
    '\r',
    ' ',
    '\t',
    ':',
    '\0',
    '\x7f',
    '\x80',
    'HTTP/1.1',
    'HTTP/1.0',
    'HTTP/2.0',
    'GET ',
    'Host: ',
    'Upgrade: websocket\r\n',
    'Connection: keep-alive, Upgrade\r\n',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
    'Sec-WebSocket-Version: 13\r\n',
    'Sec-WebSocket-Protocol: a,b\r\n',
    'Content-Length: 5\r\n',
    'Transfer-Encoding: chunked\r\n',
    '__proto__: x\r\n',
    'http://h/',
    '*',
    '#',
    'Expect: 100-continue\r\n',
    'a'.repeat(300),
  ),
  run(bytes, random) {
    const whole = parse([bytes])
    const split = parse(chunks(bytes, random))
    assert.deepEqual(split.outcome, whole.outcome)
    const { head, refusal } = whole.parser
    if (refusal !== null) assert.ok(Object.values(REFUSALS).includes(refusal))
    if (head === null) return
    assert.equal(split.consumed, whole.consumed)
    const text = Buffer.from(bytes.subarray(0, whole.consumed))
      .toString('latin1')
      .replace(/^(\r\n)+/, '')
    assert.ok(text.endsWith('\r\n\r\n'))
    const lines = text.slice(0, -4).split('\r\n')
    assert.equal(lines[0], `${head.method} ${head.target} HTTP/${head.version}`)
    assert.deepEqual(
      lines.slice(1).map((line) => line.split(':')[0]),
      head.headers.raw.filter((_, i) => i % 2 === 0),
    )
    const judged = checkUpgrade(head)
    if (isRefusal(judged)) assert.ok(Object.values(REFUSALS).includes(judged))
    else assert.equal(Buffer.from(judged.key, 'base64').length, 16)
  },
}
