// A table of micro-benchmarks: rows that do the same in different ways, each at several sizes. Rows take turns, medians are
// reported, and what a row leaves to the loop (ticks, immediates) is on its account.

/** Does it once. A promise is waited for. */
export type Call = () => unknown

export interface Row {
  readonly name: string
  /** Prepares for payloads of so many bytes; null where the row does not take part at that size. */
  readonly at: (size: number) => Call | null
}

export interface Table {
  readonly name: string
  /** What is done, in a sentence or two below the title. */
  readonly about: string
  readonly sizes: readonly number[]
  /** Messages in a call; figures are for one. Default 1. */
  readonly count?: number
  readonly rows: readonly Row[]
}

/** ns a message, by row and size; null: it did not take part. */
export type Figures = readonly (readonly (number | null)[])[]

const ROUNDS = 7
const ROUND_MS = 25
const BATCH_MS = 0.5

/** Measures a table. */
export async function measure({ sizes, rows, count = 1 }: Table): Promise<Figures> {
  const figures: (number | null)[][] = rows.map(() => [])
  for (const size of sizes) {
    const running = rows.map((row) => row.at(size)).map((call) => (call === null ? null : { call, batch: 1, ns: [0] }))
    for (const row of running) {
      if (row === null) continue
      // What is quick is compiled by this, and the batch is long enough for the clock.
      for (const until = performance.now() + 60; performance.now() < until; ) {
        const ms = await time(row.call, row.batch)
        if (ms < BATCH_MS) row.batch *= 2
      }
      row.ns = []
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (const row of running) if (row !== null) row.ns.push(await oneRound(row.call, row.batch))
    }
    for (const [i, row] of running.entries()) figures[i]?.push(row === null ? null : median(row.ns) / count)
  }
  return figures
}

/** ns a call. */
async function oneRound(call: Call, batch: number): Promise<number> {
  let calls = 0
  let spent = 0
  while (spent < ROUND_MS) {
    spent += await time(call, batch)
    calls += batch
  }
  return (spent * 1e6) / calls
}

/** ms for `batch` calls, one behind the other, and for what they left to the loop. */
async function time(call: Call, batch: number): Promise<number> {
  const began = performance.now()
  for (let i = 0; i < batch; i++) {
    const result = call()
    if (result instanceof Promise) await result
  }
  await new Promise((resolve) => setImmediate(resolve))
  return performance.now() - began
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number
}

/** What was made last: an optimiser must not find that nobody wants it. */
export let kept: unknown = null

export function keep(value: unknown): void {
  kept = value
}
