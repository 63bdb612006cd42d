import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as v from 'valibot'
import { z } from 'zod'
import { ContractError, channelContract, defineContract } from '../src/mod.ts'

const TEXT = z.object({ text: z.string() })

/** A contract as somebody without types writes it. */
function define(parts: unknown): unknown {
  return defineContract(parts as Parameters<typeof defineContract>[0])
}

test('a contract with schemas of zod and of valibot is taken, and nobody changes it afterwards', () => {
  const contract = defineContract({
    channels: {
      'chat:*': { message: TEXT, description: 'rooms' },
      'news:**': { message: v.object({ n: v.number() }) },
    },
    rpc: {
      add: { input: z.array(z.number()), output: z.number() },
      count: { input: z.null(), output: z.number(), stream: true },
    },
  })
  assert.deepEqual(Object.keys(contract.channels), ['chat:*', 'news:**'])
  assert.equal(contract.channels['chat:*'].message, TEXT)
  assert.equal(contract.rpc.count.stream, true)
  assert.ok(Object.isFrozen(contract) && Object.isFrozen(contract.channels) && Object.isFrozen(contract.rpc.add))
  assert.deepEqual(Object.keys(defineContract({}).rpc), [])
  assert.equal(contract.rpc['constructor' as 'add'], undefined, 'no method comes from Object')
})

for (const [what, parts, message] of [
  ['no object', 5, "the contract must be an object with 'channels', 'rpc', not 5"],
  ['a list', [], "the contract must be an object with 'channels', 'rpc', not a list"],
  [
    'a word that is nearly known',
    { chanels: {} },
    "the contract has an unknown key 'chanels': did you mean 'channels'?",
  ],
  ['a word that is not', { events: {} }, "the contract has an unknown key 'events': known are 'channels', 'rpc'"],
  ['a list of channels', { channels: [TEXT] }, 'channels must be an object, channels by pattern, not a list'],
  ['a schema for channels', { channels: TEXT }, 'channels must be an object, channels by pattern, not a schema'],
  [
    'a schema without its place',
    { channels: { 'chat:*': TEXT } },
    "channels['chat:*'] must be an object with 'message', 'publish', 'description', not a schema",
  ],
  [
    'a misspelt message',
    { channels: { 'chat:*': { mesage: TEXT } } },
    "channels['chat:*'] has an unknown key 'mesage': did you mean 'message'?",
  ],
  [
    'no message',
    { channels: { 'chat:*': {} } },
    "channels['chat:*'].message is missing: it must be a schema, such as z.object({ … }) of zod",
  ],
  [
    'a JSON Schema',
    { channels: { 'chat:*': { message: { type: 'object' } } } },
    "channels['chat:*'].message must be a Standard Schema (zod from 3.24, valibot from 1, arktype from 2 …: standardschema.dev), not a JSON Schema",
  ],
  [
    'a text for a schema',
    { rpc: { add: { input: 'number', output: TEXT } } },
    "rpc['add'].input must be a Standard Schema",
  ],
  ['no output', { rpc: { add: { input: TEXT } } }, "rpc['add'].output is missing"],
  [
    'a stream that is none',
    { rpc: { add: { input: TEXT, output: TEXT, stream: 'yes' } } },
    "rpc['add'].stream must be true, or left out, not 'yes'",
  ],
  [
    'a description that is none',
    { channels: { a: { message: TEXT, description: 5 } } },
    "channels['a'].description must be text, not 5",
  ],
  [
    'clients that publish',
    { channels: { a: { message: TEXT, publish: true } } },
    "channels['a'].publish must be false, or left out, not true",
  ],
  [
    'a pattern that is none',
    { channels: { 'a:**:b': { message: TEXT } } },
    "channels['a:**:b'] is no pattern: it has a ** that is not its last segment",
  ],
  ['an empty pattern', { channels: { '': { message: TEXT } } }, "channels[''] is no pattern: it is empty"],
  ['a method with a space', { rpc: { 'a b': { input: TEXT, output: TEXT } } }, "rpc['a b'] is no name of a method"],
  [
    'two names for the same channels',
    { channels: { 'inbox:*': { message: TEXT }, 'inbox:$user': { message: TEXT } } },
    "channels['inbox:$user'] covers the same channels as 'inbox:*': leave one of them out",
  ],
] as const) {
  test(`refused with its place: ${what}`, () => {
    assert.throws(
      () => define(parts),
      (error) =>
        error instanceof ContractError && (error.message.startsWith(message) || assert.equal(error.message, message)),
    )
  })
}

test('of several patterns the most specific one holds for a channel', () => {
  const message = z.string()
  const patterns = ['**', 'chat:*', 'chat:lobby', 'chat:**', '*:lobby', 'inbox:$user']
  const contract = defineContract({ channels: Object.fromEntries(patterns.map((pattern) => [pattern, { message }])) })
  for (const [channel, pattern] of [
    ['chat:lobby', 'chat:lobby'],
    ['chat:42', 'chat:*'],
    ['chat:42:x', 'chat:**'],
    ['room:lobby', '*:lobby'],
    ['inbox:ann', 'inbox:$user'],
    ['inbox', '**'],
  ] as const) {
    assert.equal(channelContract(contract, channel)?.pattern, pattern)
  }
  assert.equal(channelContract(defineContract({ channels: { 'chat:*': { message } } }), 'chat'), null)
})
