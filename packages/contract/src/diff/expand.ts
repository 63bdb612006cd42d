// From a schema to its forms, and from a value to whether it follows a schema: three answers, it does, it does not, nobody
// knows.

import type { JsonSchema } from '../json-schema.ts'
import { isTable, own, same, type Table } from '../table.ts'
import {
  basic,
  type Form,
  follow,
  type ListForm,
  type NumberForm,
  type ObjectForm,
  type StringForm,
  TYPES,
  takesAll,
  takesNothing,
} from './forms.ts'
import { intersectForms } from './intersect.ts'

/** A schema with more forms is not judged. */
const MOST_FORMS = 256
/** Unions in unions. */
const DEEPEST = 24

/** All forms of a schema. @returns null: too many forms, or references that lead nowhere */
export function formsOf(given: JsonSchema, root: JsonSchema, depth = 0): readonly Form[] | null {
  const schema = follow(given, root)
  if (schema === null || depth > DEEPEST) return null
  if (takesNothing(schema)) return []
  if (schema === true || schema === false) return basic({}, TYPES)
  // References may lead to the same schema on very many ways.
  const key = root === true || root === false ? schema : root
  const known = KNOWN.get(key) ?? new WeakMap<object, readonly Form[] | null>()
  KNOWN.set(key, known)
  const before = known.get(schema)
  if (before !== undefined) return before
  const forms = expanded(schema, root, depth)
  known.set(schema, forms)
  return forms
}

/** By root and schema. */
const KNOWN: WeakMap<object, WeakMap<object, readonly Form[] | null>> = new WeakMap()

function expanded(schema: Table, root: JsonSchema, depth: number): readonly Form[] | null {
  const parts: (readonly Form[] | null)[] = []
  const { anyOf, oneOf, allOf } = schema
  for (const one of Array.isArray(allOf) ? allOf : []) parts.push(formsOf(one, root, depth + 1))
  if (Array.isArray(anyOf)) parts.push(unionOf(anyOf, root, depth))
  if (Array.isArray(oneOf)) parts.push(oneOfThem(oneOf, root, depth))
  const { anyOf: _any, oneOf: _one, allOf: _all, ...rest } = schema
  if (!takesAll(rest) || parts.length === 0) parts.unshift(baseOf(rest, root))
  let forms: readonly Form[] | null = null
  for (const part of parts) {
    if (part === null) return null
    forms = forms === null ? part : intersectForms(forms, part, (form, value) => hasForm(form, value, root))
    if (forms.length > MOST_FORMS) return null
  }
  return forms
}

function unionOf(schemas: readonly JsonSchema[], root: JsonSchema, depth: number): readonly Form[] | null {
  const forms: Form[] = []
  for (const schema of schemas) {
    const its = formsOf(schema, root, depth + 1)
    if (its === null) return null
    for (const form of its) if (form.kind !== 'value' || !forms.some((one) => same(one, form))) forms.push(form)
    if (forms.length > MOST_FORMS) return null
  }
  return forms
}

/** As a union where nothing can have the form of two; else that it must not is what is not understood. */
function oneOfThem(schemas: readonly JsonSchema[], root: JsonSchema, depth: number): readonly Form[] | null {
  const forms = unionOf(schemas, root, depth)
  const each = schemas.map((schema) => formsOf(schema, root, depth + 1) ?? [])
  const apart = each.every((ones, i) =>
    each.slice(0, i).every((others) => ones.every((one) => others.every((other) => areApart(one, root, other, root)))),
  )
  return apart || forms === null ? forms : forms.map((form) => ({ ...form, odd: { ...form.odd, oneOf: schemas } }))
}

/** Can nothing have both forms? Only a certain yes counts: another type, another value, another discriminator. */
export function areApart(a: Form, aRoot: JsonSchema, b: Form, bRoot: JsonSchema): boolean {
  if (a.kind === 'value') return hasForm(b, a.value, bRoot) === false
  if (b.kind === 'value') return hasForm(a, b.value, aRoot) === false
  if (a.kind !== b.kind) return true
  if (a.kind !== 'object' || b.kind !== 'object') return false
  for (const name of a.required) {
    const mine = valuesOf(a.fields.get(name), aRoot)
    const its = b.fields.get(name)
    if (mine !== null && its !== undefined && mine.every((one) => accepts(its, one, bRoot) === false)) return true
  }
  return false
}

