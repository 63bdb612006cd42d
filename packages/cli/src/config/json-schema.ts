// The JSON Schema of the configuration: published for editors, and what suggestions and environment variables are made
// of. Nothing is checked with it.

import { z } from 'zod'
import type { Path } from './problem.ts'
import { configSchema } from './schema.ts'

/** What of JSON Schema the configuration uses. */
export interface JsonSchema {
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, JsonSchema>>
  readonly type?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: boolean | JsonSchema
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly description?: string
}

const ID = 'https://tautline.dev/schema/tautline.config.schema.json'

export const JSON_SCHEMA: JsonSchema = {
  ...(z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any', override }) as JsonSchema),
  ...{ $id: ID, title: 'Configuration of tautline serve' },
}

/** The largest safe integer is no limit that anybody has to read. */
function override({ jsonSchema }: { jsonSchema: Record<string, unknown> }): void {
  if (jsonSchema['maximum'] === Number.MAX_SAFE_INTEGER) delete jsonSchema['maximum']
}

/** The alternatives that may stand at a path; empty where the path leads nowhere. */
export function schemasAt(path: Path): readonly JsonSchema[] {
  let here = alternatives(JSON_SCHEMA)
  for (const step of path) here = here.flatMap((schema) => below(schema, step)).flatMap(alternatives)
  return here
}

/** The keys that may stand in the object at a path. */
export function keysAt(path: Path): readonly string[] {
  return [...new Set(schemasAt(path).flatMap(({ properties }) => Object.keys(properties ?? {})))]
}

/** The words that may stand at a path. */
export function wordsAt(path: Path): readonly string[] {
  const words = schemasAt(path).flatMap((schema) => [...(schema.enum ?? []), schema.const])
  return [...new Set(words.filter((word) => typeof word === 'string'))]
}

/** What a schema stands for, references and choices resolved. */
export function alternatives(schema: JsonSchema): readonly JsonSchema[] {
  if (schema.$ref !== undefined) {
    const target = JSON_SCHEMA.$defs?.[schema.$ref.replace('#/$defs/', '')]
    return target === undefined ? [] : alternatives(target)
  }
  const choices = schema.anyOf ?? schema.oneOf
  return choices === undefined ? [schema] : choices.flatMap(alternatives)
}

function below(schema: JsonSchema, step: string | number): readonly JsonSchema[] {
  const { properties, additionalProperties, items } = schema
  if (typeof step === 'number') return items === undefined ? [] : [items]
  const known = properties !== undefined && Object.hasOwn(properties, step) ? properties[step] : undefined
  if (known !== undefined) return [known]
  return typeof additionalProperties === 'object' ? [additionalProperties] : []
}
