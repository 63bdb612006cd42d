// @tautline/server: the realtime server. This file only re-exports.

export { RealtimeError } from '@tautline/wire'
export type { AdmissionOptions } from './admission/options.ts'
export type { Duration } from './duration.ts'
export { Frame, type FrameStream, type Link, type LinkEvents, type LinkRequest } from './link.ts'
export { METRICS, type MetricName, type MetricShape, type Sample } from './metrics.ts'
export type {
  Action,
  AuthorizeHook,
  CallHook,
  ConnectHook,
  ConnectRequest,
  DisconnectHook,
  Grant,
  Log,
  PublishHook,
  RealtimeOptions,
  Right,
  TokenHook,
  TokenRight,
  Who,
} from './options.ts'
export {
  type CrossOriginOptions,
  type CrossOriginVerdict,
  crossOrigin,
  type HttpRequest,
} from './origins/cross-origin.ts'
export type {
  ChannelsQuery,
  ChannelView,
  ConnectionsQuery,
  ConnectionView,
  Listed,
  NodeFacts,
  PageQuery,
} from './overview.ts'
export type { PublishOptions } from './publishing/own.ts'
export { createRealtime, type PageBounds, type Realtime, type RealtimeChange } from './realtime.ts'
export type { RevokeOptions, RevokeTarget } from './revocation/revocation.ts'
export type { CallContext, Procedure } from './rpc/calls.ts'
export type { Allow, AllowByAction, AllowOne } from './rules/allow.ts'
export type { ChannelRule } from './rules/rules.ts'
export { SettingError } from './rules/settings.ts'
export type { RealtimeCompression } from './sharing.ts'
export type { ListenOptions } from './transports/ports.ts'
