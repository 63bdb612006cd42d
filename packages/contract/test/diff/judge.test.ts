// Schemas that no library writes for the usual contract, but that somebody may have in a file.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judge } from '../../src/diff/judge.ts'
import type { JsonSchema } from '../../src/json-schema.ts'

function told(comes: JsonSchema, taken: JsonSchema): string[] {
  return judge('send', comes, taken, 'data').map(({ kind, path, what }) => `${kind} ${path}: ${what}`)
}

const closed = { type: 'object', properties: { a: {} }, additionalProperties: false }
const not = { type: 'string', not: { const: 'a' } }

for (const [title, comes, taken, expected] of [
  ['true takes all', { type: 'string' }, true, []],
  ['nothing comes', false, { type: 'string' }, []],
  ['nothing is taken', { type: 'string' }, false, ['breaking data: text is not taken any more']],
  ['a keyword that is not understood', { type: 'string' }, not, ['unknown data: "not" is not understood']],
  ['the same on both sides', { ...not, maxLength: 5 }, not, []],
  [
    'what is not understood may be what makes it fit',
    { type: 'string', dependencies: { a: false } },
    { type: 'string', maxLength: 8 },
    ['unknown data: text must not have more than 8 characters now'],
  ],
  [
    'keys by pattern',
    { ...closed, patternProperties: { '^x': { type: 'null' } } },
    closed,
    ['unknown data: "patternProperties" is not understood'],
  ],
  [
    'an open end',
    { type: 'number', minimum: 1 },
    { type: 'number', exclusiveMinimum: 1 },
    ['breaking data: a number must be above 1 now'],
  ],
  [
    'an end as draft 04 has it',
    { type: 'number', minimum: 2 },
    { type: 'number', minimum: 1, exclusiveMinimum: true },
    ['unknown data: "exclusiveMinimum" is not understood'],
  ],
  ['a $ref to nowhere', { $ref: '#/definitions/a' }, { type: 'string' }, ['unknown data: a $ref leads nowhere']],
  [
    'a $ref to elsewhere',
    { type: 'string' },
    { $ref: 'https://example.com/a' },
    ['unknown data: a $ref leads nowhere'],
  ],
  ['a $ref to itself', { $ref: '#' }, { type: 'string' }, ['unknown data: a $ref leads nowhere']],
  [
    'a union of itself',
    { anyOf: [{ $ref: '#' }] },
    { type: 'string' },
    ['unknown data: the schema is too large to judge'],
  ],
  [
    'names of fields that every object has',
    { type: 'object', properties: {} },
    { type: 'object', properties: { constructor: { type: 'string' } }, required: ['__proto__'] },
    ['breaking data.__proto__: the field is required now'],
  ],
] as const satisfies readonly (readonly [string, JsonSchema, JsonSchema, readonly string[]])[]) {
  test(`one schema against another: ${title}`, () => {
    assert.deepEqual(told(comes, taken), expected)
  })
}

/** Definitions that each say the one before them twice: of 30 of them a tree of 2^30 grows. */
function doubled(last: JsonSchema, next: (before: JsonSchema) => JsonSchema): JsonSchema {
  const definitions: Record<string, JsonSchema> = { d0: last }
  for (let i = 1; i <= 30; i++) definitions[`d${i}`] = next({ $ref: `#/definitions/d${i - 1}` })
  return { definitions, $ref: undefined, ...(definitions['d30'] as object) } as JsonSchema
}

for (const [title, next] of [
  ['a union', (before) => ({ anyOf: [before, before] })],
  ['an intersection', (before) => ({ allOf: [before, before] })],
  ['fields', (before) => ({ type: 'object', properties: { a: before, b: before }, required: ['a'] })],
  ['a union of objects', (before) => ({ anyOf: [before, { type: 'object', properties: { a: before, b: before } }] })],
  ['a pair', (before) => ({ type: 'array', items: [before, before] })],
  ['exactly one', (before) => ({ oneOf: [before, { type: 'object', properties: { a: before } }] })],
] as const satisfies readonly (readonly [string, (before: JsonSchema) => JsonSchema])[]) {
  test(`schemas that grow beyond all bounds are judged or given up in time: ${title}`, () => {
    const comes = doubled({ type: 'string' }, next)
    const started = performance.now()
    for (const taken of [doubled({ type: 'number' }, next), doubled({ type: 'string', maxLength: 5 }, next)]) {
      assert.ok(told(comes, taken).length > 0)
    }
    assert.ok(performance.now() - started < 10_000)
  })
}
