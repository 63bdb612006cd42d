// What a realtime server can be told, and what its hooks get.

import type { Broker, PresenceStore } from '@tautline/broker'
import type { Contract } from '@tautline/contract'
import type { OriginPolicy } from '@tautline/websocket'
import type { Clock, Json, Limits, Random } from '@tautline/wire'
import type { AdmissionOptions } from './admission/options.ts'
import type { LinkRequest } from './link.ts'
import type { CallContext } from './rpc/procedures.ts'
import type { Allow } from './rules/allow.ts'
import type { ChannelRule } from './rules/rules.ts'
import type { RealtimeCompression } from './sharing.ts'

/** Writes one line about something that happened. Values may come from peers: whoever prints them escapes them. */
export type Log = (event: string, fields: Readonly<Record<string, string | number | boolean>>) => void

export interface RealtimeOptions {
  /**
   * How channels behave, by pattern: `{ 'chat:*': { history: { size: 100, ttl: '1h' }, presence: true } }`. A channel that
   * no pattern matches does not exist. Default: every channel, with the defaults of a rule.
   */
  readonly channels?: Readonly<Record<string, ChannelRule>>
  /**
   * Who may do what with channels whose rule does not say it. Default ['rights', 'token']: only who was given a right, by
   * `onConnect` or by a token for the channel. 'everyone' opens a server, for development or a public feed; without
   * `onConnect` clients are let in only if this, or a rule, says 'everyone' somewhere.
   */
  readonly allow?: Allow
  /**
   * What channels carry and calls take, from `defineContract`: what does not follow it is refused with `bad-data` and the
   * field. A channel or call that it does not name is not checked.
   */
  readonly contract?: Contract
  /** Where logs are kept. Default: in memory. */
  readonly broker?: Broker
  /** Where it is kept who is there. Default: in memory. */
  readonly presence?: PresenceStore
  /** The path of the WebSocket endpoint. Default '/realtime'. */
  readonly path?: string
  /**
   * Which pages may connect, as a list of origins (`https://app.example.com`). Default: none but pages of this machine
   * (localhost, addresses) whose origin is the host they connect to. Clients that send no origin are no browsers, and pass.
   */
  readonly origins?: OriginPolicy
  /**
   * true: users are told by a cookie. Then hooks may read it, `origins` must be given, and a client that brings a cookie
   * without an origin is refused. Otherwise nobody sees cookies: they would let any page speak for its visitor
   * (RFC 6455 §10.2). Default false.
   */
  readonly cookies?: boolean
  /** How many may come and how fast, and when nobody is let in any more. */
  readonly admission?: AdmissionOptions
  /** permessage-deflate for what goes to many. Default false. */
  readonly compression?: boolean | RealtimeCompression
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
  /** What this client may do, for rules that ask for 'rights'. */
  readonly rights?: readonly Right[]
  /** What rules with `{ claims }` are compared with. */
  readonly claims?: Readonly<Record<string, Json>>
  /** By what the token may be revoked: its id, and when it was issued (ms since 1970). */
  readonly token?: { readonly id?: string; readonly issued?: number }
}

/** Actions that are allowed in some channels. */
export interface Right {
  /** Channels or patterns. `inbox:*` covers a subscription to the pattern `inbox:*`, too. */
  readonly channels: string | readonly string[]
  /** Default: all of them. */
  readonly actions?: readonly Action[]
}

/** What a token for a channel gives its bearer. */
export interface TokenRight extends Right {
  /** ms since 1970: the subscription ends then, unless the client brings a new token. */
  readonly expires?: number
  /** By what it may be revoked, as in a grant. */
  readonly token?: Grant['token']
}

/** A connection as hooks see it. */
export interface Who {
  readonly user: string | undefined
  /** A pseudonym of the client, the same on each of its connections. */
  readonly peer: string
  readonly info: Json | undefined
  /** Of its token. */
  readonly claims?: Grant['claims'] | undefined
}

export const ACTIONS: readonly ['subscribe', 'publish', 'history', 'presence'] = [
  'subscribe',
  'publish',
  'history',
  'presence',
]

export type Action = (typeof ACTIONS)[number]

/** @throws RealtimeError to refuse: `unauthorized`, `token-expired`, `forbidden` … */
export type ConnectHook = (request: ConnectRequest) => Grant | undefined | Promise<Grant | undefined>
/**
 * true allows, false or a thrown RealtimeError refuses, undefined leaves it to the rules. It is asked once for each action
 * and channel of a connection; the answer holds until the client brings another token. What a rule allows to 'nobody', or
 * keeps for `$user`, it cannot give.
 */
export type AuthorizeHook = (
  who: Who,
  action: Action,
  channel: string,
  token: string | undefined,
) => boolean | undefined | Promise<boolean | undefined>
/** Reads a token for a channel. @throws RealtimeError `unauthorized`, `token-expired`, `token-revoked` */
export type TokenHook = (token: string, channel: string, who: Who) => TokenRight | Promise<TokenRight>
/** Hears that a connection that had been let in is over. */
export type DisconnectHook = (who: Who, conn: string, code: number) => void
/** Answers calls that no handler is registered for. undefined: there is no such method. */
export type CallHook = (method: string, argument: Json | Uint8Array | undefined, context: CallContext) => unknown
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
  token: TokenHook | null
  publish: PublishHook | null
  disconnect: DisconnectHook | null
}
