// The tables, for the terminal and for results.md.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Cell, cellIn, type Results, type Row, ratio } from './results.ts'

export const NOTHING = '–'

/** Three or four digits that count. */
export function digits(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en')
  return value >= 100 ? value.toFixed(0) : value.toFixed(2)
}

export function times(value: number | undefined): string {
  return value === undefined ? NOTHING : `${value.toFixed(2)}x`
}

/** Markdown whose columns stand under one another. */
export function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  const all = [head, ...body]
  const widths = head.map((_, i) => Math.max(3, ...all.map((cells) => (cells[i] ?? '').length)))
  const line = (cells: readonly string[]): string => {
    return `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`
  }
  const rule = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(head), line(rule), ...body.map(line)].join('\n')
}

/** Columns: whoever is in one of these rows. */
function columns(results: Results, rows: readonly Row[]): string[] {
  return Object.keys(results.contestants).filter((id) => rows.some((row) => cellIn(row, id) !== undefined))
}

function failure(cell: Cell): string {
  return cell.figure === undefined ? 'failed' : ''
}

function costs(results: Results, rows: readonly Row[]): string {
  const ids = columns(results, rows)
  const body = rows.map((row) => {
    const cells = ids.map((id) => {
      const cell = cellIn(row, id)
      if (cell === undefined) return NOTHING
      return cell.figure === undefined ? failure(cell) : digits(cell.figure)
    })
    return [`${row.name}, ${row.unit}`, ...cells]
  })
  return table(['', ...ids.map((id) => results.contestants[id] ?? id)], body)
}

function ratios(results: Results, rows: readonly Row[]): string {
  const ids = columns(results, rows).filter((id) => id !== 'ws')
  const body = rows.map((row) => {
    const ws = cellIn(row, 'ws')?.figure
    return [row.name, ...ids.map((id) => times(ratio(ws, cellIn(row, id)?.figure)))]
  })
  return table(['', ...ids.map((id) => results.contestants[id] ?? id)], body)
}

function speeds(results: Results, rows: readonly Row[]): string {
  const ids = columns(results, rows)
  const body = rows
    .filter((row) => row.unit === 'µs')
    .map((row) => {
      const cells = ids.map((id) => {
        const cell = cellIn(row, id)
        if (cell?.perSecond === undefined) return NOTHING
        const latency = cell.p50 === undefined ? '' : ` · ${milliseconds(cell.p50)} / ${milliseconds(cell.p99)}`
        return `${digits(cell.perSecond)}${latency}`
      })
      return [row.name, ...cells]
    })
  return table(['', ...ids.map((id) => results.contestants[id] ?? id)], body)
}

function milliseconds(microseconds: number | undefined): string {
  return microseconds === undefined ? NOTHING : (microseconds / 1000).toFixed(microseconds < 10_000 ? 2 : 1)
}

/** What the terminal shows, and the middle of results.md. */
export function tables(results: Results): string {
  const { rows } = results
  return `Server CPU per message of all threads in µs, or bytes of memory per connection; lower is better.

${costs(results, rows)}

How many times cheaper than \`ws\`.

${ratios(results, rows)}

Messages a second · latency p50 / p99 in ms.

${speeds(results, rows)}
${problems(results)}`
}

function problems(results: Results): string {
  const failed = results.rows.flatMap((row) =>
    row.cells
      .filter((cell) => cell.problem !== undefined)
      .map((cell) => `- ${results.contestants[cell.contestant]}, ${row.name}: ${cell.problem}`),
  )
  return failed.length === 0 ? '' : `\nRounds that failed:\n\n${failed.join('\n')}\n`
}

function listed(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}

/** results.md. */
export function report(results: Results): string {
  return `# Benchmarks

Written by \`npm run bench -- --write\`; how it is measured: [README.md](README.md).

- ${results.date}, ${results.rounds} rounds, medians
- ${listed(results.machine)}
- ${listed(results.versions)}

${tables(results)}`
}

export function writeReport(results: Results, text: string): void {
  writeFileSync(join(import.meta.dirname, 'results.json'), `${JSON.stringify(results, null, 2)}\n`)
  writeFileSync(join(import.meta.dirname, 'results.md'), text)
}
