// The engine on a port of its own: a connection comes, is upgraded, and is gone again.

import { type AddressInfo, createServer as createNetServer } from 'node:net'
import { createServer } from '@tautline/websocket'
import { opening } from '../exchange.ts'
import type { Path, Turns } from '../path.ts'
import { Peer, Tally } from '../peer.ts'
import { turnPath } from '../turns.ts'

export function handshake(name: string, turns: number): Path {
  return turnPath({ name, unit: 'handshake', units: 1, turns, open })
}

async function open(): Promise<Turns> {
  let gone: () => void = () => {}
  const server = createServer({ port: 0, host: '127.0.0.1', compression: true }, (socket) => {
    socket.onclose = () => gone()
  })
  await server.listening
  const port = server.address()?.port ?? 0
  return new Shakes(
    port,
    (callback) => {
      gone = callback
    },
    () => server.close(),
  )
}

/** Behind the turn in which the server heard of the end: nothing of one connection runs into the next. */
class Shakes implements Turns {
  readonly peers: Tally = new Tally()
  private readonly port: number
  private readonly onGone: (callback: () => void) => void
  private readonly stop: () => Promise<void>
  /** What browsers send, about. */
  private readonly request: Buffer = opening('/chat', [
    ['Origin', 'http://127.0.0.1'],
    ['User-Agent', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0'],
    ['Accept-Language', 'en'],
    ['Sec-WebSocket-Extensions', 'permessage-deflate; client_max_window_bits'],
  ])
  private size = 0

  constructor(port: number, onGone: (callback: () => void) => void, stop: () => Promise<void>) {
    this.port = port
    this.onGone = onGone
    this.stop = stop
  }

  async run(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const peer = await Peer.open(this.port, this.peers, true)
      await peer.shake(this.request)
      this.peers.reads++
      this.peers.writes++
      this.size = peer.socket.bytesRead
      await new Promise<void>((resolve) => {
        this.onGone(resolve)
        peer.socket.resetAndDestroy()
      })
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }

  async bare(): Promise<Turns> {
    let gone: () => void = () => {}
    const text = 'HTTP/1.1 101 Switching Protocols'
    const answer = Buffer.from(`${text.padEnd(this.size - 4)}\r\n\r\n`)
    const server = createNetServer({ noDelay: true }, (stream) => {
      stream.on('error', () => {})
      stream.on('close', () => gone())
      stream.on('data', () => stream.write(answer))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const stop = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()))
    return new Shakes(
      (server.address() as AddressInfo).port,
      (callback) => {
        gone = callback
      },
      stop,
    )
  }

  close(): Promise<void> {
    return this.stop()
  }
}
