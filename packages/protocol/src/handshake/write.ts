// The heads we send: the server's 101 and refusals, the client's request. All texts are byte strings (write them as
// latin1). A value that could break out of its line is a TypeError here, whoever gave it, and the protocol's own fields
// cannot be given by a caller.

import type { Platform } from '../platform.ts'
import { isHost } from './host.ts'
import type { Refusal } from './refusals.ts'
import { allOf, equalsIgnoringCase, isKey, isToken, TARGET, VALUE } from './tokens.ts'

/** RFC 6455 §1.3: the GUID that nobody uses who does not understand the protocol. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

const COMMON_OWN: readonly string[] = ['connection', 'upgrade', 'content-length', 'transfer-encoding']
const ACCEPT_OWN: readonly string[] = [
  ...COMMON_OWN,
  'sec-websocket-accept',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
]
const REFUSAL_OWN: readonly string[] = ['connection', 'content-length', 'transfer-encoding']
const REQUEST_OWN: readonly string[] = [
  ...COMMON_OWN,
  'host',
  'expect',
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
]

const REASONS: ReadonlyMap<number, string> = new Map([
  [200, 'OK'],
  [301, 'Moved Permanently'],
  [302, 'Found'],
  [303, 'See Other'],
  [307, 'Temporary Redirect'],
  [308, 'Permanent Redirect'],
  [400, 'Bad Request'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'Not Found'],
  [405, 'Method Not Allowed'],
  [407, 'Proxy Authentication Required'],
  [408, 'Request Timeout'],
  [409, 'Conflict'],
  [410, 'Gone'],
  [414, 'URI Too Long'],
  [417, 'Expectation Failed'],
  [421, 'Misdirected Request'],
  [426, 'Upgrade Required'],
  [429, 'Too Many Requests'],
  [431, 'Request Header Fields Too Large'],
  [500, 'Internal Server Error'],
  [501, 'Not Implemented'],
  [502, 'Bad Gateway'],
  [503, 'Service Unavailable'],
  [504, 'Gateway Timeout'],
  [505, 'HTTP Version Not Supported'],
])

/** What a server grants. */
export interface Acceptance {
  /** The client's Sec-WebSocket-Key. */
  readonly key: string
  /** One of those the client offered; '' is none. */
  readonly subprotocol?: string
  /** Value of Sec-WebSocket-Extensions; '' is none. */
  readonly extensions?: string
  /** Further fields as name, value, name, value. */
  readonly headers?: readonly string[]
}

/** The value of Sec-WebSocket-Accept for a key (RFC 6455 §4.2.2 (5)). */
export function acceptValue(key: string, platform: Pick<Platform, 'sha1Base64'>): string {
  return platform.sha1Base64(key + GUID)
}

/**
 * The server's 101 (RFC 6455 §4.2.2), to be written as latin1; frames may follow at once.
 *
 * @throws TypeError when a value cannot stand in its field, or a given field is one of the protocol's own
 */
export function acceptResponse(accept: Acceptance, platform: Pick<Platform, 'sha1Base64'>): string {
  const head = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: '
  let text = `${head}${acceptValue(accept.key, platform)}\r\n`
  if (accept.subprotocol) text += `Sec-WebSocket-Protocol: ${subprotocol(accept.subprotocol)}\r\n`
  if (accept.extensions) text += field('Sec-WebSocket-Extensions', accept.extensions)
  if (accept.headers !== undefined) text += fields(accept.headers, ACCEPT_OWN)
  return `${text}\r\n`
}

/**
 * The answer to a request that is refused, to be written as latin1; then the connection is closed.
 *
 * @param body text/plain in UTF-8, unless the refusal's headers have a Content-Type. Default: the refusal's text.
 * @throws TypeError when a value cannot stand in its field; RangeError when the status is not 200 to 599
 */
export function refusalResponse(refusal: Refusal, body: string = `${refusal.text}\n`): string {
  const { status, headers = [] } = refusal
  if (!Number.isInteger(status) || status < 200 || status > 599)
    throw new RangeError('a refusal has a status of 200 to 599')
  // RFC 9110 §7.8: "A sender of Upgrade MUST also send an "Upgrade" connection option in the Connection header field".
  let text = `HTTP/1.1 ${status} ${REASONS.get(status) ?? 'Refused'}\r\nConnection: ${given(headers, 'upgrade') ? 'close, Upgrade' : 'close'}\r\n`
  text += fields(headers, REFUSAL_OWN)
  // RFC 9112 §6.3: 204 and 304 never have a body.
  if (status === 204 || status === 304) return `${text}\r\n`
  const bytes = utf8ByteString(body)
  if (!given(headers, 'content-type')) text += 'Content-Type: text/plain; charset=utf-8\r\n'
  return `${text}Content-Length: ${bytes.length}\r\n\r\n${bytes}`
}

