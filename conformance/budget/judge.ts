// Compares what a path costs now with its limits, and says it so that one knows where to look.

import { limitOf, type Measured, RULES } from './limits.ts'
import type { Figures, Kind, Path } from './path.ts'

/** A figure beside its limit. */
export interface Verdict {
  readonly kind: Kind
  readonly now: number
  /** When the limit was set. */
  readonly base: number
  readonly limit: number
}

/** Every kind that the path has a budget for. */
export function verdicts(path: Path, now: Figures, { paths }: Measured): Verdict[] {
  const base = paths[path.name]
  if (base === undefined) throw new Error(`${path.name} has no budget yet: npm run budget -- --write`)
  return (Object.entries(base) as [Kind, number][]).map(([kind, figure]) => {
    const value = now[kind]
    if (value === undefined) throw new Error(`${path.name} has a budget for ${kind}, which is not counted`)
    return { kind, now: value, base: figure, limit: limitOf(kind, figure, path) }
  })
}

/** Half a thousandth is rounding: figures.json has two digits behind the point. */
export function isOver({ now, limit }: Verdict): boolean {
  return now > limit + 0.005
}

/** What to do about those that are over; null when none is. */
export function complaint(path: Path, now: Figures, measured: Measured): string | null {
  const over = verdicts(path, now, measured).filter(isOver)
  if (over.length === 0) return null
  const lines = over.map(({ kind, now, base, limit }) => {
    const { text, perUnit } = RULES[kind]
    const more = base === 0 ? '' : ` (${Math.round((now / base - 1) * 100)} % more)`
    return `  ${shown(now)} ${text} a ${perUnit ? path.unit : 'turn'} instead of ${shown(base)}${more}; the limit is ${shown(limit)}`
  })
  const version =
    measured.node === process.versions.node
      ? ''
      : `\nMeasured with Node ${measured.node}; this is ${process.versions.node}.`
  const look = path.doing === null ? '' : `\nWhere it comes from: npm run budget -- --explain '${path.name}'`
  return `${path.name} costs more than its budget:\n${lines.join('\n')}${look}\nWhat to do: conformance/budget/README.md${version}`
}

/** Two digits behind the point where they say something. */
export function shown(value: number): string {
  return (Math.abs(value) >= 100 ? Math.round(value) : Math.round(value * 100) / 100).toLocaleString('en')
}
