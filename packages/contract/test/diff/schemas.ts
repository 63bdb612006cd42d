// Random schemas, small changes of them, and values that are near to what they take.
import fc from 'fast-check'
import type { JsonSchema } from '../../src/json-schema.ts'

type Table = Record<string, unknown>

export const NAMES = ['a', 'b', 'c']
const STRINGS = ['', 'a', 'b', 'ab', 'abc', 'abcd', 'aabbb']
const NUMBERS = [-1, 0, 0.5, 1, 2, 2.5, 3, 4, 5, 6, 12]

const bound = fc.integer({ min: 0, max: 3 })
const maybe = <T>(of: fc.Arbitrary<T>, freq = 2) => fc.option(of, { nil: undefined, freq })
const range = (low: string, high: string) =>
  fc.record({ [low]: bound, [high]: bound.map((n) => n + 1) }, { requiredKeys: [] })

const primitive: fc.Arbitrary<JsonSchema> = fc.oneof(
  range('minLength', 'maxLength').map((of) => ({ type: 'string', ...of })),
  range('minimum', 'maximum').map((of) => ({ type: 'number', ...of })),
  range('exclusiveMinimum', 'exclusiveMaximum').map((of) => ({ type: 'integer', ...of })),
  fc.constantFrom(2, 3, 4, 6).map((multipleOf) => ({ type: 'integer', multipleOf })),
  fc.constantFrom('^a', 'b$').map((pattern) => ({ type: 'string', pattern })),
  fc.constantFrom<JsonSchema[]>({ type: 'boolean' }, { type: 'null' }, { type: ['string', 'null'] }, {}, { not: {} }),
  fc.constantFrom<JsonSchema[]>({ const: 'a' }, { const: 1 }, { const: true }, { const: null }, { const: { a: 'a' } }),
  fc.subarray(['a', 'b', 'ab', 1, 2, null], { minLength: 1 }).map((values) => ({ enum: values })),
)

export const { schema } = fc.letrec<Record<'schema' | 'list' | 'object' | 'union' | 'all', JsonSchema>>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    primitive,
    tie('object'),
    tie('list'),
    tie('union'),
    tie('all'),
  ),
  object: fc
    .record({
      properties: fc.dictionary(fc.constantFrom(...NAMES), tie('schema'), { maxKeys: 3, noNullPrototype: true }),
      required: fc.subarray(NAMES),
      additionalProperties: maybe(fc.oneof(fc.constantFrom(false, true), tie('schema'))),
      propertyNames: maybe(fc.constantFrom<JsonSchema[]>({ enum: ['a', 'b'] }, { maxLength: 1 }), 6),
      minProperties: maybe(bound, 5),
      maxProperties: maybe(bound, 5),
      patternProperties: maybe(fc.constant({ '^x': { type: 'null' } }), 9),
    })
    .map((of) => present({ type: 'object', ...of })),
  list: fc
    .record({
      items: fc.oneof(tie('schema'), fc.array(tie('schema'), { minLength: 1, maxLength: 2 }) as fc.Arbitrary<unknown>),
      additionalItems: maybe(fc.oneof(fc.constant(false), tie('schema'))),
      minItems: maybe(bound),
      maxItems: maybe(bound),
      uniqueItems: maybe(fc.boolean(), 5),
    })
    .map((of) => present({ type: 'array', ...of })),
  union: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
  all: fc.oneof(
    fc.array(tie('schema'), { minLength: 1, maxLength: 2 }).map((allOf) => ({ allOf })),
    fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((oneOf) => ({ oneOf })),
    fc.tuple(tie('object'), tie('union')).map(([object, union]) => ({ ...(object as object), ...(union as object) })),
  ),
}))

function present(of: Table): JsonSchema {
  return Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined))
}

/** What people do to contracts. */
const CHANGES: readonly ((it: Table, other: JsonSchema, n: number) => Table)[] = [
  (it, _, n) => ({ ...it, required: [...new Set([...((it['required'] ?? []) as string[]), NAMES[n % 3]])] }),
  (it) => ({ ...it, required: ((it['required'] ?? []) as string[]).slice(1) }),
  (it, other, n) => ({ ...it, properties: { ...(it['properties'] as object), [NAMES[n % 3]!]: other } }),
  (it) => ({ ...it, properties: Object.fromEntries(Object.entries((it['properties'] ?? {}) as object).slice(1)) }),
  (it, other, n) => set(it, 'additionalProperties', [undefined, false, true, other][n % 4]),
  (it, _, n) => set(it, 'propertyNames', [undefined, { enum: ['a', 'b'] }, { enum: NAMES }, { maxLength: 1 }][n % 4]),
  (it, _, n) => set(it, ['minProperties', 'maxProperties'][n % 2]!, [undefined, 0, 1, 2, 3][n % 5]),
  (it, _, n) => set(it, ['minItems', 'maxItems'][n % 2]!, [undefined, 0, 1, 2, 3][n % 5]),
  (it, _, n) => set(it, 'uniqueItems', [undefined, true][n % 2]),
  (it, other, n) => set(it, ['items', 'additionalItems'][n % 2]!, [undefined, other, true][n % 3]),
  (it, _, n) => set(it, ['minLength', 'maxLength'][n % 2]!, [undefined, 0, 1, 2, 3][n % 5]),
  (it, _, n) =>
    set(it, ['minimum', 'exclusiveMinimum', 'maximum', 'exclusiveMaximum'][n % 4]!, [undefined, 0, 1, 2][n % 4]),
  (it, _, n) => set(it, 'multipleOf', [undefined, 2, 3, 4, 6][n % 5]),
  (it, _, n) => set(it, 'pattern', [undefined, '^a', 'b$'][n % 3]),
  (it, _, n) => set(it, 'type', ['number', 'integer', 'string', ['string', 'null'], 'object', 'array'][n % 6]),
  (it, _, n) => ({ ...it, enum: ((it['enum'] ?? ['a', 1]) as unknown[]).toSpliced(n % 2, 1).concat('d') }),
  (it) => ({ ...it, ...('enum' in it ? { enum: [...(it['enum'] as unknown[]), 'c', 3] } : null) }),
  (it, other) => ({ anyOf: [it, other] }),
  (it, other) => ({ allOf: [it, other] }),
  (_, other) => (typeof other === 'boolean' ? { not: {} } : { ...other }),
]

