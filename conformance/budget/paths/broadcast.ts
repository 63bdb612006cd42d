// The engine on a port of its own: what comes on /pub is prepared once and goes to everybody else.

import { buildFrame } from '@tautline/testkit'
import { createServer, prepare, type Socket } from '@tautline/websocket'
import { converse, opening } from '../exchange.ts'
import type { Path, Turns } from '../path.ts'
import { turnPath } from '../turns.ts'

/** Sends what came to all. */
export type Cast = (subscribers: ReadonlySet<Socket>, data: string | Buffer, isBinary: boolean) => void

export interface Broadcast {
  readonly name: string
  readonly receivers: number
  /** Messages in a turn. */
  readonly burst: number
  readonly payload: Buffer
  readonly compress?: boolean
  readonly turns: number
  readonly cast?: Cast
}

const prepared: Cast = (subscribers, data, isBinary) => {
  const message = prepare(data, { binary: isBinary })
  for (const subscriber of subscribers) subscriber.send(message)
}

/** Figures are for each message that is delivered. */
export function broadcast(options: Broadcast): Path {
  const { name, receivers, burst, turns } = options
  return turnPath({ name, unit: 'delivery', units: receivers * burst, turns, open: () => open(options) })
}

async function open({ receivers, burst, payload, compress = false, cast = prepared }: Broadcast): Promise<Turns> {
  const subscribers = new Set<Socket>()
  const options = { port: 0, host: '127.0.0.1', textAs: 'bytes', heartbeat: false, compression: compress } as const
  const server = createServer(options, (socket, request) => {
    if (request.path === '/pub') socket.onmessage = (data, isBinary) => cast(subscribers, data, isBinary)
    else subscribers.add(socket)
  })
  await server.listening
  const frame = buildFrame({ opcode: 1, payload, mask: true })
  const batch = Buffer.concat(Array.from({ length: burst }, () => frame))
  const offer = compress ? ([['Sec-WebSocket-Extensions', 'permessage-deflate']] as const) : []
  return converse(
    server.address()?.port ?? 0,
    {
      receivers,
      request: { sender: opening('/pub'), receiver: opening('/', offer) },
      next: () => batch,
      back: 0,
      each: burst,
    },
    () => server.close(),
  )
}
