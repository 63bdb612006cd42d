// What one operation of the API is: a row of which both the route and the document are made.

import type { Realtime } from '@tautline/server'
import { type Body, type Json, unbase64url } from '@tautline/wire'
import type { z } from 'zod'
import type { Caller } from './keys.ts'
import type { Scope } from './options.ts'
import { Refusal } from './refusal.ts'

/** What an operation works with. */
export interface Context {
  readonly realtime: Realtime
  readonly caller: Caller
  /** Writes down what no table knows. */
  readonly failed: (error: unknown) => void
}

export interface Operation<Input = never> {
  /** Its name in the document, and the last part of its path. */
  readonly name: string
  readonly method: 'GET' | 'POST'
  readonly scope: Scope
  readonly summary: string
  readonly description: string
  readonly tag: string
  /** Query of a GET, body of a POST. */
  readonly input: z.ZodObject & z.ZodType<Input>
  /** What is sent to try it. */
  readonly example: Readonly<Record<string, unknown>>
  readonly output: z.ZodObject
  /** Is doing it twice the same as doing it once? */
  readonly repeatable: (input: Input) => boolean
  /** Has it an idempotency key? A POST that has none refuses one, unless it is repeatable anyway. */
  readonly keyed: boolean
  /** Refusals beyond those of all operations. */
  readonly refusals: readonly number[]
  /** How many calls it counts for. Default 1. */
  readonly cost?: (input: Input) => number
  run(input: Input, context: Context): Promise<object>
}

/** A row with its input's type kept to itself. */
export function operation<Input>(row: Operation<Input>): Operation {
  return row as unknown as Operation
}

/** What was given as `data` or `bytes`. @throws Refusal unless it is exactly one */
export function bodyOf(input: { readonly data?: unknown; readonly bytes?: string | undefined }): Body {
  if (input.data === undefined) {
    if (input.bytes === undefined) {
      throw new Refusal('bad-request', 'data is missing: send "data" with any JSON, or "bytes"', { field: 'data' })
    }
    const bytes = unbase64url(input.bytes)
    if (bytes !== null) return { bytes }
    throw new Refusal('bad-data', 'bytes must be base64url without padding', { field: 'bytes' })
  }
  if (input.bytes === undefined) return { data: input.data as Json }
  throw new Refusal('bad-request', 'data and bytes exclude each other', { field: 'bytes' })
}

export function payloadOf(body: Body): Json | Uint8Array {
  return body.bytes ?? (body.data as Json)
}

/** Fields without those that are undefined: what `exactOptionalPropertyTypes` asks for. */
export function given<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never
}