/** The values of a schema that has but a few; null: it may have any. */
export function valuesOf(schema: JsonSchema | undefined, root: JsonSchema): readonly unknown[] | null {
  const forms = schema === undefined ? null : formsOf(schema, root)
  const values: unknown[] = []
  for (const form of forms ?? []) {
    if (form.kind !== 'value') return null
    values.push(form.value)
  }
  return forms === null ? null : values
}

function baseOf(schema: Table, root: JsonSchema): readonly Form[] {
  const type = own(schema, 'type')
  const types = Array.isArray(type) ? (type as string[]) : typeof type === 'string' ? [type] : TYPES
  const typed = basic(schema, types)
  const words = own(schema, 'enum')
  const lists = [...('const' in schema ? [[schema['const']]] : []), ...(Array.isArray(words) ? [words] : [])]
  const [values, others = values] = lists
  if (values === undefined) return typed
  const both = values.filter((value) => others?.some((other) => same(value, other)))
  const listed: readonly Form[] = both.map((value) => ({ kind: 'value', value, odd: {} }))
  // What stands beside an enum (zod writes the type) narrows it as any other part does.
  return intersectForms(listed, typed, (form, value) => hasForm(form, value, root))
}

/** null: it cannot be told. */
export type Answer = boolean | null

/** null: it cannot be told */
export function accepts(schema: JsonSchema, value: unknown, root: JsonSchema): Answer {
  const forms = formsOf(schema, root)
  if (forms === null) return null
  let answer: Answer = false
  for (const form of forms) {
    const one = hasForm(form, value, root)
    if (one === true) return true
    if (one === null) answer = null
  }
  return answer
}

/** Has the value this form? */
export function hasForm(form: Form, value: unknown, root: JsonSchema): Answer {
  const answer = has(form, value, root)
  return answer === true && Object.keys(form.odd).length > 0 ? null : answer
}

function has(form: Form, value: unknown, root: JsonSchema): Answer {
  switch (form.kind) {
    case 'value':
      return same(form.value, value)
    case 'number':
      return typeof value === 'number' && number(form, value)
    case 'string':
      return typeof value === 'string' && string(form, value)
    case 'list':
      return Array.isArray(value) && list(form, value, root)
    case 'object':
      return isTable(value) && object(form, value, root)
  }
}

function number({ integer, low, high, steps }: NumberForm, value: number): Answer {
  if (integer && !Number.isInteger(value)) return false
  if (value < low.at || (low.open && value === low.at)) return false
  if (value > high.at || (high.open && value === high.at)) return false
  if (steps.every((step) => Number.isInteger(step) && Number.isInteger(value))) {
    return steps.every((step) => value % step === 0)
  }
  return null
}

function string({ min, max, patterns, formats }: StringForm, value: string): Answer {
  const length = [...value].length
  if (length < min || length > max) return false
  for (const pattern of patterns) {
    const matched = matches(pattern, value)
    if (matched !== true) return matched
  }
  return formats.length === 0 ? true : null
}

/** A pattern comes from a contract, which is no stranger's; it is run on the short words of its enums. */
function matches(pattern: string, value: string): Answer {
  if (value.length > 256) return null
  try {
    return new RegExp(pattern, 'u').test(value)
  } catch {
    return null
  }
}

function list(form: ListForm, value: readonly unknown[], root: JsonSchema): Answer {
  if (value.length < form.min || value.length > form.max) return false
  const items = value.map((one, i) => accepts(form.prefix[i] ?? form.rest, one, root))
  if (form.unique && value.some((one, i) => value.slice(0, i).some((other) => same(one, other)))) return false
  return every(items)
}

function object(form: ObjectForm, value: Readonly<Record<string, unknown>>, root: JsonSchema): Answer {
  const names = Object.keys(value)
  if (names.length < form.min || names.length > form.max) return false
  for (const name of form.required) if (own(value, name) === undefined) return false
  return every(
    names.flatMap((name) => [
      accepts(form.fields.get(name) ?? form.extra ?? true, value[name], root),
      accepts(form.names, name, root),
    ]),
  )
}

function every(answers: readonly Answer[]): Answer {
  if (answers.includes(false)) return false
  return answers.includes(null) ? null : true
}
