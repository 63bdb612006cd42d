// @tautline/client: subscribe, publish and call, over connections that break. This file only re-exports.

export type { Channel, History, HistoryOptions, Presence, PublishOptions, PublishResult } from './channel.ts'
export {
  type CallOptions,
  Client,
  type ClientEvents,
  type ClientState,
  type ClientStateChange,
  type DirectMessage,
} from './client.ts'
export { NotReachedError, type UnknownOutcome } from './errors.ts'
export type { ClientOptions, Lifecycle, WebSocketClass, WebSocketLike } from './options.ts'
export type { Outbox, OutboxContent, OutboxEntry } from './outbox.ts'
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
