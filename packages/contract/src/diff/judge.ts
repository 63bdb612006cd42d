// Is everything that follows one schema taken by another? The one is what may arrive from now on, the other what is taken.
// No reason against it is a proof; where neither can be shown the reason is `unknown`.

import type { JsonSchema } from '../json-schema.ts'
import { isTable, same } from '../table.ts'
import { accepts, areApart, formsOf, hasForm, valuesOf } from './expand.ts'
import { type Form, follow, type ListForm, type ObjectForm, takesAll, takesNothing } from './forms.ts'
import { numberReasons, stringReasons } from './ranges.ts'
import { type Direction, kindText, type Reason, reason, shownValue, words } from './reasons.ts'

/** Schemas of one document each. */
export interface Sides {
  /** What may arrive. */
  readonly comes: JsonSchema
  /** What is taken. */
  readonly taken: JsonSchema
}

/** Comparisons of one pair of schemas: what is larger is not judged. */
const MOST_STEPS = 20_000
const DEEPEST = 40

class Judge {
  private readonly direction: Direction
  private readonly roots: Sides
  /** Pairs under way: a schema that leads back to itself holds if nothing else speaks against it. */
  private readonly open: Map<JsonSchema, Set<JsonSchema>> = new Map()
  private steps = 0

  constructor(direction: Direction, roots: Sides) {
    this.direction = direction
    this.roots = roots
  }

  judge(given: JsonSchema, wanted: JsonSchema, path: string, depth = 0): readonly Reason[] {
    const comes = follow(given, this.roots.comes)
    const taken = follow(wanted, this.roots.taken)
    if (comes === null || taken === null) return [reason(path, 'unknown', 'a $ref leads nowhere')]
    if (takesAll(taken) || takesNothing(comes)) return []
    if (!refers(comes) && !refers(taken) && same(comes, taken)) return []
    if (++this.steps > MOST_STEPS || depth > DEEPEST)
      return [reason(path, 'unknown', 'the schema is too large to judge')]
    const under = this.open.get(comes) ?? new Set()
    if (under.has(taken)) return []
    this.open.set(comes, under.add(taken))
    const reasons = this.forms(comes, taken, path, depth)
    under.delete(taken)
    return reasons
  }

  private forms(comes: JsonSchema, taken: JsonSchema, path: string, depth: number): readonly Reason[] {
    const arriving = formsOf(comes, this.roots.comes)
    const takes = formsOf(taken, this.roots.taken)
    if (arriving === null || takes === null) return [reason(path, 'unknown', 'the schema is too large to judge')]
    return arriving.flatMap((form) => this.one(form, takes, path, depth))
  }

  /** One form against all that are taken: it has to fit one of them whole. */
  private one(form: Form, takes: readonly Form[], path: string, depth: number): readonly Reason[] {
    const near = takes.filter((other) => !areApart(form, this.roots.comes, other, this.roots.taken))
    const alike = form.kind === 'value' ? near : near.filter((other) => other.kind === form.kind)
    if (alike.length === 0) return [this.refused(form, near, path)]
    const trials = alike.map((other) => this.fit(form, other, path, depth))
    if (trials.some((reasons) => reasons.length === 0)) return []
    if (trials.length === 1) return trials[0]!
    return [reason(path, 'unknown', words(this.direction, 'no form that is taken', 'no form that is known').what)]
  }

  private refused(form: Form, near: readonly Form[], path: string): Reason {
    const named = form.kind === 'value' ? shownValue(form.value) : this.named(form)
    const { what, why } = words(this.direction, `${named} is not taken any more`, `it may be ${named} now`)
    // A pattern may allow a few words only, and they may all be listed.
    const isFew =
      (form.kind === 'string' && form.patterns.length + form.formats.length > 0) ||
      (form.kind === 'number' && Number.isFinite(form.high.at - form.low.at))
    return { kind: isFew && near.length > 0 ? 'unknown' : 'breaking', path, what, why }
  }

