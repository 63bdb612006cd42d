// The engine on a port of its own: what comes goes back.

import { buildFrame } from '@tautline/testkit'
import { createServer, type Socket } from '@tautline/websocket'
import { converse, opening } from '../exchange.ts'
import type { Path, Turns } from '../path.ts'
import { turnPath } from '../turns.ts'

export type Echo = (socket: Socket) => void

/** What the benchmarks' server does. */
const plainEcho: Echo = (socket) => {
  socket.onmessage = (data, isBinary) => {
    socket.send(data, { binary: isBinary })
  }
}

/** More than one read of Node's: the kernel cuts what is longer as it likes. */
const ONE_READ = 64 * 1024

/** `depth` messages of `size` bytes a turn. */
export function echo(name: string, size: number, depth: number, turns: number, handler: Echo = plainEcho): Path {
  const rough = size * depth > ONE_READ ? 0.15 : 0
  return turnPath({ name, unit: 'message', units: depth, turns, rough, open: () => open(size, depth, handler) })
}

async function open(size: number, depth: number, handler: Echo): Promise<Turns> {
  const server = createServer({ port: 0, host: '127.0.0.1', textAs: 'bytes', heartbeat: false }, handler)
  await server.listening
  const frame = buildFrame({ opcode: 1, payload: Buffer.alloc(size, 'x'), mask: true })
  const batch = Buffer.concat(Array.from({ length: depth }, () => frame))
  const request = opening('/')
  return converse(
    server.address()?.port ?? 0,
    {
      receivers: 0,
      request: { sender: request, receiver: request },
      next: () => batch,
      back: depth,
      each: 0,
    },
    () => server.close(),
  )
}
