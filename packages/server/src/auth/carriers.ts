// Where a client's token is: in its connect message, or, where the configuration says so, in a subprotocol, a cookie or
// the URL. It checks none.

import type { ConnectRequest } from '../options.ts'
import { refused } from './refusals.ts'
import type { JwtSettings } from './settings.ts'

/** A subprotocol `bearer.<token>` carries one (RFC 6455 §11.3.4 makes it the one header that a page may set). */
const BEARER = 'bearer.'

/**
 * The token that a client brought; the connect message counts before all others, so that a refresh can replace them.
 *
 * @throws RealtimeError `unauthorized`: a cookie or parameter of the name is there twice, and the page that set one of
 *   them may be another's
 */
export function tokenOf(request: ConnectRequest, settings: JwtSettings): string | undefined {
  if (request.token !== undefined) return request.token
  const { subprotocol, cookie, query } = settings
  return (
    (subprotocol ? fromSubprotocol(request) : undefined) ??
    (cookie === null ? undefined : fromCookie(request, cookie)) ??
    (query === null ? undefined : fromQuery(request, query))
  )
}

function fromSubprotocol({ headers }: ConnectRequest): string | undefined {
  const offered = headers.get('sec-websocket-protocol')?.split(',') ?? []
  return only(offered.map((one) => one.trim()).filter((one) => one.startsWith(BEARER)))?.slice(BEARER.length)
}

/** RFC 6265 §5.4: pairs, separated by semicolons. Values of tokens need no quotes, and are not decoded. */
function fromCookie({ headers }: ConnectRequest, name: string): string | undefined {
  const pairs = headers.get('cookie')?.split(';') ?? []
  const values = pairs.map((pair) => pair.trim()).filter((pair) => pair.startsWith(`${name}=`))
  const value = only(values)?.slice(name.length + 1)
  return value === '' ? undefined : value
}

function fromQuery({ target }: ConnectRequest, name: string): string | undefined {
  const start = target.indexOf('?')
  return start === -1 ? undefined : only(new URLSearchParams(target.slice(start + 1)).getAll(name))
}

function only(values: readonly string[]): string | undefined {
  if (values.length > 1) throw refused('twice')
  return values[0]
}
