// A JSON Schema (draft 07) as a list of forms: a value follows the schema if it has one of the forms. A keyword that is not
// understood stays in its form as `odd`: a form never takes less than its schema says, and who needs more sees that.

import type { JsonSchema } from '../json-schema.ts'
import { isTable, own, type Table } from '../table.ts'

/** Keywords that are not understood, with their values. */
export type Odd = Table

/** One value alone. */
export interface ValueForm {
  readonly kind: 'value'
  readonly value: unknown
  readonly odd: Odd
}

export interface NumberForm {
  readonly kind: 'number'
  readonly integer: boolean
  /** An end; `open`: not the number itself. */
  readonly low: { readonly at: number; readonly open: boolean }
  readonly high: { readonly at: number; readonly open: boolean }
  readonly steps: readonly number[]
  readonly odd: Odd
}

export interface StringForm {
  readonly kind: 'string'
  readonly min: number
  readonly max: number
  readonly patterns: readonly string[]
  readonly formats: readonly string[]
  readonly odd: Odd
}

export interface ListForm {
  readonly kind: 'list'
  readonly prefix: readonly JsonSchema[]
  /** Of the items behind the prefix. */
  readonly rest: JsonSchema
  readonly min: number
  readonly max: number
  readonly unique: boolean
  readonly odd: Odd
}

export interface ObjectForm {
  readonly kind: 'object'
  readonly fields: ReadonlyMap<string, JsonSchema>
  readonly required: ReadonlySet<string>
  /** Of the fields that are not named. undefined: nothing is said, anything is taken, and nobody is expected to send it. */
  readonly extra: JsonSchema | undefined
  /** Of all keys. */
  readonly names: JsonSchema
  readonly min: number
  readonly max: number
  readonly odd: Odd
}

export type Form = ValueForm | NumberForm | StringForm | ListForm | ObjectForm

/** References that lead to references. */
const DEEPEST = 24

const ANNOTATIONS = ['title', 'description', 'default', 'examples', '$comment', '$schema', '$id', 'deprecated']
const ELSEWHERE = [...ANNOTATIONS, 'readOnly', 'writeOnly', 'definitions', '$defs', 'type', 'enum', 'const', 'allOf']
const UNDERSTOOD: Readonly<Record<string, readonly string[]>> = {
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  string: ['minLength', 'maxLength', 'pattern', 'format', 'contentEncoding'],
  list: ['items', 'additionalItems', 'minItems', 'maxItems', 'uniqueItems'],
  object: ['properties', 'required', 'additionalProperties', 'propertyNames', 'minProperties', 'maxProperties'],
}
const NO_END = { at: Number.POSITIVE_INFINITY, open: false }
const NO_START = { at: Number.NEGATIVE_INFINITY, open: false }

/** Is it a schema that takes everything? */
export function takesAll(schema: JsonSchema): boolean {
  return schema === true || (schema !== false && Object.keys(schema).every((key) => ANNOTATIONS.includes(key)))
}

/** Is it a schema that takes nothing? */
export function takesNothing(schema: JsonSchema): boolean {
  return (
    schema === false || (schema !== true && own(schema, 'not') !== undefined && takesAll(schema['not'] as JsonSchema))
  )
}

/** The schema that a `$ref` leads to. @returns null: it leads nowhere in this document, or in a circle */
export function follow(schema: JsonSchema, root: JsonSchema): JsonSchema | null {
  let here = schema
  for (let i = 0; i < DEEPEST; i++) {
    // In draft 07 nothing beside a `$ref` counts.
    const ref = isTable(here) ? own(here, '$ref') : undefined
    if (ref === undefined) return here
    const target = typeof ref === 'string' && ref.startsWith('#') ? pointed(root, ref.slice(1)) : null
    if (target === null) return null
    here = target
  }
  return null
}

function pointed(root: JsonSchema, pointer: string): JsonSchema | null {
  let here: unknown = root
  for (const step of pointer.split('/').slice(1)) {
    const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
    here = isTable(here) ? own(here, key) : Array.isArray(here) ? here[Number(key)] : undefined
  }
  return isTable(here) || typeof here === 'boolean' ? here : null
}

