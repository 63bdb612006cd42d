// A crowd in a process of its own: thousands that connect at once, as clients do it, or that begin a handshake and go on a
// byte a second. Started by crowd.long.test.ts with what it is to do, a port and how many.

import { setPriority } from 'node:os'
import { buildFrame, type RawPeer, requestBytes } from '@tautline/testkit'
import { dial, knock } from './knock.ts'

/** What a crowd met. */
export interface Met {
  /** Answers by status; 0: cut. */
  readonly statuses: Record<number, number>
  /** ms from the beginning until half of them, 99 of 100 and all were in. */
  readonly half: number
  readonly most: number
  readonly all: number
  readonly tries: number
}

// What it costs to be a crowd must not be taken for what it does to the others.
setPriority(19)
const [what, port, count] = process.argv.slice(2)
const peers = new Set<RawPeer>()
const began = performance.now()
const statuses: Record<number, number> = {}
let tries = 0

function note(status: number): void {
  statuses[status] = (statuses[status] ?? 0) + 1
}

function text(command: object): Buffer {
  return buildFrame({ opcode: 1, payload: JSON.stringify(command), mask: true })
}

/** tautline.v1 §11.3: random(0, min(20 s, 500 ms · 2^n)). @returns ms until it was in */
async function join(i: number): Promise<number> {
  for (let attempt = 0; ; attempt++) {
    tries++
    const { peer, status } = await knock(Number(port), { from: `127.0.1.${1 + (i % 10)}` }).catch(() => ({
      peer: null,
      status: 0,
    }))
    note(status)
    if (status === 101 && peer !== null) {
      peers.add(peer)
      await peer.write(text({ id: 1, op: 'connect', client: `crowd-${i}`, features: [] }))
      await peer.write(text({ id: 2, op: 'subscribe', ch: `loop:${i % 100}`, from: 'head' }))
      if (await peer.until(() => peer.received.includes('"id":2,"ok"') || peer.ending !== 'open', 30_000)) {
        if (peer.ending === 'open') return performance.now() - began
      }
      peers.delete(peer)
    }
    await peer?.destroy()
    const wait = Math.random() * Math.min(20_000, 500 * 2 ** attempt)
    await new Promise((resolve) => setTimeout(resolve, wait))
  }
}

async function crowd(): Promise<Met> {
  const times = await Promise.all(Array.from({ length: Number(count) }, (_, i) => join(i)))
  times.sort((a, b) => a - b)
  const at = (share: number): number =>
    Math.round(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0)
  return { statuses, half: at(0.5), most: at(0.99), all: at(1), tries }
}

/** Half-open: none of them ever gets to the end of its head. */
async function slow(): Promise<Met> {
  const head = requestBytes({ target: '/realtime', fields: [['X-Pad', 'x'.repeat(60)]] })
  const times = await Promise.all(
    Array.from({ length: Number(count) }, async (_, i) => {
      const peer = await dial(Number(port), `127.0.2.${1 + (i % 4)}`)
      peers.add(peer)
      await peer.write(head.subarray(0, 20))
      let at = 20
      const timer = setInterval(() => void peer.write(head.subarray(at, ++at)), 1_000)
      await peer.until(() => peer.ending !== 'open', 60_000)
      clearInterval(timer)
      note(Number(/^HTTP\/1\.1 (\d+)/.exec(peer.received.toString('latin1'))?.[1] ?? 0))
      await peer.destroy()
      return performance.now() - began
    }),
  )
  times.sort((a, b) => a - b)
  return {
    statuses,
    half: Math.round(times[times.length >> 1] ?? 0),
    most: 0,
    all: Math.round(times.at(-1) ?? 0),
    tries: times.length,
  }
}

process.on('disconnect', () => process.exit(0))
process.on('message', () => {
  void Promise.all([...peers].map((peer) => peer.destroy())).then(() => process.disconnect())
})
process.send?.(await (what === 'slow' ? slow() : crowd()))
