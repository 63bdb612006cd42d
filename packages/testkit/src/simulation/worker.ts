// A process that runs seeds: the arguments say which, each outcome is a line of JSON on standard output. A process of
// its own, because a seed that never ends can only be ended from outside.

import type { Finding } from '../checker/mod.ts'
import type { Bug } from './bugs.ts'
import { simulate } from './simulate.ts'

/** One line of a worker. */
export interface SeedLine {
  readonly seed: number
  readonly hash: string
  readonly events: number
  readonly findings: readonly Finding[]
  readonly counts: Readonly<Record<string, number>>
  /** CPU time of this seed, ms. */
  readonly cpu: number
}

/** Findings of one seed that are told; the first ones say it all. */
const MOST_FINDINGS = 12

async function main(): Promise<void> {
  const [first, last, step, bug, counted] = process.argv.slice(2)
  for (let seed = Number(first); seed <= Number(last); seed += Number(step)) {
    const before = process.cpuUsage()
    const outcome = await simulate(seed, { bug: (bug || null) as Bug | null, counted: counted === 'true' })
    const { user, system } = process.cpuUsage(before)
    const line: SeedLine = {
      seed,
      hash: outcome.hash,
      events: outcome.events,
      findings: outcome.findings.slice(0, MOST_FINDINGS),
      counts: Object.fromEntries(outcome.counts),
      cpu: (user + system) / 1_000,
    }
    process.stdout.write(`${JSON.stringify(line)}\n`)
  }
}

if (import.meta.main) await main()
