// `npm run bench:micro`: the parts of the hot path one by one, in ns a call. The thresholds in the code (when a loop, a
// native call or SIMD is used) were chosen by these figures; change them together.

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Figures, Table } from './micro/table.ts'
import { TABLES } from './micro/tables.ts'

const HELP = `npm run bench:micro -- [options]
  --only TEXT   tables whose name contains TEXT
  --write       write benchmarks/micro.md
  --help

Tables: ${TABLES.map(({ name }) => name).join('; ')}
`

interface Options {
  readonly only: string
  readonly write: boolean
}

/** Reads the arguments; says what is wrong with them and ends. */
function readOptions(): Options {
  try {
    const { values } = parseArgs({
      options: {
        help: { type: 'boolean', default: false },
        only: { type: 'string', default: '' },
        write: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      console.log(HELP)
      process.exit(0)
    }
    const { only, write } = values
    if (!TABLES.some(({ name }) => name.includes(only))) throw new Error(`no table has "${only}" in its name`)
    if (write && only !== '') throw new Error('--write writes all tables: leave --only out')
    return { only, write }
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`)
    process.exit(2)
  }
}

/** In a process of its own, which takes the place of this one until it is done. */
function measured(table: Table): Figures {
  const file = join(import.meta.dirname, 'micro/child.ts')
  return JSON.parse(
    execFileSync(process.execPath, [file, table.name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }),
  ) as Figures
}

function sizeText(size: number): string {
  if (size >= 1024 * 1024) return `${size / 1024 / 1024} MiB`
  return size >= 1024 ? `${size / 1024} KiB` : `${size} B`
}

/** More than memory gives: such a row touches no byte of the payload, and has no throughput. */
const MOST_MB_PER_S = 100_000

/** ns, and the MB/s that they come to. */
function cell(ns: number | null, size: number): string {
  if (ns === null) return ''
  const digits = ns < 100 ? 1 : 0
  const text = ns.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: digits })
  const speed = Math.round((size / ns) * 1000)
  return speed > MOST_MB_PER_S ? `${text} ns` : `${text} ns, ${speed.toLocaleString('en')} MB/s`
}

function markdown({ name, about, sizes, rows }: Table, figures: Figures): string {
  const head = ['', ...sizes.map(sizeText)]
  const body = rows.map((row, i) => [row.name, ...sizes.map((size, j) => cell(figures[i]?.[j] ?? null, size))])
  const widths = head.map((_, i) => Math.max(3, ...[head, ...body].map((cells) => cells[i]?.length ?? 0)))
  const lines = [head, widths.map((width) => '-'.repeat(width)), ...body].map(
    (cells) => `| ${cells.map((text, i) => text.padEnd(widths[i] as number)).join(' | ')} |`,
  )
  return `## ${name[0]?.toUpperCase()}${name.slice(1)}\n\n${about}\n\n${lines.join('\n')}\n`
}

function report(tables: readonly string[]): string {
  const ws = JSON.parse(readFileSync(join(import.meta.dirname, '../node_modules/ws/package.json'), 'utf8')).version
  const cpu = cpus()[0]?.model ?? 'unknown CPU'
  return `# Micro-benchmarks

The parts of the hot path, ns a message and payload bytes a second: medians of 7 rounds in which the rows take turns, a process for each
table. ${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ws ${ws}, ${cpu}. Run it: \`npm run bench:micro -- --write\`.

They say where a threshold lies and what a part costs, not how fast a server is: that is in [results.md](results.md).

${tables.join('\n')}`
}

const { only, write } = readOptions()
const written: string[] = []
for (const table of TABLES) {
  if (!table.name.includes(only)) continue
  written.push(markdown(table, measured(table)))
  console.log(written[written.length - 1])
}
if (write) writeFileSync(join(import.meta.dirname, 'micro.md'), report(written))
