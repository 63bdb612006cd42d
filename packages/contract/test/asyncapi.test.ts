import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { Ajv } from 'ajv'
import * as v from 'valibot'
import { z } from 'zod'
import { asyncapi } from '../src/asyncapi.ts'
import { ContractError, defineContract } from '../src/mod.ts'

// The schema of AsyncAPI brings draft 07 along.
const ajv = new Ajv({ strict: false, validateFormats: false, logger: false, meta: false, validateSchema: false })
const file = createRequire(import.meta.url).resolve('@asyncapi/specs/schemas/3.0.0.json')
const isAsyncApi = ajv.compile(JSON.parse(readFileSync(file, 'utf8')))

interface Tree {
  readonly name: string
  readonly of: readonly Tree[]
}
const tree: z.ZodType<Tree> = z.lazy(() => z.object({ name: z.string(), of: z.array(tree) }))

const contract = defineContract({
  channels: {
    'chat:*': {
      message: z.object({ text: z.string().max(2_000), loud: z.boolean().default(false) }),
      description: 'Rooms.',
    },
    'inbox:$user:**': { message: z.object({ first: tree, second: tree }) },
    plain: { message: toStandardJsonSchema(v.object({ n: v.pipe(v.number(), v.minValue(1)) })) },
    'chat.any': { message: z.string().default('none'), publish: false },
  },
  rpc: {
    'tree/of-~': { input: z.null(), output: tree },
    count: { input: z.object({ to: z.int() }), output: z.number(), stream: true, description: 'Counts.' },
  },
})
const OPTIONS = { title: 'Chat', version: '1.2.3', description: 'A chat.', server: 'wss://example.com:8443/realtime' }

/** Every reference of a document leads somewhere. */
function dangling(document: unknown): string[] {
  const bad: string[] = []
  JSON.stringify(document, (key, value: unknown) => {
    if (key !== '$ref' || typeof value !== 'string') return value
    const steps = value.slice(2).split('/')
    let here: unknown = document
    for (const step of steps) {
      here = (here as Record<string, unknown> | undefined)?.[step.replaceAll('~1', '/').replaceAll('~0', '~')]
    }
    if (here === undefined) bad.push(value)
    return value
  })
  return bad
}

test('the document of a contract follows the JSON Schema of AsyncAPI 3.0, and its references lead somewhere', () => {
  for (const [one, options] of [
    [contract, OPTIONS],
    [defineContract({}), { title: 'Nothing', version: '0' }],
  ] as const) {
    const document = asyncapi(one, options)
    assert.ok(isAsyncApi(document), JSON.stringify(isAsyncApi.errors?.slice(0, 5)))
    assert.deepEqual(dangling(document), [])
    assert.deepEqual(JSON.parse(JSON.stringify(document)), document, 'it is JSON')
    assert.ok(!isAsyncApi({ ...document, operations: { jump: { action: 'jump' } } }), 'what is none is refused')
  }
})

test('a channel has an address, what is published and what is sent', () => {
  const document = asyncapi(contract, OPTIONS) as Record<string, Record<string, Record<string, unknown>>>
  const { channels, operations, components, servers } = document
  assert.deepEqual(servers?.['main'], {
    host: 'example.com:8443',
    pathname: '/realtime',
    protocol: 'wss',
    protocolVersion: 'tautline.v1',
  })
  assert.deepEqual(Object.keys(channels!), [
    'chat.any',
    'inbox.-user.all',
    'plain',
    'chat.any-2',
    'rpc.tree-of--',
    'rpc.count',
  ])
  assert.deepEqual(channels?.['chat.any'], {
    address: 'chat:{1}',
    parameters: { 1: { description: 'One segment.' } },
    description: 'Rooms.',
    messages: {
      message: {
        name: 'chat.any.message',
        title: 'Message',
        contentType: 'application/json',
        payload: { $ref: '#/components/schemas/chat.any.message' },
      },
      published: {
        name: 'chat.any.published',
        title: 'Message as it is published',
        contentType: 'application/json',
        payload: { $ref: '#/components/schemas/chat.any.published' },
      },
    },
    'x-tautline-pattern': 'chat:*',
  })
  assert.equal(channels?.['inbox.-user.all']?.['address'], 'inbox:{user}:{rest}')
  assert.deepEqual(operations?.['publish.chat.any']?.['messages'], [{ $ref: '#/channels/chat.any/messages/published' }])
  assert.equal(operations?.['publish.chat.any']?.['action'], 'receive')
  assert.equal(operations?.['deliver.chat.any']?.['action'], 'send')
  // Only the server publishes here.
  assert.equal(operations?.['publish.chat.any-2'], undefined)
  assert.deepEqual(Object.keys(channels?.['chat.any-2']?.['messages'] as object), ['message'])
  const { schemas } = components as { schemas: Record<string, { required: string[] }> }
  assert.deepEqual(schemas['chat.any.published']?.required, ['text'])
  assert.deepEqual(schemas['chat.any.message']?.required.toSorted(), ['loud', 'text'])
})

test('a call is a request with its reply, and a stream says so', () => {
  const document = asyncapi(contract, OPTIONS) as Record<string, Record<string, Record<string, unknown>>>
  const { channels, operations } = document
  assert.deepEqual(operations?.['call.rpc.count'], {
    action: 'receive',
    channel: { $ref: '#/channels/rpc.count' },
    summary: 'Clients call, and get several results',
    messages: [{ $ref: '#/channels/rpc.count/messages/request' }],
    reply: {
      channel: { $ref: '#/channels/rpc.count' },
      messages: [{ $ref: '#/channels/rpc.count/messages/reply' }],
    },
  })
  assert.equal(channels?.['rpc.count']?.['x-tautline-stream'], true)
  assert.equal(channels?.['rpc.count']?.['address'], null)
  assert.equal(channels?.['rpc.tree-of--']?.['x-tautline-method'], 'tree/of-~')
})

for (const [title, message, text] of [
  [
    'valibot alone',
    v.string(),
    "channels['a'].message cannot be said in JSON Schema: wrap it in toStandardJsonSchema() of @valibot/to-json-schema",
  ],
  [
    'a date',
    z.object({ at: z.date() }),
    "channels['a'].message cannot be said in JSON Schema as input: Date cannot be represented in JSON Schema",
  ],
  [
    'a transform',
    z.string().transform((said) => said.length),
    "channels['a'].message cannot be said in JSON Schema as output: Transforms cannot be represented in JSON Schema (behind a transform, say what comes of it: schema.pipe(z.number()))",
  ],
] as const) {
  test(`a schema that JSON Schema cannot say is named with its place: ${title}`, () => {
    assert.throws(
      () => asyncapi(defineContract({ channels: { a: { message } } }), OPTIONS),
      new ContractError("channels['a'].message", text.replace("channels['a'].message ", '')),
    )
  })
}

test('options that cannot be meant are refused', () => {
  assert.throws(() => asyncapi(contract, { ...OPTIONS, title: '' }), { message: "title must be text, not ''" })
  assert.throws(() => asyncapi(contract, { ...OPTIONS, server: 'example.com' }), {
    message: "server must be a URL such as 'wss://example.com/realtime', not 'example.com'",
  })
})
