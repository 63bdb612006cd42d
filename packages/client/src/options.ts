// What a client is made with. Types only; checks.ts reads them.

import type { Clock, Codec, Random } from '@tautline/wire'
import type { Outbox } from './outbox.ts'

/** The part of the WHATWG WebSocket that is used. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  readonly readyState: number
  readonly bufferedAmount: number
  readonly protocol: string
  binaryType: string
  send(payload: string | Uint8Array<ArrayBuffer>): void
  close(code?: number, reason?: string): void
}

export type WebSocketClass = new (url: string, protocols: string[]) => WebSocketLike

/** What tells of the world around: network back, machine awake, page shown. */
export interface Lifecycle {
  /** false: certainly offline. Only told, never a reason not to try. */
  online?(): boolean
  /** Calls `wake` when a connection may have died unnoticed, or may succeed at once; the result stops it. */
  listen(wake: (why: 'online' | 'wake' | 'show') => void): () => void
}

/** What a client uses of a codec. */
export type ClientCodec = Pick<Codec, 'subprotocol' | 'binary' | 'decode' | 'encode' | 'join'>

export interface ClientOptions {
  /**
   * Who this is. A function is called before the first connection, and whenever the server wants another token; what it
   * throws is tried again with backoff, a RealtimeError with retry 'no' stops the client.
   */
  readonly token?: string | (() => string | Promise<string>)
  /** Default: JSON. Or msgpackCodec of '@tautline/wire/msgpack'. */
  readonly codec?: ClientCodec
  /** Default globalThis.WebSocket: browsers, and Node from 22. */
  readonly WebSocket?: WebSocketClass
  /** Default: the page's events where there is a document; none elsewhere. */
  readonly lifecycle?: Lifecycle
  /** Where publications wait; default: in memory, 10,000 entries and 8 MiB. */
  readonly outbox?: Outbox
  /** Reconnects wait random(0, min · 2^n), at most random(0, max); ms, default 500 and 20,000. */
  readonly backoff?: { readonly min?: number; readonly max?: number }
  /** ms for the token, and again for the connection to be made; default 10,000. */
  readonly connectTimeout?: number
  /** Messages that wait for the application per subscription; default 1,000. */
  readonly maxQueue?: number
  readonly clock?: Clock
  readonly random?: Random
}
