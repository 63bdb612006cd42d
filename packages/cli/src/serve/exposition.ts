// Writes metrics in Prometheus' text format (exposition formats, version 0.0.4).

import { METRICS, type Sample } from '@tautline/server'

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** The server's samples as text: each metric once with its HELP and TYPE, its series together. */
export function expose(samples: readonly Sample[]): string {
  const lines: string[] = []
  for (const [name, shape] of Object.entries(METRICS)) {
    const its = samples.filter((sample) => sample.name === name)
    if (its.length === 0) continue
    lines.push(`# HELP ${name} ${escapeHelp(shape.help)}`, `# TYPE ${name} ${shape.type}`)
    for (const { labels, value } of its) lines.push(`${name}${labelled(labels)} ${numeral(value)}`)
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

function labelled(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

/** "label_value can be any sequence of UTF-8 characters, but the backslash, double-quote, and line feed characters have to be escaped" */
function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

function numeral(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf'
}
