// The plots of a run: SVG, drawn from the results alone. Each row is a small chart with a scale of its own, since a message
// of 1 MiB costs a thousand times one of 125 B. The colours follow the reader's light or dark scheme.

import { digits, roundsOf } from './report.ts'
import type { Results, Row } from './results.ts'

export interface Plot {
  /** The file's name. */
  readonly file: string
  readonly title: string
  /** Rows, by id; those that were not measured are left out. */
  readonly rows: readonly string[]
}

export const PLOTS: readonly Plot[] = [
  {
    file: 'bench-messages.svg',
    title: 'Server CPU per message',
    rows: [
      ...['echo-125-1', 'echo-125-32', 'echo-1024-32', 'echo-16384-1', 'echo-1048576-1'],
      ...['broadcast-1000', 'broadcast-10000', 'bursts', 'compressed', 'ticker'],
    ],
  },
  {
    file: 'bench-realtime.svg',
    title: 'Realtime: server CPU per delivery',
    rows: ['publish-1000', 'publish-10000', 'publish-bursts'],
  },
  { file: 'bench-connections.svg', title: 'Server cost of a connection', rows: ['idle', 'handshake'] },
]

const WIDTH = 880
const MARGIN = 24
const GAP = 32
const COLUMN = (WIDTH - 2 * MARGIN - GAP) / 2
const HEAD = 76
const NAMES = 140
const FIGURES = 74
const BAR = 14
const STEP = 20
const CHART_HEAD = 26
const CHART_GAP = 22

/** Ours stand out; everybody else is grey. */
function colour(contestant: string, row: Row): string {
  if (contestant === 'face' || (contestant === 'engine' && row.id.startsWith('publish'))) return 'pale'
  return contestant === 'engine' || contestant === 'realtime' ? 'ours' : 'other'
}

const STYLE = `
    text { font-family: system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #1f2328; font-size: 13px }
    .title { font-size: 19px; font-weight: 600 }
    .chart { font-weight: 600 }
    .quiet { fill: #59636e }
    .paper { fill: #ffffff; stroke: #d1d9e0 }
    .ours { fill: #0b7a75 }
    .pale { fill: #5fb3ae }
    .other { fill: #afb8c1 }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc }
      .quiet { fill: #9198a1 }
      .paper { fill: #0d1117; stroke: #3d444d }
      .ours { fill: #2dd4bf }
      .pale { fill: #1f8a80 }
      .other { fill: #5b636d }
    }`

/** The plot as a document; null if none of its rows was measured. */
export function draw(plot: Plot, results: Results): string | null {
  const rows = plot.rows.map((id) => results.rows.find((row) => row.id === id)).filter((row) => row !== undefined)
  const measured = rows.filter((row) => row.cells.some(({ figure }) => figure !== undefined))
  if (measured.length === 0) return null
  const bottoms: [number, number] = [HEAD, HEAD]
  const charts = measured.map((row, i) => {
    const column = (i % 2) as 0 | 1
    const drawn = chart(row, results, MARGIN + column * (COLUMN + GAP), bottoms[column])
    bottoms[column] += drawn.height + CHART_GAP
    // Charts that stand beside one another begin at one height.
    if (column === 1) bottoms.fill(Math.max(...bottoms))
    return drawn.svg
  })
  const height = Math.max(...bottoms) - CHART_GAP + MARGIN
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
  <title>${escaped(plot.title)}</title>
  <style>${STYLE}
  </style>
  <rect class="paper" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="8"/>
  <text class="title" x="${MARGIN}" y="36">${escaped(plot.title)}</text>
  <text class="quiet" x="${MARGIN}" y="57">${escaped(subtitle(results))}</text>
${charts.join('\n')}
</svg>
`
}

function subtitle(results: Results): string {
  const { versions } = results
  const named = ['ws', 'Bun', 'Socket.IO', 'Centrifugo', 'Node.js'].filter((name) => versions[name] !== undefined)
  const who = named.map((name) => `${name} ${versions[name]}`).join(', ')
  return `lower is better · ${who} · ${roundsOf(results)}, ${results.date}`
}

function chart(row: Row, results: Results, x: number, top: number): { svg: string; height: number } {
  const cells = row.cells.filter((cell) => cell.figure !== undefined)
  const largest = Math.max(...cells.map(({ figure = 0 }) => figure))
  const scale = (COLUMN - NAMES - FIGURES) / largest
  const bars = cells.map(({ contestant, figure = 0 }, i) => {
    const y = top + CHART_HEAD + i * STEP
    const width = Math.max(1, figure * scale)
    const middle = y + BAR - 3
    const end = x + NAMES + width + 6
    return `  <text x="${x + NAMES - 8}" y="${middle}" text-anchor="end">${escaped(short(results, contestant, row))}</text>
  <rect class="${colour(contestant, row)}" x="${x + NAMES}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="2"/>
  <text class="quiet" x="${end.toFixed(1)}" y="${middle}">${digits(figure)} ${row.unit}</text>`
  })
  const name = `  <text class="chart" x="${x}" y="${top + 13}">${escaped(row.name)}</text>`
  return { svg: [name, ...bars].join('\n'), height: CHART_HEAD + cells.length * STEP }
}

/** In the column of names there is no room for explanations. Where others publish, the engine is the yardstick. */
function short(results: Results, contestant: string, row: Row): string {
  if (contestant === 'engine' && row.id.startsWith('publish')) return 'bare broadcast'
  return (results.contestants[contestant] ?? contestant)
    .replace(', no WebSocket', '')
    .replace(', corked by hand', ', corked')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
