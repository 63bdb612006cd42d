// A contract: what goes through which channel, and what calls take and give. Types come from any Standard Schema (zod,
// valibot, arktype …); this file names no library of them.

import type { StandardSchemaV1 } from '@standard-schema/spec'

/** Any schema that follows standardschema.dev. */
export type Schema<Input = unknown, Output = Input> = StandardSchemaV1<Input, Output>

/** What is said in the channels of one pattern. */
export interface ChannelContract {
  /** Of every message. */
  readonly message: Schema
  readonly description?: string
}

/** A procedure of the server. */
export interface CallContract {
  readonly input: Schema
  /** Of the result; with `stream`, of each result. */
  readonly output: Schema
  readonly stream?: true
  readonly description?: string
}

/** Channels by pattern, calls by method. */
export interface Contract {
  readonly channels: Readonly<Record<string, ChannelContract>>
  readonly rpc: Readonly<Record<string, CallContract>>
}
