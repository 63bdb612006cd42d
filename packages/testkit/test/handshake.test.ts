import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acceptFor, readHead, requestBytes, responseBytes, SAMPLE_KEY } from '@tautline/testkit'

test('the default request is legal (RFC 6455 §1.3)', () => {
  assert.equal(
    requestBytes().toString('latin1'),
    'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Key: ${SAMPLE_KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  )
  assert.equal(acceptFor(SAMPLE_KEY), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
})

test('every part of the request can be replaced, left out or repeated', () => {
  const text = requestBytes({
    line: 'get  / HTTP/9',
    without: ['host', 'Upgrade'],
    set: { Connection: 'close' },
    before: [['A', '1']],
    fields: [['Sec-WebSocket-Key', 'again']],
    lines: ['no colon'],
    eol: '\n',
    body: 'tail',
  }).toString('latin1')
  assert.equal(
    text,
    `get  / HTTP/9\nA: 1\nConnection: close\nSec-WebSocket-Key: ${SAMPLE_KEY}\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: again\nno colon\n\ntail`,
  )
})

test('a head is read plainly: first line, fields in order, where the body begins', () => {
  const bytes = responseBytes(SAMPLE_KEY, {
    fields: [
      ['X', 'a'],
      ['x', 'b'],
    ],
    body: 'rest',
  })
  const head = readHead(bytes)
  assert.equal(head?.line, 'HTTP/1.1 101 Switching Protocols')
  assert.deepEqual(head?.all('X'), ['a', 'b'])
  assert.equal(bytes.subarray(head?.end).toString(), 'rest')
  assert.equal(readHead(bytes.subarray(0, 20)), null)
})
