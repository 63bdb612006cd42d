// What a codec does: messages to frames and back. A frame is one or more messages; joining frames joins bytes and
// encodes nothing again. It knows sizes and shapes of the notation, never the meaning of a message.

import type { Publication, StoredBody } from './types.ts'

/** One frame, or a part of one: text with the JSON codec, bytes with MessagePack. Never written to once made. */
export type Encoded = string | Uint8Array

/** What a frame may hold; checked before anything is parsed. */
export interface FrameLimits {
  /** Bytes of a frame (UTF-8). */
  readonly bytes: number
  /** Messages in a frame. */
  readonly messages: number
  /** Levels of nesting, a message itself being the first. */
  readonly depth: number
  /** Keys of all maps of a message together. */
  readonly keys: number
}

/** A message as it was decoded: nothing is known of it but that it was well-formed. */
export interface Decoded {
  readonly value: unknown
  /** Set if it holds something that JSON data must not: an integer beyond ±(2^53 − 1), an extension type … */
  readonly bad?: string
}

/** A publication as the server holds it. The channel is the hub's. */
export type StoredPublication = Omit<Publication, 'ev' | 'ch' | 'data' | 'bytes'> & { readonly body: StoredBody }

/** A notation of tautline.v1. Stateless: one object serves all connections. */
export interface Codec {
  readonly name: 'json' | 'msgpack'
  /** The WebSocket subprotocol that names it. */
  readonly subprotocol: string
  /** true: its frames are binary WebSocket messages. */
  readonly binary: boolean
  /**
   * Reads one frame.
   *
   * @throws WireError: `malformed` (not this notation, not UTF-8) or `too-large` (over a limit); close with 4300 / 4301
   */
  decode(frame: string | Uint8Array, limits: FrameLimits): Decoded[]
  /** Writes one message. Unknown fields are not removed; undefined ones are left out. */
  encode(message: object): Encoded
  /** Writes a publication from its stored form without parsing JSON text again (JSON codec). */
  publication(channel: string, publication: StoredPublication): Encoded
  /** Joins frames to one, without encoding again. */
  join(parts: readonly Encoded[]): Encoded
  /** Bytes on the wire: UTF-8 for text. */
  size(encoded: Encoded): number
}
