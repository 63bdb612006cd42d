// Checks a configuration against the schema, and turns what the schema finds into problems a person can act on: all of
// them, each with its place, what is expected, and what was probably meant.

import { isDeepStrictEqual } from 'node:util'
import { nearest } from '@tautline/wire'
import type { z } from 'zod'
import { keysAt, wordsAt } from './json-schema.ts'
import { EXPECTED } from './pieces.ts'
import { type Path, shown, shownAt } from './problem.ts'
import { type Config, configSchema } from './schema.ts'
import { suggestion } from './suggestion.ts'

/** A problem that has no place yet. */
export interface Finding {
  readonly path: Path
  /** Is it the key that is wrong, or what it holds? */
  readonly at: 'key' | 'value'
  readonly text: string
}

type Issue = z.core.$ZodIssue

/** @returns the checked configuration, or what is wrong with it */
export function judge(value: unknown): { config: Config } | { findings: readonly Finding[] } {
  const result = configSchema.safeParse(value)
  const findings = result.success ? [] : result.error.issues.flatMap((issue) => read(issue, [], value))
  if (result.success) return { config: result.data }
  return { findings: distinct(findings) }
}

function read(issue: Issue, above: Path, root: unknown): readonly Finding[] {
  const path = [...above, ...(issue.path as Path)]
  const value = valueAt(root, path)
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(path, key))
    case 'invalid_union':
      return readUnion(issue, path, root, value)
    case 'invalid_type':
      return [wrong(path, value, typeText(issue.expected))]
    case 'invalid_value':
      return [wrong(path, value, oneOf(issue.values), meant(value, issue.values))]
    case 'too_small':
      return [small(issue, path, value)]
    case 'too_big':
      return [wrong(path, value, `${amount(issue.origin)} of at most ${issue.maximum}`)]
    case 'custom':
      return [custom(issue, path, value)]
    default:
      return [wrong(path, value, expectation(issue.message) ?? 'something else')]
  }
}

function unknownKey(path: Path, key: string): Finding {
  return { path: [...path, key], at: 'key', text: `is not known: ${suggestion(key, keysAt(path))}` }
}

function small(issue: z.core.$ZodIssueTooSmall, path: Path, value: unknown): Finding {
  if (value === '' || (Array.isArray(value) && value.length === 0)) {
    return { path, at: 'value', text: 'is empty: write what is meant, or leave it out' }
  }
  return wrong(path, value, `${amount(issue.origin)} of at least ${issue.minimum}`)
}

/** A refinement says either what is expected or a whole sentence. */
function custom(issue: z.core.$ZodIssueCustom, path: Path, value: unknown): Finding {
  const at = issue.params?.['at'] === 'key' ? 'key' : 'value'
  const expects = expectation(issue.message)
  return expects === null ? { path, at, text: issue.message } : wrong(path, value, expects)
}

/** Of the alternatives, the one that was meant says best what is wrong; if none was, all are named. */
function readUnion(issue: z.core.$ZodIssueInvalidUnion, path: Path, root: unknown, value: unknown): readonly Finding[] {
  if (typeof value === 'object' && value !== null) {
    const inside = branchesOf(issue)
      .filter((branch) => branch.length > 0 && branch.every((one) => one.path.length > 0 || isAboutKeys(one)))
      .map((branch) => branch.flatMap((one) => read(one, path, root)))
      .sort((a, b) => a.length - b.length)
    if (inside[0] !== undefined) return inside[0]
  }
  const words = wordsAt(path)
  return [wrong(path, value, expectation(issue.message) ?? oneOf(words), meant(value, words))]
}

/** Its alternatives, those of alternatives that are choices themselves included. */
function branchesOf(issue: z.core.$ZodIssueInvalidUnion): readonly (readonly Issue[])[] {
  return issue.errors.flatMap((branch) => {
    const [only] = branch
    const isChoice = branch.length === 1 && only?.code === 'invalid_union' && only.path.length === 0
    return isChoice ? branchesOf(only) : [branch]
  })
}

function isAboutKeys(issue: Issue): boolean {
  return issue.code === 'unrecognized_keys' || issue.code === 'custom'
}

function wrong(path: Path, value: unknown, expected: string, hint = conversion(value, expected)): Finding {
  if (value === undefined) return { path, at: 'value', text: `is missing: it must be ${expected}` }
  return { path, at: 'value', text: `must be ${expected}, not ${shownAt(path, value)}${hint}` }
}

/** What people write first: numbers and flags as texts, one origin without its list, '5 min'. */
function conversion(value: unknown, expected: string): string {
  if (typeof value !== 'string') return ''
  if (/whole number/.test(expected) && /^\d{1,15}$/.test(value)) return `: write ${Number(value)}`
  if (/true or false/.test(expected) && /^(true|false)$/i.test(value)) return `: write ${value.toLowerCase()}`
  if (/duration/.test(expected)) {
    const [, number, unit] = /^\s*(\d{1,9})\s*(ms|milli|s|m|h|d)[a-z]*\s*$/i.exec(value) ?? []
    if (number !== undefined)
      return `: write '${number}${unit?.toLowerCase() === 'milli' ? 'ms' : unit?.toLowerCase()}'`
  }
  if (/list of origins/.test(expected)) return value === '*' ? `: write 'any'` : `: write [${shown(value)}]`
  if (/origin such as/.test(expected)) {
    const origin = value.includes('*') ? undefined : URL.parse(value)?.origin
    if (origin !== undefined && origin !== 'null') return `: write ${shown(origin)}`
  }
  if (/a path such as/.test(expected) && /^[\w-]/.test(value) && !value.includes('://'))
    return `: write ${shown(`/${value}`)}`
  if (/^a list/.test(expected)) return `: write [${shown(value)}]`
  return ''
}

function meant(value: unknown, words: readonly unknown[]): string | undefined {
  const near =
    typeof value === 'string'
      ? nearest(
          value,
          words.filter((word) => typeof word === 'string'),
        )
      : null
  return near === null ? undefined : `: did you mean '${near}'?`
}

function typeText(expected: string): string {
  switch (expected) {
    case 'int':
    case 'number':
      return 'a whole number'
    case 'boolean':
      return 'true or false'
    case 'string':
      return 'a text'
    case 'array':
      return 'a list'
    default:
      return 'an object'
  }
}

function amount(origin: string): string {
  if (origin === 'string') return 'a text with a length'
  return origin === 'array' ? 'a list with a length' : 'a whole number'
}

function oneOf(values: readonly unknown[]): string {
  const texts = values.map((value) => (typeof value === 'string' ? `'${value}'` : String(value)))
  return texts.length === 1 ? `${texts[0]}` : `one of ${texts.join(', ')}`
}

function expectation(message: string): string | null {
  return message.startsWith(EXPECTED) ? message.slice(EXPECTED.length) : null
}

export function valueAt(root: unknown, path: Path): unknown {
  let value = root
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string | number, unknown>)[step]
  }
  return value
}

function distinct(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter((one, i) => findings.findIndex((other) => isDeepStrictEqual(one, other)) === i)
}
