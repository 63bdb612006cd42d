// The opening handshake of a client, through node:http(s) as in ws, so that agents, proxies and the application's own
// listeners work as they do there. What the server answers is judged by the protocol's rules.

import { randomBytes } from 'node:crypto'
import type { ClientRequest, ClientRequestArgs, IncomingMessage } from 'node:http'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import {
  type AcceptedUpgrade,
  checkAccept,
  type DeflateOffer,
  HeaderFields,
  isHandshakeFailure,
  nodePlatform,
} from '@tautline/websocket/face'
import { acceptFailureText } from './accept-failures.ts'
import { offerOf } from './per-message-deflate.ts'
import { dropCredentials, type Origin, originOf } from './redirects.ts'
import {
  addHeaders,
  addTarget,
  type Complete,
  checkSubprotocols,
  complete,
  connectNet,
  connectTls,
  invalidUrl,
  objectOf,
  parseUrl,
} from './request-options.ts'
import type { ClientOptions } from './types.ts'
import type { WebSocket } from './websocket.ts'

/** A handshake under way; it may go through several requests. */
export interface Opening {
  request: ClientRequest | null
  redirects: number
  /** Where the first request went: credentials are for there only. Null if redirects are not followed. */
  origin: Origin | null
}

/** Requests that `abortOpening` ended: their errors are ours. */
const aborted: WeakSet<ClientRequest> = new WeakSet()

/**
 * Starts opening a client.
 *
 * @param protocols subprotocols, or the options if there are none
 * @throws SyntaxError for a URL or a subprotocol that cannot be used, RangeError for a protocol version
 */
export function connectClient(
  websocket: WebSocket,
  address: string | URL,
  protocols: unknown,
  options: ClientOptions | ClientRequestArgs | undefined,
): void {
  websocket._opening = { request: null, redirects: 0, origin: null }
  const isOptions = typeof protocols === 'object' && protocols !== null && !Array.isArray(protocols)
  const given = (isOptions ? protocols : options) as ClientOptions | undefined
  const offered = protocols === undefined || isOptions ? given?.protocols : protocols
  const list = offered === undefined ? [] : Array.isArray(offered) ? offered : [offered]
  attempt(websocket, address, list, given ?? {})
}

/** Gives up a handshake: `error` and `close` follow from a later turn of the loop. */
export function abortOpening(websocket: WebSocket, message: string): void {
  const request = websocket._opening?.request
  websocket._closing()
  const error = new Error(message)
  if (request === null || request === undefined) {
    process.nextTick(() => websocket._fail(error))
    return
  }
  aborted.add(request)
  request.destroy()
  // A request that is complete lets go of its socket.
  if (request.socket && !request.socket.destroyed) request.socket.destroy()
  process.nextTick(() => websocket._fail(error))
}

/** The answer came, but it is not one: the stream goes, then the events. */
function abortUpgrade(websocket: WebSocket, stream: Duplex, message: string): void {
  websocket._closing()
  stream.once('error', (error) => websocket.emit('error', error))
  stream.once('close', () => websocket._neverOpened())
  stream.destroy(new Error(message))
}

/** One request; a redirect makes another. */
function attempt(
  websocket: WebSocket,
  address: string | URL,
  protocols: readonly unknown[],
  given: ClientOptions,
): void {
  const opening = websocket._opening as Opening
  const options = complete(given)
  const url = parseUrl(address)
  websocket._url = url.href
  const invalid = invalidUrl(url)
  if (invalid !== null) {
    const error = new SyntaxError(invalid)
    if (opening.redirects === 0) throw error
    websocket._fail(error)
    return
  }
  const key = randomBytes(16).toString('base64')
  const offer = options.perMessageDeflate ? offerOf(objectOf(options.perMessageDeflate)) : null
  const subprotocols = checkSubprotocols(protocols)
  addHeaders(options, key, offer, subprotocols)
  addTarget(options, url)
  const next = options.followRedirects ? prepareRedirects(websocket, opening, url, options, given) : given
  const isSecure = url.protocol === 'wss:'
  options.createConnection ??= (isSecure ? connectTls : connectNet) as never
  const request = (isSecure ? httpsRequest : httpRequest)(options as ClientRequestArgs)
  opening.request = request
  if (opening.redirects > 0) websocket.emit('redirect', websocket.url, request)
  listen(websocket, request, { url, options, given: next, protocols, subprotocols, key, offer })
  if (options.finishRequest) options.finishRequest(request, websocket)
  else request.end()
}

