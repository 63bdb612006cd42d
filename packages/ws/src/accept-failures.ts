// What ws says when a server's answer to the opening handshake is none. Programs compare these texts.

import type { HandshakeFailure } from '@tautline/websocket/face'

const EXTENSIONS = 'Invalid Sec-WebSocket-Extensions header'
const ACCEPT = 'Invalid Sec-WebSocket-Accept header'

const TEXTS: ReadonlyMap<string, string> = new Map([
  ['upgrade', 'Invalid Upgrade header'],
  ['accept-missing', ACCEPT],
  ['accept-repeated', ACCEPT],
  ['accept-wrong', ACCEPT],
  ['subprotocol-repeated', 'Server sent an invalid subprotocol'],
  ['extensions-syntax', EXTENSIONS],
  ['extension-repeated', EXTENSIONS],
  // ws lets these pass.
  ['http-version', 'Invalid HTTP version'],
  ['connection', 'Invalid Connection header'],
  ['body', 'Unexpected body in the response'],
])

/** The text for a failure of a client that offered subprotocols, or permessage-deflate. */
export function acceptFailureText(failure: HandshakeFailure, subprotocols: boolean, deflate: boolean): string {
  const { id } = failure
  if (id === 'subprotocol-not-offered') {
    return subprotocols ? 'Server sent an invalid subprotocol' : 'Server sent a subprotocol but none was requested'
  }
  if (id === 'extension-not-offered' || (id === 'extensions-syntax' && !deflate)) {
    return deflate
      ? 'Server indicated an extension that was not requested'
      : 'Server sent a Sec-WebSocket-Extensions header but no extension was requested'
  }
  if (id.startsWith('deflate-')) return EXTENSIONS
  return TEXTS.get(id) ?? `Unexpected server response: ${failure.text}`
}
