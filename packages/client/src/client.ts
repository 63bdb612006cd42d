// The client: one connection that is made again whenever it breaks, and everything that lives on it.

import type { Json } from '@tautline/wire'
import type { Channel } from './channel.ts'
import type { ClientOptions } from './options.ts'

/**
 * `idle`: nothing was asked yet, or closed. `connecting`: token, connection or first answer under way. `connected`.
 * `waiting`: the connection is gone and will be tried again in `retryIn` ms. `stopped`: the server decided that it is no
 * use to come back, `reason` says why; only `connect()` tries again.
 */
export type ClientState = 'idle' | 'connecting' | 'connected' | 'waiting' | 'stopped'

export interface ClientStateChange {
  readonly state: ClientState
  readonly previous: ClientState
  /** Why the connection ended: a disconnect code of tautline.v1 §10 or a WebSocket close code. */
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

/**
 * @example
 * const client = new Client('https://example.com/realtime', { token: () => fetchToken() })
 * const chat = client.channel<ChatMessage>('chat:42')
 * chat.subscribe({ last: 50, onMessage: (message) => render(message.data) })
 * await chat.publish({ text: 'hello' })
 */
export class Client {
  /**
   * Connects on first use. Listeners that throw do no harm: the error goes to `on('error')`, or, if nobody listens there,
   * is thrown again in a timer like that of any event listener.
   *
   * @param url http(s) or ws(s); relative to the page where there is one
   * @throws TypeError saying which option is wrong and what it should be
   */
  constructor(_url: string | URL, _options: ClientOptions = {}) {}

  get state(): ClientState {
    return 'idle'
  }
  /** Does the server reach its store? true while it has not said otherwise. */
  get healthy(): boolean {
    return true
  }
  /** Publications that are not settled. */
  get unsettled(): number {
    return 0
  }
  /** Who the server says this is; set while connected. */
  get user(): string | undefined {
    return undefined
  }

  /** Connects now: from `idle`, `stopped`, or without waiting any longer. */
  connect(): void {
    throw new Error('not built yet')
  }
  /**
   * Closes the connection and stays so until `connect()`. Calls under way reject; subscriptions wait with their
   * positions; unsettled publications stay in the outbox, their promises pending.
   */
  close(): void {
    throw new Error('not built yet')
  }
  /** @throws TypeError for a name that no channel can have */
  channel<T = Json>(_name: string): Channel<T> {
    throw new Error('not built yet')
  }
  /**
   * Calls a method of the server, at most once. Rejects with the server's RealtimeError, `timeout`, `cancelled`, or
   * `unknown` if the connection went away while it ran.
   */
  call<R = Json>(_method: string, _argument?: Json | Uint8Array, _options?: CallOptions): Promise<R> {
    throw new Error('not built yet')
  }
  /** Calls a method that answers with many values; the call begins with the iteration, leaving the loop cancels it. */
  stream<R = Json>(_method: string, _argument?: Json | Uint8Array, _options?: CallOptions): AsyncIterable<R> {
    throw new Error('not built yet')
  }
  /** Listens; the result stops it. */
  on<E extends keyof ClientEvents>(_event: E, _listener: (event: ClientEvents[E]) => void): () => void {
    throw new Error('not built yet')
  }
}
