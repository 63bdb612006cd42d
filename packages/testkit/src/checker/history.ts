// What the observers of a run wrote down, and what the store had. The checker reads nothing else, so that a history can
// come from the simulation, from real processes, or from a test that made it up. All times: ms of one common clock.

import type { From, Lost, Policy, Position } from '@tautline/wire'

/** One publication that an application asked for, and what it was told. */
export interface Publish {
  readonly client: string
  /** Which page: one that is loaded again is another one. */
  readonly page: number
  readonly channel: string
  /** Unique over the whole run: what the checker knows a publication by. */
  readonly payload: string
  readonly key: string | null
  readonly invoked: number
  readonly settled: number | null
  readonly outcome: 'ok' | 'failed' | 'unknown' | 'pending'
  /** Of the error. */
  readonly code?: string
  /** With ok; null on ephemeral channels. */
  readonly position?: Position | null
  readonly duplicate?: boolean
}

/** What an observer of a channel received or was told, in its own order. */
export type Step =
  | {
      readonly kind: 'start'
      readonly at: number
      /** When it was asked for. */
      readonly asked: number
      readonly from: From
      /** null: the observer is not told. */
      readonly outcome: 'fresh' | 'recovered' | 'lost' | null
      readonly start: Position | null
      readonly head: Position | null
      readonly lost?: Lost
      /** From here on, where it differs from that of the stream. */
      readonly policy?: Policy
    }
  | {
      readonly kind: 'message'
      readonly at: number
      /** null on ephemeral channels. */
      readonly position: Position | null
      readonly id: string
      readonly payload: string
      /** Whether the observer was told that it is its own; null: it is not told. */
      readonly own: boolean | null
    }
  | {
      readonly kind: 'gap'
      readonly at: number
      readonly to: Position
      readonly count: number
      readonly why: string
    }
  | { readonly kind: 'lost'; readonly at: number; readonly lost: Lost; readonly start: Position | null }
  | { readonly kind: 'fence'; readonly at: number; readonly from: Position; readonly epoch: string }
  /** Unsubscribed, revoked, or the connection's end: nothing may follow but a new start. */
  | { readonly kind: 'stop'; readonly at: number; readonly why: 'unsubscribed' | 'revoked' | 'closed' }

/**
 * One observer of one channel: an application's subscription, or a connection as its frames show it (`wire`), where a
 * channel's epoch follows `sub`, `lost` and `fence`.
 */
export interface Stream {
  readonly observer: string
  readonly client: string
  readonly level: 'application' | 'wire'
  /** The node at the other end, where it is one all the time. */
  readonly node?: string
  readonly channel: string
  readonly policy: Policy
  readonly steps: readonly Step[]
  /** Was it live when the run ended, after the quiet? */
  readonly live: boolean
}

/** What an observer of a pattern received, channel by channel; it has no positions. */
export type PatternStep =
  | {
      readonly kind: 'message'
      readonly at: number
      readonly channel: string
      /** false: on an ephemeral channel. */
      readonly stored: boolean
      readonly id: string
      readonly payload: string
    }
  | { readonly kind: 'gap'; readonly at: number; readonly channel: string; readonly to: Position }
  | { readonly kind: 'lost'; readonly at: number }
  /** A direct subscription to a channel began, lost something or ended beside it: its place is its own. */
  | { readonly kind: 'jump'; readonly at: number; readonly channel: string; readonly to: Position | null }
  | { readonly kind: 'stop'; readonly at: number }

/** One observer of a pattern: an application's subscription, or a connection as its frames show it. */
export interface PatternStream {
  readonly observer: string
  readonly client: string
  readonly level: Stream['level']
  readonly node?: string
  readonly pattern: string
  readonly began: number
  readonly steps: readonly PatternStep[]
  readonly live: boolean
}

/** A page of a log that an application asked for. */
export interface HistoryRead {
  readonly client: string
  readonly channel: string
  readonly asked: number
  readonly at: number
  readonly after: Position | null
  readonly before: Position | null
  readonly limit: number
  /** null: refused with `not-found`. */
  readonly page: {
    readonly items: readonly { readonly position: Position | null; readonly id: string; readonly payload: string }[]
    readonly start: Position
    readonly end: Position
    readonly more: boolean
  } | null
}

/** A message from no channel. */
export interface Direct {
  readonly user: string
  readonly payload: string
  readonly at: number
  /** Nothing was wrong when it was sent: it has to arrive. */
  readonly certain: boolean
}

/** What the server's application ordered for a user. */
export interface UserOrder {
  readonly at: number
  readonly op: 'disconnect' | 'subscribe' | 'unsubscribe'
  readonly user: string
  readonly channel?: string
  readonly code?: number
  /** Nothing was wrong when it was given: it is obeyed. */
  readonly certain: boolean
}

