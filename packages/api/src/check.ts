// What somebody sent, against the shape of an operation: says which field is wrong and what it should be. It never shows
// what was there.

import { nearest } from '@tautline/wire'
import type { z } from 'zod'
import { Refusal } from './refusal.ts'

type Issue = z.core.$ZodIssue

/** Names that a shape has at its top. */
export function fieldsOf(shape: z.ZodObject): string[] {
  return Object.keys(shape.shape)
}

/**
 * The value in the form of its shape.
 *
 * @throws Refusal `bad-request` for the first thing that is wrong
 */
export function check<T>(shape: z.ZodObject & z.ZodType<T>, value: unknown): T {
  const result = shape.safeParse(value)
  if (result.success) return result.data
  // An unknown field is mostly a misspelt one that is missing now: it is told first.
  const issues = result.error.issues
  const issue = issues.find((one) => one.code === 'unrecognized_keys') ?? (issues[0] as Issue)
  throw refusalFor(issue, value, fieldsOf(shape))
}

function refusalFor(issue: Issue, value: unknown, known: readonly string[]): Refusal {
  if (issue.code === 'unrecognized_keys' && issue.path.length === 0) return unknownField(issue.keys[0] ?? '', known)
  const field = pathOf(issue.path)
  if (field === '') return new Refusal('bad-request', `the body ${problemOf(issue, value)}`)
  return new Refusal('bad-request', `${field} ${problemOf(issue, at(value, issue.path))}`, { field })
}

/** @param known what it may have meant */
export function unknownField(name: string, known: readonly string[]): Refusal {
  const near = nearest(name, known)
  const all = known.length === 0 ? 'there are none' : `known are ${known.join(', ')}`
  const hint = near === null ? all : `did you mean "${near}"?`
  const shown = shownName(name)
  const what = shown === null ? 'there is a field that is none' : `"${shown}" is no field`
  return new Refusal('bad-request', `${what} of this: ${hint}`, { field: shown ?? undefined })
}

/** A name as people write names. Anything else may be what belongs elsewhere: no key is as short (options.ts). */
export function shownName(name: string): string | null {
  return /^[\w.-]{1,23}$/.test(name) ? name : null
}

function pathOf(path: readonly PropertyKey[]): string {
  return path.map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i > 0 ? '.' : ''}${String(step)}`)).join('')
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, step) => (inner as Record<PropertyKey, unknown> | undefined)?.[step], value)
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  array: 'a list',
  object: 'an object',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
}

/** To be read behind the name of the field. */
function problemOf(issue: Issue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return `${value === undefined ? 'is missing: it ' : ''}must be ${KINDS[issue.expected] ?? issue.expected}`
    case 'too_small':
      return `must ${amount(issue.origin, `at least ${issue.minimum}`)}`
    case 'too_big':
      return `must ${amount(issue.origin, `at most ${issue.maximum}`)}`
    case 'invalid_value':
      return `must be one of ${issue.values.map((one) => JSON.stringify(one)).join(', ')}`
    case 'unrecognized_keys':
      return `has an unknown field ${JSON.stringify(shownName(issue.keys[0] ?? '') ?? '…')}`
    default:
      return issue.message
  }
}

function amount(origin: string, bound: string): string {
  if (origin === 'string') return `have ${bound} characters`
  return origin === 'array' ? `have ${bound} entries` : `be ${bound}`
}
