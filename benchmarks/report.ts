// The tables, for the terminal and for results.md.

import { type Cell, cellIn, type Results, type Row, ratio } from './results.ts'
import { judge, type Target } from './targets.ts'

export const NOTHING = '–'

/** Three or four digits that count. */
export function digits(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en')
  return value >= 100 ? value.toFixed(0) : value.toFixed(2)
}

/** Markdown whose columns stand under one another. */
export function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  const all = [head, ...body]
  const widths = head.map((_, i) => Math.max(3, ...all.map((cells) => (cells[i] ?? '').length)))
  const pad = (cell: string, i: number): string =>
    i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)
  const line = (cells: readonly string[]): string => `| ${cells.map(pad).join(' | ')} |`
  const rule = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(head), line(rule), ...body.map(line)].join('\n')
}

/** One table: a line for each row, a column for each contestant that is in one of them. */
function grid(results: Results, rows: readonly Row[], show: (cell: Cell, row: Row) => string, without = ''): string {
  const ids = Object.keys(results.contestants)
    .filter((id) => id !== without)
    .filter((id) => rows.some((row) => cellIn(row, id) !== undefined))
  const body = rows.map((row) => {
    const cells = ids.map((id) => cellIn(row, id))
    return [`${row.name}`, ...cells.map((cell) => (cell === undefined ? NOTHING : show(cell, row)))]
  })
  return table(['', ...ids.map((id) => results.contestants[id] ?? id)], body)
}

function figure(cell: Cell, row: Row): string {
  return cell.figure === undefined ? 'failed' : `${digits(cell.figure)} ${row.unit}`
}

function speed({ perSecond, p50, p99 }: Cell): string {
  if (perSecond === undefined) return NOTHING
  return p50 === undefined ? digits(perSecond) : `${digits(perSecond)} · ${milliseconds(p50)} / ${milliseconds(p99)}`
}

function milliseconds(microseconds: number | undefined): string {
  return microseconds === undefined ? NOTHING : (microseconds / 1000).toFixed(microseconds < 10_000 ? 2 : 1)
}

/** Rows of one layer, compared with one contestant. */
function section(results: Results, title: string, rows: readonly Row[], base: string): string {
  if (rows.length === 0) return ''
  const against = (cell: Cell, row: Row): string => {
    const value = ratio(cellIn(row, base)?.figure, cell.figure)
    return value === undefined ? NOTHING : `${value.toFixed(2)}x`
  }
  const timed = rows.filter(({ unit }) => unit === 'µs')
  const speeds = `Messages a second · latency p50 / p99 in ms:\n\n${grid(results, timed, speed)}\n`
  const isCompared = rows.some((row) => cellIn(row, base)?.figure !== undefined)
  const ratios = `Times cheaper than ${results.contestants[base]}:\n\n${grid(results, rows, against, base)}\n`
  return `## ${title}

Server CPU per message, all threads (idle connections: bytes of memory); lower is better:

${grid(results, rows, figure)}
${isCompared ? `\n${ratios}` : ''}${timed.length === 0 ? '' : `\n${speeds}`}`
}

function problems(results: Results): string {
  const lines = results.rows.flatMap((row) =>
    row.cells
      .filter(({ problem }) => problem !== undefined)
      .map(({ contestant, problem, rounds }) => {
        const of = `${results.rounds - rounds.length} of ${results.rounds} rounds`
        return `- ${results.contestants[contestant]}, ${row.name}, ${of}: ${problem}`
      }),
  )
  return lines.length === 0 ? '' : `## What failed\n\n${lines.join('\n')}\n`
}

/** A quarter of a core: more than the publisher of the realtime rows and the kernel's threads take. */
const DISTURBED = 0.25

/** Figures do not hold where others were at work: says so. */
export function disturbance(results: Results): string {
  const cells = results.rows.flatMap((row) => row.cells)
  const disturbed = cells.filter(({ others = 0 }) => others > DISTURBED)
  if (disturbed.length === 0) return 'no other program was at work'
  return `in ${disturbed.length} of ${cells.length} cells other programs took more than ${DISTURBED} of a core at some time: measure again`
}

function amount(value: number, { unit }: Target): string {
  return unit === 'x' ? `${value.toFixed(2)}x` : `${digits(value)} ${unit}`
}

export function targetTable(results: Results): string {
  const body = judge(results).map(({ target, measured, isMet }) => [
    target.name,
    `${target.bound === 'at least' ? '≥' : '≤'} ${amount(target.value, target)}`,
    measured === undefined ? NOTHING : amount(measured, target),
    isMet === undefined ? 'not measured' : isMet ? 'met' : 'not met',
  ])
  return table(['target (engine against `ws` where nothing else is said)', 'wanted', 'measured', ''], body)
}

/** What the terminal shows, and the middle of results.md. */
export function tables(results: Results): string {
  const publishes = results.rows.filter(({ id }) => id.startsWith('publish'))
  const engine = results.rows.filter((row) => !publishes.includes(row))
  return [
    section(results, 'The engine', engine, 'ws'),
    section(results, 'The realtime layer', publishes, 'rooms'),
    problems(results),
  ]
    .filter((text) => text !== '')
    .join('\n')
}

function listed(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}

export function roundsOf({ rounds }: Results): string {
  return rounds === 1 ? 'one round' : `medians of ${rounds} rounds`
}

/** results.md. */
export function report(results: Results): string {
  const { skipped, idleConnections } = results
  const [few, many] = [idleConnections / 10, idleConnections].map((count) => count.toLocaleString('en'))
  const absent = skipped
    .map(({ name, reason, command }) => `- Left out: ${name}: ${reason} (\`${command}\`)\n`)
    .join('')
  return `# Results

Written by \`npm run bench -- --write\`; how it is measured: [README.md](README.md). Every figure and verdict here is computed from
[results.json](results.json).

- ${results.date}; ${roundsOf(results)}, ${results.secondsPerMeasurement} s each, contestants taking turns; the server alone on one core;
  ${disturbance(results)}
- ${listed(results.machine)}
- ${listed(results.versions)}
${absent}
\`ws\` has bufferutil beside it, corked or not. With several messages in flight, and in bursts, part of the lead over it is one write per turn
of the loop. A user of \`ws\` can have that by corking its socket by hand: the column "ws, corked by hand" is what the rest of the lead
compares with. Idle connections: the slope between ${few} and ${many} of them. In the rows of the
realtime layer "Tautline engine" is the bare broadcast of as many bytes, the yardstick; Socket.IO keeps no history.

## Targets

${targetTable(results)}

${tables(results)}`
}
