// What a contract makes of the types of a client: `B` is the client, which bears it. Types only: not a byte of a bundle.

import type { ClientPublishOf, ContractOf, IfNamed, IfOtherMethod, MessageOf } from '@tautline/contract'
import type { Channel } from './channel.ts'

export type {
  Bearing,
  CallArguments,
  CallMethod,
  Contract,
  ContractOf,
  NoContract,
  ResultOf,
  StreamMethod,
} from '@tautline/contract'

/**
 * The client, if its contract covers the name. The condition stands with `this`: beside a name it would hide from the
 * compiler what it knows of the name (`chat:${string}`).
 */
export type Naming<B, N extends string> = B & IfNamed<ContractOf<B>, N>
/** A channel of the contract. */
export type ChannelOf<B, N extends string> = Channel<MessageOf<ContractOf<B>, N>, ClientPublishOf<ContractOf<B>, N>>

/** The client, if its contract does not name the method. */
export type NotCalling<B, M extends string> = B & IfOtherMethod<ContractOf<B>, M>
