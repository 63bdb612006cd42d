// `npm run bench`: everybody against `ws`, interleaved in one run. The figure is the server's CPU time per message,
// because wall-clock throughput on shared cores measures the load generator (benchmarks/README.md).

import { availableParallelism } from 'node:os'
import { CONTESTANTS, type Contestant } from './contestants.ts'
import { buildLoadGenerator } from './load.ts'
import { HELP, isMeant, type Options, readOptions, UsageError } from './options.ts'
import { endAllOnExit } from './processes.ts'
import { report, tables, writeReport } from './report.ts'
import type { Skipped } from './results.ts'
import { duration, estimate, type Plan, run } from './run.ts'
import { describe } from './versions.ts'
import { FULL, QUICK, WORKLOADS } from './workloads.ts'

/** A quick run compares with these. */
const MAIN = ['ws', 'cork', 'engine', 'face', 'bun']

/** Everybody who was asked for, and who of them cannot take part. */
function choose(options: Options): { present: readonly Contestant[]; skipped: readonly Skipped[] } {
  const asked = options.contestants ?? (options.quick ? MAIN : CONTESTANTS.map(({ id }) => id))
  const chosen = CONTESTANTS.filter(({ id }) => id === 'ws' || asked.includes(id))
  const skipped: Skipped[] = []
  const present = chosen.filter((contestant) => {
    const missing = contestant.missing()
    if (missing !== null) skipped.push({ name: contestant.name, ...missing })
    return missing === null
  })
  return { present, skipped }
}

function planFor(options: Options, present: readonly Contestant[]): Plan {
  const rows = WORKLOADS.filter((workload) => isMeant(workload, options.only))
    .filter((workload) => !options.quick || workload.isQuick || options.only !== '')
    .map((workload) => ({
      workload,
      contestants: present.filter(({ id }) => workload.contestants.includes(id)),
    }))
    .filter(({ contestants }) => contestants.length > 0)
  return { rows, rounds: options.rounds, pace: options.quick ? QUICK : FULL }
}

function announce(options: Options, plan: Plan, skipped: readonly Skipped[]): void {
  for (const { name, reason, command } of skipped)
    console.log(`Left out: ${name}: ${reason}. It comes with: ${command}`)
  if (options.quick) {
    const rows = WORKLOADS.filter(({ id }) => !plan.rows.some(({ workload }) => workload.id === id))
    const others = CONTESTANTS.filter(
      ({ id }) => !plan.rows.some((row) => row.contestants.some((one) => one.id === id)),
    )
    console.log(`Left out of a quick run: ${[...others, ...rows].map(({ name }) => name).join('; ')}.`)
  }
  const rounds = plan.rounds === 1 ? 'one round' : `${plan.rounds} rounds`
  console.log(`${plan.rows.length} rows, ${rounds}: ${duration(estimate(plan))}\n`)
}

async function main(options: Options): Promise<void> {
  if (availableParallelism() < 2) throw new Error('two cores are needed: one for the server, one for who loads it')
  buildLoadGenerator()
  endAllOnExit()
  const { present, skipped } = choose(options)
  const plan = planFor(options, present)
  announce(options, plan, skipped)
  const rows = await run(plan, console.log)
  const results = { ...describe(plan, present), rows, skipped }
  console.log(`\n${tables(results)}`)
  if (options.write) writeReport(results, report(results))
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options.help) console.log(HELP)
  else await main(options)
} catch (error) {
  console.error(error instanceof UsageError ? `${error.message}\n\nnpm run bench -- --help tells more` : error)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
