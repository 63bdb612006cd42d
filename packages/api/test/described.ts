// What the tests read of the OpenAPI document: operations with their examples and schemas, as a stranger would.
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import type { Served } from './served.ts'

export type Schema = Readonly<Record<string, unknown>>

export interface Parameter {
  readonly name: string
  readonly required: boolean
  readonly schema: Schema
  readonly example: unknown
  readonly isJson: boolean
}

export interface Described {
  readonly path: string
  readonly method: 'GET' | 'POST'
  readonly scope: string
  readonly parameters: readonly Parameter[]
  /** Schema and example of the body of a POST. */
  readonly body: { readonly schema: Schema; readonly example: Record<string, unknown> } | undefined
  readonly statuses: readonly number[]
  /** Schema of what each status answers. */
  readonly answers: ReadonlyMap<number, ValidateFunction>
}

// biome-ignore lint/suspicious/noExplicitAny: a document is JSON of any shape.
type Any = any

export async function document(served: Served): Promise<Any> {
  const response = await fetch(`${served.url}/openapi.json`)
  return response.json()
}

/** Follows a reference within the document. */
export function resolved(api: Any, value: Any): Any {
  if (typeof value?.$ref !== 'string') return value
  const [, ...steps] = value.$ref.split('/')
  return resolved(
    api,
    steps.reduce((at: Any, step: string) => at[step], api),
  )
}

/** Answers may grow; what is answered today is what the document says today. */
function strict(value: Any): Any {
  if (Array.isArray(value)) return value.map(strict)
  if (typeof value !== 'object' || value === null) return value
  const inner = Object.fromEntries(Object.entries(value).map(([key, of]) => [key, strict(of)]))
  const open = value.type === 'object' && value.properties !== undefined && value.additionalProperties === undefined
  return open ? { ...inner, additionalProperties: false } : inner
}

export function operationsOf(api: Any): Described[] {
  const ajv = new Ajv2020({ strict: false })
  ajv.addSchema(strict(api), 'api')
  const compile = (schema: Any): ValidateFunction =>
    schema.$ref === undefined ? ajv.compile(strict(schema)) : (ajv.getSchema(`api${schema.$ref}`) as ValidateFunction)
  return Object.entries<Any>(api.paths).flatMap(([path, methods]) =>
    Object.entries<Any>(methods).map(([method, row]) => {
      const answers = Object.entries<Any>(row.responses).map(
        ([status, answer]) =>
          [Number(status), compile(resolved(api, answer).content['application/json'].schema)] as const,
      )
      const media = row.requestBody?.content['application/json']
      return {
        path,
        method: method.toUpperCase() as 'GET' | 'POST',
        scope: row.security[0].bearer[0],
        parameters: (row.parameters ?? []).map((one: Any) => parameterOf(api, resolved(api, one))).filter(Boolean),
        body: media === undefined ? undefined : { schema: resolved(api, media.schema), example: media.example },
        statuses: answers.map(([status]) => status),
        answers: new Map(answers),
      }
    }),
  )
}

function parameterOf(api: Any, given: Any): Parameter | null {
  if (given.in !== 'query') return null
  const json = given.content?.['application/json'].schema
  const { name, required, example } = given
  return { name, required, example, isJson: json !== undefined, schema: resolved(api, json ?? given.schema) }
}

/** The query of an operation's own examples. */
export function exampleQuery(operation: Described): Record<string, string> {
  const named = operation.parameters.filter((one) => one.example !== undefined)
  return Object.fromEntries(named.map((one) => [one.name, String(one.example)]))
}

export function target(path: string, query: Readonly<Record<string, string>>): string {
  const text = new URLSearchParams(query).toString()
  return text === '' ? path : `${path}?${text}`
}
