// node:net that accepts, answers every request with the same 101 and lets go: what a handshake costs before any work for it
// is done. No contestant of the tables: docs/reports/handshake-profile.md says how it is measured.

import { createServer } from 'node:net'
import { host, port } from './arguments.ts'

const ANSWER =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n'

createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  socket.on('error', () => socket.destroy())
  socket.on('data', () => socket.write(ANSWER, 'latin1'))
}).listen(port, host)
