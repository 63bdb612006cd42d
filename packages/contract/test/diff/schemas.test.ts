// What a change of one schema does: to clients that send by the old one, and to clients that read by it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import * as v from 'valibot'
import { z } from 'zod'
import { diffContracts, exportContract } from '../../src/diff.ts'
import { defineContract, type Schema } from '../../src/mod.ts'

/** What is said of a channel's publishes or of its messages: 'breaking data.text: …', without what tells why. */
function told(old: Schema, now: Schema, side: 'publish' | 'message'): string[] {
  const document = (message: Schema) => exportContract(defineContract({ channels: { c: { message } } }))
  return diffContracts(document(old), document(now))
    .filter(({ where }) => where.includes(` ${side}`))
    .map(({ kind, where, what }) => (kind === 'safe' ? 'safe' : `${kind} ${where.split(': ')[1] ?? ''}: ${what}`))
}

const o = z.object
const text = z.string()
const num = z.number()
interface Tree {
  readonly name: string
  readonly of: readonly Tree[]
}
const tree = (name: z.ZodType<string>): Schema => {
  const node: z.ZodType<Tree> = o({ name, of: z.lazy(() => z.array(node)) })
  return node
}

type Case = readonly [title: string, old: Schema, now: Schema, sent: readonly string[], read: readonly string[]]