/** What an attempt must remember until its answer comes. */
interface Attempt {
  readonly url: URL
  readonly options: Complete
  readonly given: ClientOptions
  readonly protocols: readonly unknown[]
  readonly subprotocols: readonly string[]
  readonly key: string
  readonly offer: DeflateOffer | null
}

function listen(websocket: WebSocket, request: ClientRequest, sent: Attempt): void {
  const { options } = sent
  if (options.timeout) {
    request.on('timeout', () => abortOpening(websocket, 'Opening handshake has timed out'))
  }
  request.on('error', (error) => {
    if (aborted.has(request) || websocket._opening?.request !== request) return
    websocket._opening.request = null
    websocket._fail(error)
  })
  request.on('response', (response) => {
    const { location } = response.headers
    const status = response.statusCode ?? 0
    if (location && options.followRedirects && status >= 300 && status < 400) follow(websocket, request, location, sent)
    else if (!websocket.emit('unexpected-response', request, response)) {
      abortOpening(websocket, `Unexpected server response: ${status}`)
    }
  })
  request.on('upgrade', (response, stream, head) => {
    websocket.emit('upgrade', response)
    // The listener may have given up.
    if (websocket.readyState !== websocket.CONNECTING) return
    const opening = websocket._opening as Opening
    opening.request = null
    const accepted = judge(response, sent)
    if (typeof accepted === 'string') return abortUpgrade(websocket, stream, accepted)
    const { deflate, subprotocol } = accepted
    websocket._protocol = subprotocol
    websocket._open(stream, head, { role: 'client', subprotocol, deflate }, options.terms)
  })
}

/** The rules of RFC 6455 §4.1, and that of ws that a server must choose a subprotocol if some were offered. */
function judge(response: IncomingMessage, sent: Attempt): AcceptedUpgrade | string {
  const { key, offer, options, subprotocols } = sent
  const head = {
    status: response.statusCode ?? 0,
    reason: response.statusMessage ?? '',
    version: response.httpVersion,
    headers: HeaderFields.fromRaw(response.rawHeaders),
  }
  const accepted = checkAccept(head, { key, subprotocols, deflate: offer }, nodePlatform)
  if (isHandshakeFailure(accepted)) {
    return acceptFailureText(accepted, subprotocols.length > 0, offer !== null)
  }
  if (subprotocols.length > 0 && accepted.subprotocol === '') return 'Server sent no subprotocol'
  const { clientNoContextTakeover } = objectOf(options.perMessageDeflate)
  const refusesToForget = clientNoContextTakeover === false && accepted.deflate?.clientNoContextTakeover
  return refusesToForget ? 'Invalid Sec-WebSocket-Extensions header' : accepted
}

function follow(websocket: WebSocket, request: ClientRequest, location: string, sent: Attempt): void {
  const opening = websocket._opening as Opening
  opening.redirects++
  if (opening.redirects > sent.options.maxRedirects) {
    abortOpening(websocket, 'Maximum redirects exceeded')
    return
  }
  aborted.add(request)
  request.destroy()
  let target: URL
  try {
    target = new URL(location, sent.url)
  } catch {
    websocket._fail(new SyntaxError(`Invalid URL: ${location}`))
    return
  }
  attempt(websocket, target, sent.protocols, sent.given)
}

/** Remembers where the credentials belong, and leaves them out elsewhere. Returns the options for the next request. */
function prepareRedirects(
  websocket: WebSocket,
  opening: Opening,
  url: URL,
  options: Complete,
  given: ClientOptions,
): ClientOptions {
  const target = originOf(url, options.socketPath)
  let next = given
  if (opening.origin === null) {
    opening.origin = target
    const headers: Record<string, string> = {}
    for (const [name, value] of Object.entries(given.headers ?? {})) headers[name.toLowerCase()] = value
    // A copy: the application's object must not gain headers.
    next = { ...given, headers }
  } else if (websocket.listenerCount('redirect') === 0) dropCredentials(options, opening.origin, target)
  // The first Authorization wins, as in curl.
  if (options.auth && next.headers !== undefined && !next.headers['authorization']) {
    next.headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`
  }
  return next
}
