// Where a client connects to: a URL taken apart once, with the rules of RFC 6455 §3 and §4.1 on what may stand in it.

import { isIP } from 'node:net'

/** One server and one resource on it. */
export interface Target {
  readonly secure: boolean
  /** Name or address, an IPv6 address without brackets. */
  readonly hostname: string
  readonly port: number
  /** Value of Host: with the port where it is not the scheme's default (RFC 6455 §4.1 (4)). */
  readonly host: string
  /** Path and query, percent-encoded. */
  readonly resource: string
  /** `Basic …` from the URL's user and password, or undefined. */
  readonly authorization: string | undefined
}

const SECURE: ReadonlyMap<string, boolean> = new Map([
  ['ws:', false],
  ['http:', false],
  ['wss:', true],
  ['https:', true],
])

/**
 * Reads a `ws:`, `wss:`, `http:` or `https:` URL.
 *
 * @throws TypeError for anything else
 */
export function parseTarget(url: string | URL): Target {
  const parsed = parse(url)
  const secure = SECURE.get(parsed.protocol)
  if (secure === undefined) throw new TypeError('the URL must begin with ws:, wss:, http: or https:')
  // RFC 6455 §3: "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be used".
  if (parsed.href.includes('#')) throw new TypeError('the URL must not have a fragment (#)')
  return targetOf(parsed, secure)
}

/**
 * Where a Location leads from `from`, without its fragment and user: a server has no say in credentials.
 *
 * @returns null if it cannot be followed
 */
export function parseLocation(location: string, from: Target): Target | null {
  const base = `${from.secure ? 'https' : 'http'}://${from.host}${from.resource}`
  const parsed = URL.canParse(location, base) ? new URL(location, base) : null
  const secure = parsed === null ? undefined : SECURE.get(parsed.protocol)
  if (parsed === null || secure === undefined) return null
  return { ...targetOf(parsed, secure), authorization: undefined }
}

/** Scheme, host and port are the same: RFC 6454, with ws: as http:. */
export function sameOrigin(a: Target, b: Target): boolean {
  return a.secure === b.secure && a.hostname === b.hostname && a.port === b.port
}

/** How errors name a target: neither its path nor its query, for they may hold secrets. */
export function originOf(target: Target): string {
  return `${target.secure ? 'wss' : 'ws'}://${target.host}`
}

/** `host:port` for CONNECT (RFC 9112 §3.2.3). */
export function authorityOf(target: Target): string {
  return `${isIP(target.hostname) === 6 ? `[${target.hostname}]` : target.hostname}:${target.port}`
}

/**
 * Reads the URL of an HTTP proxy.
 *
 * @throws TypeError if it is none
 */
export function parseProxy(url: string | URL): Target {
  const parsed = parse(url)
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    throw new TypeError('the option proxy must be an http: or https: URL')
  }
  return targetOf(parsed, parsed.protocol === 'https:')
}

function parse(url: string | URL): URL {
  if (url instanceof URL) return url
  if (typeof url !== 'string') throw new TypeError(`the URL must be a string or a URL, got ${typeof url}`)
  if (!URL.canParse(url)) throw new TypeError('the URL is not an absolute URL like wss://example.com/path')
  return new URL(url)
}

function targetOf(url: URL, secure: boolean): Target {
  const { hostname } = url
  return {
    secure,
    hostname: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    host: url.host,
    resource: url.pathname + url.search,
    authorization: basic(url),
  }
}

/** RFC 7617 §2, in UTF-8 as its §2.1 recommends. */
function basic(url: URL): string | undefined {
  if (url.username === '' && url.password === '') return undefined
  const text = `${decoded(url.username)}:${decoded(url.password)}`
  return `Basic ${Buffer.from(text, 'utf8').toString('base64')}`
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
