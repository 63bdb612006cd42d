// What a client tells of itself, and what its calls take. Types only.

import type { Json } from '@tautline/wire'

/**
 * `idle`: nothing was asked yet, or closed. `connecting`: token, connection or first answer under way. `connected`.
 * `waiting`: the connection is gone and will be tried again in `retryIn` ms. `stopped`: the server decided that it is no
 * use to come back, `reason` says why; only `connect()` tries again.
 */
export type ClientState = 'idle' | 'connecting' | 'connected' | 'waiting' | 'stopped'

export interface ClientStateChange {
  readonly state: ClientState
  readonly previous: ClientState
  /** Why the connection ended: a disconnect code of tautline.v1 §11.5 or a WebSocket close code. */
  readonly reason?: { readonly code: number; readonly text: string }
  /** With `waiting`: ms until the next attempt. */
  readonly retryIn?: number
}

/** A message to this user, from no channel. Not repeated if the connection was down. */
export interface DirectMessage {
  readonly data: Json | undefined
  readonly bytes?: Uint8Array
}

export interface ClientEvents {
  state: ClientStateChange
  message: DirectMessage
  /** Does the server reach its store? The connection stands either way. */
  health: { readonly ok: boolean }
  /** The server subscribed this client to a channel: `channel(name).subscribe()` to read it. */
  subscribed: { readonly channel: string }
  /** What went wrong without being asked for: a failed token, a server that makes no sense, a listener that threw. */
  error: Error
}

export interface CallOptions {
  /** Gives up, and tells the server to. */
  readonly signal?: AbortSignal
  /** ms; default 30,000. For a stream: until its end, default 0 = none. */
  readonly timeout?: number
}
