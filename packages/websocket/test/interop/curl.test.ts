// curl sees the handshake's answers as any HTTP client would; one that speaks ws:// also exchanges a message.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it } from 'node:test'
import { acceptFor, SAMPLE_KEY } from '@tautline/testkit'
import { portOf, serve } from '../server/open.ts'
import { curlSpeaksWebSocket, withoutCurl } from './tools.ts'

const UPGRADE = [
  'Upgrade: websocket',
  'Connection: Upgrade',
  `Sec-WebSocket-Key: ${SAMPLE_KEY}`,
  'Sec-WebSocket-Version: 13',
]

function curl(url: string, fields: readonly string[], more: readonly string[] = []): Promise<string> {
  const headers = fields.flatMap((field) => ['-H', field])
  return new Promise((resolve) => {
    // It waits for the end of the "body", which only its own deadline brings.
    execFile(
      'curl',
      ['-s', '--include', '--http1.1', '--max-time', '1', ...headers, ...more, url],
      { encoding: 'latin1' },
      (_error, out) => resolve(out),
    )
  })
}

describe('curl', { skip: withoutCurl }, () => {
  it('is answered 101 with the key it expects, and hears what the server says first', async () => {
    const server = await serve({ port: 0, subprotocols: ['chat'] }, (socket) => socket.send('welcome'))
    const out = await curl(`http://127.0.0.1:${portOf(server)}/`, [...UPGRADE, 'Sec-WebSocket-Protocol: chat'])
    assert.match(out, /^HTTP\/1.1 101 /)
    assert.ok(out.includes(`Sec-WebSocket-Accept: ${acceptFor(SAMPLE_KEY)}\r\n`))
    assert.match(out, /\r\nSec-WebSocket-Protocol: chat\r\n/)
    assert.ok(out.endsWith('\x81\x07welcome'))
  })

  it('is refused with a status and a reason', async () => {
    const server = await serve({ port: 0, path: '/ws' })
    const url = `http://127.0.0.1:${portOf(server)}`
    const cases: [string, readonly string[], readonly string[], RegExp][] = [
      ['/ws', [], [], /^HTTP\/1.1 426 .*Upgrade: websocket.*\r\n\r\n\S/s],
      ['/other', UPGRADE, [], /^HTTP\/1.1 404 /],
      ['/ws', [...UPGRADE.slice(0, 3), 'Sec-WebSocket-Version: 8'], [], /^HTTP\/1.1 426 .*Sec-WebSocket-Version: 13/s],
      ['/ws', UPGRADE, ['-X', 'POST'], /^HTTP\/1.1 405 .*Allow: GET/s],
      ['/ws', [...UPGRADE.slice(0, 2), UPGRADE[3] as string], [], /^HTTP\/1.1 400 /],
      ['/ws', [...UPGRADE, 'Content-Length: 3'], [], /^HTTP\/1.1 400 /],
    ]
    for (const [path, fields, more, expected] of cases) assert.match(await curl(url + path, fields, more), expected)
  })

  it('opens ws:// by itself', {
    skip: withoutCurl === false && !curlSpeaksWebSocket() ? 'this curl has no ws:// (before 8.11)' : false,
  }, async () => {
    const server = await serve({ port: 0 }, (socket) => {
      socket.send('hello curl')
      socket.close(1000)
    })
    assert.ok((await curl(`ws://127.0.0.1:${portOf(server)}/`, [])).includes('hello curl'))
  })
})
