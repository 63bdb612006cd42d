// A steady load of keyed publications on a store, and what it did to the loop and to the processor. As a server does it:
// one append in flight per channel, what arrives meanwhile is its next batch.

import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { EntryIds, type LogRule } from '@tautline/broker'
import { SqliteBroker } from '@tautline/broker/sqlite'
import { systemRandom } from '@tautline/wire'
import { temporaryDirectory } from './places.ts'

export interface Load {
  readonly rate: number
  readonly channels: number
  readonly seconds: number
  readonly durability: 'fsync' | 'process'
}

export interface LoadFigures {
  readonly perSecond: number
  readonly failed: number
  readonly p50: number
  readonly p99: number
  /** Of one core, %, the load itself included. */
  readonly cpu: number
  /** Longest stall of the loop, ms. */
  readonly stall: number
}

interface Lane {
  readonly channel: string
  busy: boolean
  /** When each waiting publication was made. */
  waiting: number[]
}

const RULE: LogRule = { size: 100, ttl: 300_000, window: 120_000 }
const BODY = { json: JSON.stringify({ text: 'x'.repeat(100), n: 1 }) }
const HASH = 'YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY'

export async function load({ rate, channels, seconds, durability }: Load): Promise<LoadFigures> {
  const place = temporaryDirectory()
  const broker = await SqliteBroker.open({ file: join(place.path, 'store.db'), durability })
  const ids = new EntryIds(systemRandom)
  const lanes: Lane[] = Array.from({ length: channels }, (_, i) => ({ channel: `chat:${i}`, busy: false, waiting: [] }))
  const latencies: number[] = []
  let settled = 0
  let failed = 0

  const pump = async (lane: Lane): Promise<void> => {
    if (lane.busy) return
    lane.busy = true
    while (lane.waiting.length > 0) {
      const made = lane.waiting.splice(0, 64)
      const expires = Date.now() + 60_000
      const batch = made.map(() => {
        const id = ids.next()
        return { id, key: `0123456789${id}`, scope: `user-${settled % 5_000}`, hash: HASH, expires, body: BODY }
      })
      const outcomes = await broker.append(lane.channel, batch, RULE)
      const now = performance.now()
      for (const [i, outcome] of outcomes.entries()) {
        if (outcome.fail !== undefined) failed++
        latencies.push(now - (made[i] as number))
      }
      settled += outcomes.length
    }
    lane.busy = false
  }

  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const cpu = process.cpuUsage()
  const started = performance.now()
  let issued = 0
  for (let elapsed = 0; elapsed < seconds; elapsed = (performance.now() - started) / 1000) {
    for (const wanted = Math.floor(elapsed * rate); issued < wanted; issued++) {
      const lane = lanes[Math.floor(Math.random() * channels)] as Lane
      lane.waiting.push(performance.now())
      void pump(lane)
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  while (settled < issued) await new Promise((resolve) => setTimeout(resolve, 1))
  const took = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(cpu)
  delay.disable()
  await broker.close()
  place.remove()
  latencies.sort((a, b) => a - b)
  const quantile = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0
  return {
    perSecond: Math.round((settled - failed) / took),
    failed,
    p50: round(quantile(0.5)),
    p99: round(quantile(0.99)),
    cpu: Math.round((user + system) / took / 10_000),
    stall: round(delay.max / 1e6),
  }
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10
}
