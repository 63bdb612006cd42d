// The head of an opening handshake: from bytes to a judgement.

import { checkUpgrade, type RequestHead, RequestParser } from '@tautline/protocol'
import { nodePlatform } from '@tautline/websocket'
import { keep, type Table } from './table.ts'

/** What every client sends, then what a browser adds, then a cookie as long as is missing. */
function headOf(size: number): Buffer {
  const must =
    'GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n'
  const browser =
    'Pragma: no-cache\r\nCache-Control: no-cache\r\nOrigin: https://example.com\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n' +
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36\r\n' +
    'Accept-Language: en-US,en;q=0.9,de;q=0.8\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n'
  const head = size < must.length + browser.length + 20 ? must : must + browser
  const cookie = 'Cookie: '
  return Buffer.from(`${head}${cookie}${'x'.repeat(Math.max(0, size - head.length - cookie.length - 4))}\r\n\r\n`)
}

function parse(bytes: Buffer): RequestHead {
  const parser = new RequestParser({}, nodePlatform)
  parser.push(bytes)
  return parser.head as RequestHead
}

export const heads: Table = {
  name: 'the head of a handshake',
  about:
    'The smallest holds what every client sends, the others what a browser adds and a cookie. Fields become strings when they are asked for.',
  sizes: [180, 640, 2048],
  rows: [
    {
      name: 'parsed',
      at: (size) => {
        const bytes = headOf(size)
        return () => keep(parse(bytes))
      },
    },
    {
      name: 'parsed and judged',
      at: (size) => {
        const bytes = headOf(size)
        return () => keep(checkUpgrade(parse(bytes)))
      },
    },
    {
      name: 'parsed, and every field asked for',
      at: (size) => {
        const bytes = headOf(size)
        return () => keep(parse(bytes).headers.raw)
      },
    },
  ],
}
