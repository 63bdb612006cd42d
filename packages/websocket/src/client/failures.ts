// Why `connect` was rejected, in words that say what to do. Codes are stable: TAUTLINE_HANDSHAKE_ and the id in capitals.
// Nothing that the peer sent is part of a text, but the origin that a followed redirect named.

import { HANDSHAKE_FAILURES, HandshakeError, type HandshakeFailure, type HandshakeFailureId } from '@tautline/protocol'

export type ConnectFailureId =
  | 'closed'
  | 'connect'
  | 'proxy-closed'
  | 'proxy-connect'
  | 'proxy-early'
  | 'proxy-response'
  | 'proxy-status'
  | 'redirect-downgrade'
  | 'redirect-limit'
  | 'redirect-location'
  | 'timeout'

/** What the response's table (protocol's HANDSHAKE_FAILURES) does not know: failures around the response. */
export const CONNECT_FAILURES: { readonly [id in ConnectFailureId]: string } = Object.freeze({
  closed: 'The server closed the connection before it had answered. Is it a WebSocket server, and ws: or wss: right?',
  connect: 'No connection could be made. Check host, port and, for wss:, the certificate (option tls).',
  'proxy-closed': 'The proxy closed the connection before it had answered. Is the option proxy an HTTP proxy?',
  'proxy-connect': 'No connection to the proxy could be made. Check the option proxy and, for https:, proxyTls.',
  'proxy-early': 'The proxy sent bytes of the server before we had sent anything. Do not trust this way.',
  'proxy-response': 'The answer of the proxy is not HTTP. Check the option proxy.',
  'proxy-status': 'The proxy refused to CONNECT.',
  'redirect-downgrade':
    'The server redirects from wss: to ws:, which is never followed. Connect to its new URL yourself.',
  'redirect-limit': 'There were more redirects than the option redirects allows.',
  'redirect-location': 'The server redirects without a usable Location.',
  timeout: 'The handshake took longer than the option handshakeTimeout allows.',
})

const NO_WEBSOCKET = 'Is this URL a WebSocket server, and does every proxy on the way pass upgrades on?'
const DEFLATE = "The server's permessage-deflate is at fault: connect without the option compression."

/** What to do about a failure of the response. */
const ADVICE: { readonly [id in HandshakeFailureId]?: string } = Object.freeze({
  'status-line': NO_WEBSOCKET,
  'http-version': NO_WEBSOCKET,
  upgrade: NO_WEBSOCKET,
  connection: NO_WEBSOCKET,
  'accept-missing': NO_WEBSOCKET,
  'accept-wrong': 'The answer may be a cached one: is there a proxy on the way that does not know WebSockets?',
  'head-too-large': 'If it is to be that large, raise the option maxHeadBytes.',
  'too-many-fields': 'If there are to be that many, raise the option maxHeaders.',
  'subprotocol-not-offered': 'Name in the option subprotocols what the server speaks.',
  'extension-not-offered': DEFLATE,
  'extension-repeated': DEFLATE,
  'extensions-syntax': DEFLATE,
  'deflate-parameter-missing': DEFLATE,
  'deflate-parameter-not-offered': DEFLATE,
  'deflate-parameter-repeated': DEFLATE,
  'deflate-parameter-unknown': DEFLATE,
  'deflate-parameter-value': DEFLATE,
})

/** What to do about a status that is not 101. */
const STATUS_ADVICE: ReadonlyMap<number, string> = new Map([
  [200, 'A web server answered as if for a page: check the path of the URL.'],
  [400, 'It finds the request malformed: check the options headers and subprotocols.'],
  [401, 'It wants credentials: put user and password in the URL, or Authorization in the option headers.'],
  [403, 'It forbids this: check the options origin and headers.'],
  [404, 'There is nothing under this path: check the URL.'],
  [407, 'It wants credentials for the proxy: put user and password in the URL of the option proxy.'],
  [426, 'It speaks another version of the protocol, or none under this path.'],
  [429, 'There were too many requests: try again later.'],
  [502, 'A gateway does not reach the server: try again later.'],
  [503, 'It is not available: try again later.'],
  [504, 'A gateway does not reach the server: try again later.'],
])

/** The error for something that went wrong around the response. `where` is an origin, as `originOf` writes it. */
export function connectFailure(id: ConnectFailureId, where: string, status = 0, cause?: unknown): HandshakeError {
  const reason = cause === undefined ? '' : ` [${codeOf(cause)}]`
  const advice = id === 'proxy-status' ? ` (${status}) ${statusAdvice(status)}` : ''
  const text = `${where}: ${CONNECT_FAILURES[id]}${advice.trimEnd()}${reason}`
  return new HandshakeError(codeFor(id), text, status, cause === undefined ? undefined : { cause })
}

/** The error for a response that breaks a rule. */
export function responseFailure(failure: HandshakeFailure, where: string, status: number): HandshakeError {
  const known = Object.hasOwn(HANDSHAKE_FAILURES, failure.id) ? (failure.id as HandshakeFailureId) : undefined
  const advice = known === 'status' ? statusAdvice(status) : known === undefined ? undefined : ADVICE[known]
  const got = known === 'status' ? ` but ${status}` : ''
  const text = `${where}: ${failure.text.slice(0, -1)}${got} (${failure.section}). ${advice ?? NO_WEBSOCKET}`
  return new HandshakeError(codeFor(failure.id), text, status)
}

function statusAdvice(status: number): string {
  if (isRedirect(status)) return 'It redirects: set the option redirects to follow, or connect to the new URL.'
  return STATUS_ADVICE.get(status) ?? ''
}

/** RFC 9110 §15.4: the statuses whose Location is to be asked instead. */
export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308
}

function codeFor(id: string): string {
  return `TAUTLINE_HANDSHAKE_${id.replaceAll('-', '_').toUpperCase()}`
}

/** The system's name of an error. Messages of TLS errors quote the peer's certificate, so they stay out. */
function codeOf(cause: unknown): string {
  const code = (cause as { code?: unknown } | null)?.code
  return typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? code : 'unknown reason'
}