  /** An object by the field that tells it from others. */
  private named(form: Form): string {
    const fields = form.kind === 'object' ? form.fields : new Map<string, JsonSchema>()
    for (const [name, schema] of fields) {
      const [value, ...others] = valuesOf(schema, this.roots.comes) ?? [undefined]
      if (value !== undefined && others.length === 0) return `an object whose ${name} is ${shownValue(value)}`
    }
    return kindText(form.kind)
  }

  /** A form against one that may hold. */
  private fit(form: Form, other: Form, path: string, depth: number): readonly Reason[] {
    const reasons = [...this.shape(form, other, path, depth)]
    for (const [keyword, value] of Object.entries(other.odd)) {
      if (!same(form.odd[keyword], value)) reasons.push(reason(path, 'unknown', `"${keyword}" is not understood`))
    }
    const both = 'patternProperties' in form.odd && !same(form.odd, other.odd)
    if (both) reasons.push(reason(path, 'unknown', '"patternProperties" is not understood'))
    // What is not understood may be just what makes it fit.
    if (Object.keys(form.odd).length === 0) return reasons
    return reasons.map((one) => ({ ...one, kind: 'unknown' }))
  }

  private shape(form: Form, other: Form, path: string, depth: number): readonly Reason[] {
    if (form.kind === 'value') {
      const has = hasForm({ ...other, odd: {} } as Form, form.value, this.roots.taken)
      if (has === true) return []
      return [reason(path, 'unknown', `${shownValue(form.value)} may not be taken`)]
    }
    if (other.kind === 'value') return [reason(path, 'unknown', 'only some values are taken')]
    if (form.kind === 'number' && other.kind === 'number') return numberReasons(form, other, path, this.direction)
    if (form.kind === 'string' && other.kind === 'string') return stringReasons(form, other, path, this.direction)
    if (form.kind === 'list' && other.kind === 'list') return this.lists(form, other, path, depth)
    if (form.kind === 'object' && other.kind === 'object') return this.objects(form, other, path, depth)
    return []
  }

  private lists(a: ListForm, b: ListForm, path: string, depth: number): readonly Reason[] {
    const reasons: Reason[] = []
    // What is behind the end of the other is told by its length.
    const length = Math.min(Math.max(a.prefix.length, b.prefix.length), a.max, b.max)
    for (let i = 0; i < length; i++) {
      reasons.push(...this.judge(a.prefix[i] ?? a.rest, b.prefix[i] ?? b.rest, `${path}.${i}`, depth + 1))
    }
    if (a.max > length && b.max > length) reasons.push(...this.judge(a.rest, b.rest, `${path}.*`, depth + 1))
    const say = (what: string, was: string): void => {
      const { why } = words(this.direction, '', '')
      reasons.push({ kind: 'breaking', path, what: words(this.direction, what, was).what, why })
    }
    if (b.min > a.min) say(`it must have ${b.min} items now`, `it may have fewer than ${b.min} items now`)
    if (b.max < a.max) say(`it must not have more than ${b.max} items now`, `it may have more than ${b.max} items now`)
    if (b.unique && !a.unique && a.max > 1) say('its items must differ now', 'its items may be equal now')
    return reasons
  }

  private objects(a: ObjectForm, b: ObjectForm, path: string, depth: number): readonly Reason[] {
    const reasons: Reason[] = []
    const at = (name: string): string => `${path}.${name}`
    const say = (where: string, send: string, read: string): void => {
      reasons.push({ kind: 'breaking', path: where, ...words(this.direction, send, read) })
    }
    for (const name of b.required) {
      if (!a.required.has(name)) say(at(name), 'the field is required now', 'the field may be missing now')
    }
    for (const [name, taken] of b.fields) {
      const comes = a.fields.get(name) ?? this.extraOf(a, name)
      if (comes !== undefined) reasons.push(...this.judge(comes, taken, at(name), depth + 1))
    }
    for (const [name, comes] of a.fields) {
      if (b.fields.has(name) || takesNothing(comes) || b.extra === undefined) continue
      if (b.extra === false) say(at(name), 'the field is refused now', 'the field is new')
      else reasons.push(...this.judge(comes, b.extra, at(name), depth + 1))
    }
    reasons.push(...this.extras(a, b, path, depth))
    return reasons.concat(this.sizes(a, b, path))
  }

