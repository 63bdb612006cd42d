// What all publishers share: the message, and when it is said. A publisher is a process: `node NAME.ts PORT RATE BURST`.
// It says 'ready' once it is connected, begins when it is told 'go', and ends with its standard input.

import { createInterface } from 'node:readline'

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

/** Publishes at an even pace once it is told to: `burst` messages in one turn, `rate` turns a second. */
export function pace(publish: (message: Message) => void): void {
  const lines = createInterface({ input: process.stdin })
  lines.once('line', () => run(publish))
  lines.once('close', () => process.exit())
  console.log('ready')
}

function run(publish: (message: Message) => void): void {
  const began = performance.now()
  let turns = 0
  let n = 0
  const turn = (): void => {
    for (let i = 0; i < burst; i++) publish(messageOf(n++))
    turns++
    setTimeout(turn, Math.max(0, began + (turns * 1000) / rate - performance.now()))
  }
  turn()
}
