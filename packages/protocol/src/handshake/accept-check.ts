// Is this response the server's half of our opening handshake (RFC 6455 §4.1, the numbered list after "Once the client's
// opening handshake has been sent")? The first rule that it breaks is the answer; nothing is repaired.

import { acceptDeflate, type DeflateOffer, type DeflateParameters } from '../deflate/parameters.ts'
import type { Platform } from '../platform.ts'
import { parseExtensions } from './extensions.ts'
import { HANDSHAKE_FAILURES, type HandshakeFailure, isHandshakeFailure } from './failures.ts'
import type { HeaderFields } from './fields.ts'
import type { ResponseHead } from './response-parser.ts'
import { equalsIgnoringCase, listContains } from './tokens.ts'
import { acceptValue } from './write.ts'

/** What our request asked for. */
export interface SentRequest {
  readonly key: string
  readonly subprotocols: readonly string[]
  /** null: permessage-deflate was not offered. */
  readonly deflate: DeflateOffer | null
}

/** What the server granted. */
export interface AcceptedUpgrade {
  /** '' when the server chose none. That is no failure (RFC 6455 §4.2.2), even if some were offered. */
  readonly subprotocol: string
  readonly deflate: DeflateParameters | null
}

/** Checks the response to an opening handshake. Tell the results apart with `isHandshakeFailure`. */
export function checkAccept(
  head: ResponseHead,
  sent: SentRequest,
  platform: Pick<Platform, 'sha1Base64'>,
): AcceptedUpgrade | HandshakeFailure {
  const headers = head.headers
  const failure = checkSwitch(head) ?? checkAcceptValue(headers, sent.key, platform)
  if (failure !== null) return failure
  const subprotocol = headers.get('sec-websocket-protocol')
  // §4.1 (6): a subprotocol "that was not present in the client's handshake" fails the connection.
  if (headers.count('sec-websocket-protocol') > 1) return HANDSHAKE_FAILURES['subprotocol-repeated']
  if (subprotocol !== undefined && !sent.subprotocols.includes(subprotocol)) {
    return HANDSHAKE_FAILURES['subprotocol-not-offered']
  }
  const deflate = deflateOf(headers, sent.deflate)
  if (deflate !== null && isHandshakeFailure(deflate)) return deflate
  return { subprotocol: subprotocol ?? '', deflate }
}

/** The status, the version, and that no body stands between this head and the frames. */
function checkSwitch(head: ResponseHead): HandshakeFailure | null {
  if (head.status !== 101) return HANDSHAKE_FAILURES.status
  // HTTP/1.0 knows neither 101 nor Upgrade (RFC 9110 §7.8): whoever answers so, an intermediary perhaps, does not mean it.
  if (head.version !== '1.1') return HANDSHAKE_FAILURES['http-version']
  const headers = head.headers
  // RFC 9110 §8.6: "A server MUST NOT send a Content-Length header field in any response with a status code of 1xx". A
  // zero is borne, for it leaves no doubt where the frames begin.
  if (headers.has('transfer-encoding') || (headers.get('content-length') ?? '0') !== '0') return HANDSHAKE_FAILURES.body
  // RFC 6455 §4.1 (2): "… lacks an |Upgrade| header field or … contains a value that is not an ASCII case-insensitive
  // match for the value "websocket""
  if (!equalsIgnoringCase(headers.get('upgrade') ?? '', 'websocket')) return HANDSHAKE_FAILURES.upgrade
  // (3): "… lacks a |Connection| header field or … doesn't contain a token that is an ASCII case-insensitive match for
  // the value "Upgrade""
  return listContains(headers.get('connection') ?? '', 'upgrade') ? null : HANDSHAKE_FAILURES.connection
}

/** (4): "… contains a value other than the base64-encoded SHA-1 of …". Compared with case: base64 has one. */
function checkAcceptValue(
  headers: HeaderFields,
  key: string,
  platform: Pick<Platform, 'sha1Base64'>,
): HandshakeFailure | null {
  const count = headers.count('sec-websocket-accept')
  // §11.3.3: "The |Sec-WebSocket-Accept| header MUST NOT appear more than once in an HTTP response."
  if (count !== 1) return HANDSHAKE_FAILURES[count === 0 ? 'accept-missing' : 'accept-repeated']
  return headers.get('sec-websocket-accept') === acceptValue(key, platform) ? null : HANDSHAKE_FAILURES['accept-wrong']
}

/** (5): an extension "that was not present in the client's handshake" fails the connection. */
function deflateOf(headers: HeaderFields, offer: DeflateOffer | null): DeflateParameters | HandshakeFailure | null {
  const list = headers.get('sec-websocket-extensions')
  if (list === undefined) return null
  const extensions = parseExtensions(list)
  if (extensions === null) return HANDSHAKE_FAILURES['extensions-syntax']
  return offer === null ? HANDSHAKE_FAILURES['extension-not-offered'] : acceptDeflate(extensions, offer)
}
