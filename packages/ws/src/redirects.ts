// Where credentials may go when a handshake is redirected: to where the application sent them, and over TLS if it did.

import type { ClientRequestArgs } from 'node:http'

/** The place a request goes to. */
export interface Origin {
  /** Host and port, or the path of a Unix socket. */
  readonly place: string
  readonly unix: boolean
  readonly secure: boolean
}

export function originOf(url: URL, socketPath: string | undefined): Origin {
  const unix = url.protocol === 'ws+unix:'
  return { place: unix ? (socketPath ?? '') : url.host, unix, secure: url.protocol === 'wss:' }
}

/** Takes the credentials out of a request that goes elsewhere, or from TLS to none. */
export function dropCredentials(
  options: ClientRequestArgs & { headers: Record<string, unknown>; auth?: string | undefined },
  from: Origin,
  to: Origin,
): void {
  const samePlace = from.unix === to.unix && from.place === to.place
  if (samePlace && !(from.secure && !to.secure)) return
  // By then names are in lower case. A Proxy-Authorization is as secret as the other one.
  for (const name of ['authorization', 'cookie', 'proxy-authorization']) delete options.headers[name]
  if (!samePlace) delete options.headers['host']
  options.auth = undefined
}
