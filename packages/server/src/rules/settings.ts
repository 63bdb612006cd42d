// Reads what an application configured, one value at a time. What is wrong is refused where it was given, with its path,
// the value and what to write instead. Pure: it knows no rule.

import { nearest } from '@tautline/wire'
import { parseDuration } from '../duration.ts'

/** A configuration that cannot be meant. The message names the key, the value and what to write instead. */
export class SettingError extends Error {
  /** Where it stands, e.g. `channels['chat:*'].history.ttl`. */
  readonly path: string

  constructor(path: string, problem: string) {
    super(`${path} ${problem}`)
    this.name = 'SettingError'
    this.path = path
  }
}

/** The keys of an object, each of them known. */
export function readObject<K extends string>(
  path: string,
  value: unknown,
  known: readonly K[],
): Readonly<Partial<Record<K, unknown>>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SettingError(path, `must be an object with ${known.map(quote).join(', ')}, not ${shown(value)}`)
  }
  for (const key of Object.keys(value)) {
    if ((known as readonly string[]).includes(key)) continue
    const near = nearest(key, known)
    const hint = near === null ? `known are ${known.map(quote).join(', ')}` : `did you mean ${quote(near)}?`
    throw new SettingError(path, `has an unknown key ${shown(key)}: ${hint}`)
  }
  return value as Partial<Record<K, unknown>>
}

export function readFlag(path: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback
  if (typeof value === 'boolean') return value
  throw new SettingError(path, `must be true or false, not ${shown(value)}`)
}

export function readInteger(path: string, value: unknown, low: number, high: number, fallback: number): number {
  if (value === undefined) return fallback
  if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) return value
  throw new SettingError(path, `must be an integer from ${low} to ${high}, not ${shown(value)}`)
}

/** A duration in ms, from `low` on. */
export function readDuration(path: string, value: unknown, low: number, high: number, fallback: number): number {
  if (value === undefined) return fallback
  const ms = parseDuration(value)
  if (ms === null) {
    const example = suggestDuration(value)
    throw new SettingError(path, `must be a duration such as ${example}, or a number of ms, not ${shown(value)}`)
  }
  if (ms >= low && ms <= high) return ms
  throw new SettingError(path, `must be a duration from ${low} ms to ${high} ms, not ${shown(value)}`)
}

export function readWord<T extends string>(path: string, value: unknown, words: readonly T[], fallback: T): T {
  if (value === undefined) return fallback
  if (words.includes(value as T)) return value as T
  const near = typeof value === 'string' ? nearest(value, words) : null
  const hint = near === null ? '' : `: did you mean ${quote(near)}?`
  throw new SettingError(path, `must be one of ${words.map(quote).join(', ')}, not ${shown(value)}${hint}`)
}

/** A value as an error shows it: one line, escaped, not long. */
export function shown(value: unknown): string {
  let text: string | undefined
  try {
    text = typeof value === 'bigint' ? `${value}n` : typeof value === 'number' ? String(value) : JSON.stringify(value)
  } catch {}
  if (text === undefined) return typeof value
  if (typeof value === 'string') text = `'${text.slice(1, -1)}'`
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

function quote(word: string): string {
  return `'${word}'`
}

/** '5 min' and '1 hour' are what people write first. */
function suggestDuration(value: unknown): string {
  const [, amount, unit] =
    (typeof value === 'string' && /^\s*(\d{1,9})\s*(ms|milli|s|m|h|d)[a-z]*\s*$/i.exec(value)) || []
  if (amount === undefined || unit === undefined) return `'30s', '5m', '1h' or '2d'`
  const short = unit.toLowerCase() === 'milli' ? 'ms' : unit.toLowerCase()
  return `'${amount}${short}'`
}
