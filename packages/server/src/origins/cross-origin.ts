// The origin rules for plain HTTP (CORS, Fetch Standard §3.2): which pages may ask, and read what is answered. What they
// may not is refused before it has an effect: a form needs no permission to be sent.

import { isHostOf, isOwnName, readOrigin } from './origin.ts'
import { readOriginList } from './settings.ts'

export interface CrossOriginOptions {
  /** As for `createRealtime`. 'any' is for what nobody's cookies open. */
  readonly origins?: 'any' | readonly string[]
  /** Does a cookie tell who asks? Then `origins` must be a list. Default false. */
  readonly credentials?: boolean
  /** What other pages may use. Default GET, HEAD, POST, PUT, PATCH, DELETE. */
  readonly methods?: readonly string[]
  /** Header fields that they may send. Default Authorization, Content-Type and Idempotency-Key. */
  readonly headers?: readonly string[]
  /** Header fields of answers that they may read. Default Retry-After. */
  readonly exposed?: readonly string[]
  /** Seconds for which browsers remember a preflight. Default 600. */
  readonly maxAge?: number
}

/** A request of any HTTP framework. */
export interface HttpRequest {
  readonly method: string
  readonly headers: { get(name: string): string | null | undefined }
}

export interface CrossOriginVerdict {
  /** For every answer to this request, whatever it is. */
  readonly headers: Readonly<Record<string, string>>
  /** What is answered at once: 204 to a preflight, 403 to a page that may not ask. null: it goes on. */
  readonly answer: { readonly status: 204 | 403; readonly text: string } | null
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
const HEADERS = ['Authorization', 'Content-Type', 'Idempotency-Key']
const READING = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Makes the judge of one HTTP endpoint.
 *
 * @throws SettingError where the list is none
 */
export function crossOrigin(options: CrossOriginOptions = {}): (request: HttpRequest) => CrossOriginVerdict {
  const { origins, credentials = false } = options
  const listed = origins === undefined || origins === 'any' ? null : new Set(readOriginList('origins', origins))
  if (credentials && listed === null) readOriginList('origins', origins ?? 'any')
  const preflight = preflightHeaders(options)
  const shared = {
    ...(credentials ? { 'access-control-allow-credentials': 'true' } : null),
    'access-control-expose-headers': (options.exposed ?? ['Retry-After']).join(', '),
  }

  const isGood = (text: string, host: string | null | undefined): boolean => {
    if (origins === 'any') return true
    const origin = readOrigin(text)
    if (origin === null) return false
    return listed === null ? isOwnName(origin.host) && isHostOf(origin, host) : listed.has(origin.text)
  }

  return ({ method, headers }) => {
    const origin = headers.get('origin') ?? undefined
    if (origin === undefined) return { headers: VARY, answer: unnamed(method, headers, credentials, origins === 'any') }
    if (!isGood(origin, headers.get('host'))) return { headers: VARY, answer: refused(foreign(origin)) }
    // The browser's own spelling: it compares byte by byte.
    const allowed = { ...VARY, ...shared, 'access-control-allow-origin': origins === 'any' ? '*' : origin }
    if (method !== 'OPTIONS' || !has(headers, 'access-control-request-method'))
      return { headers: allowed, answer: null }
    return { headers: { ...allowed, ...preflight }, answer: { status: 204, text: '' } }
  }
}

const VARY: Readonly<Record<string, string>> = Object.freeze({ vary: 'Origin' })
const EMBEDDED = 'Other pages may not load this (Sec-Fetch-Site): the option "origins" does not list them.'
const UNNAMED =
  'A request that changes something needs an Origin here, because a cookie tells who asks (option "origins").'

/** Without an Origin: a program, or a browser that reads. An image or a script of another page must not. */
function unnamed(
  method: string,
  headers: HttpRequest['headers'],
  credentials: boolean,
  any: boolean,
): CrossOriginVerdict['answer'] {
  const site = headers.get('sec-fetch-site')
  // Whoever follows a link, or writes the address, comes to see it himself.
  const visits = headers.get('sec-fetch-mode') === 'navigate' && headers.get('sec-fetch-dest') === 'document'
  if (!any && (site === 'cross-site' || site === 'same-site') && !(visits && READING.has(method)))
    return refused(EMBEDDED)
  return credentials && !READING.has(method) && has(headers, 'cookie') ? refused(UNNAMED) : null
}

function preflightHeaders({
  methods = METHODS,
  headers = HEADERS,
  maxAge = 600,
}: CrossOriginOptions): Record<string, string> {
  return {
    'access-control-allow-methods': methods.join(', '),
    'access-control-allow-headers': headers.join(', '),
    'access-control-max-age': String(maxAge),
  }
}

/** Nothing but an origin is shown. */
function foreign(text: string): string {
  const whose = text === 'null' ? 'without an origin (null)' : `of ${readOrigin(text)?.text ?? 'a malformed origin'}`
  return `Pages ${whose} may not ask here: the option "origins" does not list them.`
}

function refused(text: string): CrossOriginVerdict['answer'] {
  return { status: 403, text }
}

function has(headers: HttpRequest['headers'], name: string): boolean {
  const value = headers.get(name)
  return value !== null && value !== undefined
}
