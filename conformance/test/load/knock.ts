// Handshakes by hand, from any address of the loopback: how the server answered, and what it said about coming back.

import { connect } from 'node:net'
import { RawPeer, readHead, requestBytes } from '@tautline/testkit'

export interface Knocked {
  readonly peer: RawPeer
  /** 0: it was cut without an answer. */
  readonly status: number
  readonly retryAfter: string | undefined
}

export interface KnockOptions {
  /** 127.0.0.x: each counts as an address of its own. */
  readonly from?: string
  readonly fields?: readonly (readonly [string, string])[]
  readonly target?: string
  readonly method?: string
}

/** A TCP connection from an address. */
export function dial(port: number, from?: string): Promise<RawPeer> {
  return new Promise((resolve, reject) => {
    const local = from === undefined ? {} : { localAddress: from }
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, ...local })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.removeListener('error', reject)
      resolve(new RawPeer(socket))
    })
  })
}

/** One handshake. */
export async function knock(port: number, options: KnockOptions = {}): Promise<Knocked> {
  const peer = await dial(port, options.from)
  const { fields = [], target = '/realtime', method = 'GET' } = options
  const all = [['Sec-WebSocket-Protocol', 'tautline.v1.json'] as const, ...fields]
  await peer.write(requestBytes({ target, method, fields: all }))
  await peer.until(() => readHead(peer.received) !== null || peer.ending !== 'open', 20_000)
  const head = readHead(peer.received)
  if (head !== null) peer.take(head.end)
  return {
    peer,
    status: head === null ? 0 : Number(head.line.split(' ')[1]),
    retryAfter: head?.all('retry-after')[0],
  }
}

/** The status alone; the connection is cut. */
export async function statusOf(port: number, options: KnockOptions = {}): Promise<number> {
  const { peer, status } = await knock(port, options)
  await peer.destroy()
  return status
}
