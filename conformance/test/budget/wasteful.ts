// Programs that waste what the budget counts, each through the public interfaces and each as somebody might write it. They
// bear the name of the path whose budget they must break.

import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { createServer, type Socket } from '@tautline/websocket'
import { opening } from '../../budget/exchange.ts'
import type { Path } from '../../budget/path.ts'
import { broadcast } from '../../budget/paths/broadcast.ts'
import { echo } from '../../budget/paths/echo.ts'
import { type Idle, idle } from '../../budget/paths/idle.ts'

/** Copies each message before it goes back. */
function copying(socket: Socket): void {
  socket.onmessage = (data, isBinary) => {
    socket.send(Buffer.from(data as Buffer), { binary: isBinary })
  }
}

/** Answers each message in a turn of its own. */
function oneByOne(socket: Socket): void {
  let last = Promise.resolve()
  socket.onmessage = (data, isBinary) => {
    last = last.then(async () => {
      await new Promise((resolve) => setImmediate(resolve))
      socket.send(data, { binary: isBinary })
    })
  }
}

/** Looks at each byte of a message. */
function looking(socket: Socket): void {
  socket.onmessage = (data, isBinary) => {
    socket.send(
      (data as Buffer).map((byte) => byte),
      { binary: isBinary },
    )
  }
}

/** Frames and compresses for each subscriber anew. */
function oneForEach(subscribers: ReadonlySet<Socket>, data: string | Buffer, isBinary: boolean): void {
  for (const subscriber of subscribers) subscriber.send(data, { binary: isBinary })
}

/** A timer for each connection, and a listener that knows which one it is for. */
async function ticking(): Promise<Idle> {
  const open = new Set<Duplex>()
  const http = createHttpServer()
  http.on('connection', (stream) => {
    open.add(stream)
    stream.on('close', () => open.delete(stream))
  })
  createServer({ server: http, compression: true }, (socket) => {
    const timer = setInterval(() => socket.ping(), 60_000).unref()
    socket.onclose = () => clearInterval(timer)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return { port: (http.address() as AddressInfo).port, settle: (peer) => peer.shake(opening('/')) }
}

const payload = Buffer.alloc(2_000, 'x')
const quote = Buffer.from(JSON.stringify({ ev: 'quote', symbol: 'TAUT', bid: 104_211, ask: 104_229 }))

export const PATHS: readonly Path[] = [
  echo('echo 125 B, 1 in flight', 125, 1, 1_000, copying),
  echo('echo 125 B, 32 in flight', 125, 32, 200, oneByOne),
  echo('echo 16 KiB', 16 * 1024, 1, 200, looking),
  broadcast({
    name: 'compressed broadcast',
    receivers: 16,
    burst: 1,
    payload,
    compress: true,
    turns: 30,
    cast: oneForEach,
  }),
  broadcast({ name: 'ticker, shared takeover', receivers: 16, burst: 1, payload: quote, compress: true, turns: 30 }),
  idle('idle connection', ticking),
]
