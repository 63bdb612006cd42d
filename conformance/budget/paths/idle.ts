// Connections that are open and say nothing: what each costs beyond a bare stream of node:net, as the slope between few
// and many, and what each has that could be shared.

import { createHook } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type AddressInfo, createServer as createNetServer, type Socket } from 'node:net'
import { createServer } from '@tautline/websocket'
import { opening } from '../exchange.ts'
import { clean, held } from '../gauge.ts'
import type { Figures, Path } from '../path.ts'
import { isPeer, Peer, Tally } from '../peer.ts'

/** With both ends in this process, below 1,024 files: more are not had everywhere. */
const FEW = 50
const MANY = 350

/** A server, and how a peer gets to be idle at it. */
export interface Idle {
  readonly port: number
  settle(peer: Peer): Promise<void>
}

/** What one connection holds. */
interface Holding {
  readonly heap: number
  readonly buffers: number
  readonly timers: number
  readonly listeners: number
}

export function idle(name: string, open: () => Promise<Idle>): Path {
  return {
    name,
    unit: 'connection',
    // What is held behind a collection: no slab comes or goes.
    spread: Number.POSITIVE_INFINITY,
    rough: 0,
    doing: null,
    async measure(coverage) {
      await coverage.end()
      const ours = await holding(await open())
      const net = await holding(await bare())
      return minus(ours, net)
    },
  }
}

/** The engine on a port of its own, its handler as small as can be. */
export async function engine(): Promise<Idle> {
  const server = createServer({ port: 0, host: '127.0.0.1', compression: true }, () => {})
  await server.listening
  const offer = [['Sec-WebSocket-Extensions', 'permessage-deflate; client_max_window_bits']] as const
  return { port: server.address()?.port ?? 0, settle: (peer) => peer.shake(opening('/', offer)) }
}

async function bare(): Promise<Idle> {
  const server = createNetServer({ noDelay: true }, (stream) => stream.on('data', ignore).on('error', ignore))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, settle: async () => {} }
}

function ignore(): void {}

async function holding({ port, settle }: Idle): Promise<Holding> {
  const streams: Socket[] = []
  const onStream = (message: unknown): void => {
    const { socket } = message as { socket: Socket }
    if (!isPeer(socket)) streams.push(socket)
  }
  let timers = 0
  const hook = createHook({
    init(_id, type) {
      if (type === 'Timeout') timers++
    },
  })
  const peers: Peer[] = []
  const tally = new Tally()
  const grow = async (count: number): Promise<void> => {
    while (peers.length < count) {
      const peer = await Peer.open(port, tally, true)
      peers.push(peer)
      await settle(peer)
    }
  }
  subscribe('net.server.socket', onStream)
  await grow(FEW)
  const before = await look()
  await grow(MANY)
  const after = await look()
  unsubscribe('net.server.socket', onStream)
  hook.enable()
  await grow(MANY + FEW)
  hook.disable()
  for (const { socket } of peers) socket.resetAndDestroy()
  const per = (kind: 'heap' | 'buffers'): number => (after[kind] - before[kind]) / (MANY - FEW)
  return {
    heap: per('heap'),
    buffers: per('buffers'),
    timers: timers / FEW,
    listeners: ownListeners(streams),
  }
}

async function look(): Promise<{ heap: number; buffers: number }> {
  await clean()
  return held()
}

/** Listeners that a stream shares with no other, on average. */
function ownListeners(streams: readonly Socket[]): number {
  const holders = new Map<unknown, number>()
  for (const stream of streams) {
    for (const name of stream.eventNames()) {
      for (const listener of stream.listeners(name)) holders.set(listener, (holders.get(listener) ?? 0) + 1)
    }
  }
  let own = 0
  for (const count of holders.values()) if (count === 1) own++
  return own / streams.length
}

function minus(ours: Holding, net: Holding): Figures {
  return {
    heap: ours.heap - net.heap,
    buffers: ours.buffers - net.buffers,
    timers: ours.timers - net.timers,
    listeners: ours.listeners - net.listeners,
  }
}