  /** What the first may have under a name that it does not have among its fields. undefined: nothing. */
  private extraOf(a: ObjectForm, name: string): JsonSchema | undefined {
    if (a.extra === undefined || a.extra === false) return undefined
    return accepts(a.names, name, this.roots.comes) === false ? undefined : a.extra
  }

  private extras(a: ObjectForm, b: ObjectForm, path: string, depth: number): readonly Reason[] {
    const where = `${path}.*`
    const reasons: Reason[] = []
    const closed = b.extra !== undefined && !takesAll(b.extra)
    if (a.extra === undefined && closed && this.direction === 'send') {
      const what =
        b.extra === false ? 'fields that are not named are refused now' : 'fields that are not named are checked now'
      reasons.push({ kind: 'breaking', path: where, what, why: 'they were taken and left out' })
    } else if (a.extra !== undefined && a.extra !== false && b.extra !== undefined) {
      reasons.push(...this.judge(a.extra, b.extra, where, depth + 1))
    }
    if (takesAll(b.names)) return reasons
    for (const name of a.fields.keys()) {
      const taken = accepts(b.names, name, this.roots.taken)
      if (taken !== true)
        reasons.push({
          kind: taken === null ? 'unknown' : 'breaking',
          path: `${path}.${name}`,
          ...words(this.direction, 'the name of the field is refused now', 'the field is new'),
        })
    }
    if (a.extra !== undefined && a.extra !== false) {
      const names: JsonSchema = takesAll(a.names) ? { type: 'string' } : a.names
      reasons.push(...this.judge(names, b.names, `${path}.(names)`, depth + 1))
    }
    return reasons
  }

  private sizes(a: ObjectForm, b: ObjectForm, path: string): readonly Reason[] {
    const reasons: Reason[] = []
    const least = Math.max(a.min, a.required.size)
    const most = Math.min(a.max, a.extra === undefined || a.extra === false ? a.fields.size : Number.POSITIVE_INFINITY)
    const say = (send: string, read: string): void => {
      reasons.push({ kind: 'breaking', path, ...words(this.direction, send, read) })
    }
    if (b.min > least) say(`it must have ${b.min} fields now`, `it may have fewer than ${b.min} fields now`)
    if (b.max < most) say(`it must not have more than ${b.max} fields now`, `it may have more than ${b.max} fields now`)
    return reasons
  }
}

/** Has the schema references? Then the same words may mean something else in the other document. */
function refers(schema: JsonSchema): boolean {
  return JSON.stringify(schema).includes('"$ref"')
}

/**
 * What speaks against everything of `comes` being taken by `taken`.
 *
 * @param direction who is deployed: what they `send` has to be taken, or what they `read` has to be what they know
 */
export function judge(direction: Direction, comes: JsonSchema, taken: JsonSchema, path: string): readonly Reason[] {
  const sides = direction === 'read' ? { comes: opened(comes), taken: opened(taken) } : { comes, taken }
  return new Judge(direction, sides).judge(sides.comes, sides.taken, path)
}

/**
 * Clients do not check what they read: a field that they do not know does no harm, and libraries write for each object
 * they give that it has no others. Nor do they count how many forms a value has.
 */
function opened(schema: JsonSchema): JsonSchema {
  return JSON.parse(JSON.stringify(schema), (_key, value: unknown) => {
    if (!isTable(value)) return value
    const { additionalProperties, oneOf, ...rest } = value
    const isClosed = additionalProperties === false && isTable(rest['properties'])
    return {
      ...rest,
      ...(isClosed || additionalProperties === undefined ? null : { additionalProperties }),
      ...(oneOf === undefined ? null : rest['anyOf'] === undefined ? { anyOf: oneOf } : { oneOf }),
    }
  }) as JsonSchema
}
