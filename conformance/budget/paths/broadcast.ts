// The engine on a port of its own: what comes on /pub is prepared once and goes to everybody else.

import { buildFrame } from '@tautline/testkit'
import { createServer, prepare, SharedDeflate, type Socket } from '@tautline/websocket'
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
  /** true: compressed for each window; 'shared': with the messages before as context. */
  readonly compress?: boolean | 'shared'
  /** Changes a payload in place before the next turn. */
  readonly vary?: (payload: Buffer) => void
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

async function open(options: Broadcast): Promise<Turns> {
  const { receivers, burst, payload, compress = false, vary } = options
  const subscribers = new Set<Socket>()
  const cast = compress === 'shared' ? shared() : (options.cast ?? prepared)
  const server = createServer(
    {
      port: 0,
      host: '127.0.0.1',
      textAs: 'bytes',
      heartbeat: false,
      compression: compress === 'shared' ? { shared: true } : compress,
    },
    (socket, request) => {
      if (request.path === '/pub') socket.onmessage = (data, isBinary) => cast(subscribers, data, isBinary)
      else subscribers.add(socket)
    },
  )
  await server.listening
  // A key of zeros: the payload can be changed in place.
  const frame = buildFrame({ opcode: 1, payload, mask: new Uint8Array(4) })
  const batch = Buffer.concat(Array.from({ length: burst }, () => frame))
  const last = batch.subarray(batch.length - payload.length)
  const offer = compress === false ? [] : ([['Sec-WebSocket-Extensions', 'permessage-deflate']] as const)
  return converse(
    server.address()?.port ?? 0,
    {
      receivers,
      request: { sender: opening('/pub'), receiver: opening('/', offer) },
      next: () => {
        vary?.(last)
        return batch
      },
      back: 0,
      each: burst,
    },
    () => server.close(),
  )
}

/** Begins anew by what was said alone, never by time; so early that everybody is in before anything is counted. */
function shared(): Cast {
  const stream = new SharedDeflate({ resetAfter: 16 * 1024, joinWait: 3_600_000 })
  return (subscribers, data, isBinary) => {
    const message = stream.prepare(data, { binary: isBinary })
    for (const subscriber of subscribers) subscriber.send(message)
  }
}
