// Is this request a good opening handshake (RFC 6455 §4.2.1)? The same judgement for heads of our own parser and of
// node:http, which repairs more than it should. Decides nothing that is policy: origins, paths, users.

import { type ExtensionOffer, parseExtensions } from './extensions.ts'
import { type HeaderFields, NameTable } from './fields.ts'
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

// What a handshake is judged by: the index of each field's value among those that one pass over the head finds.
const HOST = 0
const TRANSFER_ENCODING = 1
const CONTENT_LENGTH = 2
const EXPECT = 3
const UPGRADE = 4
const CONNECTION = 5
const VERSION = 6
const KEY = 7
const SUBPROTOCOLS = 8
const EXTENSIONS = 9
const JUDGED: NameTable = new NameTable([
  'host',
  'transfer-encoding',
  'content-length',
  'expect',
  'upgrade',
  'connection',
  'sec-websocket-version',
  'sec-websocket-key',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
])
type Values = readonly (string | undefined)[]

/** Checks an opening handshake. Tell the results apart with `isRefusal`. */
export function checkUpgrade(head: RequestHead): UpgradeOffer | Refusal {
  const values = head.headers.pick(JUDGED)
  const refusal =
    checkRequest(head, values[HOST]) ?? checkBody(values) ?? checkUpgradeFields(values) ?? checkKey(head, values[KEY])
  if (refusal !== null) return refusal
  const subprotocols = values[SUBPROTOCOLS] === undefined ? NONE : subprotocolsOf(head.headers)
  if ('status' in subprotocols) return subprotocols
  const extensions = values[EXTENSIONS] === undefined ? NONE : parseExtensions(values[EXTENSIONS])
  // RFC 6455 §9.1: "If a value is received … that does not conform to the ABNF below, the recipient of such malformed
  // data MUST immediately _Fail the WebSocket Connection_."
  if (extensions === null) return REFUSALS['extensions-syntax']
  return { key: values[KEY]!, subprotocols, extensions }
}

/** RFC 6455 §4.2.1 (1) and (2): GET, HTTP/1.1, a target, a Host. */
function checkRequest({ headers, method, target, version }: RequestHead, host: string | undefined): Refusal | null {
  if (method !== 'GET') return REFUSALS.method
  if (version !== '1.1') return REFUSALS['http-1-0']
  // RFC 9112 §3.2: "A server MUST respond with a 400 … to any HTTP/1.1 request message that lacks a Host header field
  // and to any request message that contains more than one Host header field line or a Host header field with an
  // invalid field value."
  if (host === undefined) return REFUSALS['host-missing']
  // Two are joined by a comma and a blank, which no host has.
  if (!isHost(host)) return REFUSALS[headers.count('host') > 1 ? 'host-repeated' : 'host-invalid']
  return isWebSocketTarget(target, host) ? null : REFUSALS.target
}

/** A body would be read as frames, or frames as a body: the two ends must not differ about where the request ends. */
function checkBody(values: Values): Refusal | null {
  if (values[TRANSFER_ENCODING] !== undefined) return REFUSALS['request-body']
  // "Content-Length: 0" once is a request without a body (RFC 9112 §6.3); anything else is none we accept.
  if (values[CONTENT_LENGTH] !== undefined && values[CONTENT_LENGTH] !== '0') return REFUSALS['request-body']
  return values[EXPECT] === undefined ? null : REFUSALS.expect
}

/** RFC 6455 §4.2.1 (3), (4) and (6). */
function checkUpgradeFields(values: Values): Refusal | null {
  // "An |Upgrade| header field containing the value "websocket", treated as an ASCII case-insensitive value."
  if (!listContains(values[UPGRADE] ?? '', 'websocket')) return REFUSALS.upgrade
  // "A |Connection| header field that includes the token "Upgrade", treated as an ASCII case-insensitive value."
  if (!listContains(values[CONNECTION] ?? '', 'upgrade')) return REFUSALS.connection
  // "A |Sec-WebSocket-Version| header field, with a value of 13." Twice is `13, 13`, and so refused (§11.3.5).
  return values[VERSION] === '13' ? null : REFUSALS.version
}

/** RFC 6455 §4.2.1 (5): "a base64-encoded … value that, when decoded, is 16 bytes in length". */
function checkKey({ headers }: RequestHead, key: string | undefined): Refusal | null {
  if (key === undefined) return REFUSALS['key-missing']
  if (isKey(key)) return null
  // §11.3.1: "The |Sec-WebSocket-Key| header field MUST NOT appear more than once in an HTTP request." Two that are joined
  // are no key.
  return REFUSALS[headers.count('sec-websocket-key') > 1 ? 'key-repeated' : 'key-invalid']
}

/** RFC 6455 §11.3.4; §4.1 (10): "The elements that comprise this value MUST be non-empty strings … and MUST all be unique strings". */
function subprotocolsOf(headers: HeaderFields): readonly string[] | Refusal {
  // Of its own: an application may keep the name of one.
  const tokens = parseTokenList(headers.get('sec-websocket-protocol') ?? '')
  if (tokens === null) return REFUSALS['subprotocol-syntax']
  return new Set(tokens).size === tokens.length ? tokens : REFUSALS['subprotocol-repeated']
}
