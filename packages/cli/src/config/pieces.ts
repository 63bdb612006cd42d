// Small schemas that several parts of the configuration are made of, each with the text that says what it expects.

import { z } from 'zod'

const DAY = 86_400_000
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: DAY }

/** A span of time as it may be written: a number of ms, or a number with its unit. */
export const duration: z.ZodUnion<readonly [z.ZodInt, z.ZodString]> = z.union(
  [
    z.int().min(0),
    z.string().regex(/^\d{1,12}(\.\d{1,6})?(ms|s|m|h|d)$/, expected("a duration such as '30s' or '5m'")),
  ],
  expected("a duration such as '30s' or '5m', or a whole number of ms"),
)

/** A whole number of `unit` between two bounds. */
export function whole(low: number, high: number): z.ZodInt {
  return z.int().min(low).max(high)
}

export const port: z.ZodInt = whole(0, 65_535)

/** What must not stand in a file that others can read: the text itself, or where it is. */
export const secret = z
  .union(
    [
      z.string().min(1),
      z.strictObject({ env: z.string().min(1).describe('The name of an environment variable.') }),
      z.strictObject({ file: z.string().min(1).describe('A file that holds it, without the line end.') }),
    ],
    expected(`a text, { env: 'NAME' } or { file: 'path' }`),
  )
  .meta({ id: 'Secret', description: "A secret: better { env: 'NAME' } or { file: 'path' } than the text itself." })

export type Secret = z.infer<typeof secret>

/** RFC 6454 §6.1: scheme, host and perhaps a port, and nothing behind them. */
export const origin: z.ZodString = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#@*\s]+$/,
    expected('an origin such as https://app.example.com, without path and wildcard'),
  )

export const httpUrl: z.ZodString = z
  .string()
  .regex(/^https?:\/\/[^\s]+$/, expected('a URL such as https://app.example.com/hooks'))

/** How every text that says what was expected begins: problems put "must be" before it. */
export function expected(what: string): { readonly error: () => string } {
  return { error: () => `${EXPECTED}${what}` }
}

export const EXPECTED = 'must be '

/** A span of time in ms. */
export function milliseconds(value: number | string): number {
  if (typeof value === 'number') return value
  const [, amount = '0', unit = 'ms'] = /^([\d.]+)([a-z]+)$/.exec(value) ?? []
  return Math.round(Number(amount) * (UNITS[unit] ?? 1))
}
