// The API is exercised from its own OpenAPI document: what it promises is answered, and what it rules out is refused.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import SwaggerParser from '@apidevtools/swagger-parser'
import { type Described, document, exampleQuery, operationsOf, type Schema, target } from './described.ts'
import { type Answer, type Served, serve } from './served.ts'

let served: Served
let api: Awaited<ReturnType<typeof document>>
let operations: Described[]

before(async () => {
  served = await serve()
  api = await document(served)
  operations = operationsOf(api)
})
after(() => served.close())

function send(operation: Described, query: Record<string, string>, body: unknown): Promise<Answer> {
  return served.ask(target(operation.path, query), operation.method === 'GET' ? undefined : body)
}

/** The answer is one that the document knows, in the form that it says. */
function assertDescribed(operation: Described, answer: Answer, what: string): void {
  const where = `${operation.method} ${operation.path} ${what}: ${answer.status} ${answer.text.slice(0, 300)}`
  const validate = operation.answers.get(answer.status)
  assert.ok(validate !== undefined, `undescribed status: ${where}`)
  assert.ok(validate(answer.body), `${JSON.stringify(validate.errors)} in ${where}`)
}

test('the document is valid OpenAPI 3.1 and names every operation once', async () => {
  await SwaggerParser.validate(structuredClone(api))
  assert.equal(api.openapi, '3.1.0')
  assert.deepEqual(api.servers, [{ url: '/api/v1' }])
  const names = operations.map((one) => one.path.slice(1))
  assert.deepEqual(names.toSorted(), [
    'broadcast',
    'channels',
    'connections',
    'disconnect',
    'history',
    'info',
    'message',
    'presence',
    'publish',
    'revoke',
    'subscribe',
    'unsubscribe',
  ])
  for (const operation of operations) assert.ok(operation.statuses.includes(401), operation.path)
})

test('every operation answers its own example with 200, in the form of its schema', async () => {
  for (const operation of operations) {
    const answer = await send(operation, exampleQuery(operation), operation.body?.example)
    assert.equal(answer.status, 200, `${operation.path} ${answer.text}`)
    assertDescribed(operation, answer, 'its example')
  }
})

test('an answer without a key is a 401 in the form of its schema, for every operation', async () => {
  for (const operation of operations) {
    const answer = await served.ask(target(operation.path, {}), operation.body?.example, { authorization: '' })
    assert.equal(answer.status, 401)
    assertDescribed(operation, answer, 'without a key')
  }
})

/** Values that a schema rules out, each with what is wrong about it. */
function* wrongFor(schema: Schema): Iterable<[string, unknown]> {
  const { type, minLength, maxLength, minimum, maximum, pattern, minItems, maxItems, uniqueItems } = schema
  const kinds: Record<string, unknown> = { string: 'x', integer: 1, boolean: true, object: {}, array: [] }
  if (type !== undefined) {
    for (const [kind, value] of Object.entries(kinds)) if (kind !== type) yield [`a ${kind}`, value]
    yield ['null', null]
  }
  if (type === 'integer') yield ['a fraction', 1.5]
  if (typeof minimum === 'number') yield ['below its minimum', minimum - 1]
  if (typeof maximum === 'number' && maximum < Number.MAX_SAFE_INTEGER) yield ['above its maximum', maximum + 1]
  if (typeof minLength === 'number' && minLength > 0) yield ['too short', 'a'.repeat(minLength - 1)]
  if (typeof maxLength === 'number') yield ['too long', 'a'.repeat(maxLength + 1)]
  if (typeof pattern === 'string') {
    const texts = [' ', '{', 'é', '\u0000', 'a b', '\ud800'].filter((text) => !new RegExp(pattern).test(text))
    for (const text of texts) yield ['not its pattern', text]
  }
  if (typeof minItems === 'number') yield ['too few', []]
  if (typeof maxItems === 'number') yield ['too many', Array.from({ length: maxItems + 1 }, (_, i) => `chat:${i}`)]
  if (uniqueItems === true) yield ['twice the same', ['chat:1', 'chat:1']]
  if (schema['items'] !== undefined) for (const [what, one] of wrongFor(schema['items'] as Schema)) yield [what, [one]]
  const properties = (schema['properties'] ?? {}) as Record<string, Schema>
  if (type === 'object') {
    for (const name of (schema['required'] ?? []) as string[]) {
      const rest = Object.fromEntries(Object.keys(properties).map((one) => [one, 'x']))
      delete rest[name]
      yield [`without ${name}`, rest]
    }
  }
}

function* wrongBodies({ body }: Described): Iterable<[string, unknown]> {
  if (body === undefined) return
  const { schema, example } = body
  for (const value of [null, 1, 'text', [], true]) yield [`${JSON.stringify(value)} for a body`, value]
  for (const name of (schema['required'] ?? []) as string[]) {
    const { [name]: _, ...rest } = example
    yield [`without ${name}`, rest]
  }
  // `oneOf` of required fields: none of them, and each pair.
  const groups = ((schema['oneOf'] ?? []) as { required: [string] }[]).map((one) => one.required[0])
  if (groups.length > 0) {
    yield [
      'without any of its choices',
      Object.fromEntries(Object.entries(example).filter(([k]) => !groups.includes(k))),
    ]
    yield ['with all of its choices', { ...example, ...Object.fromEntries(groups.map((name) => [name, 'AAAA'])) }]
  }
  yield ['with an unknown field', { ...example, unknown: 1 }]
  for (const [name, property] of Object.entries(schema['properties'] as Record<string, Schema>)) {
    for (const [what, value] of wrongFor(property)) yield [`${name} ${what}`, { ...example, [name]: value }]
  }
}

function* wrongQueries({ parameters, ...operation }: Described): Iterable<[string, Record<string, string>]> {
  if (operation.method !== 'GET') return
  const example = exampleQuery({ parameters, ...operation })
  yield ['an unknown parameter', { ...example, unknown: '1' }]
  for (const { name, required, schema, isJson } of parameters) {
    const { [name]: _, ...rest } = example
    if (required) yield [`without ${name}`, rest]
    for (const [what, value] of wrongFor(schema)) {
      // In a query a number is text like any other, and an empty object is no text at all.
      if (schema['type'] === 'string' && typeof value !== 'string') continue
      const text = isJson ? JSON.stringify(value) : typeof value === 'string' ? value : JSON.stringify(value)
      if (schema['type'] === 'string' && !text.isWellFormed()) continue
      yield [`${name} ${what}`, { ...rest, [name]: text }]
    }
    if (isJson) yield [`${name} that is no JSON`, { ...rest, [name]: '{"epoch":' }]
  }
}

test('whatever the document rules out is refused with 4xx, a code and the field, for every operation', async (t) => {
  let sent = 0
  for (const operation of operations) {
    for (const [what, body] of wrongBodies(operation)) {
      const answer = await send(operation, {}, body)
      assert.ok(answer.status >= 400 && answer.status < 500, `${operation.path} ${what}: ${answer.status}`)
      assertDescribed(operation, answer, what)
      sent++
    }
    for (const [what, query] of wrongQueries(operation)) {
      const answer = await send(operation, query, undefined)
      assert.equal(answer.status, 400, `${operation.path} ${what}: ${answer.status} ${answer.text}`)
      assertDescribed(operation, answer, what)
      assert.ok(answer.body.error.field !== undefined, `${operation.path} ${what}`)
      sent++
    }
  }
  assert.deepEqual(
    served.logged.filter((line) => line.startsWith('api failed')),
    [],
  )
  t.diagnostic(`${sent} wrong requests refused`)
  assert.ok(sent > 200, String(sent))
})
