// What a contract makes of the types of a client and a server. Types only.

import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Contract, NoContract } from './contract.ts'
import type { Holding } from './names.ts'

/**
 * What a server or a client bears of its contract: a type, no value. Their methods ask for the contract of `this`, so that
 * one with a contract is taken wherever one without is wanted.
 */
export interface Bearing<C extends Contract> {
  readonly '~contract'?: C
}

/** The contract that something bears. */
export type ContractOf<B> = B extends { readonly '~contract'?: infer C }
  ? C extends Contract
    ? C
    : NoContract
  : NoContract

type PatternsOf<C extends Contract> = keyof C['channels'] & string

/** All at once: what fits each of the types. */
type Together<U> = (U extends unknown ? (each: U) => void : never) extends (all: infer I) => void ? I : never

/** The pattern, or patterns, that hold for a name; never: the contract says nothing of it. */
export type PatternOf<C extends Contract, N extends string> = Holding<PatternsOf<C>, N>

/** `unknown` for a name that the contract covers, else `never`. To be intersected with the name. */
export type IfNamed<C extends Contract, N extends string> = [PatternOf<C, N>] extends [never] ? never : unknown

/** The other way round. */
export type IfUnnamed<C extends Contract, N extends string> = [PatternOf<C, N>] extends [never] ? unknown : never

/** What subscribers of a channel read. */
export type MessageOf<C extends Contract, N extends string> = OutputOfPattern<C, PatternOf<C, N>>

type OutputOfPattern<C extends Contract, P extends string> = P extends string
  ? StandardSchemaV1.InferOutput<NonNullable<C['channels'][P]>['message']>
  : never

/** What publishers to a channel write: where several patterns may hold, what fits all of them. */
export type PublishOf<C extends Contract, N extends string> = InputOfPattern<C, PatternOf<C, N>>

/** What clients write: nothing where only the server publishes. */
export type ClientPublishOf<C extends Contract, N extends string> =
  true extends IsServers<C, PatternOf<C, N>> ? never : PublishOf<C, N>

type IsServers<C extends Contract, P extends string> = P extends string
  ? NonNullable<C['channels'][P]> extends { readonly publish: false }
    ? true
    : false
  : never

type InputOfPattern<C extends Contract, P extends string> = Unwrap<
  Together<P extends string ? Wrapped<StandardSchemaV1.InferInput<NonNullable<C['channels'][P]>['message']>> : never>
>

/** Keeps unions in one piece while several of them are put together. */
interface Wrapped<T> {
  readonly of: T
}

type Unwrap<W> = W extends { readonly of: infer T } ? T : never

type MethodsOf<C extends Contract> = string extends keyof C['rpc'] ? never : keyof C['rpc'] & string

/** Methods that answer once. */
export type CallMethod<C extends Contract> = Exclude<MethodsOf<C>, StreamMethod<C>>

/** Methods that answer several times. */
export type StreamMethod<C extends Contract> = {
  [M in MethodsOf<C>]: C['rpc'][M] extends { readonly stream: true } ? M : never
}[MethodsOf<C>]

/** `unknown` for a method that the contract does not name, else `never`. */
export type IfOtherMethod<C extends Contract, M extends string> = [M & MethodsOf<C>] extends [never] ? unknown : never

/** What a caller sends. */
export type ArgumentOf<C extends Contract, M extends MethodsOf<C>> = StandardSchemaV1.InferInput<C['rpc'][M]['input']>

/** What the procedure is given: the argument as its schema made it. */
export type CheckedArgumentOf<C extends Contract, M extends MethodsOf<C>> = StandardSchemaV1.InferOutput<
  C['rpc'][M]['input']
>

/** What the procedure returns, or yields. */
export type AnswerOf<C extends Contract, M extends MethodsOf<C>> = StandardSchemaV1.InferInput<C['rpc'][M]['output']>

/** What a caller gets: the answer as its schema made it. */
export type ResultOf<C extends Contract, M extends MethodsOf<C>> = StandardSchemaV1.InferOutput<C['rpc'][M]['output']>

/** What follows a method's name in a call: an argument that may be null may be left out. */
export type CallArguments<C extends Contract, M extends MethodsOf<C>, Options> =
  null extends ArgumentOf<C, M>
    ? [argument?: ArgumentOf<C, M>, options?: Options]
    : [argument: ArgumentOf<C, M>, options?: Options]
