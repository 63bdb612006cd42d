// Servers on both ways to a port, and raw handshakes with whatever a peer may claim of itself.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type RawField, RawPeer, readHead, requestBytes } from '@tautline/testkit'
import { jsonCodec } from '@tautline/wire'
import { createRealtime, type Realtime, type RealtimeOptions } from '../../src/mod.ts'

export interface Served {
  readonly realtime: Realtime
  readonly port: number
  /** What was logged, as `event field=value`. */
  readonly lines: string[]
  close(): Promise<void>
}

export type Way = 'listen' | 'attach'
export const WAYS: readonly Way[] = ['listen', 'attach']

export async function serve(way: Way, options: RealtimeOptions = {}): Promise<Served> {
  const lines: string[] = []
  const realtime = createRealtime({
    allow: 'everyone',
    log: (event, fields) => lines.push([event, ...Object.entries(fields).map((pair) => pair.join('='))].join(' ')),
    ...options,
  })
  if (way === 'listen') {
    const port = await realtime.listen({ port: 0, host: '127.0.0.1' })
    return { realtime, port, lines, close: () => realtime.close() }
  }
  const http = createServer((_, response) => response.end())
  realtime.attach(http)
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const close = async () => {
    await realtime.close()
    http.close()
  }
  return { realtime, port: (http.address() as AddressInfo).port, lines, close }
}

/** The status and the body of the answer to a handshake with these fields; Host is 127.0.0.1 and the port, if not told. */
export async function ask(port: number, ...fields: RawField[]): Promise<{ status: number; body: string }> {
  const peer = await RawPeer.connect(port)
  try {
    const told = fields.some(([name]) => name === 'Host')
    const host: RawField[] = told ? [] : [['Host', `127.0.0.1:${port}`]]
    const protocol: RawField = ['Sec-WebSocket-Protocol', jsonCodec.subprotocol]
    await peer.write(requestBytes({ target: '/realtime', without: ['Host'], fields: [...host, protocol, ...fields] }))
    await peer.until(() => readHead(peer.received) !== null)
    const head = readHead(peer.received)
    const status = Number(head?.line.split(' ')[1])
    if (status !== 101) await peer.untilEnd()
    return { status, body: peer.received.subarray(head?.end ?? 0).toString() }
  } finally {
    await peer.destroy()
  }
}

export async function statuses(port: number, origins: readonly string[]): Promise<Record<string, number>> {
  const all: Record<string, number> = {}
  for (const origin of origins) all[origin] = (await ask(port, ['Origin', origin])).status
  return all
}
