// Checks a contract as it was written. What cannot be meant is refused with its place and what to write instead; it runs
// no schema.

import { checkPattern, nearest } from '@tautline/wire'
import type { CallContract, ChannelContract, Contract, Schema } from './contract.ts'
import { plain } from './patterns.ts'
import { quote, shown } from './words.ts'

/** A contract that cannot be meant. The message names the place and what to write instead. */
export class ContractError extends Error {
  override readonly name: string = 'ContractError'
  /** Where it stands, e.g. `channels['chat:*'].message`. */
  readonly path: string

  constructor(path: string, problem: string, options?: { readonly cause?: unknown }) {
    super(`${path} ${problem}`, options)
    this.path = path
  }
}

const METHOD = /^[\x21-\x7e]{1,128}$/

/**
 * Checks everything, and gives a copy that nobody changes any more.
 *
 * @throws ContractError
 */
export function readContract(given: unknown): Contract {
  const { channels, rpc } = readKeys('the contract', given, ['channels', 'rpc'])
  const contract: Contract = {
    channels: readTable('channels', channels ?? {}, 'channels by pattern', readChannel),
    rpc: readTable('rpc', rpc ?? {}, 'calls by method', readCall),
  }
  checkShapes(Object.keys(contract.channels))
  return Object.freeze(contract)
}

function readTable<T>(
  path: string,
  value: unknown,
  what: string,
  read: (path: string, name: string, value: unknown) => T,
): Readonly<Record<string, T>> {
  if (!isPlain(value)) throw new ContractError(path, `must be an object, ${what}, not ${shown(value)}`)
  // Without a prototype: a method may be called `constructor`.
  const table: Record<string, T> = Object.create(null)
  for (const [name, one] of Object.entries(value)) table[name] = read(`${path}[${shown(name)}]`, name, one)
  return Object.freeze(table)
}

function readChannel(path: string, pattern: string, value: unknown): ChannelContract {
  const wrong = checkPattern(pattern)
  if (wrong !== null) throw new ContractError(path, `is no pattern: it ${wrong}`)
  const { message, publish, description } = readKeys(path, value, ['message', 'publish', 'description'])
  if (publish !== undefined && publish !== false) {
    throw new ContractError(`${path}.publish`, `must be false, or left out, not ${shown(publish)}`)
  }
  return Object.freeze({
    message: readSchema(`${path}.message`, message),
    ...(publish === false ? { publish } : null),
    ...readDescription(path, description),
  })
}

function readCall(path: string, method: string, value: unknown): CallContract {
  if (!METHOD.test(method)) {
    throw new ContractError(path, 'is no name of a method: it has 1 to 128 printable ASCII characters without space')
  }
  const { input, output, stream, description } = readKeys(path, value, ['input', 'output', 'stream', 'description'])
  if (stream !== undefined && stream !== true) {
    throw new ContractError(`${path}.stream`, `must be true, or left out, not ${shown(stream)}`)
  }
  return Object.freeze({
    input: readSchema(`${path}.input`, input),
    output: readSchema(`${path}.output`, output),
    ...(stream === true ? { stream } : null),
    ...readDescription(path, description),
  })
}

/** One name for the same channels: of two, nobody could say which one holds. */
function checkShapes(patterns: readonly string[]): void {
  const known = new Map<string, string>()
  for (const pattern of patterns) {
    const shape = plain(pattern)
    const other = known.get(shape)
    if (other !== undefined) {
      throw new ContractError(
        `channels[${shown(pattern)}]`,
        `covers the same channels as ${quote(other)}: leave one of them out`,
      )
    }
    known.set(shape, pattern)
  }
}

function readSchema(path: string, value: unknown): Schema {
  const standard = (value as { readonly '~standard'?: unknown } | null | undefined)?.['~standard']
  const { version, validate } = (standard ?? {}) as Readonly<Record<string, unknown>>
  if (version === 1 && typeof validate === 'function') return value as Schema
  if (value === undefined)
    throw new ContractError(path, 'is missing: it must be a schema, such as z.object({ … }) of zod')
  const what = isJsonSchema(value) ? 'a JSON Schema' : shown(value)
  throw new ContractError(
    path,
    `must be a Standard Schema (zod from 3.24, valibot from 1, arktype from 2 …: standardschema.dev), not ${what}`,
  )
}

function isJsonSchema(value: unknown): boolean {
  return isPlain(value) && (typeof value['type'] === 'string' || typeof value['$schema'] === 'string')
}

function readDescription(path: string, value: unknown): { readonly description?: string } {
  if (value === undefined) return {}
  if (typeof value === 'string') return { description: value }
  throw new ContractError(`${path}.description`, `must be text, not ${shown(value)}`)
}

function readKeys<K extends string>(
  path: string,
  value: unknown,
  known: readonly K[],
): Readonly<Partial<Record<K, unknown>>> {
  if (!isPlain(value)) {
    throw new ContractError(path, `must be an object with ${known.map(quote).join(', ')}, not ${shown(value)}`)
  }
  for (const key of Object.keys(value)) {
    if ((known as readonly string[]).includes(key)) continue
    const near = nearest(key, known)
    const hint = near === null ? `known are ${known.map(quote).join(', ')}` : `did you mean ${quote(near)}?`
    throw new ContractError(path, `has an unknown key ${shown(key)}: ${hint}`)
  }
  return value as Partial<Record<K, unknown>>
}

/** Schemas are functions or objects with a prototype of their own: one that lies where a table should be is no table. */
function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !('~standard' in value)
}
