// Is this request a good opening handshake (RFC 6455 §4.2.1)? The same judgement for heads of our own parser and of
// node:http, which repairs more than it should. Decides nothing that is policy: origins, paths, users.

import { type ExtensionOffer, parseExtensions } from './extensions.ts'
import type { HeaderFields } from './fields.ts'
import { isHost, isWebSocketTarget } from './host.ts'
import { REFUSALS, type Refusal } from './refusals.ts'
import type { RequestHead } from './request-parser.ts'
import { isKey, listContains, parseTokenList } from './tokens.ts'

/** What a good opening handshake asks for. Nothing of it has been granted. */
export interface UpgradeOffer {
  /** Sec-WebSocket-Key, for `acceptResponse`. */
  readonly key: string
  /** In the client's order of preference, without repetitions. */
  readonly subprotocols: readonly string[]
  /** In the client's order of preference; may repeat one extension with other parameters. */
  readonly extensions: readonly ExtensionOffer[]
}

const NONE: readonly never[] = Object.freeze([])

/**
 * Does the request ask for an upgrade to websocket at all? If not, it may be handed to an HTTP server; if so, it is ours
 * to answer, even where `checkUpgrade` refuses it.
 */
export function isUpgradeRequest(head: RequestHead): boolean {
  const upgrade = head.headers.get('upgrade')
  return upgrade !== undefined && listContains(upgrade, 'websocket')
}

/** Checks an opening handshake. Tell the results apart with `isRefusal`. */
export function checkUpgrade(head: RequestHead): UpgradeOffer | Refusal {
  const headers = head.headers
  const refusal = checkRequest(head) ?? checkBody(headers) ?? checkUpgradeFields(headers) ?? checkKey(headers)
  if (refusal !== null) return refusal
  const subprotocols = subprotocolsOf(headers)
  if ('status' in subprotocols) return subprotocols
  const list = headers.get('sec-websocket-extensions')
  const extensions = list === undefined ? NONE : parseExtensions(list)
  // RFC 6455 §9.1: "If a value is received … that does not conform to the ABNF below, the recipient of such malformed
  // data MUST immediately _Fail the WebSocket Connection_."
  if (extensions === null) return REFUSALS['extensions-syntax']
  return { key: headers.get('sec-websocket-key')!, subprotocols, extensions }
}

/** RFC 6455 §4.2.1 (1) and (2): GET, HTTP/1.1, a target, a Host. */
function checkRequest(head: RequestHead): Refusal | null {
  if (head.method !== 'GET') return REFUSALS.method
  if (head.version !== '1.1') return REFUSALS['http-1-0']
  // RFC 9112 §3.2: "A server MUST respond with a 400 … to any HTTP/1.1 request message that lacks a Host header field
  // and to any request message that contains more than one Host header field line or a Host header field with an
  // invalid field value."
  const hosts = head.headers.count('host')
  if (hosts !== 1) return REFUSALS[hosts === 0 ? 'host-missing' : 'host-repeated']
  const host = head.headers.get('host')!
  if (!isHost(host)) return REFUSALS['host-invalid']
  return isWebSocketTarget(head.target, host) ? null : REFUSALS.target
}

/** A body would be read as frames, or frames as a body: the two ends must not differ about where the request ends. */
function checkBody(headers: HeaderFields): Refusal | null {
  if (headers.has('transfer-encoding')) return REFUSALS['request-body']
  // "Content-Length: 0" once is a request without a body (RFC 9112 §6.3); anything else is none we accept.
  if ((headers.get('content-length') ?? '0') !== '0') return REFUSALS['request-body']
  return headers.has('expect') ? REFUSALS.expect : null
}

/** RFC 6455 §4.2.1 (3), (4) and (6). */
function checkUpgradeFields(headers: HeaderFields): Refusal | null {
  // "An |Upgrade| header field containing the value "websocket", treated as an ASCII case-insensitive value."
  if (!listContains(headers.get('upgrade') ?? '', 'websocket')) return REFUSALS.upgrade
  // "A |Connection| header field that includes the token "Upgrade", treated as an ASCII case-insensitive value."
  if (!listContains(headers.get('connection') ?? '', 'upgrade')) return REFUSALS.connection
  // "A |Sec-WebSocket-Version| header field, with a value of 13." Twice is `13, 13`, and so refused (§11.3.5).
  return headers.get('sec-websocket-version') === '13' ? null : REFUSALS.version
}

/** RFC 6455 §4.2.1 (5): "a base64-encoded … value that, when decoded, is 16 bytes in length". */
function checkKey(headers: HeaderFields): Refusal | null {
  const count = headers.count('sec-websocket-key')
  // §11.3.1: "The |Sec-WebSocket-Key| header field MUST NOT appear more than once in an HTTP request."
  if (count !== 1) return REFUSALS[count === 0 ? 'key-missing' : 'key-repeated']
  return isKey(headers.get('sec-websocket-key')!) ? null : REFUSALS['key-invalid']
}

/** RFC 6455 §11.3.4; §4.1 (10): "The elements that comprise this value MUST be non-empty strings … and MUST all be unique strings". */
function subprotocolsOf(headers: HeaderFields): readonly string[] | Refusal {
  const list = headers.get('sec-websocket-protocol')
  if (list === undefined) return NONE
  const tokens = parseTokenList(list)
  if (tokens === null) return REFUSALS['subprotocol-syntax']
  return new Set(tokens).size === tokens.length ? tokens : REFUSALS['subprotocol-repeated']
}