function set(it: Table, key: string, value: unknown): Table {
  return present({ ...it, [key]: value }) as Table
}

/** One schema, and another one: like it but for a change or two. */
export const pair: fc.Arbitrary<readonly [JsonSchema, JsonSchema]> = fc.oneof(
  { weight: 1, arbitrary: fc.tuple(schema, schema) },
  {
    weight: 8,
    arbitrary: fc
      .tuple(
        schema,
        fc.array(fc.tuple(fc.nat(12), fc.nat(CHANGES.length - 1), schema, fc.nat(59)), { minLength: 1, maxLength: 2 }),
      )
      .map(([one, changes]) => {
        let now = one
        for (const [at, which, other, n] of changes) now = changed(now, at, (it) => CHANGES[which]!(it, other, n))
        return [one, now] as const
      }),
  },
)

/** Keywords whose value is a schema, a list of them, a table of them. */
const ONE = ['items', 'additionalItems', 'additionalProperties', 'propertyNames', 'not']
const SOME = ['anyOf', 'oneOf', 'allOf', 'items']

/** Changes the n-th schema within a schema, or the schema itself. */
function changed(whole: JsonSchema, at: number, change: (it: Table) => Table): JsonSchema {
  let left = at
  const done = walk(whole)
  return left >= 0 && typeof whole === 'object' ? change(whole as Table) : done
  function walk(here: JsonSchema): JsonSchema {
    if (typeof here === 'boolean') return here
    if (left-- === 0) return change(here as Table)
    return Object.fromEntries(
      Object.entries(here).map(([key, of]) => {
        if (key === 'properties') {
          return [key, Object.fromEntries(Object.entries(of as object).map(([name, one]) => [name, walk(one)]))]
        }
        if (SOME.includes(key) && Array.isArray(of)) return [key, of.map(walk)]
        return [key, ONE.includes(key) && !Array.isArray(of) ? walk(of as JsonSchema) : of]
      }),
    )
  }
}

/** A value that the schema may well take. */
export function sample(of: JsonSchema, next: () => number, depth = 0): unknown {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)] as T
  if (typeof of === 'boolean' || depth > 6) return pick([...STRINGS, ...NUMBERS, true, null, [], {}])
  const { anyOf, oneOf, allOf, const: value, enum: values, type } = of as Record<string, never>
  if ('const' in of) return value
  if (Array.isArray(values)) return pick(values)
  const parts = [anyOf, oneOf].flatMap((some: unknown) =>
    Array.isArray(some) ? [sample(pick<JsonSchema>(some), next, depth + 1)] : [],
  )
  if (Array.isArray(allOf)) parts.push(...(allOf as JsonSchema[]).map((one) => sample(one, next, depth + 1)))
  if (type !== undefined || parts.length === 0) parts.push(typed(of as Table, pick, next, depth))
  const isObject = (one: unknown): one is object => typeof one === 'object' && one !== null && !Array.isArray(one)
  return parts.every(isObject) ? Object.assign({}, ...parts) : pick(parts)
}

function typed(of: Table, pick: <T>(from: readonly T[]) => T, next: () => number, depth: number): unknown {
  const any = ['string', 'number', 'boolean', 'null', 'object', 'array']
  const type = pick(Array.isArray(of['type']) ? of['type'] : [of['type'] ?? pick(any)])
  const inner = (one: unknown): unknown => sample((one ?? true) as JsonSchema, next, depth + 1)
  if (type === 'string') return pick(STRINGS)
  if (type === 'number' || type === 'integer')
    return pick(type === 'integer' ? NUMBERS.filter(Number.isInteger) : NUMBERS)
  if (type === 'boolean') return next() < 0.5
  if (type === 'null') return null
  if (type === 'array') {
    const { items, additionalItems } = of
    const at = (i: number): unknown => (Array.isArray(items) ? (items[i] ?? additionalItems) : items)
    const list = Array.from({ length: pick([0, 1, 2, 2, 3, 4]) }, (_, i) => inner(at(i)))
    return next() < 0.2 ? list.map(() => list[0]) : list
  }
  const { properties = {}, required = [], additionalProperties: extra } = of as Record<string, never>
  const named = Object.entries(properties as object)
    .filter(([name]) => next() < ((required as string[]).includes(name) ? 0.95 : 0.5))
    .map(([name, one]) => [name, inner(one)])
  const others = extra === undefined ? [] : [...NAMES, 'd', 'x1'].filter((name) => !(name in (properties as object)))
  const more = others.filter((name) => next() < ((required as string[]).includes(name) ? 0.9 : 0.3))
  return Object.fromEntries([...named, ...more.map((name) => [name, inner(extra)])])
}

/** Chance with a seed. */
export function chance(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
