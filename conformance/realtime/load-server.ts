// A realtime server in a process of its own, told over IPC what to publish and asked what it holds: latency and memory are
// then the server's, not those of its hundred subscribers. Started by load.ts.

import { createRealtime, type Realtime, type RealtimeOptions } from '@tautline/server'

/** So many publications of `bytes` to a channel, at an even pace. */
export interface Publishing {
  readonly channel: string
  readonly count: number
  readonly perSecond: number
  readonly bytes: number
  /** State keys, in turn. 0: none. */
  readonly keys?: number
}

export type Order =
  | { readonly id: number; readonly op: 'start'; readonly options: RealtimeOptions }
  | { readonly id: number; readonly op: 'publish'; readonly all: readonly Publishing[] }
  | { readonly id: number; readonly op: 'memory' }
  | { readonly id: number; readonly op: 'stop' }

export interface Memory {
  readonly rss: number
  readonly heap: number
  readonly buffers: number
  readonly connections: number
  readonly channels: number
  readonly waitingBytes: number
  /** ms of CPU since the start. */
  readonly cpu: number
}

let realtime: Realtime | null = null

/** Each publication bears its number and the time at which it was published, ns of the machine's monotonic clock. */
async function publishAll({ channel, count, perSecond, bytes, keys = 0 }: Publishing): Promise<void> {
  const began = performance.now()
  const pad = 'x'.repeat(bytes)
  const acknowledged: Promise<unknown>[] = []
  for (let n = 0; n < count; ) {
    const due = Math.min(count, ((performance.now() - began) * perSecond) / 1_000)
    for (; n < due; n++) {
      const body = { n, t: String(process.hrtime.bigint()), pad }
      const published = realtime?.publish(channel, body, keys === 0 ? {} : { state: `k${n % keys}` })
      acknowledged.push(Promise.resolve(published))
    }
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  await Promise.all(acknowledged)
}

/** What is held is there in each of several looks: what is only not collected yet is not. */
async function memory(): Promise<Memory> {
  let heap = Number.POSITIVE_INFINITY
  let buffers = Number.POSITIVE_INFINITY
  for (let look = 0; look < 3; look++) {
    globalThis.gc?.()
    await new Promise((resolve) => setTimeout(resolve, 20))
    const { heapUsed, external } = process.memoryUsage()
    heap = Math.min(heap, heapUsed)
    buffers = Math.min(buffers, external)
  }
  const { user, system } = process.cpuUsage()
  const stats = realtime?.stats ?? { connections: 0, channels: 0, waitingBytes: 0 }
  return { rss: process.memoryUsage.rss(), heap, buffers, ...stats, cpu: (user + system) / 1_000 }
}

async function obey(order: Order): Promise<unknown> {
  if (order.op === 'start') {
    realtime = createRealtime({ allow: 'everyone', ...order.options })
    return realtime.listen({ port: 0, host: '127.0.0.1' })
  }
  if (order.op === 'publish') return Promise.all(order.all.map(publishAll))
  if (order.op === 'memory') return memory()
  await realtime?.close()
  process.disconnect()
  return null
}

process.on('message', (order: Order) => {
  obey(order).then(
    (answer) => process.connected && process.send?.({ id: order.id, answer }),
    (error: unknown) => process.send?.({ id: order.id, error: String(error) }),
  )
})
