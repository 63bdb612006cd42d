// Spans of time as a configuration writes them: '1h', '5m', '30s', '2d', '250ms', or a number of ms. Reads them, never
// measures them.

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** A span of time: a number of ms, or a number with its unit. */
export type Duration = number | `${number}${keyof typeof UNITS}`

/**
 * A duration in ms, rounded to whole ones.
 *
 * @returns null: not a duration, or a negative one
 */
export function parseDuration(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? Math.round(value) : null
  if (typeof value !== 'string') return null
  const [, amount, unit] = /^(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d)$/.exec(value) ?? []
  if (amount === undefined || unit === undefined) return null
  return Math.round(Number(amount) * UNITS[unit as keyof typeof UNITS])
}
