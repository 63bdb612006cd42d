// The messages of tautline.v1 as types: what client and server say to one another on any transport.
// Nothing here is per subscriber but `sub`, `gap`, `lost`, `unsub`, `msg` and `rpc`: a publication is the same bytes for
// everybody. The text that binds is docs/protocol/tautline-v1.md.

/** What JSON can say. Integers stay within ±(2^53 − 1). */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** 64 random bits of the node that stored it (base64url), '.', that node's append counter (base36). */
export type EntryId = string

/**
 * A cut through a channel's log: everything up to `offset` is accounted for, and the entry there bears `id` ('': there
 * was none). It is a proof, not a right: whoever holds one may still be refused.
 */
export interface Position {
  readonly epoch: string
  readonly offset: number
  readonly id: EntryId | ''
}

/** What a message carries: JSON, or bytes (base64url in the JSON codec, bin in MessagePack). */
export type Body =
  | { readonly data: Json; readonly bytes?: never }
  | { readonly bytes: Uint8Array; readonly data?: never }

/** A body as it is stored and copied: the JSON text that the accepting node wrote, or bytes. */
export type StoredBody =
  | { readonly json: string; readonly bytes?: never }
  | { readonly bytes: Uint8Array; readonly json?: never }

/** Who published, where the channel's rule shows it. `peer` is a digest of the client id, never the id itself. */
export interface Publisher {
  readonly user?: string
  readonly peer?: string
}

/** One entry of a channel, the same bytes for every subscriber. */
export type Publication = Body & {
  readonly ev: 'pub'
  readonly ch: string
  /** Absent on ephemeral channels. */
  readonly off?: number
  readonly id: EntryId
  /** Sparse logs only: the offset of the channel's entry before this one. Absent: off − 1. */
  readonly prev?: number
  /** Time of the store, ms since 1970. */
  readonly at: number
  /** The publisher's idempotency key: how it knows its own echo. */
  readonly key?: string
  /** State key, for the policy `latest`. */
  readonly state?: string
  readonly from?: Publisher
}

/** An epoch change as a link of the chain: whoever holds `from` goes on in `epoch`. */
export interface Fence {
  readonly ev: 'fence'
  readonly ch: string
  readonly from: Position
  readonly epoch: string
  /** possible: acknowledged entries after `from` may have vanished. */
  readonly loss: 'none' | 'possible'
}

/** Where a subscription begins. */
export type From = Position | 'head' | { readonly last: number }

/** What happens to a subscriber that reads slower than its channel is written. */
export type Policy = 'lossless' | 'latest' | { readonly drop: number } | 'disconnect'

/** A subscription as it is asked for. */
export interface Sub {
  readonly ch: string
  readonly from: From
  readonly policy?: Policy
  readonly token?: string
  /** true: `members` pushes of this channel too. */
  readonly presence?: boolean
  /** true, with policy `latest`: a resume replays only the newest entry of each state key. */
  readonly conflate?: boolean
  /** true, in `resume`: the server had subscribed this client by itself, and decides afresh. */
  readonly server?: boolean
}

export interface ConnectCommand {
  readonly op: 'connect'
  readonly token?: string
  /** 128 random bits of this client's outbox: a secret, never shown to others. */
  readonly client: string
  readonly features: readonly string[]
  readonly replaces?: { readonly conn: string; readonly secret: string }
  readonly resume?: readonly Sub[]
}
export type SubscribeCommand = { readonly op: 'subscribe' } & Sub
export interface UnsubscribeCommand {
  readonly op: 'unsubscribe'
  readonly ch: string
}
export type PublishCommand = {
  readonly op: 'publish'
  readonly ch: string
  /** 96 random bits (base64url), made when the application called `publish`. */
  readonly key: string
  /** Server time of the key's first transmission, ms. */
  readonly since: number
  readonly lane: number
  readonly state?: string
} & Body
export interface HistoryCommand {
  readonly op: 'history'
  readonly ch: string
  /** At most one of the two. Neither: the newest entries. */
  readonly after?: Position
  readonly before?: Position
  readonly limit: number
}
export interface PresenceCommand {
  readonly op: 'presence'
  readonly ch: string
  readonly page?: string
}
export type RpcCommand = {
  readonly op: 'rpc'
  readonly method: string
  /** How long the caller waits, ms. */
  readonly ms: number
  readonly stream?: boolean
} & Body
export interface CancelCommand {
  readonly op: 'cancel'
  /** The id of the `rpc` command. */
  readonly call: number
}
export interface RefreshCommand {
  readonly op: 'refresh'
  readonly token: string
}
export interface PingCommand {
  readonly op: 'ping'
}
/** Answers the server's ping; its id is 0, and nothing is replied. */
export interface PongCommand {
  readonly op: 'pong'
}

/** What a client asks, without the number that the reply refers to. */
export type Request =
  | ConnectCommand
  | SubscribeCommand
  | UnsubscribeCommand
  | PublishCommand
  | HistoryCommand
  | PresenceCommand
  | RpcCommand
  | CancelCommand
  | RefreshCommand
  | PingCommand
  | PongCommand

