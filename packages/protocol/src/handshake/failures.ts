// Why a client fails an opening handshake because of the server's response, as one frozen table. No text quotes the
// server. The reference page of failures is generated from here.

import type { HeadFault } from './head-lines.ts'

/** One rule that the response broke. */
export interface HandshakeFailure {
  readonly id: string
  /** The source of the rule, e.g. `RFC 6455 §4.1`. */
  readonly section: string
  /** One English sentence without the peer's text. */
  readonly text: string
}

export type HandshakeFailureId =
  | HeadFault
  | 'status-line'
  | 'http-version'
  | 'too-many-interim'
  | 'status'
  | 'body'
  | 'upgrade'
  | 'connection'
  | 'accept-missing'
  | 'accept-repeated'
  | 'accept-wrong'
  | 'subprotocol-repeated'
  | 'subprotocol-not-offered'
  | 'extensions-syntax'
  | 'extension-not-offered'
  | 'extension-repeated'
  | 'deflate-parameter-unknown'
  | 'deflate-parameter-repeated'
  | 'deflate-parameter-value'
  | 'deflate-parameter-not-offered'
  | 'deflate-parameter-missing'

function row(id: HandshakeFailureId, section: string, text: string): HandshakeFailure {
  return Object.freeze({ id, section, text })
}

/** All failures: those of the response's head, then of the handshake, then of permessage-deflate. */
export const HANDSHAKE_FAILURES: { readonly [id in HandshakeFailureId]: HandshakeFailure } = Object.freeze({
  'status-line': row('status-line', 'RFC 9112 §4', 'The status line is malformed.'),
  'http-version': row('http-version', 'RFC 6455 §4.1', 'The response is not HTTP/1.1.'),
  'bare-lf': row('bare-lf', 'RFC 9112 §2.2', 'A line must end with CR LF.'),
  'bare-cr': row('bare-cr', 'RFC 9112 §2.2', 'A CR must be followed by LF.'),
  'field-name': row('field-name', 'RFC 9110 §5.1', 'The name of a header field is not a token.'),
  'field-colon': row('field-colon', 'RFC 9112 §5', 'A header line has no colon.'),
  'field-space': row('field-space', 'RFC 9112 §5.1', 'No blank may stand in or behind the name of a field.'),
  'field-fold': row('field-fold', 'RFC 9112 §5.2', 'A header line must not begin with a blank.'),
  'field-value': row('field-value', 'RFC 9110 §5.5', 'A field value contains a control character.'),
  'too-many-fields': row('too-many-fields', 'RFC 9110 §5.4', 'There are too many header fields.'),
  'head-too-large': row('head-too-large', 'RFC 9110 §5.4', 'The head of the response is too large.'),
  'too-many-interim': row('too-many-interim', 'RFC 9110 §15.2', 'There are too many interim responses.'),
  status: row('status', 'RFC 6455 §4.1', 'The server did not answer 101.'),
  body: row('body', 'RFC 9110 §8.6', 'A 101 must not have a body.'),
  upgrade: row('upgrade', 'RFC 6455 §4.1', 'Upgrade is not websocket.'),
  connection: row('connection', 'RFC 6455 §4.1', 'Connection does not name upgrade.'),
  'accept-missing': row('accept-missing', 'RFC 6455 §4.1', 'There is no Sec-WebSocket-Accept.'),
  'accept-repeated': row('accept-repeated', 'RFC 6455 §11.3.3', 'There is more than one Sec-WebSocket-Accept.'),
  'accept-wrong': row('accept-wrong', 'RFC 6455 §4.1', 'Sec-WebSocket-Accept does not answer the key.'),
  'subprotocol-repeated': row(
    'subprotocol-repeated',
    'RFC 6455 §11.3.4',
    'There is more than one Sec-WebSocket-Protocol.',
  ),
  'subprotocol-not-offered': row('subprotocol-not-offered', 'RFC 6455 §4.1', 'The subprotocol was not asked for.'),
  'extensions-syntax': row('extensions-syntax', 'RFC 6455 §9.1', 'Sec-WebSocket-Extensions is malformed.'),
  'extension-not-offered': row('extension-not-offered', 'RFC 6455 §4.1', 'An extension was not asked for.'),
  'extension-repeated': row('extension-repeated', 'RFC 7692 §5', 'permessage-deflate is accepted more than once.'),
  'deflate-parameter-unknown': row(
    'deflate-parameter-unknown',
    'RFC 7692 §7.1',
    'Unknown parameter of permessage-deflate.',
  ),
  'deflate-parameter-repeated': row(
    'deflate-parameter-repeated',
    'RFC 7692 §7.1',
    'Repeated parameter of permessage-deflate.',
  ),
  'deflate-parameter-value': row(
    'deflate-parameter-value',
    'RFC 7692 §7.1',
    'Bad value of a parameter of permessage-deflate.',
  ),
  'deflate-parameter-not-offered': row(
    'deflate-parameter-not-offered',
    'RFC 7692 §7.1.2',
    'The response exceeds what was offered for permessage-deflate.',
  ),
  'deflate-parameter-missing': row(
    'deflate-parameter-missing',
    'RFC 7692 §7.1',
    'The response leaves out what was asked of permessage-deflate.',
  ),
})

/** Tells a failure from what is returned in its place when the response is good. */
export function isHandshakeFailure(value: object): value is HandshakeFailure {
  return 'id' in value && 'section' in value && 'text' in value
}
