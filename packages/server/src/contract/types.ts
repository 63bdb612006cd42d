// What a contract makes of the types of a server: `R` is the server, which bears it. Types only.

import type {
  AnswerOf,
  CallMethod,
  CheckedArgumentOf,
  ContractOf,
  IfNamed,
  IfOtherMethod,
  IfUnnamed,
  MessageOf,
  PublishOf,
  StreamMethod,
} from '@tautline/contract'
import type { Fence, HistoryPage, Json, Publication } from '@tautline/wire'
import type { CallContext } from '../rpc/procedures.ts'

/**
 * The server, if its contract covers the name. The condition stands with `this`: beside a name it would hide from the
 * compiler what it knows of the name (`chat:${string}`).
 */
export type Naming<R, N extends string> = R & IfNamed<ContractOf<R>, N>
/** The server, if its contract does not cover the name. */
export type NotNaming<R, N extends string> = R & IfUnnamed<ContractOf<R>, N>

/** What may be published to a channel of the contract. */
export type Publishable<R, N extends string> = PublishOf<ContractOf<R>, N>

/** What may be published where there is no contract. */
export type Anything = Json | Uint8Array

/** A page of a channel of the contract. What was stored before the contract said so may look otherwise. */
export type PageOf<R, N extends string> = Omit<HistoryPage, 'items'> & {
  readonly items: readonly (PublicationOf<MessageOf<ContractOf<R>, N>> | Fence)[]
}

type PublicationOf<T> = Omit<Publication, 'data' | 'bytes'> & { readonly data: T; readonly bytes?: never }

/** A procedure as the contract has it: it gets what the schema made of the argument. */
export type ProcedureOf<R, M extends CallMethod<ContractOf<R>>> = (
  data: CheckedArgumentOf<ContractOf<R>, M>,
  context: CallContext,
) => AnswerOf<ContractOf<R>, M> | Promise<AnswerOf<ContractOf<R>, M>>

/** One that answers several times. */
export type StreamProcedureOf<R, M extends StreamMethod<ContractOf<R>>> = (
  data: CheckedArgumentOf<ContractOf<R>, M>,
  context: CallContext,
) => AsyncIterable<AnswerOf<ContractOf<R>, M>>

/** The server, if its contract does not name the method. */
export type NotCalling<R, M extends string> = R & IfOtherMethod<ContractOf<R>, M>
