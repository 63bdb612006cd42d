// What one side accepts of the other: sizes and counts, checked before anything is parsed, kept or answered.

import type { FrameLimits } from './codec.ts'

/** Limits of a server. Those a client needs are told in `Connected.limits`. */
export interface Limits {
  /** Bytes of a frame. */
  readonly frame: number
  /** Messages in a frame. */
  readonly messages: number
  /** Bytes of a body: its JSON text in UTF-8, or the bytes themselves. */
  readonly body: number
  /** Levels of nesting of a message, itself being the first. */
  readonly depth: number
  /** Keys of all maps of a message together: 1,000 subscriptions in one `connect` have 10,000. */
  readonly keys: number
  /** Bytes of a channel name or pattern. */
  readonly name: number
  /** Subscriptions of a connection. */
  readonly channels: number
  /** Commands of a connection that are not answered yet. */
  readonly inflight: number
  /** Publications of a connection per second. */
  readonly publishRate: number
  /** Calls of a connection that are not answered yet. */
  readonly rpc: number
  /** Entries of a `history` reply, and of `{ last }`. */
  readonly page: number
  /** Members of a `presence` reply. */
  readonly members: number
  /** Characters of a token. */
  readonly token: number
  /** Characters of the name of a remote procedure. */
  readonly method: number
  /** Characters of an idempotency key, of `client`, and of an entry's id. */
  readonly key: number
  /** UTF-8 bytes of a state key. */
  readonly state: number
  /** Characters of an epoch. */
  readonly epoch: number
  /** Features in a `connect`; each has at most 64 characters. */
  readonly features: number
  /** Characters of a cursor that the server handed out (`presence.page`, `replaces`). */
  readonly cursor: number
  /** The longest wait for a call, ms; more is cut to it. */
  readonly wait: number
}

/** The defaults of those that a client minds by itself. One that `Connected.limits` leaves out has its default. */
export const CLIENT_LIMITS: Pick<
  Limits,
  'frame' | 'messages' | 'body' | 'depth' | 'keys' | 'channels' | 'inflight' | 'rpc' | 'wait'
> = {
  frame: 1_048_576,
  messages: 1024,
  body: 65_536,
  depth: 64,
  keys: 16_384,
  channels: 1000,
  inflight: 256,
  rpc: 64,
  wait: 86_400_000,
}

/** The defaults. */
export const LIMITS: Limits = /* @__PURE__ */ Object.freeze(
  // A spread would stay in the bundle of whoever does not use it.
  /* @__PURE__ */ Object.assign({}, CLIENT_LIMITS, {
    name: 128,
    publishRate: 1000,
    page: 500,
    members: 500,
    token: 8192,
    method: 128,
    key: 64,
    state: 128,
    epoch: 128,
    features: 32,
    cursor: 256,
  }),
)

/** What a codec checks of them. */
export function frameLimits(limits: Limits): FrameLimits {
  return { bytes: limits.frame, messages: limits.messages, depth: limits.depth, keys: limits.keys }
}

/**
 * What a client takes from its server, which it trusts to be no enemy: a page of history holds many bodies, each of
 * them five levels deep in the reply.
 */
export const SERVER_FRAME_LIMITS: FrameLimits = {
  bytes: 67_108_864,
  messages: 65_536,
  depth: 128,
  keys: 4_194_304,
}
