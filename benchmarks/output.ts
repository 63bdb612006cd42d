// What a run leaves behind with --write: results.json, and what is made of it: results.md, the plots, and the table in
// README.md. `node benchmarks/output.ts` makes them anew from results.json.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { draw, PLOTS } from './plot.ts'
import { digits, report, table } from './report.ts'
import { figureIn, type Results, ratio } from './results.ts'

const HERE = import.meta.dirname
const ROOT = join(HERE, '..')
const JSON_FILE = join(HERE, 'results.json')

export function write(results: Results): void {
  writeFileSync(JSON_FILE, `${JSON.stringify(results, null, 2)}\n`)
  writeFrom(results)
}

function writeFrom(results: Results): void {
  writeFileSync(join(HERE, 'results.md'), report(results))
  for (const plot of PLOTS) {
    const svg = draw(plot, results)
    if (svg !== null) writeFileSync(join(ROOT, 'docs/images', plot.file), svg)
  }
  const readme = join(ROOT, 'README.md')
  writeFileSync(readme, withTable(readFileSync(readme, 'utf8'), overview(results)))
}

const BEGIN = '<!-- written by npm run bench -- --write -->'
const END = '<!-- to here -->'

/** The text with this table between its marks. */
export function withTable(text: string, lines: string): string {
  const [head, rest] = text.split(BEGIN)
  const tail = rest?.split(END)[1]
  if (head === undefined || tail === undefined) throw new Error(`README.md has no ${BEGIN} … ${END}`)
  return `${head}${BEGIN}\n${lines}\n${END}${tail}`
}

const ROWS = [
  ...['echo-125-1', 'echo-125-32', 'echo-1024-32', 'echo-16384-1', 'echo-1048576-1'],
  ...['broadcast-1000', 'broadcast-10000', 'bursts', 'compressed', 'ticker', 'handshake', 'idle'],
]

/** The README's table: few columns, and what the engine is to `ws`. */
export function overview(results: Results): string {
  const ids = ['ws', 'cork', 'bun', 'face', 'engine'].filter((id) => results.contestants[id] !== undefined)
  const body = ROWS.flatMap((id) => {
    const row = results.rows.find((one) => one.id === id)
    if (row === undefined) return []
    const figures = ids.map((contestant) => {
      const figure = figureIn(results, id, contestant)
      return figure === undefined ? '' : `${digits(figure)} ${row.unit}`
    })
    const times = ratio(figureIn(results, id, 'ws'), figureIn(results, id, 'engine'))
    return [[row.name, ...figures, times === undefined ? '' : `**${times.toFixed(2)}x**`]]
  })
  return table(['', ...ids.map((id) => results.contestants[id] ?? id), 'engine against `ws`'], body)
}

if (import.meta.main) writeFrom(JSON.parse(readFileSync(JSON_FILE, 'utf8')) as Results)
