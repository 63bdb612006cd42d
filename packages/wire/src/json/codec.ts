// The JSON codec of tautline.v1: messages as JSON texts joined by '\n', bytes as base64url. It splices the stored text
// of a body into a publication and never parses it again.

import { base64url } from '../base64url.ts'
import type { Codec, Decoded, Encoded, FrameLimits, StoredPublication } from '../codec.ts'
import { WireError } from '../errors.ts'
import { exceeds, utf8Length } from '../utf8.ts'
import { scanJson } from './scan.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOf(frame: string | Uint8Array, limits: FrameLimits): string {
  if (typeof frame === 'string') {
    if (exceeds(frame, limits.bytes)) throw tooLarge(limits)
    return frame
  }
  if (frame.byteLength > limits.bytes) throw tooLarge(limits)
  try {
    return utf8.decode(frame)
  } catch {
    throw new WireError('malformed', 'a frame is not UTF-8')
  }
}

function tooLarge(limits: FrameLimits): WireError {
  return new WireError('too-large', `a frame has more than ${limits.bytes} bytes`)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The engine's own message quotes the text: nothing of a peer's goes into a message unescaped.
    throw new WireError('malformed', 'a message is not JSON')
  }
}

function decode(frame: string | Uint8Array, limits: FrameLimits): Decoded[] {
  const text = textOf(frame, limits)
  const messages: Decoded[] = []
  for (let start = 0; ; ) {
    if (messages.length === limits.messages) {
      throw new WireError('too-large', `a frame has more than ${limits.messages} messages`)
    }
    const { end, bad } = scanJson(text, start, limits)
    const value = parse(start === 0 && end === text.length ? text : text.slice(start, end))
    messages.push(bad === undefined ? { value } : { value, bad })
    if (end === text.length) return messages
    start = end + 1
  }
}

/** The fields that may hold bytes, where a message or a page of history may hold them. */
interface Carrier {
  readonly bytes?: unknown
  readonly items?: unknown
  readonly ok?: unknown
}

function written<T extends object>(carrier: T & Carrier): T {
  let out = carrier
  if (carrier.bytes instanceof Uint8Array) out = { ...out, bytes: base64url(carrier.bytes) }
  if (typeof carrier.ok === 'object' && carrier.ok !== null) {
    const ok = written(carrier.ok)
    if (ok !== carrier.ok) out = { ...out, ok }
  } else if (Array.isArray(carrier.items)) {
    out = { ...out, items: carrier.items.map(written) }
  }
  return out
}

function publication(channel: string, stored: StoredPublication): string {
  const { body, off, prev, key, state, from } = stored
  let text = `{"ev":"pub","ch":${JSON.stringify(channel)}`
  if (off !== undefined) text += `,"off":${off}`
  text += `,"id":${JSON.stringify(stored.id)}`
  if (prev !== undefined) text += `,"prev":${prev}`
  text += `,"at":${stored.at}`
  if (key !== undefined) text += `,"key":${JSON.stringify(key)}`
  if (state !== undefined) text += `,"state":${JSON.stringify(state)}`
  if (from !== undefined) text += `,"from":${JSON.stringify(from)}`
  return body.json === undefined ? `${text},"bytes":"${base64url(body.bytes)}"}` : `${text},"data":${body.json}}`
}

function asText(encoded: Encoded): string {
  if (typeof encoded !== 'string') throw new TypeError('the JSON codec joins text only')
  return encoded
}

/** tautline.v1 in JSON. */
export const jsonCodec: Codec = /* @__PURE__ */ Object.freeze({
  name: 'json',
  subprotocol: 'tautline.v1.json',
  binary: false,
  decode,
  encode: (message: object): string => JSON.stringify(written(message)),
  publication,
  join: (parts: readonly Encoded[]): string => (parts.length === 1 ? asText(parts[0]!) : parts.map(asText).join('\n')),
  size: (encoded: Encoded): number => (typeof encoded === 'string' ? utf8Length(encoded) : encoded.byteLength),
})
