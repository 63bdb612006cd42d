// What a realtime server can be told, and what its hooks get.

import type { Broker, PresenceStore } from '@tautline/broker'
import type { CompressionOptions, OriginPolicy } from '@tautline/websocket'
import type { Clock, Json, Limits, Random } from '@tautline/wire'
import type { LinkRequest } from './link.ts'
import type { ChannelRule } from './rules/rules.ts'

/** Writes one line about something that happened. Values may come from peers: whoever prints them escapes them. */
export type Log = (event: string, fields: Readonly<Record<string, string | number | boolean>>) => void

export interface RealtimeOptions {
  /**
   * How channels behave, by pattern: `{ 'chat:*': { history: { size: 100, ttl: '1h' }, presence: true } }`. A channel that
   * no pattern matches does not exist. Default: every channel, with the defaults of a rule.
   */
  readonly channels?: Readonly<Record<string, ChannelRule>>
  /** Where logs are kept. Default: in memory. */
  readonly broker?: Broker
  /** Where it is kept who is there. Default: in memory. */
  readonly presence?: PresenceStore
  /** The path of the WebSocket endpoint. Default '/realtime'. */
  readonly path?: string
  /** Which pages may connect. Default: only the server's own origin, and clients that send none. */
  readonly origins?: OriginPolicy
  /** permessage-deflate for what goes to many. Default false. */
  readonly compression?: boolean | CompressionOptions
  readonly limits?: Partial<Limits>
  /** ms. The server is never silent for longer than `every`; a client silent for `every + timeout` is gone. */
  readonly heartbeat?: { readonly every?: number; readonly timeout?: number }
  /** ms for which an idempotency key is recognised. Default 5 minutes. */
  readonly window?: number
  /** The name of this node among its peers. Default: random. */
  readonly node?: string
  readonly clock?: Clock
  readonly random?: Random
  /** Default: nothing is written. */
  readonly log?: Log
}

/** What a client has shown of itself when it asks to connect. */
export interface ConnectRequest extends LinkRequest {
  /** From the connect message: never in a URL. */
  readonly token: string | undefined
}

/** Who a connection is from now on. */
export interface Grant {
  readonly user?: string
  /** Shown to others as the member's info, where a channel has presence. */
  readonly info?: Json
  /** ms since 1970: the connection ends then, unless the client brings a new token. */
  readonly expires?: number
  /** Channels the client is subscribed to without asking. */
  readonly channels?: readonly string[]
}

/** A connection as hooks see it. */
export interface Who {
  readonly user: string | undefined
  /** A pseudonym of the client, the same on each of its connections. */
  readonly peer: string
  readonly info: Json | undefined
}

export type Action = 'subscribe' | 'publish' | 'history' | 'presence'

/** @throws RealtimeError to refuse: `unauthorized`, `token-expired`, `forbidden` … */
export type ConnectHook = (request: ConnectRequest) => Grant | undefined | Promise<Grant | undefined>
/** false or a thrown RealtimeError refuses. */
export type AuthorizeHook = (
  who: Who,
  action: Action,
  channel: string,
  token: string | undefined,
) => boolean | Promise<boolean>
/** Returns what is published instead, or undefined to publish what came. @throws RealtimeError to refuse */
export type PublishHook = (
  who: Who,
  channel: string,
  data: Json | Uint8Array,
) => Json | Uint8Array | undefined | Promise<Json | Uint8Array | undefined>

/** What the application has to say in it. */
export interface Hooks {
  connect: ConnectHook | null
  authorize: AuthorizeHook | null
  publish: PublishHook | null
}