/** All types of JSON Schema; an integer is a number. */
export const TYPES: readonly string[] = ['null', 'boolean', 'number', 'string', 'array', 'object']

/** One form for each type, as the schema's own keywords say. */
export function basic(schema: Table, types: readonly string[]): Form[] {
  const forms: Form[] = []
  const value = (one: unknown): void => void forms.push({ kind: 'value', value: one, odd: oddOf(schema, 'value') })
  for (const type of types) {
    if (type === 'null') value(null)
    else if (type === 'boolean') [false, true].forEach(value)
    else if (type === 'number' || type === 'integer') forms.push(numberOf(schema, type === 'integer'))
    else if (type === 'string') forms.push(stringOf(schema))
    else if (type === 'array') forms.push(listOf(schema))
    else if (type === 'object') forms.push(objectOf(schema))
  }
  return forms
}

/** What of a schema says something of values of this kind that is not understood. */
function oddOf(schema: Table, kind: string): Odd {
  const others = Object.entries(UNDERSTOOD).flatMap(([, words]) => words)
  const odd = Object.entries(schema).filter(([key]) => !ELSEWHERE.includes(key) && !others.includes(key))
  // Draft 04 had flags here.
  const flags = kind === 'number' ? ['exclusiveMinimum', 'exclusiveMaximum'] : []
  for (const flag of flags) if (typeof schema[flag] === 'boolean') odd.push([flag, schema[flag]])
  return Object.fromEntries(odd)
}

function number(schema: Table, key: string, fallback: number): number {
  const value = own(schema, key)
  return typeof value === 'number' ? value : fallback
}

function numberOf(schema: Table, integer: boolean): NumberForm {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema
  let low = typeof minimum === 'number' ? { at: minimum, open: false } : NO_START
  let high = typeof maximum === 'number' ? { at: maximum, open: false } : NO_END
  if (typeof exclusiveMinimum === 'number' && exclusiveMinimum >= low.at) low = { at: exclusiveMinimum, open: true }
  if (typeof exclusiveMaximum === 'number' && exclusiveMaximum <= high.at) high = { at: exclusiveMaximum, open: true }
  const steps = typeof multipleOf === 'number' ? [multipleOf] : []
  return { kind: 'number', integer, low, high, steps, odd: oddOf(schema, 'number') }
}

function stringOf(schema: Table): StringForm {
  const { pattern, format, contentEncoding } = schema
  return {
    kind: 'string',
    min: number(schema, 'minLength', 0),
    max: number(schema, 'maxLength', Number.POSITIVE_INFINITY),
    patterns: typeof pattern === 'string' ? [pattern] : [],
    formats: [format, contentEncoding].filter((one) => typeof one === 'string'),
    odd: oddOf(schema, 'string'),
  }
}

function listOf(schema: Table): ListForm {
  const { items, additionalItems, uniqueItems } = schema
  const prefix = Array.isArray(items) ? (items as JsonSchema[]) : []
  const rest = Array.isArray(items) ? additionalItems : items
  const max = number(schema, 'maxItems', Number.POSITIVE_INFINITY)
  return {
    kind: 'list',
    prefix,
    rest: (rest ?? true) as JsonSchema,
    min: number(schema, 'minItems', 0),
    max: rest === false ? Math.min(max, prefix.length) : max,
    unique: uniqueItems === true,
    odd: oddOf(schema, 'list'),
  }
}

function objectOf(schema: Table): ObjectForm {
  const { properties, required, additionalProperties, propertyNames } = schema
  const fields = new Map(isTable(properties) ? (Object.entries(properties) as [string, JsonSchema][]) : [])
  return {
    kind: 'object',
    fields,
    required: new Set(Array.isArray(required) ? (required as string[]) : []),
    // An object of which no field is named may have any.
    extra: (additionalProperties ?? (isTable(properties) ? undefined : true)) as JsonSchema | undefined,
    names: (propertyNames ?? true) as JsonSchema,
    min: number(schema, 'minProperties', 0),
    max: number(schema, 'maxProperties', Number.POSITIVE_INFINITY),
    odd: oddOf(schema, 'object'),
  }
}
