// What a client learns of a value that its contract does not allow: the place, and what a schema library says of it. It
// repeats no value: what was wrong may be a secret in the wrong field, and errors end up in logs.

import type { Schema } from '@tautline/contract'
import { RealtimeError } from '@tautline/wire'

type Outcome = Awaited<ReturnType<Schema['~standard']['validate']>>
type Issue = NonNullable<Outcome['issues']>[number]

/** Characters of a message, and of a place. */
const LONGEST = 200
/** Characters of a key in a place: where keys are free (records), they are the peer's. */
const LONGEST_KEY = 40
const DEEPEST = 32
/** Texts shorter than this are no secret, and stand in other words by chance. */
const SHORT = 3

/** Where and why a value was refused. */
export interface Complaint {
  /** `data.items.3.price` */
  readonly field: string
  /** One line without the value. */
  readonly text: string
}

/** The first issue, and how many there are more. */
export function complaintOf(issues: readonly Issue[], value: unknown): Complaint {
  const first = issues[0]
  if (first === undefined) return { field: 'data', text: 'is not what the contract says' }
  const path = (first.path ?? []).slice(0, DEEPEST).map((step) => (typeof step === 'object' ? step.key : step))
  const field = cut(['data', ...path.map(keyText)].join('.'))
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : ''
  return { field, text: `${cut(printable(withoutValue(first, at(value, path))))}${more}` }
}

/** @returns what a client is told */
export function refusal({ field, text }: Complaint): RealtimeError {
  return new RealtimeError('bad-data', `${field}: ${text}`, { field })
}

function keyText(key: PropertyKey): string {
  const text = String(key)
  if (/^[\w$-]+$/.test(text) && text.length <= LONGEST_KEY) return text
  return `[${printable(JSON.stringify(text.slice(0, LONGEST_KEY)))}]`
}

/** What lies at a path. It follows own fields only. */
function at(value: unknown, path: readonly PropertyKey[]): unknown {
  let here = value
  for (const key of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return undefined
    here = (here as Record<PropertyKey, unknown>)[key]
  }
  return here
}

/** Some libraries quote what they got: valibot says "… but received "abc"". */
function withoutValue(issue: Issue, wrong: unknown): string {
  let text = String(issue.message)
  const { received } = issue as { readonly received?: unknown }
  if (typeof received === 'string' && received !== '') text = text.replaceAll(` but received ${received}`, '')
  if (typeof wrong !== 'string' && typeof wrong !== 'number') return text
  const said = String(wrong)
  if (said.length < SHORT) return text
  return text.replaceAll(JSON.stringify(wrong), '…').replaceAll(said, '…')
}

function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, ' ').toWellFormed()
}

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text
}
