// The judge against another one: whatever it calls safe, ajv takes; whatever has a counterexample, it does not call safe.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import { judge } from '../../src/diff/judge.ts'
import type { Direction } from '../../src/diff/reasons.ts'
import type { JsonSchema } from '../../src/json-schema.ts'

const NAMES = ['a', 'b', 'c']
const bound = fc.integer({ min: 0, max: 3 })
const some = <T>(keys: fc.Arbitrary<T>): fc.Arbitrary<T> => keys
const range = (low: string, high: string) =>
  fc.record({ [low]: bound, [high]: bound.map((n) => n + 1) }, { requiredKeys: [] })

const primitive: fc.Arbitrary<JsonSchema> = fc.oneof(
  range('minLength', 'maxLength').map((of) => ({ type: 'string', ...of })),
  range('minimum', 'maximum').map((of) => ({ type: 'number', ...of })),
  range('exclusiveMinimum', 'exclusiveMaximum').map((of) => ({ type: 'integer', ...of })),
  fc.constantFrom(2, 3, 4, 6).map((multipleOf) => ({ type: 'integer', multipleOf })),
  fc.constantFrom('^a', 'b$').map((pattern) => ({ type: 'string', pattern })),
  fc.constant({ type: 'boolean' }),
  fc.constant({ type: 'null' }),
  fc.constant({ type: ['string', 'null'] }),
  fc.constant({}),
  fc.constant({ not: {} }),
  fc.constantFrom<JsonSchema[]>({ const: 'a' }, { const: 1 }, { const: true }, { const: null }, { const: { a: 'a' } }),
  fc.subarray(['a', 'b', 'ab', 1, 2, null], { minLength: 1 }).map((values) => ({ enum: values })),
)

const { schema } = fc.letrec<{
  schema: JsonSchema
  list: JsonSchema
  object: JsonSchema
  union: JsonSchema
  all: JsonSchema
}>((tie) => ({
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
      additionalProperties: fc.option(fc.oneof(fc.constant(false), tie('schema')), { nil: undefined }),
      propertyNames: fc.option(fc.constantFrom<JsonSchema[]>({ enum: ['a', 'b'] }, { maxLength: 1 }), {
        nil: undefined,
        freq: 6,
      }),
      minProperties: fc.option(bound, { nil: undefined, freq: 5 }),
      maxProperties: fc.option(bound, { nil: undefined, freq: 5 }),
      patternProperties: fc.option(fc.constant({ '^x': { type: 'null' } }), { nil: undefined, freq: 9 }),
    })
    .map((of) => present({ type: 'object', ...of })),
  list: fc
    .record({
      items: fc.oneof(some(tie('schema')), fc.array(tie('schema'), { minLength: 1, maxLength: 2 })),
      additionalItems: fc.option(fc.oneof(fc.constant(false), tie('schema')), { nil: undefined }),
      minItems: fc.option(bound, { nil: undefined }),
      maxItems: fc.option(bound, { nil: undefined }),
      uniqueItems: fc.option(fc.boolean(), { nil: undefined, freq: 5 }),
    })
    .map((of) => present({ type: 'array', ...of })),
  union: fc.record({
    [fc.sample(fc.constant('anyOf'), 1)[0]!]: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }),
  }),
  all: fc.oneof(
    fc.record({ allOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }) }),
    fc.record({ oneOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
    fc.tuple(tie('object'), tie('union')).map(([object, union]) => ({ ...(object as object), ...(union as object) })),
  ),
}))

function present(of: Record<string, unknown>): JsonSchema {
  return Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined))
}

const scalar = fc.constantFrom<unknown[]>(
  '',
  'a',
  'b',
  'ab',
  'abc',
  'abcd',
  'aabbb',
  0,
  1,
  2,
  3,
  4,
  6,
  12,
  0.5,
  2.5,
  -1,
  true,
  false,
  null,
)
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...NAMES, 'd', 'x1'), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
}))

/** The same schema, a little changed: what people do to contracts. */
const pair: fc.Arbitrary<readonly [JsonSchema, JsonSchema]> = fc.oneof(
  fc.tuple(schema, schema),
  fc.tuple(schema, schema, fc.nat(30)).map(([one, other, at]) => [one, replaced(one, other, at)] as const),
  fc.tuple(schema, schema).map(([one, other]) => [one, { anyOf: [one, other] }] as const),
  fc.tuple(schema, schema).map(([one, other]) => [{ allOf: [one, other] }, one] as const),
)

/** Puts a schema in the place of the n-th part of another. */
function replaced(one: JsonSchema, other: JsonSchema, at: number): JsonSchema {
  let left = at
  return walk(one) as JsonSchema
  function walk(here: unknown): unknown {
    if (typeof here !== 'object' || here === null) return left-- === 0 ? dropped(here) : here
    if (Array.isArray(here)) return here.map(walk)
    if (left-- === 0) return other
    return Object.fromEntries(Object.entries(here).map(([key, of]) => [key, key === 'const' ? of : walk(of)]))
  }
  function dropped(here: unknown): unknown {
    return typeof here === 'number' ? here + 1 : here
  }
}

const ajv = new Ajv({ strict: false, validateFormats: false, logger: false })

function valid(of: JsonSchema): (value: unknown) => boolean {
  try {
    return ajv.compile(of as object)
  } catch {
    fc.pre(false)
    throw new Error('never')
  }
}

/** What a client that was built with a contract sends: no field that the contract does not name, where it says nothing of others. */
function closed(of: JsonSchema): JsonSchema {
  return JSON.parse(JSON.stringify(of), (_key, here: unknown) => {
    const object = here as Record<string, unknown> | null
    if (typeof object !== 'object' || object === null || object['type'] !== 'object') return here
    return 'additionalProperties' in object ? object : { ...object, additionalProperties: false }
  }) as JsonSchema
}

/** What a client reads: it checks nothing, so that more fields and several forms do no harm. */
function opened(of: JsonSchema): JsonSchema {
  return JSON.parse(JSON.stringify(of), (_key, here: unknown) => {
    const object = here as Record<string, unknown> | null
    if (typeof object !== 'object' || object === null) return here
    const { additionalProperties: extra, oneOf, ...rest } = object
    return {
      ...rest,
      ...(extra === undefined || extra === false ? null : { additionalProperties: extra }),
      ...(oneOf === undefined ? null : { anyOf: oneOf }),
    }
  }) as JsonSchema
}

for (const direction of ['send', 'read'] as const satisfies readonly Direction[]) {
  test(`what is called safe is taken by ajv, value by value: ${direction}`, (t) => {
    let safe = 0
    let valued = 0
    fc.assert(
      fc.property(pair, fc.array(value, { minLength: 40, maxLength: 40 }), ([comes, taken], values) => {
        if (direction === 'read' && JSON.stringify(comes).includes('oneOf')) fc.pre(false)
        if (judge(direction, comes, taken, 'data').length > 0) return
        safe++
        const sent = valid(closed(comes))
        const takes = valid(direction === 'send' ? taken : opened(taken))
        for (const one of values) {
          if (!sent(one)) continue
          valued++
          assert.ok(takes(one), `${JSON.stringify(one)} is sent, and not taken`)
        }
      }),
      { numRuns: Number(process.env['RUNS'] ?? 400) },
    )
    t.diagnostic(`${safe} pairs called safe, ${valued} values sent`)
    assert.ok(safe > 100 && valued > 100, `${safe} pairs, ${valued} values`)
  })
}