/** A connection as the node at its other end had it. */
export interface Session {
  /** As the observer of a wire stream: `c1#4`. */
  readonly connection: string
  readonly client: string
  readonly node: string
  /**
   * The node closed it with this code, having heard the client last at `heard`, the network having been behind for `stuck`
   * ms; `stopping`: because it was stopped itself. null: it did not.
   */
  readonly ended: {
    readonly at: number
    readonly code: number
    readonly heard: number
    readonly stuck: number
    readonly stopping: boolean
  } | null
  /** When it was over for the node, however that came; null: it is open. */
  readonly over: number | null
  /** Policies of all subscriptions that were asked for on it. */
  readonly policies: readonly Policy[]
  readonly tokens: readonly { readonly at: number; readonly ends: number }[]
  /**
   * Another connection of the client asked to take its place, and was told at `at` that it has; `certain`: nothing kept
   * its node from hearing of it.
   */
  readonly replaced: { readonly asked: number; readonly at: number | null; readonly certain: boolean } | null
  /** Times in which its node stood still. */
  readonly stalls: readonly { readonly from: number; readonly to: number }[]
}

/** An entry that the store had at some time. */
export interface LogEntry {
  readonly position: Position
  /** The cut before it. */
  readonly predecessor: Position
  readonly stored: number
  readonly payload: string
  readonly scope: string
  readonly key: string | null
  readonly state?: string
  /** Did it come with a fence that says: entries may have vanished? */
  readonly possibleLoss: boolean
  /** How often the store had lost its whole memory before. */
  readonly generation: number
  /** When the store lost it; null: never. */
  readonly vanished: number | null
}

/** One channel's log, everything that was ever in it, in the order of storing. */
export interface ChannelLog {
  readonly channel: string
  readonly entries: readonly LogEntry[]
  /** What the rule serves. `budget`: entries a recovery may bring. */
  readonly rule: { readonly size: number; readonly ttl: number; readonly window: number; readonly budget: number }
  readonly ephemeral: boolean
}

/** What really happened, as the checker must know it to judge what was announced. */
export interface Fault {
  readonly at: number
  readonly kind: 'wipe' | 'failover' | 'interrupted' | 'disconnected'
  /** disconnected: whose connection ended. */
  readonly client?: string
  /** interrupted: the node that was told then, or began then; absent: all. */
  readonly node?: string
}

/** One call of a method. */
export interface Call {
  readonly client: string
  readonly call: string
  /** left: the caller went away itself. */
  readonly outcome: 'ok' | 'failed' | 'unknown' | 'pending' | 'left'
  /** How often a node began it. */
  readonly executions: number
  /** Executions that had not ended with the run. */
  readonly running: number
  /** Sequence numbers of a stream's values, as they arrived. */
  readonly values?: readonly number[]
  /** How many values it should have had, where the outcome is ok. */
  readonly expected?: number
}

/** Who is in a channel after the quiet, by different sources. */
export interface PresenceView {
  readonly observer: string
  readonly channel: string
  /** Sorted. */
  readonly members: readonly string[]
}

/** A promise that the layer made and must have kept. */
export interface Reached {
  readonly observer: string
  readonly channel: string
  readonly asked: Position
  readonly at: number
}

export interface History {
  readonly publishes: readonly Publish[]
  readonly streams: readonly Stream[]
  readonly logs: readonly ChannelLog[]
  readonly faults: readonly Fault[]
  readonly calls: readonly Call[]
  /** Views of those who look … */
  readonly presence: readonly PresenceView[]
  /** … and who really is there, one per channel. */
  readonly present: readonly PresenceView[]
  readonly reached: readonly Reached[]
  readonly patterns: readonly PatternStream[]
  readonly reads: readonly HistoryRead[]
  /** What was sent to users … */
  readonly directs: readonly Direct[]
  /** … and what they received. */
  readonly received: readonly {
    readonly client: string
    /** Which page: one that is loaded again is another one. */
    readonly page: number
    readonly payload: string
    readonly at: number
  }[]
  readonly orders: readonly UserOrder[]
  readonly sessions: readonly Session[]
  readonly heartbeat: { readonly every: number; readonly timeout: number }
  /** Since when nothing was wrong any more. */
  readonly quiet: number
  /** What a program left behind though it was closed. */
  readonly leftovers: readonly { readonly observer: string; readonly text: string }[]
  /** What has not come to rest after the quiet: a client not connected, a subscription not live. */
  readonly restless: readonly { readonly observer: string; readonly text: string }[]
  /** Does the store show its lineage (L2)? If not, an offset may be issued again in one epoch (L7). */
  readonly lineage: boolean
  /** Bases of unwritten positions (L5) → how often memory had been lost before. */
  readonly bases: ReadonlyMap<string, number>
  readonly end: number
}

/** Something that must not be. */
export interface Finding {
  /** The check that says so. */
  readonly check: string
  readonly channel: string | null
  readonly observer: string | null
  readonly at: number
  readonly text: string
}
