// A contract: what goes through which channel, and what calls take and give. Types come from any Standard Schema (zod,
// valibot, arktype …); this file names no library of them. What it says is checked here once; values are checked where
// they arrive, at the server.

import type { StandardSchemaV1 } from '@standard-schema/spec'
import { readContract } from './read.ts'

/** Any schema that follows standardschema.dev. */
export type Schema<Input = unknown, Output = Input> = StandardSchemaV1<Input, Output>

/** What is said in the channels of one pattern. */
export interface ChannelContract {
  /** Of every message: publishers write its input, subscribers read its output. The output is stored: it must be JSON. */
  readonly message: Schema
  /** false: only the server publishes here. Clients have no type for it, and are refused. */
  readonly publish?: false
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

/** The contract of whoever has none: every channel and every call is JSON. */
export interface NoContract {
  readonly channels: Readonly<Record<never, ChannelContract>>
  readonly rpc: Readonly<Record<never, CallContract>>
}

/** As `defineContract` gives it: both parts are there. */
export interface Defined<P extends Partial<Contract>> {
  readonly channels: P['channels'] extends Contract['channels'] ? P['channels'] : NoContract['channels']
  readonly rpc: P['rpc'] extends Contract['rpc'] ? P['rpc'] : NoContract['rpc']
}

/**
 * Says what channels carry and calls take, once for server and clients.
 *
 * In a pattern `*` and `$user` stand for one segment, a final `**` for one or more. Of several patterns that cover a
 * channel the most specific one holds, alone: compared from the left, a literal before `*` before `**`.
 *
 * @example
 * export const contract = defineContract({
 *   channels: { 'chat:*': { message: z.object({ text: z.string().max(2_000) }) } },
 *   rpc: { add: { input: z.object({ a: z.number(), b: z.number() }), output: z.number() } },
 * })
 * @throws ContractError naming the place and what to write instead
 */
export function defineContract<const P extends Partial<Contract>>(parts: P): Defined<P> {
  return readContract(parts) as unknown as Defined<P>
}
