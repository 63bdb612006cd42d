// tautline.v1 in JSON as a client needs it: messages joined by '\n', bytes as base64url. It trusts a server to bound and
// check what it says; the codec of @tautline/wire, made for both sides, can be given instead and looks at every byte.

import { base64url, type Decoded, type Encoded, WireError } from '@tautline/wire'
import type { ClientCodec } from './options.ts'

function parse(text: string): Decoded {
  try {
    return { value: JSON.parse(text) }
  } catch {
    throw new WireError('malformed', 'a message is not JSON')
  }
}

/** The codec where none is given. */
export const leanCodec: ClientCodec = {
  subprotocol: 'tautline.v1.json',
  binary: false,
  // The other kind of frame was refused before.
  decode: (frame) => (frame as string).split('\n').map(parse),
  encode: (message) =>
    JSON.stringify(message, (_key, value: unknown) => (value instanceof Uint8Array ? base64url(value) : value)),
  join: (parts: readonly Encoded[]) => parts.join('\n'),
}
