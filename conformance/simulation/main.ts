// Runs seeds of the simulation: `node conformance/simulation/main.ts --seeds 1..2000`, or one of them with its trace:
// `--seed 17 --trace [--channel chat:a]`. Ends with 1 where a seed fails.

import { parseArgs } from 'node:util'
import { campaign, explain, printTrace, simulate, summary } from '@tautline/testkit/simulation'

const USAGE = `node conformance/simulation/main.ts --seeds 1..2000        many seeds, two processes
node conformance/simulation/main.ts --seed 17 [--trace [--channel chat:a]]   one seed`

async function one(seed: number, trace: boolean, channel: string | null): Promise<boolean> {
  const outcome = await simulate(seed, { trace })
  if (trace) console.log(printTrace(outcome.lines, channel, Number.POSITIVE_INFINITY))
  console.log(JSON.stringify(outcome.plan, null, 1))
  for (const finding of outcome.findings) console.log(finding)
  console.log(`seed ${seed}: ${outcome.findings.length} findings, ${outcome.events} events, hash ${outcome.hash}`)
  return outcome.findings.length === 0
}

async function many(first: number, last: number): Promise<boolean> {
  const began = performance.now()
  const result = await campaign({
    first,
    last,
    progress: (done, failed) => {
      if (done % 500 === 0)
        console.log(`${done} seeds, ${failed} failed, ${Math.round((performance.now() - began) / 1000)} s`)
    },
  })
  for (const line of result.failed.slice(0, 3)) console.log(`\n${await explain(line)}`)
  console.log(`\n${summary(result)}`)
  const names = new Map<string, number[]>()
  for (const { seed, findings } of result.failed) {
    for (const name of new Set(findings.map((finding) => finding.check)))
      names.set(name, [...(names.get(name) ?? []), seed])
  }
  for (const [name, seeds] of names)
    console.log(`${seeds.length} seeds fail "${name}": ${seeds.slice(0, 20).join(' ')}`)
  if (result.missing.length > 0) console.log(`no answer from seeds ${result.missing.slice(0, 20).join(' ')}`)
  return result.failed.length === 0 && result.missing.length === 0
}

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    channel: { type: 'string' },
  },
})
const range = /^(\d+)\.\.(\d+)$/.exec(values.seeds ?? '')
if (values.seed !== undefined && /^\d+$/.test(values.seed)) {
  process.exitCode = (await one(Number(values.seed), values.trace, values.channel ?? null)) ? 0 : 1
} else if (range !== null) {
  process.exitCode = (await many(Number(range[1]), Number(range[2]))) ? 0 : 1
} else {
  console.error(USAGE)
  process.exitCode = 2
}
