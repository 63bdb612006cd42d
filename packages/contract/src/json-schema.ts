// JSON Schema (draft 07) of the schemas in a contract, through StandardJSONSchemaV1 (standardschema.dev): the schema library
// writes it, this file only asks.

import type { StandardJSONSchemaV1 } from '@standard-schema/spec'
import type { Schema } from './contract.ts'
import { ContractError } from './read.ts'
import { isTable, type Table } from './table.ts'

/** A JSON Schema; true takes everything, false nothing. */
export type JsonSchema = boolean | Table

const TARGET = 'draft-07'

/**
 * The JSON Schema of what a schema takes (`input`) or gives (`output`).
 *
 * @param path where the schema stands
 * @throws ContractError naming the place, and how this schema could be said in JSON Schema
 */
export function jsonSchemaOf(path: string, schema: Schema, side: 'input' | 'output'): JsonSchema {
  const standard = schema['~standard'] as Partial<StandardJSONSchemaV1.Props> & { readonly vendor: string }
  const { jsonSchema, vendor } = standard
  if (jsonSchema === undefined) {
    const how =
      vendor === 'valibot'
        ? ': wrap it in toStandardJsonSchema() of @valibot/to-json-schema'
        : ` (StandardJSONSchemaV1): ${vendor} has it in a later version, or in a package of its own`
    throw new ContractError(path, `cannot be said in JSON Schema${how}`)
  }
  try {
    const { $schema: _, ...said } = jsonSchema[side]({ target: TARGET })
    // What the library may share between calls is not handed out, and what is no JSON in it shows here.
    const copy: unknown = JSON.parse(JSON.stringify(said))
    if (isTable(copy)) return copy
    throw new TypeError('the library gave no object')
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 200) : 'the library says no more'
    throw new ContractError(path, `cannot be said in JSON Schema as ${side}: ${reason}${hintFor(side)}`, {
      cause: error,
    })
  }
}

function hintFor(side: 'input' | 'output'): string {
  if (side === 'input') return ''
  return ' (behind a transform, say what comes of it: schema.pipe(z.number()))'
}
