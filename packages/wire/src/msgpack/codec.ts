// The MessagePack codec of tautline.v1: messages one behind another, bytes as bin. Its own reader, so that limits come
// before values; the writer is @msgpack/msgpack's, which compiles no code (docs/decisions/0008).

import { Encoder } from '@msgpack/msgpack'
import { toWellFormed } from '../body.ts'
import type { Codec, Decoded, Encoded, FrameLimits, StoredPublication } from '../codec.ts'
import { WireError } from '../errors.ts'
import { MessagePackReader } from './decoder.ts'

/** Levels that a reply may add around a body are few; what is deeper was refused before. */
const DEPTH = 256

/** The writer keeps a buffer twice its largest message; after one over this it is made anew. */
const KEPT = 262_144

function newEncoder(): Encoder {
  return new Encoder({
    ignoreUndefined: true,
    maxDepth: DEPTH,
    // No extension types: not even a Date becomes a timestamp.
    extensionCodec: { tryToEncode: () => null, decode: () => null },
  })
}

let encoder = newEncoder()

/** Has every text a UTF-8 form? The writer would make bytes of the others that are none. */
function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return true
  if (Array.isArray(value)) return value.every(isWellFormed)
  for (const key of Object.keys(value)) {
    if (!key.isWellFormed() || !isWellFormed((value as Record<string, unknown>)[key])) return false
  }
  return true
}

function encode(message: object): Uint8Array {
  const bytes = encoder.encode(isWellFormed(message) ? message : toWellFormed(message))
  if (bytes.length > KEPT) encoder = newEncoder()
  return bytes
}

function decode(frame: string | Uint8Array, limits: FrameLimits): Decoded[] {
  if (typeof frame === 'string') throw new WireError('malformed', 'a frame of MessagePack is binary')
  if (frame.byteLength > limits.bytes) {
    throw new WireError('too-large', `a frame has more than ${limits.bytes} bytes`)
  }
  const reader = new MessagePackReader(frame, limits)
  const messages: Decoded[] = []
  do {
    if (messages.length === limits.messages) {
      throw new WireError('too-large', `a frame has more than ${limits.messages} messages`)
    }
    const value = reader.message()
    const { bad } = reader
    messages.push(bad === undefined ? { value } : { value, bad })
  } while (!reader.ended)
  return messages
}

function publication(channel: string, stored: StoredPublication): Uint8Array {
  const { body, off, id, prev, at, key, state, from } = stored
  const carried = body.json === undefined ? { bytes: body.bytes } : { data: JSON.parse(body.json) as unknown }
  return encode({ ev: 'pub', ch: channel, off, id, prev, at, key, state, from, ...carried })
}

function asBytes(encoded: Encoded): Uint8Array {
  if (typeof encoded === 'string') throw new TypeError('the MessagePack codec joins bytes only')
  return encoded
}

function join(parts: readonly Encoded[]): Uint8Array {
  if (parts.length === 1) return asBytes(parts[0]!)
  let length = 0
  for (const part of parts) length += asBytes(part).byteLength
  const out = new Uint8Array(length)
  let at = 0
  for (const part of parts as readonly Uint8Array[]) {
    out.set(part, at)
    at += part.byteLength
  }
  return out
}

/** tautline.v1 in MessagePack. */
export const msgpackCodec: Codec = /* @__PURE__ */ Object.freeze({
  name: 'msgpack',
  subprotocol: 'tautline.v1.msgpack',
  binary: true,
  decode,
  encode,
  publication,
  join,
  size: (encoded: Encoded): number => asBytes(encoded).byteLength,
})