/** What a client asks for. */
export interface UpgradeRequestParts {
  /** Path and query, in origin-form. */
  readonly target: string
  /** Host, with the port where it is not the scheme's default (RFC 6455 §4.1 (4)). */
  readonly host: string
  /** Base64 of 16 random bytes: `platform.handshakeKey()`. */
  readonly key: string
  readonly subprotocols?: readonly string[]
  /** Value of Sec-WebSocket-Extensions; '' is none. */
  readonly extensions?: string
  readonly origin?: string
  /** Further fields as name, value, name, value. */
  readonly headers?: readonly string[]
}

/**
 * The client's opening handshake (RFC 6455 §4.1), to be written as latin1.
 *
 * @throws TypeError when a value cannot stand in its place, a subprotocol is repeated, or a given field is one of the
 * protocol's own
 */
export function upgradeRequest(request: UpgradeRequestParts): string {
  const { target, host, key, subprotocols = [], extensions, origin, headers } = request
  if (!target.startsWith('/') || !allOf(target, TARGET))
    throw new TypeError('the target must be a path, percent-encoded')
  if (!isHost(host)) throw new TypeError('the host is not a host with an optional port')
  if (!isKey(key)) throw new TypeError('the key is not the base64 of 16 bytes')
  if (new Set(subprotocols).size !== subprotocols.length) throw new TypeError('a subprotocol is named twice')
  let text = `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`
  text += `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n`
  if (subprotocols.length > 0) text += `Sec-WebSocket-Protocol: ${subprotocols.map(subprotocol).join(', ')}\r\n`
  if (extensions) text += field('Sec-WebSocket-Extensions', extensions)
  if (origin !== undefined) text += field('Origin', origin)
  if (headers !== undefined) text += fields(headers, origin === undefined ? REQUEST_OWN : [...REQUEST_OWN, 'origin'])
  return `${text}\r\n`
}

function subprotocol(name: string): string {
  if (!isToken(name)) throw new TypeError('a subprotocol must be a token (RFC 6455 §4.1)')
  return name
}

/** One line. The value's characters are bytes: above 0xff, one would turn into another byte, perhaps CR, on the wire. */
function field(name: string, value: string): string {
  if (!isToken(name)) throw new TypeError('the name of a header field must be a token')
  if (typeof value !== 'string' || !allOf(value, VALUE)) {
    throw new TypeError(`the value of the header field ${name} must be a string without control characters`)
  }
  return `${name}: ${value}\r\n`
}

function fields(raw: readonly string[], own: readonly string[]): string {
  if (raw.length % 2 !== 0) throw new TypeError('headers are pairs of a name and a value')
  let text = ''
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!
    text += field(name, raw[i + 1]!)
    if (own.some((reserved) => equalsIgnoringCase(reserved, name))) {
      throw new TypeError(`the header field ${name} belongs to the protocol and cannot be given`)
    }
  }
  return text
}

function given(raw: readonly string[], name: string): boolean {
  for (let i = 0; i < raw.length; i += 2) if (equalsIgnoringCase(raw[i]!, name)) return true
  return false
}

/** UTF-8 as a string of bytes; a lone surrogate becomes U+FFFD. */
function utf8ByteString(text: string): string {
  let bytes = ''
  for (const character of text) {
    const point = character.codePointAt(0)!
    const code = point >= 0xd800 && point <= 0xdfff ? 0xfffd : point
    if (code < 0x80) bytes += character
    else if (code < 0x800) bytes += String.fromCharCode(0xc0 | (code >> 6), tail(code))
    else if (code < 0x10000) bytes += String.fromCharCode(0xe0 | (code >> 12), tail(code >> 6), tail(code))
    else bytes += String.fromCharCode(0xf0 | (code >> 18), tail(code >> 12), tail(code >> 6), tail(code))
  }
  return bytes
}

function tail(bits: number): number {
  return 0x80 | (bits & 0x3f)
}
