// Goes through the rows: in each round every contestant of the row has its turn, so that a machine whose mood changes
// changes it for all of them. Says where it is and how long it will take.

import type { Contestant } from './contestants.ts'
import { type Measurement, measure } from './load.ts'
import { type Cell, cellOf, type Row } from './results.ts'
import type { Pace, Workload } from './workloads.ts'

/** Rows with those who take part in them. */
export interface Plan {
  readonly rows: readonly { readonly workload: Workload; readonly contestants: readonly Contestant[] }[]
  readonly rounds: number
  readonly pace: Pace
}

/** Somebody who failed that often in a row is not asked again: each failure may take half a minute. */
const MAX_FAILURES = 2

/** Seconds for all of the plan, or for its rows from `first` on. */
export function estimate(plan: Plan, first = 0): number {
  const rows = plan.rows.slice(first)
  const oneRound = rows.map(({ workload, contestants }) => workload.seconds(plan.pace) * contestants.length)
  return plan.rounds * oneRound.reduce((sum, seconds) => sum + seconds, 0)
}

export async function run(plan: Plan, say: (line: string) => void): Promise<Row[]> {
  const rows: Row[] = []
  const began = performance.now()
  for (const [index, { workload, contestants }] of plan.rows.entries()) {
    const spent = (performance.now() - began) / 1000
    const foreseen = estimate(plan) - estimate(plan, index)
    // What the first rows took tells how this machine compares with the estimate.
    const left = estimate(plan, index) * (foreseen > 0 ? spent / foreseen : 1)
    say(`[${index + 1}/${plan.rows.length}] ${workload.name} (${duration(left)} left)`)
    const row = await measureRow(workload, contestants, plan)
    for (const cell of row.cells) say(`    ${line(cell, contestants, row)}`)
    rows.push(row)
  }
  return rows
}

class Turns {
  readonly measured: Measurement[] = []
  problem: string | undefined = undefined
  failures = 0
}

async function measureRow(workload: Workload, contestants: readonly Contestant[], plan: Plan): Promise<Row> {
  const turns = contestants.map(() => new Turns())
  for (let round = 0; round < plan.rounds; round++) {
    for (const [i, contestant] of contestants.entries()) {
      const own = turns[i] as Turns
      if (own.failures === MAX_FAILURES) continue
      try {
        own.measured.push(await measure(contestant, workload, plan.pace))
      } catch (error) {
        own.problem = (error as Error).message
        own.failures++
      }
    }
  }
  const cells = contestants.map(({ id }, i) => {
    const { measured, problem } = turns[i] as Turns
    return cellOf(id, workload, measured, problem)
  })
  return { id: workload.id, name: workload.name, unit: workload.unit, cells }
}

function line(cell: Cell, contestants: readonly Contestant[], row: Row): string {
  const name = (contestants.find(({ id }) => id === cell.contestant)?.name ?? cell.contestant).padEnd(24)
  const figure = cell.figure === undefined ? '' : `${cell.figure.toFixed(row.unit === 'bytes' ? 0 : 2)} ${row.unit}`
  const failed = cell.problem === undefined ? '' : `  failed: ${cell.problem}`
  return `${name}${figure.padStart(14)}${failed}`
}

export function duration(seconds: number): string {
  return seconds < 90 ? `about ${Math.ceil(seconds)} s` : `about ${Math.round(seconds / 60)} min`
}
