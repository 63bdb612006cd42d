// What has two forms at once: for `allOf`, and for unions with something beside them. The result may take more than both
// say, never less.

import type { JsonSchema } from '../json-schema.ts'
import { same } from '../table.ts'
import type { Form, ListForm, NumberForm, ObjectForm, StringForm } from './forms.ts'

/** Has a value a form? null: it cannot be told. */
type Has = (form: Form, value: unknown) => boolean | null

export function intersectForms(a: readonly Form[], b: readonly Form[], has: Has): readonly Form[] {
  const both: Form[] = []
  for (const left of a) {
    for (const right of b) {
      const form = intersect(left, right, has)
      if (form !== null) both.push(form)
    }
  }
  return both
}

/** @returns null: nothing has both */
function intersect(a: Form, b: Form, has: Has): Form | null {
  const odd = { ...a.odd, ...b.odd }
  if (a.kind === 'value') return has(b, a.value) === false ? null : { ...a, odd }
  if (b.kind === 'value') return has(a, b.value) === false ? null : { ...b, odd }
  if (a.kind === 'number' && b.kind === 'number') return { ...numbers(a, b), odd }
  if (a.kind === 'string' && b.kind === 'string') return { ...strings(a, b), odd }
  if (a.kind === 'list' && b.kind === 'list') return { ...lists(a, b), odd }
  if (a.kind === 'object' && b.kind === 'object') return { ...objects(a, b), odd }
  return null
}

function numbers(a: NumberForm, b: NumberForm): NumberForm {
  const low = a.low.at > b.low.at || (a.low.at === b.low.at && a.low.open) ? a.low : b.low
  const high = a.high.at < b.high.at || (a.high.at === b.high.at && a.high.open) ? a.high : b.high
  return { ...a, integer: a.integer || b.integer, low, high, steps: [...new Set([...a.steps, ...b.steps])] }
}

function strings(a: StringForm, b: StringForm): StringForm {
  return {
    ...a,
    min: Math.max(a.min, b.min),
    max: Math.min(a.max, b.max),
    patterns: [...new Set([...a.patterns, ...b.patterns])],
    formats: [...new Set([...a.formats, ...b.formats])],
  }
}

function lists(a: ListForm, b: ListForm): ListForm {
  const length = Math.max(a.prefix.length, b.prefix.length)
  const prefix = Array.from({ length }, (_, i) => all(a.prefix[i] ?? a.rest, b.prefix[i] ?? b.rest))
  return {
    ...a,
    prefix,
    rest: all(a.rest, b.rest),
    min: Math.max(a.min, b.min),
    max: Math.min(a.max, b.max),
    unique: a.unique || b.unique,
  }
}

function objects(a: ObjectForm, b: ObjectForm): ObjectForm {
  const fields = new Map<string, JsonSchema>()
  for (const name of new Set([...a.fields.keys(), ...b.fields.keys()])) {
    fields.set(name, all(a.fields.get(name) ?? a.extra ?? true, b.fields.get(name) ?? b.extra ?? true))
  }
  return {
    ...a,
    fields,
    required: new Set([...a.required, ...b.required]),
    extra: a.extra === undefined ? b.extra : b.extra === undefined ? a.extra : all(a.extra, b.extra),
    names: all(a.names, b.names),
    min: Math.max(a.min, b.min),
    max: Math.min(a.max, b.max),
  }
}

function all(a: JsonSchema, b: JsonSchema): JsonSchema {
  if (a === true || same(a, b)) return b
  if (b === true) return a
  return a === false || b === false ? false : { allOf: [a, b] }
}
