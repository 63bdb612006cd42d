// What a run found, as results.json keeps it: tables, targets and plots are drawn from this alone.

import type { Measurement } from './load.ts'
import type { Unit, Workload } from './workloads.ts'

/** One contestant in one row. Medians over the rounds; undefined where nothing was measured. */
export interface Cell {
  readonly contestant: string
  /** The figure of each round that succeeded: what is compared. */
  readonly rounds: readonly number[]
  readonly figure?: number | undefined
  readonly perSecond?: number | undefined
  /** Microseconds. */
  readonly p50?: number | undefined
  readonly p99?: number | undefined
  /** On the wire, to each receiver; broadcasts only. */
  readonly bytesPerMessage?: number | undefined
  /** The busiest that the machine was with other programs, in cores. */
  readonly others?: number | undefined
  /** What went wrong in a round that did not succeed. */
  readonly problem?: string | undefined
}

export interface Row {
  readonly id: string
  readonly name: string
  readonly unit: Unit
  readonly cells: readonly Cell[]
}

/** Who could not take part, and why. */
export interface Skipped {
  readonly name: string
  readonly reason: string
  readonly command: string
}

export interface Results {
  readonly date: string
  readonly rounds: number
  readonly secondsPerMeasurement: number
  readonly idleConnections: number
  /** Processor, kernel and the like, by what they are called in the report. */
  readonly machine: Readonly<Record<string, string>>
  readonly versions: Readonly<Record<string, string>>
  /** Names of the contestants by their id. */
  readonly contestants: Readonly<Record<string, string>>
  readonly rows: readonly Row[]
  readonly skipped: readonly Skipped[]
}

/** The middle one; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b)
  const upper = sorted[sorted.length >> 1]
  const lower = sorted[(sorted.length - 1) >> 1]
  return upper === undefined || lower === undefined ? undefined : (lower + upper) / 2
}

function figureOf(unit: Unit, measured: Measurement): number | undefined {
  return unit === 'bytes' ? measured.bytes_per_conn_slope : measured.cpu_us_per_msg
}

/** What the rounds of one contestant come to. */
export function cellOf(
  contestant: string,
  workload: Workload,
  measured: readonly Measurement[],
  problem: string | undefined,
): Cell {
  const all = (pick: (one: Measurement) => number | undefined): number[] =>
    measured.map(pick).filter((value) => value !== undefined)
  const rounds = all((one) => figureOf(workload.unit, one))
  return {
    contestant,
    rounds,
    figure: median(rounds),
    perSecond: median(all((one) => one.msgs_per_s)),
    p50: median(all((one) => one.p50_us)),
    p99: median(all((one) => one.p99_us)),
    bytesPerMessage: median(all((one) => one.bytes_per_msg)),
    others: Math.max(0, ...all((one) => one.others_cpu)),
    problem,
  }
}

export function cellIn(row: Row | undefined, contestant: string): Cell | undefined {
  return row?.cells.find((cell) => cell.contestant === contestant)
}

/** The figure of one contestant in one row. */
export function figureIn(results: Results, row: string, contestant: string): number | undefined {
  return cellIn(
    results.rows.find(({ id }) => id === row),
    contestant,
  )?.figure
}

/** How many times the first costs what the second costs. */
export function ratio(first: number | undefined, second: number | undefined): number | undefined {
  return first === undefined || second === undefined || second <= 0 ? undefined : first / second
}
