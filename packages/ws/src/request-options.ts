// The URL, subprotocols and options of a client, checked and turned into the options of a request of node:http.

import type { ClientRequestArgs } from 'node:http'
import { isIP, connect as netConnect } from 'node:net'
import { unescape as unescapePercent } from 'node:querystring'
import type { Duplex } from 'node:stream'
import { type ConnectionOptions as TlsOptions, connect as tlsConnect } from 'node:tls'
import { type DeflateOffer, isToken, offerDeflate } from '@tautline/websocket/face'
import { DEFAULTS, type Terms, termsOf } from './options.ts'
import type { ClientOptions, PerMessageDeflateOptions } from './types.ts'

const VERSIONS: readonly unknown[] = [8, 13]

/** The options with their defaults, and those of the request that they become. */
export type Complete = Omit<ClientOptions & ClientRequestArgs, 'headers'> & {
  headers: Record<string, string | number>
  auth?: string | undefined
  maxRedirects: number
  perMessageDeflate: boolean | PerMessageDeflateOptions
  protocolVersion: number
  terms: Terms
}

/** @throws RangeError for a protocol version that does not exist */
export function complete(given: ClientOptions): Complete {
  const options = {
    ...DEFAULTS,
    protocolVersion: 13,
    perMessageDeflate: true,
    followRedirects: false,
    maxRedirects: 10,
    ...given,
    // These are the URL's to say.
    socketPath: undefined,
    hostname: undefined,
    protocol: undefined,
    protocols: undefined,
    method: 'GET',
    host: undefined,
    path: undefined,
    port: undefined,
    timeout: given.handshakeTimeout,
  }
  if (!VERSIONS.includes(options.protocolVersion)) {
    throw new RangeError(
      `Unsupported protocol version: ${options.protocolVersion} (supported versions: ${VERSIONS.join(', ')})`,
    )
  }
  return { ...options, terms: termsOf(options) } as unknown as Complete
}

/** @throws SyntaxError; http: and https: become ws: and wss: */
export function parseUrl(address: string | URL): URL {
  let url: URL
  try {
    url = address instanceof URL ? address : new URL(address)
  } catch {
    throw new SyntaxError(`Invalid URL: ${address}`)
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return url
  const copy = new URL(url)
  copy.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:'
  return copy
}

/** Why it cannot be used, or null. */
export function invalidUrl(url: URL): string | null {
  if (!['ws:', 'wss:', 'ws+unix:'].includes(url.protocol)) {
    return 'The URL\'s protocol must be one of "ws:", "wss:", "http:", "https:", or "ws+unix:"'
  }
  if (url.protocol === 'ws+unix:' && !url.pathname) return "The URL's pathname is empty"
  // RFC 6455 §3: "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be used".
  return url.hash ? 'The URL contains a fragment identifier' : null
}

/** @throws SyntaxError */
export function checkSubprotocols(protocols: readonly unknown[]): readonly string[] {
  const seen = new Set<string>()
  for (const protocol of protocols) {
    if (typeof protocol !== 'string' || !isToken(protocol) || seen.has(protocol)) {
      throw new SyntaxError('An invalid or duplicated subprotocol was specified')
    }
    seen.add(protocol)
  }
  return [...seen]
}

export function addHeaders(
  options: Complete,
  key: string,
  offer: DeflateOffer | null,
  subprotocols: readonly string[],
): void {
  const { origin, protocolVersion } = options
  options.headers = {
    ...options.headers,
    'Sec-WebSocket-Version': protocolVersion,
    'Sec-WebSocket-Key': key,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    ...(offer === null ? {} : { 'Sec-WebSocket-Extensions': offerDeflate(offer) }),
    ...(subprotocols.length === 0 ? {} : { 'Sec-WebSocket-Protocol': subprotocols.join(',') }),
    ...(origin ? { [protocolVersion < 13 ? 'Sec-WebSocket-Origin' : 'Origin']: origin } : {}),
  }
}

/** Host, port, path and credentials. */
export function addTarget(options: Complete, url: URL): void {
  const { hostname, password, port, username } = url
  const defaultPort = url.protocol === 'wss:' ? 443 : 80
  options.defaultPort ||= defaultPort
  options.port = port || defaultPort
  options.host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  options.path = url.pathname + url.search
  if (username || password) options.auth = `${unescapePercent(username)}:${unescapePercent(password)}`
  if (url.protocol !== 'ws+unix:') return
  const colon = options.path.indexOf(':')
  options.socketPath = colon === -1 ? options.path : options.path.slice(0, colon)
  options.path = colon === -1 ? '' : options.path.slice(colon + 1)
}

/** As node:http would, but over a Unix socket if there is one. */
export function connectNet(options: ClientRequestArgs): Duplex {
  return netConnect({ ...options, path: options.socketPath } as never)
}

export function connectTls(options: TlsOptions): Duplex {
  const { host = '', servername } = options
  const name = servername || servername === '' ? servername : isIP(host) ? '' : host
  return tlsConnect({ ...options, path: undefined as never, servername: name })
}

export function objectOf(options: boolean | PerMessageDeflateOptions): PerMessageDeflateOptions {
  return typeof options === 'object' ? options : {}
}
