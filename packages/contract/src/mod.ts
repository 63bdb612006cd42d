// @tautline/contract: what channels carry and calls take, for both sides. This file only re-exports.

export {
  type CallContract,
  type ChannelContract,
  type Contract,
  type Defined,
  defineContract,
  type NoContract,
  type Schema,
} from './contract.ts'
export type {
  AnswerOf,
  ArgumentOf,
  Bearing,
  CallArguments,
  CallMethod,
  CheckedArgumentOf,
  ClientPublishOf,
  ContractOf,
  IfNamed,
  IfOtherMethod,
  IfUnnamed,
  MessageOf,
  PatternOf,
  PublishOf,
  ResultOf,
  StreamMethod,
} from './infer.ts'
export { channelContract } from './patterns.ts'
export { ContractError } from './read.ts'