const SAFE = ['safe'] as const
const NONE: readonly string[] = []
const cases: readonly Case[] = [
  ['nothing changed', o({ a: text }), o({ a: text }), NONE, NONE],
  ['a description', o({ a: text }), o({ a: text.describe('of a') }), NONE, NONE],
  ['the order of fields', o({ a: text, b: num }), o({ b: num, a: text }), NONE, NONE],
  [
    'a new required field',
    o({ a: text }),
    o({ a: text, b: num }),
    ['breaking data.b: the field is required now'],
    SAFE,
  ],
  ['a new optional field', o({ a: text }), o({ a: text, b: num.optional() }), SAFE, SAFE],
  ['a new field with a default', o({ a: text }), o({ a: text, b: num.default(1) }), SAFE, SAFE],
  ['a field less', o({ a: text, b: num }), o({ a: text }), SAFE, ['breaking data.b: the field may be missing now']],
  ['an optional field less', o({ a: text, b: num.optional() }), o({ a: text }), SAFE, SAFE],
  [
    'a field that becomes optional',
    o({ a: text }),
    o({ a: text.optional() }),
    SAFE,
    ['breaking data.a: the field may be missing now'],
  ],
  [
    'a field that becomes required',
    o({ a: text.optional() }),
    o({ a: text }),
    ['breaking data.a: the field is required now'],
    SAFE,
  ],
  [
    'another type',
    o({ a: text }),
    o({ a: num }),
    ['breaking data.a: text is not taken any more'],
    ['breaking data.a: it may be a number now'],
  ],
  ['null too', o({ a: text }), o({ a: text.nullable() }), SAFE, ['breaking data.a: it may be null now']],
  ['null no more', o({ a: text.nullable() }), o({ a: text }), ['breaking data.a: null is not taken any more'], SAFE],
  ['a type more', text, z.union([text, num]), SAFE, ['breaking data: it may be a number now']],
  ['a type less', z.union([text, num]), text, ['breaking data: a number is not taken any more'], SAFE],
  [
    'anything instead of text',
    text,
    z.unknown(),
    SAFE,
    [
      'breaking data: it may be null now',
      'breaking data: it may be false now',
      'breaking data: it may be true now',
      'breaking data: it may be a number now',
      'breaking data: it may be a list now',
      'breaking data: it may be an object now',
    ],
  ],
  ['one word more', z.enum(['a', 'b']), z.enum(['a', 'b', 'c']), SAFE, ['breaking data: it may be "c" now']],
  ['one word less', z.enum(['a', 'b']), z.enum(['a']), ['breaking data: "b" is not taken any more'], SAFE],
  ['the words in another order', z.enum(['a', 'b']), z.enum(['b', 'a']), NONE, NONE],
  ['words instead of text', text, z.enum(['a']), ['breaking data: text is not taken any more'], SAFE],
  [
    'another constant',
    z.literal('v1'),
    z.literal('v2'),
    ['breaking data: "v1" is not taken any more'],
    ['breaking data: it may be "v2" now'],
  ],
  ['any flag instead of true', z.literal(true), z.boolean(), SAFE, ['breaking data: it may be false now']],
  ['longer text', text.max(5), text.max(9), SAFE, ['breaking data: text may have more than 5 characters now']],
  ['shorter text', text.max(9), text.max(5), ['breaking data: text must not have more than 5 characters now'], SAFE],
  ['a least length', text, text.min(1), ['breaking data: text must have 1 characters now'], SAFE],
  ['a pattern', text, text.regex(/^a/), ['breaking data: text must follow the pattern "^a" now'], SAFE],
  [
    'another pattern',
    text.regex(/^a/),
    text.regex(/^[ab]/),
    ['unknown data: text must follow the pattern "^[ab]" now'],
    ['unknown data: text may not follow the pattern "^a" any more'],
  ],
  [
    'no pattern any more',
    text.regex(/^a/),
    text,
    SAFE,
    ['breaking data: text may not follow the pattern "^a" any more'],
  ],
  [
    'words that follow a new pattern',
    z.enum(['ab', 'ac']),
    text.regex(/^a/),
    SAFE,
    ['unknown data: it may be text now'],
  ],
  [
    'words of which one does not',
    z.enum(['ab', 'b']),
    text.regex(/^a/),
    ['breaking data: "b" is not taken any more'],
    ['unknown data: it may be text now'],
  ],
  ['greater numbers', num.max(5), num.max(9), SAFE, ['breaking data: a number may be more than at most 5 now']],
  ['smaller numbers', num.min(0), num.min(1), ['breaking data: a number must be at least 1 now'], SAFE],
  ['an open end', num.min(0), num.gt(0), ['breaking data: a number must be above 0 now'], SAFE],
  ['whole numbers', num, z.int(), ['breaking data: a number must be whole now'], SAFE],
  ['fractions', z.int(), num, SAFE, ['breaking data: a number may have a fraction now']],
  ['multiples', num, num.multipleOf(5), ['breaking data: a number must be a multiple of 5 now'], SAFE],
  [
    'multiples of multiples',
    num.multipleOf(5),
    num.multipleOf(10),
    ['breaking data: a number must be a multiple of 10 now'],
    SAFE,
  ],
  [
    'fractions of fractions',
    num.multipleOf(0.1),
    num.multipleOf(0.3),
    ['unknown data: a number is a multiple of 0.3'],
    ['unknown data: a number is a multiple of 0.1'],
  ],
  [
    'longer lists',
    z.array(text).max(5),
    z.array(text).max(9),
    SAFE,
    ['breaking data: it may have more than 5 items now'],
  ],
  [
    'shorter lists',
    z.array(text),
    z.array(text).max(9),
    ['breaking data: it must not have more than 9 items now'],
    SAFE,
  ],
  ['lists that are not empty', z.array(text), z.array(text).min(1), ['breaking data: it must have 1 items now'], SAFE],
  [
    'other items',
    z.array(o({ a: text })),
    z.array(o({ a: num })),
    ['breaking data.*.a: text is not taken any more'],
    ['breaking data.*.a: it may be a number now'],
  ],
  [
    'a pair for a list',
    z.array(num),
    z.tuple([num, num]),
    ['breaking data: it must have 2 items now', 'breaking data: it must not have more than 2 items now'],
    SAFE,
  ],
  [
    'a list for a pair',
    z.tuple([num, num]),
    z.array(num),
    SAFE,
    ['breaking data: it may have fewer than 2 items now', 'breaking data: it may have more than 2 items now'],
  ],
  [
    'a longer tuple',
    z.tuple([num]),
    z.tuple([num, text]),
    ['breaking data: it must have 2 items now'],
    ['breaking data: it may have more than 1 items now'],
  ],
  [
    'fields that are refused',
    o({ a: text }),
    z.strictObject({ a: text }),
    ['breaking data.*: fields that are not named are refused now'],
    NONE,
  ],
  ['fields that are not refused any more', z.strictObject({ a: text }), o({ a: text }), SAFE, NONE],
  [
    'a strict object with a field less',
    z.strictObject({ a: text, b: num.optional() }),
    z.strictObject({ a: text }),
    ['breaking data.b: the field is refused now'],
    SAFE,
  ],
  [
    'a strict object with a field more',
    z.strictObject({ a: text }),
    z.strictObject({ a: text, b: num.optional() }),
    SAFE,
    SAFE,
  ],
  [
    'fields that are checked',
    o({ a: text }),
    o({ a: text }).catchall(num),
    ['breaking data.*: fields that are not named are checked now'],
    SAFE,
  ],
  [
    'a field among free ones',
    z.looseObject({ a: text }),
    z.looseObject({ a: text, b: num.optional() }),
    [
      'breaking data.b: null is not taken any more',
      'breaking data.b: false is not taken any more',
      'breaking data.b: true is not taken any more',
      'breaking data.b: text is not taken any more',
      'breaking data.b: a list is not taken any more',
      'breaking data.b: an object is not taken any more',
    ],
    SAFE,
  ],
  [
    'other values of a record',
    z.record(text, num),
    z.record(text, z.int()),
    ['breaking data.*: a number must be whole now'],
    SAFE,
  ],
  [
    'a record with fixed keys',
    z.record(text, num),
    z.partialRecord(z.enum(['a', 'b']), num),
    ['breaking data.(names): text is not taken any more'],
    SAFE,
  ],
  [
    'a record with a key more',
    z.record(z.enum(['a']), num),
    z.record(z.enum(['a', 'b']), num),
    ['breaking data.b: the field is required now'],
    ['breaking data.(names): it may be "b" now'],
  ],
  [
    'one case more',
    z.discriminatedUnion('t', [o({ t: z.literal('a') }), o({ t: z.literal('b'), n: num })]),
    z.discriminatedUnion('t', [o({ t: z.literal('a') }), o({ t: z.literal('b'), n: num }), o({ t: z.literal('c') })]),
    SAFE,
    ['breaking data: it may be an object whose t is "c" now'],
  ],
  [
    'one case less',
    z.discriminatedUnion('t', [o({ t: z.literal('a') }), o({ t: z.literal('b'), n: num })]),
    z.discriminatedUnion('t', [o({ t: z.literal('b'), n: num })]),
    ['breaking data: an object whose t is "a" is not taken any more'],
    SAFE,
  ],
  [
    'a case that changed',
    z.discriminatedUnion('t', [o({ t: z.literal('a') }), o({ t: z.literal('b'), n: num })]),
    z.discriminatedUnion('t', [o({ t: z.literal('a') }), o({ t: z.literal('b'), n: z.int() })]),
    ['breaking data.n: a number must be whole now'],
    SAFE,
  ],
  [
    'objects that nothing tells apart',
    z.union([o({ a: text, c: num }), o({ b: text })]),
    z.union([o({ a: text, c: z.int() }), o({ b: text })]),
    ['unknown data: no form that is taken'],
    SAFE,
  ],
  [
    'a tree of which the names are shorter',
    tree(text),
    tree(text.max(5)),
    ['breaking data.name: text must not have more than 5 characters now'],
    SAFE,
  ],
  ['a tree', tree(text), tree(text), NONE, NONE],
  [
    'a part of an intersection',
    z.intersection(o({ a: text }), o({ b: text })),
    z.intersection(o({ a: text }), o({ b: text.max(5) })),
    ['breaking data.b: text must not have more than 5 characters now'],
    SAFE,
  ],
  ['an intersection for an object', o({ a: text, b: num }), z.intersection(o({ a: text }), o({ b: num })), NONE, NONE],
  [
    'a transform that gives something else',
    text.transform((s) => s.length).pipe(num),
    text.transform(String).pipe(text),
    NONE,
    ['breaking data: it may be text now'],
  ],
  [
    'a transform that nobody can see through',
    text,
    text.transform((s) => s.length),
    NONE,
    ['unknown : the new schema is not known'],
  ],
  [
    'a date in text, another format',
    z.iso.datetime(),
    z.iso.date(),
    ['unknown data: text must follow the pattern', 'unknown data: text must be of the format "date" now'],
    [
      'unknown data: text may not follow the pattern',
      'unknown data: text may not be of the format "date-time" any more',
    ],
  ],
  [
    'the same in valibot and zod',
    toStandardJsonSchema(v.object({ a: v.string(), b: v.optional(v.number()) })),
    o({ a: text, b: num.optional() }),
    NONE,
    SAFE,
  ],
  [
    'more than zod takes, in valibot',
    o({ a: text.max(5) }),
    toStandardJsonSchema(v.object({ a: v.pipe(v.string(), v.maxLength(9)) })),
    SAFE,
    ['breaking data.a: text may have more than 5 characters now'],
  ],
]

for (const [title, old, now, sent, read] of cases) {
  test(`what is sent and what is read: ${title}`, () => {
    for (const [side, expected] of [
      ['publish', sent],
      ['message', read],
    ] as const) {
      const got = told(old, now, side).map((line) => expected.find((one) => line.startsWith(one)) ?? line)
      assert.deepEqual(got.toSorted(), expected.toSorted(), side)
    }
  })
}
