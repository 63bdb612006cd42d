// What a simulated application publishes: a name that no other publication of the run has, in JSON or in bytes, with
// some weight. Read back wherever a publication is seen: by a client, on the wire, in the store.

import type { StoredBody } from '@tautline/wire'
import { unbase64url } from '@tautline/wire'

export type Content = { readonly p: string; readonly pad?: string }

const text = new TextDecoder()

/** As it is given to `publish`. */
export function contentOf(payload: string, weight: number, bytes: boolean): Content | Uint8Array {
  if (bytes) return new TextEncoder().encode(payload)
  return weight === 0 ? { p: payload } : { p: payload, pad: 'x'.repeat(weight) }
}

/** The name in what was received, as JSON or bytes; '?' where it is neither. */
export function payloadOf(received: { readonly data?: unknown; readonly bytes?: unknown }): string {
  const { data, bytes } = received
  if (bytes instanceof Uint8Array) return text.decode(bytes)
  if (typeof bytes === 'string') return text.decode(unbase64url(bytes) ?? new Uint8Array(0))
  if (typeof data === 'object' && data !== null && 'p' in data && typeof data.p === 'string') return data.p
  return '?'
}

/** The name in what was stored. */
export function storedPayload(body: StoredBody): string {
  return payloadOf(body.bytes === undefined ? { data: JSON.parse(body.json) } : body)
}
