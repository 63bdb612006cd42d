// @tautline/client: subscribe, publish and call, over connections that break. This file only re-exports.

export {
  type ErrorCode,
  type Json,
  type Lost,
  type Member,
  type Policy,
  type Position,
  RealtimeError,
} from '@tautline/wire'

export type { Channel, History, HistoryOptions, Presence, PublishOptions, PublishResult } from './channel.ts'
export { Client } from './client.ts'
export type { Contract, NoContract } from './contract.ts'
export { NotReachedError, UnknownOutcomeError } from './errors.ts'
export type { ClientOptions, Lifecycle, WebSocketClass, WebSocketLike } from './options.ts'
export { MemoryOutbox, type Outbox, type OutboxContent, type OutboxEntry } from './outbox.ts'
export type { CallOptions, ClientEvents, ClientState, ClientStateChange, DirectMessage } from './state.ts'
export type {
  Gap,
  MembersChange,
  Message,
  SubscribeOptions,
  Subscription,
  SubscriptionEvents,
  SubscriptionState,
  SubscriptionStateChange,
} from './subscription.ts'
