// A contract as a file: JSON that `tautline contract export` writes and `tautline contract diff` reads. It holds what the
// judge needs and no more; for people and tools there is AsyncAPI.

import type { Contract, Schema } from './contract.ts'
import { type JsonSchema, jsonSchemaOf } from './json-schema.ts'
import { ContractError } from './read.ts'
import { isTable, type Table } from './table.ts'

/** Stands first in every file. */
const FORMAT = 'tautline-contract-1'

/** A schema of a file: or why there is none, and then nothing is known of the values. */
export type DocumentSchema = { readonly schema: JsonSchema } | { readonly unknown: string }

/** What goes in and what comes out. */
export interface DocumentPair {
  readonly description?: string
  readonly input: DocumentSchema
  readonly output: DocumentSchema
}

export interface ContractDocument {
  readonly format: typeof FORMAT
  readonly channels: Readonly<Record<string, DocumentPair & { readonly publish?: false }>>
  readonly rpc: Readonly<Record<string, DocumentPair & { readonly stream?: true }>>
}

/** A file that is no contract. */
export class DocumentError extends Error {
  override readonly name: string = 'DocumentError'
}

/**
 * A contract as JSON, its keys in order, so that a version control shows what changed. A schema that has no JSON Schema
 * is kept as `{ unknown: reason }`; a diff then says that it cannot judge it.
 */
export function exportContract(contract: Contract): ContractDocument {
  return {
    format: FORMAT,
    channels: table(contract.channels, (path, { message, publish, description }) => ({
      ...pair(`${path}.message`, message, `${path}.message`, message, description),
      ...(publish === false ? { publish } : null),
    })),
    rpc: table(contract.rpc, (path, { input, output, stream, description }) => ({
      ...pair(`${path}.input`, input, `${path}.output`, output, description),
      ...(stream === true ? { stream } : null),
    })),
  }

  function table<A, B>(from: Readonly<Record<string, A>>, make: (path: string, one: A) => B): Record<string, B> {
    const name = from === contract.channels ? 'channels' : 'rpc'
    const rows = Object.keys(from).sort()
    return Object.fromEntries(rows.map((key) => [key, make(`${name}['${key}']`, from[key] as A)]))
  }
}

function pair(inPath: string, input: Schema, outPath: string, output: Schema, description?: string): DocumentPair {
  return {
    ...(description === undefined ? null : { description }),
    input: said(inPath, input, 'input'),
    output: said(outPath, output, 'output'),
  }
}

function said(path: string, schema: Schema, side: 'input' | 'output'): DocumentSchema {
  try {
    return { schema: jsonSchemaOf(path, schema, side) }
  } catch (error) {
    if (error instanceof ContractError) return { unknown: error.message }
    throw error
  }
}

/**
 * Reads what `exportContract` wrote, as JSON.parse gives it.
 *
 * @throws DocumentError saying what is wrong with the file
 */
export function readDocument(value: unknown): ContractDocument {
  if (!isTable(value)) throw new DocumentError('is no contract: tautline contract export writes one')
  if (value['format'] !== FORMAT) {
    const isAsyncApi = typeof value['asyncapi'] === 'string'
    const what = isAsyncApi ? 'is an AsyncAPI document' : `has no "format": "${FORMAT}"`
    throw new DocumentError(`${what}: write the file with tautline contract export`)
  }
  readTable('channels', value['channels'])
  readTable('rpc', value['rpc'])
  return value as unknown as ContractDocument
}

function readTable(name: string, value: unknown): void {
  if (!isTable(value)) throw new DocumentError(`${name} is missing, or no object`)
  for (const [key, row] of Object.entries(value)) {
    for (const side of ['input', 'output']) {
      const given = isTable(row) ? row[side] : undefined
      if (isTable(given) && (typeof given['unknown'] === 'string' || isSchema(given))) continue
      throw new DocumentError(
        `${name}[${JSON.stringify(key)}].${side} must be { "schema": … } or { "unknown": reason }`,
      )
    }
  }
}

function isSchema(given: Table): boolean {
  return isTable(given['schema']) || typeof given['schema'] === 'boolean'
}
