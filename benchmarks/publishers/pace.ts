// What all publishers share: the message, and when it is said. A publisher is a process: `node NAME.ts PORT RATE BURST`.
// It publishes a while for nobody once it is connected, so that the server's publishing is compiled; then it says 'ready',
// goes on when it is told 'go', and ends with its standard input.

import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'

/** What is published: JSON of about 125 bytes, another one each time. */
export interface Message {
  readonly n: number
  readonly symbol: string
  readonly bid: number
  readonly ask: number
  readonly at: number
  readonly venue: string
}

const FIRST = 1_000_000
const VENUE = 'Frankfurt am Main, electronic order'

/** Milliseconds of the epoch with microseconds behind the point: the latency is told by it (wsload --stamped). */
function now(): number {
  return Math.floor((performance.timeOrigin + performance.now()) * 1000) / 1000
}

export function messageOf(n: number): Message {
  const bid = 10_000 + ((n * 7_919) % 89_999)
  return { n: FIRST + n, symbol: 'EUR/USD', bid, ask: bid + 1, at: now(), venue: VENUE }
}

export const port: number = Number(process.argv[2])
const rate = Number(process.argv[3])
const burst = Number(process.argv[4])
let n = 0

/** What a server that has run for a minute has seen, at a rate that no limit forbids. */
const WARM_UP: Pace = { rate: 50, burst: 16, turns: 150 }

interface Pace {
  /** Turns a second, messages in each, and how many turns. */
  readonly rate: number
  readonly burst: number
  readonly turns: number
}

type Publish = (message: Message) => void

/** Publishes at an even pace once it is told to: `burst` messages in one turn, `rate` turns a second. */
export async function pace(publish: Publish): Promise<void> {
  const lines = createInterface({ input: process.stdin })
  lines.once('close', () => process.exit())
  await run(publish, WARM_UP)
  lines.once('line', () => void run(publish, { rate, burst, turns: Number.POSITIVE_INFINITY }))
  console.log('ready')
}

async function run(publish: Publish, { rate, burst, turns }: Pace): Promise<void> {
  const began = performance.now()
  for (let turn = 1; turn <= turns; turn++) {
    for (let i = 0; i < burst; i++) publish(messageOf(n++))
    await setTimeout(Math.max(0, began + (turn * 1000) / rate - performance.now()))
  }
}
