// The other end of load-server.ts, and the light ears by which a hundred subscribers fit into one process.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { RealtimeOptions } from '@tautline/server'
import { buildFrame, RawPeer, readHead, requestBytes } from '@tautline/testkit'
import type { Memory, Order, Publishing } from './load-server.ts'

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never

export class LoadServer {
  readonly port: number
  readonly #child: ChildProcess
  readonly #waiting: Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>
  #lastId: number

  private constructor(child: ChildProcess, port: number) {
    this.port = port
    this.#child = child
    this.#waiting = new Map()
    this.#lastId = 0
    child.on('message', ({ id, answer, error }: { id: number; answer: unknown; error?: string }) => {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) waiting?.resolve(answer)
      else waiting?.reject(new Error(error))
    })
  }

  static async start(options: RealtimeOptions): Promise<LoadServer> {
    const child = fork(new URL('./load-server.ts', import.meta.url), {
      execArgv: ['--conditions=tautline-source', '--expose-gc'],
    })
    const started: Order = { id: 0, op: 'start', options }
    child.send(started)
    const [{ answer, error }] = (await once(child, 'message')) as [{ answer: number; error?: string }]
    if (error !== undefined) throw new Error(error)
    return new LoadServer(child, answer)
  }

  async publish(...all: readonly Publishing[]): Promise<void> {
    await this.#ask({ op: 'publish', all })
  }

  /** What it holds, behind a collection of garbage. */
  async memory(): Promise<Memory> {
    return (await this.#ask({ op: 'memory' })) as Memory
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit')
    const order: Order = { id: ++this.#lastId, op: 'stop' }
    this.#child.send(order)
    const [code] = (await exited) as [number | null]
    if (code !== 0) throw new Error(`the server ended with ${code}`)
  }

  #ask(order: WithoutId<Order>): Promise<unknown> {
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#child.send({ id, ...order })
    })
  }
}

const TIME = Buffer.from('"t":"')
const QUOTE = 0x22

/** A subscriber that looks for nothing but the times in what it gets. It parses nothing, so a hundred of them cost little. */
export class Ear {
  readonly peer: RawPeer
  /** ms from each publish to its arrival here. */
  latencies: number[]
  bytes: number
  #rest: Buffer

  private constructor(peer: RawPeer) {
    this.peer = peer
    this.latencies = []
    this.bytes = 0
    this.#rest = Buffer.alloc(0)
  }

  /** Connects and subscribes. Resolves when the subscription was answered. */
  static async open(port: number, subs: readonly object[]): Promise<Ear> {
    const peer = await RawPeer.connect(port)
    const fields = [['Sec-WebSocket-Protocol', 'tautline.v1.json'] as const]
    await peer.write(requestBytes({ target: '/realtime', fields }))
    await peer.until(() => readHead(peer.received) !== null)
    peer.take(readHead(peer.received)?.end ?? 0)
    const ear = new Ear(peer)
    const client = `ear-${Math.random()}`
    await ear.say({ id: 1, op: 'connect', client, features: [] })
    await ear.say(...subs.map((sub, i) => ({ id: i + 2, op: 'subscribe', from: 'head', ...sub })))
    if (!(await peer.until(() => peer.received.includes(`{"id":${subs.length + 1},"ok"`)))) {
      throw new Error(`not subscribed: ${peer.received.toString('latin1').slice(0, 500)}`)
    }
    peer.take()
    peer.onData = (chunk) => ear.#take(chunk)
    return ear
  }

  say(...commands: readonly object[]): Promise<void> {
    const payload = commands.map((command) => JSON.stringify(command)).join('\n')
    return this.peer.write(buildFrame({ opcode: 1, payload, mask: true }))
  }

  /** Takes the latencies out. */
  drain(): number[] {
    const { latencies } = this
    this.latencies = []
    return latencies
  }

  #take(chunk: Buffer): void {
    const now = process.hrtime.bigint()
    this.bytes += chunk.length
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    for (let found = bytes.indexOf(TIME); found !== -1; found = bytes.indexOf(TIME, at)) {
      const end = bytes.indexOf(QUOTE, found + TIME.length)
      if (end === -1) break
      const then = BigInt(bytes.toString('latin1', found + TIME.length, end))
      this.latencies.push(Number(now - then) / 1e6)
      at = end
    }
    // Of what is left only the beginning of a time can matter.
    this.#rest = Buffer.from(bytes.subarray(Math.max(at, bytes.length - 30)))
  }
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}
