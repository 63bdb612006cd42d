// Why a server refuses an opening handshake, as one frozen table: a refusal is a row and not an Error, so that a hostile
// request builds no stack trace. No text quotes the peer. The reference page of refusals is generated from here.

import type { HeadFault } from './head-lines.ts'

/** One reason to refuse a request, and what to answer. An application may make its own, with any id. */
export interface Refusal {
  readonly id: string
  /** The HTTP status of the answer, 200 to 599. */
  readonly status: number
  /** The source of the rule, e.g. `RFC 6455 §4.2.1`. */
  readonly section: string
  /** One English sentence without the peer's text; it is the answer's body. */
  readonly text: string
  /** Fields the answer carries, as name, value, name, value. */
  readonly headers?: readonly string[]
}

export type RefusalId =
  | HeadFault
  | 'tls-on-plain-port'
  | 'request-line'
  | 'http-0-9'
  | 'http-1-0'
  | 'http-version'
  | 'target'
  | 'target-too-long'
  | 'method'
  | 'host-missing'
  | 'host-repeated'
  | 'host-invalid'
  | 'request-body'
  | 'expect'
  | 'upgrade'
  | 'connection'
  | 'version'
  | 'key-missing'
  | 'key-repeated'
  | 'key-invalid'
  | 'subprotocol-syntax'
  | 'subprotocol-repeated'
  | 'extensions-syntax'
  | 'origin'
  | 'not-found'
  | 'forbidden'
  | 'handshake-timeout'
  | 'internal-error'
  | 'too-many-connections'
  | 'shutting-down'

/** RFC 9110 §15.5.22: "The server MUST send an Upgrade header field in a 426 response". The version: RFC 6455 §4.4. */
const UPGRADE_FIELDS: readonly string[] = Object.freeze(['Upgrade', 'websocket', 'Sec-WebSocket-Version', '13'])
const ALLOW_GET: readonly string[] = Object.freeze(['Allow', 'GET'])

function row(id: RefusalId, status: number, section: string, text: string, headers?: readonly string[]): Refusal {
  return Object.freeze(headers === undefined ? { id, status, section, text } : { id, status, section, text, headers })
}

/** All refusals of the engine: those of the request's head, then of the handshake, then of the server's policy. */
export const REFUSALS: { readonly [id in RefusalId]: Refusal } = Object.freeze({
  'tls-on-plain-port': row('tls-on-plain-port', 400, 'RFC 9112 §3', 'This port does not speak TLS.'),
  'request-line': row('request-line', 400, 'RFC 9112 §3', 'The request line is malformed.'),
  'http-0-9': row('http-0-9', 400, 'RFC 9112 §2.3', 'The request line has no HTTP version.'),
  'http-version': row('http-version', 505, 'RFC 9110 §15.6.6', 'Only HTTP/1.1 is spoken here.'),
  target: row('target', 400, 'RFC 9112 §3.2', 'The request target is malformed.'),
  'target-too-long': row('target-too-long', 414, 'RFC 9110 §15.5.15', 'The request line is too long.'),
  'bare-lf': row('bare-lf', 400, 'RFC 9112 §2.2', 'A line must end with CR LF.'),
  'bare-cr': row('bare-cr', 400, 'RFC 9112 §2.2', 'A CR must be followed by LF.'),
  'field-name': row('field-name', 400, 'RFC 9110 §5.1', 'The name of a header field is not a token.'),
  'field-colon': row('field-colon', 400, 'RFC 9112 §5', 'A header line has no colon.'),
  'field-space': row('field-space', 400, 'RFC 9112 §5.1', 'No blank may stand in or behind the name of a field.'),
  'field-fold': row('field-fold', 400, 'RFC 9112 §5.2', 'A header line must not begin with a blank.'),
  'field-value': row('field-value', 400, 'RFC 9110 §5.5', 'A field value contains a control character.'),
  'too-many-fields': row('too-many-fields', 431, 'RFC 6585 §5', 'There are too many header fields.'),
  'head-too-large': row('head-too-large', 431, 'RFC 6585 §5', 'The header fields are too large.'),
  method: row('method', 405, 'RFC 6455 §4.2.1', 'A WebSocket is opened with GET.', ALLOW_GET),
  'http-1-0': row('http-1-0', 400, 'RFC 6455 §4.2.1', 'A WebSocket is opened with HTTP/1.1 or higher.'),
  'host-missing': row('host-missing', 400, 'RFC 9112 §3.2', 'There is no Host.'),
  'host-repeated': row('host-repeated', 400, 'RFC 9112 §3.2', 'There is more than one Host.'),
  'host-invalid': row('host-invalid', 400, 'RFC 9112 §3.2', 'The Host is not a host with an optional port.'),
  'request-body': row('request-body', 400, 'RFC 9112 §6', 'A request for a WebSocket must not have a body.'),
  expect: row('expect', 417, 'RFC 9110 §10.1.1', 'No expectation can be met.'),
  upgrade: row('upgrade', 426, 'RFC 6455 §4.2.1', 'Upgrade must name websocket.', UPGRADE_FIELDS),
  connection: row('connection', 426, 'RFC 6455 §4.2.1', 'Connection must name upgrade.', UPGRADE_FIELDS),
  version: row('version', 426, 'RFC 6455 §4.4', 'Sec-WebSocket-Version must be 13.', UPGRADE_FIELDS),
  'key-missing': row('key-missing', 400, 'RFC 6455 §4.2.1', 'There is no Sec-WebSocket-Key.'),
  'key-repeated': row('key-repeated', 400, 'RFC 6455 §11.3.1', 'There is more than one Sec-WebSocket-Key.'),
  'key-invalid': row('key-invalid', 400, 'RFC 6455 §4.2.1', 'Sec-WebSocket-Key is not the base64 of 16 bytes.'),
  'subprotocol-syntax': row(
    'subprotocol-syntax',
    400,
    'RFC 6455 §11.3.4',
    'Sec-WebSocket-Protocol is not a list of tokens.',
  ),
  'subprotocol-repeated': row('subprotocol-repeated', 400, 'RFC 6455 §4.1', 'A subprotocol is named twice.'),
  'extensions-syntax': row('extensions-syntax', 400, 'RFC 6455 §9.1', 'Sec-WebSocket-Extensions is malformed.'),
  origin: row('origin', 403, 'RFC 6455 §10.2', 'This origin is not allowed.'),
  'not-found': row('not-found', 404, 'RFC 6455 §4.2.2', 'There is no WebSocket here.'),
  forbidden: row('forbidden', 403, 'RFC 6455 §4.2.2', 'Not allowed.'),
  'handshake-timeout': row('handshake-timeout', 408, 'RFC 9110 §15.5.9', 'The request took too long.'),
  'internal-error': row('internal-error', 500, 'RFC 9110 §15.6.1', 'The server failed.'),
  'too-many-connections': row('too-many-connections', 503, 'RFC 9110 §15.6.4', 'There are too many connections.'),
  'shutting-down': row('shutting-down', 503, 'RFC 9110 §15.6.4', 'The server is shutting down.'),
})

/** Tells a refusal from what is returned in its place when the request is good. */
export function isRefusal(value: object): value is Refusal {
  return 'status' in value && 'section' in value && 'text' in value
}
