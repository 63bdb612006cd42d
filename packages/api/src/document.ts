// The OpenAPI 3.1 document, made of the same rows and shapes that serve the API: it cannot say anything else than what is.

import { z } from 'zod'
import type { Operation } from './operation.ts'
import { isJson } from './query.ts'
import { ABOUT, refused } from './shapes.ts'
import { VERSION } from './version.ts'

type Schema = Readonly<Record<string, unknown>>

/** As JSON: whoever reads it knows OpenAPI, not our types. */
export type OpenApiDocument = Readonly<Record<string, unknown>>

const DESCRIPTION = `Publish, read and steer a Tautline server from any language.

Every call bears an API key: \`Authorization: Bearer <key>\` (or \`X-API-Key\`), never in the URL. A key has scopes; the one that an operation needs stands at its \`security\`.

What is refused is answered \`{ error: { code, message, retry, field } }\`: \`retry\` says whether to try again, and \`Retry-After\` when.`

/** What every operation may be answered. */
const REFUSALS = [400, 401, 403, 429, 500, 503]
const POST_REFUSALS = [408, 413, 415]

const REASONS: Readonly<Record<number, string>> = {
  400: 'Something of the request is missing or wrong: "field" names it.',
  401: 'No API key, or one that is not known.',
  403: 'The key has no scope for this, or not for this channel; or the page may not call.',
  404: 'There is no such thing (any more).',
  408: 'The body did not arrive in time.',
  409: 'The idempotency key was used for something else, or too long ago.',
  413: 'The body, or what it carries, is over a limit.',
  415: 'The body is not application/json.',
  429: 'The key is used too often.',
  500: 'The server failed: it may have happened.',
  501: 'The channel has no such thing: its rule says so.',
  503: 'Not now: the store is out of reach, or the outcome is unknown. Without Retry-After a repetition may do it twice.',
}

/** Shapes as JSON Schema; those with a name are gathered. */
class Schemas {
  readonly named: Record<string, Schema> = {}

  of(shape: z.ZodType): Schema {
    const json = z.toJSONSchema(shape, { metadata: ABOUT, io: 'input', unrepresentable: 'any' })
    const { $schema: _, $defs = {}, ...root } = rewritten(json) as { $schema?: unknown; $defs?: Record<string, Schema> }
    Object.assign(this.named, $defs)
    return root
  }
}

/** References within one schema become references within the document. */
function rewritten(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rewritten)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, of]) =>
      key === '$ref' && typeof of === 'string'
        ? [key, of.replace('#/$defs/', '#/components/schemas/')]
        : [key, rewritten(of)],
    ),
  )
}

/** The document of an API, without `servers`: where it is, is seen when somebody asks. */
export function describe(operations: readonly Operation[]): OpenApiDocument {
  const schemas = new Schemas()
  const error = schemas.of(refused)
  const paths = Object.fromEntries(operations.map((one) => [`/${one.name}`, pathOf(one, schemas)]))
  const tags = [...new Set(operations.map((one) => one.tag))].map((name) => ({ name }))
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tautline HTTP API',
      version: VERSION,
      description: DESCRIPTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    tags,
    paths,
    components: {
      schemas: schemas.named,
      responses: responses(error),
      parameters: { IdempotencyKey },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An API key.' },
        header: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'The same API key.' },
      },
    },
  }
}

const IdempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same as "key" in the body, for clients that set it by themselves.',
  schema: { type: 'string', minLength: 1, maxLength: 66 },
}

function responses(schema: Schema): Record<string, object> {
  const named = Object.entries(REASONS).map(([status, description]) => [
    `Refused${status}`,
    {
      description,
      ...headersOf(Number(status)),
      content: { 'application/json': { schema } },
    },
  ])
  return Object.fromEntries(named)
}

function headersOf(status: number): object {
  if (status === 401) return { headers: { 'WWW-Authenticate': { schema: { type: 'string' } } } }
  if (status !== 429 && status !== 503) return {}
  return { headers: { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer', minimum: 1 } } } }
}

function pathOf(row: Operation, schemas: Schemas): object {
  const { name, method, scope, summary, description, tag, keyed } = row
  const statuses = [...new Set([...REFUSALS, ...(method === 'POST' ? POST_REFUSALS : []), ...row.refusals])].sort()
  const parameters = [
    ...(method === 'GET' ? parametersOf(row, schemas) : []),
    ...(keyed ? [{ $ref: '#/components/parameters/IdempotencyKey' }] : []),
  ]
  return {
    [method.toLowerCase()]: {
      operationId: name,
      tags: [tag],
      summary,
      description,
      // OpenAPI 3.1 §4.8.30: for other schemes than OAuth "the array MAY contain a list of role names which are required".
      security: [{ bearer: [scope] }, { header: [scope] }],
      ...(parameters.length > 0 && { parameters }),
      ...(method === 'POST' && { requestBody: bodyOf(row, schemas) }),
      responses: {
        200: { description: 'Done.', content: { 'application/json': { schema: schemas.of(row.output) } } },
        ...Object.fromEntries(statuses.map((status) => [status, { $ref: `#/components/responses/Refused${status}` }])),
      },
    },
  }
}

function bodyOf({ input, example }: Operation, schemas: Schemas): object {
  return { required: true, content: { 'application/json': { schema: schemas.of(input), example } } }
}

function parametersOf({ input, example }: Operation, schemas: Schemas): object[] {
  const { properties = {}, required = [] } = schemas.of(input) as {
    properties?: Record<string, Schema>
    required?: readonly string[]
  }
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...schema } = property
    const head = {
      name,
      in: 'query',
      required: required.includes(name),
      ...(description !== undefined && { description }),
    }
    if (isJson(input.shape[name] as z.ZodType)) return { ...head, content: { 'application/json': { schema } } }
    return { ...head, schema, ...(name in example && { example: example[name] }) }
  })
}
