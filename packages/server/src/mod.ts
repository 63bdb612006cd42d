// @tautline/server: the realtime server. This file only re-exports.

export { RealtimeError } from '@tautline/wire'
export type { Duration } from './duration.ts'
export { Frame, type Link, type LinkEvents, type LinkRequest } from './link.ts'
export type {
  Action,
  AuthorizeHook,
  ConnectHook,
  ConnectRequest,
  Grant,
  Log,
  PublishHook,
  RealtimeOptions,
  Who,
} from './options.ts'
export { createRealtime, type ListenOptions, type PublishOptions, type Realtime } from './realtime.ts'
export type { CallContext, Procedure } from './rpc/calls.ts'
export type { ChannelRule } from './rules/rules.ts'
export { SettingError } from './rules/settings.ts'
