// A client's way to an open connection: reach the server, send the opening handshake, judge the answer, follow
// redirects if told to. One deadline and one signal hold for all of it. After the 101 nothing of it remains.

import type { Socket } from '../socket.ts'
import { Attempt } from './attempt.ts'
import type { ConnectOptions } from './options.ts'

/**
 * Opens a WebSocket connection.
 *
 * ```ts
 * const socket = await connect('wss://example.com/feed', { subprotocols: ['v1'] })
 * socket.onmessage = (data) => { … }
 * ```
 *
 * Whoever awaits it may set the callbacks then: nothing is delivered before the next turn of the loop.
 *
 * @param url absolute, `ws:`, `wss:`, `http:` or `https:`, without a fragment; a user and password in it are sent as
 * `Authorization: Basic`
 * @returns rejects with a `HandshakeError` when there is no connection (`code` is stable, `status` is the server's or 0),
 * with a TypeError or RangeError for arguments that make no sense, with the signal's reason when it is aborted
 */
export async function connect(url: string | URL, options: ConnectOptions = {}): Promise<Socket> {
  if (options === null || typeof options !== 'object') throw new TypeError('the options must be an object')
  return await new Attempt(url, options).outcome
}
