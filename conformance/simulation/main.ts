// Runs seeds of the simulation: `npm run simulate -- --help`. Ends with 1 where a promise was broken.

import { type Campaign, campaign, explain, printTrace, simulate, summary } from '@tautline/testkit/simulation'
import { HELP, type How, readArguments, type Shown } from './arguments.ts'

async function one(seed: number, trace: Shown | null, how: How): Promise<boolean> {
  const outcome = await simulate(seed, { ...how, trace: trace !== null })
  if (trace !== null) console.log(printTrace(outcome.lines, trace.channel, trace.last))
  console.log(JSON.stringify(outcome.plan, null, 1))
  for (const finding of outcome.findings) console.log(finding)
  console.log(`seed ${seed}: ${outcome.findings.length} findings, ${outcome.events} events, hash ${outcome.hash}`)
  return outcome.findings.length === 0
}

async function many(first: number, last: number, workers: number, { bug, counted }: How): Promise<boolean> {
  const began = performance.now()
  const seconds = (): string => `${Math.round((performance.now() - began) / 1_000)} s`
  const result = await campaign({
    first,
    last,
    workers,
    counted,
    ...(bug === null ? {} : { bug }),
    progress: (done, failed) => {
      if (done % 500 === 0) console.log(`${done} seeds, ${failed} failed, ${seconds()}`)
    },
  })
  for (const line of result.failed.slice(0, 3)) console.log(`\n${await explain(line, { bug, counted })}`)
  console.log(`\n${summary(result)}`)
  console.log(sorted(result))
  const { failed, missing } = result
  if (missing.length > 0) console.log(`no answer from seeds ${missing.slice(0, 20).join(' ')}`)
  console.log(`${result.seeds} seeds in ${seconds()}: ${failed.length} failed, ${missing.length} never ended`)
  return failed.length === 0 && missing.length === 0
}

/** Which seeds break which promise. */
function sorted({ failed }: Campaign): string {
  const names = new Map<string, number[]>()
  for (const { seed, findings } of failed) {
    for (const name of new Set(findings.map((finding) => finding.check)))
      names.set(name, [...(names.get(name) ?? []), seed])
  }
  return [...names]
    .map(([name, seeds]) => `${seeds.length} seeds break "${name}": ${seeds.slice(0, 20).join(' ')}`)
    .join('\n')
}

const wish = readArguments(process.argv.slice(2))
if (wish.what === 'help') console.log(HELP)
else if (wish.what === 'wrong') {
  console.error(`${wish.text}\nnpm run simulate -- --help says more`)
  process.exitCode = 2
} else if (wish.what === 'one') process.exitCode = (await one(wish.seed, wish.trace, wish.how)) ? 0 : 1
else process.exitCode = (await many(wish.first, wish.last, wish.workers, wish.how)) ? 0 : 1
