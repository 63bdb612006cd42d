// `npm run bench`: everybody against `ws`, interleaved in one run. The figure is the server's CPU time per message,
// because wall-clock throughput on shared cores measures the load generator (benchmarks/README.md).

import { availableParallelism } from 'node:os'
import { CONTESTANTS, type Missing } from './contestants.ts'
import { buildGenerator, prepareTls } from './generator.ts'
import { HELP, isMeant, type Options, readOptions, UsageError } from './options.ts'
import { write } from './output.ts'
import { endAllOnExit } from './processes.ts'
import { disturbance, tables, targetTable } from './report.ts'
import type { Skipped } from './results.ts'
import { duration, estimate, type Plan, run } from './run.ts'
import { describe } from './versions.ts'
import { FULL, QUICK, WORKLOADS } from './workloads.ts'

/** A quick run compares with these. */
const MAIN = ['ws', 'cork', 'engine', 'face', 'bun', 'realtime', 'rooms']

interface Selection {
  readonly plan: Plan
  /** Contestants and rows that cannot be measured here. */
  readonly skipped: readonly Skipped[]
}

/** The rows that were asked for, with those who were asked for and can take part in them. */
function select(options: Options): Selection {
  const asked = options.contestants ?? (options.quick ? MAIN : CONTESTANTS.map(({ id }) => id))
  const skipped: Skipped[] = []
  const isHere = (name: string, missing: Missing | null): boolean => {
    if (missing !== null) skipped.push({ name, ...missing })
    return missing === null
  }
  const rows = WORKLOADS.filter((workload) => isMeant(workload, options.only))
    .filter(({ isQuick }) => !options.quick || isQuick || options.only !== '')
    .filter(({ name, flags }) => !flags.includes('--tls') || isHere(name, prepareTls()))
  const present = CONTESTANTS.filter(({ id }) => id === 'ws' || asked.includes(id))
    .filter(({ id }) => rows.some(({ contestants }) => contestants.includes(id)))
    .filter(({ name, missing }) => isHere(name, missing()))
  const planned = rows.map((workload) => {
    return { workload, contestants: present.filter(({ id }) => workload.contestants.includes(id)) }
  })
  const plan = {
    rows: planned.filter(({ contestants }) => contestants.length > 0),
    rounds: options.rounds,
    pace: options.quick ? QUICK : FULL,
  }
  return { plan, skipped }
}

function announce(options: Options, { plan, skipped }: Selection): void {
  for (const { name, reason, command } of skipped)
    console.log(`Left out: ${name}: ${reason}. It comes with: ${command}`)
  if (options.quick && options.only === '') {
    const measured = plan.rows.flatMap(({ workload, contestants }) => [workload, ...contestants].map(({ id }) => id))
    const others = [...CONTESTANTS, ...WORKLOADS].filter(({ id }) => !measured.includes(id))
    console.log(`A quick run leaves out: ${others.map(({ name }) => name).join('; ')}.`)
  }
  const rounds = plan.rounds === 1 ? 'one round' : `${plan.rounds} rounds`
  console.log(`${plan.rows.length} rows, ${rounds}: ${duration(estimate(plan))}\n`)
}

async function main(options: Options): Promise<void> {
  if (availableParallelism() < 2) throw new Error('two cores are needed: one for the server, one for who loads it')
  buildGenerator()
  endAllOnExit()
  const selection = select(options)
  announce(options, selection)
  const rows = await run(selection.plan, console.log)
  const results = { ...describe(selection.plan), rows, skipped: selection.skipped }
  console.log(`\n${tables(results)}\n${targetTable(results)}\n\nThe machine: ${disturbance(results)}.`)
  if (options.write) write(results)
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options.help) console.log(HELP)
  else await main(options)
} catch (error) {
  console.error(error instanceof UsageError ? `${error.message}\n\nnpm run bench -- --help tells more` : error)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
