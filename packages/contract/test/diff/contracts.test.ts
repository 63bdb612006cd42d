// What a change of a whole contract does: channels by pattern, methods, and files.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { DocumentError, diffContracts, exportContract, readDocument } from '../../src/diff.ts'
import { type Contract, defineContract } from '../../src/mod.ts'

const text = { message: z.string() }
const number = { message: z.number() }
const call = (input: z.ZodType, output: z.ZodType = z.null()) => ({ input, output })

function told(old: Partial<Contract>, now: Partial<Contract>): string[] {
  const findings = diffContracts(exportContract(defineContract(old)), exportContract(defineContract(now)))
  return findings.map(({ kind, where, what }) => `${kind} ${where}: ${what}`)
}

for (const [title, old, now, expected] of [
  ['nothing', { channels: { a: text } }, { channels: { a: text } }, []],
  ['a channel more', {}, { channels: { 'a:*': text } }, ["safe channels['a:*']: the channels are new"]],
  [
    'a channel less',
    { channels: { 'a:*': text } },
    {},
    ["breaking channels['a:*']: the channels are not in the contract any more"],
  ],
  ['a wider pattern', { channels: { 'a:*': text } }, { channels: { 'a:**': text } }, []],
  ['$user for *', { channels: { 'a:*': text } }, { channels: { 'a:$user': text } }, []],
  [
    'a wider pattern with other messages',
    { channels: { 'a:*': text } },
    { channels: { 'a:**': number } },
    [
      "breaking channels['a:*'] now channels['a:**'] message: data: it may be a number now",
      "breaking channels['a:*'] now channels['a:**'] publish: data: text is not taken any more",
    ],
  ],
  [
    'a narrower pattern',
    { channels: { 'a:**': text } },
    { channels: { 'a:*': text } },
    ["breaking channels['a:**']: some of the channels are not in the contract any more"],
  ],
  [
    'other messages for one of the channels',
    { channels: { 'a:*': text } },
    { channels: { 'a:*': text, 'a:b': number } },
    [
      "breaking channels['a:*'] now channels['a:b'] message: data: it may be a number now",
      "breaking channels['a:*'] now channels['a:b'] publish: data: text is not taken any more",
    ],
  ],
  [
    'a wider pattern behind one that holds already',
    { channels: { 'a:*': text } },
    { channels: { 'a:*': text, '**': number } },
    [],
  ],
  [
    'an exception less',
    { channels: { 'a:*': text, 'a:b': number } },
    { channels: { 'a:*': text } },
    [
      "breaking channels['a:b'] now channels['a:*'] message: data: it may be text now",
      "breaking channels['a:b'] now channels['a:*'] publish: data: a number is not taken any more",
    ],
  ],
  [
    'only the server publishes now',
    { channels: { a: text } },
    { channels: { a: { ...text, publish: false as const } } },
    ["breaking channels['a'] publish: clients may not publish any more"],
  ],
  [
    'what only the server publishes',
    { channels: { a: { message: z.object({}), publish: false as const } } },
    { channels: { a: { message: z.object({ n: z.number() }), publish: false as const } } },
    ["safe channels['a'] message: it changed"],
  ],
  ['clients publish now', { channels: { a: { ...text, publish: false as const } } }, { channels: { a: text } }, []],
  ['a method more', {}, { rpc: { add: call(z.null()) } }, ["safe rpc['add']: the method is new"]],
  ['a method less', { rpc: { add: call(z.null()) } }, {}, ["breaking rpc['add']: the method is gone"]],
  [
    'a stream',
    { rpc: { add: call(z.null()) } },
    { rpc: { add: { ...call(z.null()), stream: true as const } } },
    ["breaking rpc['add']: it gives several results now"],
  ],
  [
    'no stream any more',
    { rpc: { add: { ...call(z.null()), stream: true as const } } },
    { rpc: { add: call(z.null()) } },
    ["breaking rpc['add']: it gives one result now"],
  ],
  [
    'input and output both wider',
    { rpc: { add: call(z.int(), z.int()) } },
    { rpc: { add: call(z.number(), z.number()) } },
    ["breaking rpc['add'] output: data: a number may have a fraction now", "safe rpc['add'] input: it changed"],
  ],
  [
    'methods that are called like what every object has',
    { rpc: { constructor: call(z.null()) } },
    { rpc: { toString: call(z.null()) } },
    ["breaking rpc['constructor']: the method is gone", "safe rpc['toString']: the method is new"],
  ],
] as const satisfies readonly (readonly [string, Partial<Contract>, Partial<Contract>, readonly string[]])[]) {
  test(`a contract changes: ${title}`, () => {
    const got = told(old, now).map((line) => line.replace(/-?9007199254740991/, 'N'))
    assert.deepEqual(
      got.filter((line) => !line.includes(' N ')),
      expected,
    )
  })
}

test('the worst comes first, and each finding says why', () => {
  const old = defineContract({ channels: { a: { message: z.object({ n: z.number() }) }, b: text } })
  const now = defineContract({
    channels: { a: { message: z.object({ n: z.number(), m: z.string() }) }, b: text, c: number },
  })
  assert.deepEqual(diffContracts(exportContract(old), exportContract(now)), [
    {
      kind: 'breaking',
      where: "channels['a'] publish: data.m",
      what: 'the field is required now',
      why: 'deployed clients may leave it out',
    },
    {
      kind: 'safe',
      where: "channels['a'] message",
      what: 'it changed',
      why: 'all that is sent is what deployed clients know',
    },
    {
      kind: 'safe',
      where: "channels['c']",
      what: 'the channels are new',
      why: 'no deployed client has them in its contract',
    },
  ])
})

test('a schema that has no JSON Schema is in the file with its reason, and is not judged', () => {
  const contract = defineContract({ channels: { a: { message: z.string().transform((said) => said.length) } } })
  const file = JSON.stringify(exportContract(contract))
  const document = readDocument(JSON.parse(file))
  assert.deepEqual(document, exportContract(contract))
  assert.match(
    file,
    /"output":\{"unknown":"channels\['a'\].message cannot be said in JSON Schema as output: Transforms/,
  )
  assert.deepEqual(
    diffContracts(document, document).map(({ kind, where }) => `${kind} ${where}`),
    ["unknown channels['a'] message"],
  )
})

for (const [title, value, message] of [
  ['no object', 5, 'is no contract: tautline contract export writes one'],
  ['another document', {}, 'has no "format": "tautline-contract-1": write the file with tautline contract export'],
  ['AsyncAPI', { asyncapi: '3.0.0' }, 'is an AsyncAPI document: write the file with tautline contract export'],
  ['no channels', { format: 'tautline-contract-1', rpc: {} }, 'channels is missing, or no object'],
  [
    'no schema',
    { format: 'tautline-contract-1', channels: {}, rpc: { add: { input: {} } } },
    'rpc["add"].input must be { "schema": … } or { "unknown": reason }',
  ],
] as const) {
  test(`a file is refused: ${title}`, () => {
    assert.throws(() => readDocument(value), new DocumentError(message))
  })
}
