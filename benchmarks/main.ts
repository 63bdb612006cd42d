// `npm run bench`: the engine and its `ws` face against `ws`, interleaved in one run. The figure is the server's CPU
// time per message, because wall-clock throughput on shared cores measures the load generator (benchmarks/README.md).

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildLoadGenerator, type Contestant, load, startContestant, stopContestant } from './load.ts'
import { type Workload, workloads } from './workloads.ts'

const CONTESTANTS: readonly Contestant[] = [
  { name: 'ws + bufferutil', script: 'ws.ts', args: ['ws'] },
  { name: 'Tautline engine', script: 'engine.ts', args: [] },
  { name: 'Tautline ws face', script: 'ws.ts', args: ['@tautline/ws'] },
]

const ROUNDS = 5

const HELP = `npm run bench -- [options]
  --quick          1 round of short runs (about two minutes) instead of ${ROUNDS}
  --rounds N       rounds for each figure; medians are reported
  --only TEXT      workloads whose name contains TEXT
  --write          write benchmarks/results.md
`

interface Row {
  readonly workload: Workload
  readonly medians: readonly number[]
}

interface Options {
  readonly quick: boolean
  readonly rounds: number
  readonly only: string
  readonly write: boolean
}

/** Reads the arguments; says what is wrong with them and ends. */
function readOptions(): Options {
  try {
    const { values } = parseArgs({
      options: {
        help: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        rounds: { type: 'string' },
        only: { type: 'string', default: '' },
        write: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      console.log(HELP)
      process.exit(0)
    }
    const rounds = Number(values.rounds ?? (values.quick ? 1 : ROUNDS))
    if (!Number.isInteger(rounds) || rounds < 1)
      throw new Error(`--rounds takes a number from 1 on, not ${values.rounds}`)
    const { quick, only, write } = values
    if (!workloads(1).some(({ name }) => name.includes(only))) throw new Error(`no workload has "${only}" in its name`)
    return { quick, rounds, only, write }
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`)
    process.exit(2)
  }
}

async function measure(workload: Workload, contestant: Contestant): Promise<number> {
  const running = await startContestant(contestant, workload.server)
  try {
    return workload.figure(await load(running, workload.args))
  } finally {
    await stopContestant(running)
  }
}

async function measureRow(workload: Workload, rounds: number): Promise<Row> {
  const figures: number[][] = CONTESTANTS.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (const [i, contestant] of CONTESTANTS.entries()) figures[i]?.push(await measure(workload, contestant))
  }
  return { workload, medians: figures.map(median) }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? Number.NaN
}

function format(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en') : value >= 100 ? value.toFixed(0) : value.toFixed(2)
}

function table(rows: readonly Row[]): string {
  const head = ['workload', ...CONTESTANTS.map(({ name }) => name), 'engine vs ws', 'face vs ws']
  const body = rows.map(({ workload, medians }) => {
    const [ws = Number.NaN, engine = Number.NaN, face = Number.NaN] = medians
    const figures = medians.map((value) => `${format(value)} ${workload.unit}`)
    return [workload.name, ...figures, `${(ws / engine).toFixed(2)}x`, `${(ws / face).toFixed(2)}x`]
  })
  return [head, head.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function report(rows: readonly Row[], rounds: number): string {
  const ws = JSON.parse(readFileSync(join(import.meta.dirname, '../node_modules/ws/package.json'), 'utf8')).version
  const kernel = execFileSync('uname', ['-r'], { encoding: 'utf8' }).trim()
  return `# Benchmarks

Server CPU time per message (all threads), medians of ${rounds} rounds, contestants interleaved; the server has one core,
the load generator (\`benchmarks/wsload.c\`) the other. Part of the lead with several messages in flight is one write per
turn of the loop. ${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ws ${ws}, Linux ${kernel},
${cpus()[0]?.model ?? 'unknown CPU'}. Run it: \`npm run bench -- --write\`.

${table(rows)}
`
}

async function main(): Promise<void> {
  const { quick, rounds, only, write } = readOptions()
  buildLoadGenerator()
  const rows: Row[] = []
  for (const workload of workloads(quick ? 0.3 : 1)) {
    if (!workload.name.includes(only)) continue
    const row = await measureRow(workload, rounds)
    rows.push(row)
    console.log(
      `${workload.name}: ${row.medians.map((value, i) => `${CONTESTANTS[i]?.name} ${format(value)}`).join(', ')}`,
    )
  }
  console.log(`\n${table(rows)}`)
  if (write) writeFileSync(join(import.meta.dirname, 'results.md'), report(rows, rounds))
}

await main()