/** Numbered 1, 2, 3 … per connection, `connect` first. */
export type Command = { readonly id: number } & Request

export interface Member {
  readonly peer: string
  readonly user?: string
  readonly info?: Json
}

/** Why a command was refused. */
export interface Failure {
  /** A row of ERRORS. */
  readonly code: string
  readonly message: string
  readonly retry: 'no' | 'later' | 'auth' | 'unknown'
  /** With 'later': ms to wait. */
  readonly after?: number
  /** The field that was wrong. */
  readonly field?: string
}

export interface Connected {
  readonly conn: string
  /** Together with `conn` it lets another connection replace this one. */
  readonly secret: string
  readonly node: string
  /** Time of the server, ms since 1970. */
  readonly time: number
  readonly user?: string
  /** When the token ends, ms since 1970. */
  readonly expires?: number
  readonly features: readonly string[]
  /** The server is never silent for longer than `every` ms, and waits `every + timeout` ms for the client. */
  readonly ping: { readonly every: number; readonly timeout: number }
  /** The idempotency window, ms. */
  readonly window: number
  readonly limits: Readonly<Record<string, number>>
}

export interface Subscribed {
  readonly ch: string
  readonly mode: 'log' | 'ephemeral' | 'pattern'
  readonly outcome: 'fresh' | 'recovered' | 'lost'
  /** What follows starts after this. */
  readonly start: Position | null
  /** The subscription is live once the client's position covers it. */
  readonly head: Position | null
  readonly lost?: Lost
}

export interface Lost {
  readonly why: 'trimmed' | 'epoch' | 'diverged' | 'limit' | 'ephemeral' | 'pattern'
  readonly from?: Position
  readonly to: Position | null
  /** Wait a random part of so many ms before fetching a snapshot. */
  readonly spread: number
}

export interface Published {
  /** null on ephemeral channels. */
  readonly position: Position | null
  readonly duplicate?: true
}
export interface HistoryPage {
  readonly items: readonly (Publication | Fence)[]
  readonly start: Position
  readonly end: Position
  readonly more: boolean
}
export interface MembersPage {
  readonly members: readonly Member[]
  readonly count: number
  readonly rev: number
  readonly next?: string
}

/** What a command is answered with, by its `op`. */
export interface OkByOp {
  readonly connect: Connected
  readonly subscribe: Subscribed
  readonly unsubscribe: Readonly<Record<string, never>>
  readonly publish: Published
  readonly history: HistoryPage
  readonly presence: MembersPage
  /** With `stream`: {} after the push that ends it. */
  readonly rpc: Body | Readonly<Record<string, never>>
  readonly cancel: Readonly<Record<string, never>>
  readonly refresh: { readonly expires?: number }
  readonly ping: { readonly time: number }
}
export type Ok = OkByOp[keyof OkByOp]

export type Reply =
  | { readonly id: number; readonly ok: Ok; readonly error?: never }
  | { readonly id: number; readonly error: Failure; readonly ok?: never }

export type SubPush = { readonly ev: 'sub' } & Subscribed
export interface GapPush {
  readonly ev: 'gap'
  readonly ch: string
  /** The position of the last entry that was left out: the next one chains to it. */
  readonly to: Position
  readonly count: number
  readonly why: 'conflated' | 'dropped' | 'filtered' | 'unreadable'
}
export interface LostPush {
  readonly ev: 'lost'
  readonly ch: string
  readonly start: Position | null
  readonly lost: Lost
}
export interface UnsubPush {
  readonly ev: 'unsub'
  readonly ch: string
  readonly error: Failure
}
export interface MembersPush {
  readonly ev: 'members'
  readonly ch: string
  /** Consecutive per attachment; a jump means: fetch again. */
  readonly rev: number
  readonly count: number
  readonly joined?: readonly Member[]
  /** Peers. */
  readonly left?: readonly string[]
}
export type MsgPush = { readonly ev: 'msg' } & Body
export type RpcPush = {
  readonly ev: 'rpc'
  /** The id of the `rpc` command. */
  readonly call: number
  /** From 0. */
  readonly seq: number
  readonly end?: boolean
} & Body
export interface RefreshPush {
  readonly ev: 'refresh'
  /** ms until the token ends. */
  readonly within: number
}
export interface HealthPush {
  readonly ev: 'health'
  readonly ok: boolean
}
export interface PingPush {
  readonly ev: 'ping'
  readonly time: number
}
export interface DrainPush {
  readonly ev: 'drain'
  readonly slot: number
  readonly deadline: number
  readonly url?: string
}
/** The reason comes ahead of the close: transports without close codes, and proxies that swallow them, show it too. */
export interface ByePush {
  readonly ev: 'bye'
  readonly code: number
  readonly reason: string
  readonly after?: number
}

/** What a server says unasked. */
export type Push =
  | Publication
  | Fence
  | SubPush
  | GapPush
  | LostPush
  | UnsubPush
  | MembersPush
  | MsgPush
  | RpcPush
  | RefreshPush
  | HealthPush
  | PingPush
  | DrainPush
  | ByePush

/** What a server sends. */
export type ServerMessage = Reply | Push
