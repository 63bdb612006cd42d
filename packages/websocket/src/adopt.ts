// A connection whose handshake was done elsewhere becomes a Socket: for the `ws` face, for proxies, for tests.

import type { Duplex } from 'node:stream'
import type { DeflateParameters } from '@tautline/protocol'
import { flag } from './checks.ts'
import { EngineSocket } from './engine-socket.ts'
import { type DeflateEffort, NodePlatform, nodePlatform } from './platform.ts'
import { completeSettings, type Settings } from './settings.ts'
import type { Socket, SocketOptions } from './socket.ts'

/** What was agreed on in the handshake. */
export interface Agreement {
  readonly role: 'server' | 'client'
  readonly subprotocol?: string
  readonly deflate?: DeflateParameters | null
}

/** Options of adopted connections, checked once and shared by many. Made by `adoption`. */
export interface Adoption {
  readonly settings: Settings
}

export interface AdoptionOptions extends SocketOptions {
  readonly effort?: DeflateEffort
  /** A server's connections take messages of a `SharedDeflate`. */
  readonly shared?: boolean
}

/**
 * Checks and completes options for any number of `adopt` calls.
 *
 * @param options with the effort of compression
 * @param platform instead of Node's own with that effort
 */
export function adoption(
  options: AdoptionOptions = {},
  platform: NodePlatform = options.effort === undefined ? nodePlatform : new NodePlatform(options.effort),
): Adoption {
  return { settings: completeSettings(options, platform, flag('shared', options.shared, false)) }
}

/**
 * Makes a Socket of a stream behind its handshake.
 *
 * @param stream becomes the socket's own; it must be connected
 * @param head bytes behind the handshake that were read already; delivered, like all others, not before the next turn
 * @throws TypeError for permessage-deflate together with the option `parts`
 */
export function adopt(stream: Duplex, head: Uint8Array, agreement: Agreement, shared: Adoption = adoption()): Socket {
  const { role, subprotocol = '', deflate = null } = agreement
  if (deflate !== null && shared.settings.limits.parts) {
    throw new TypeError('with the option parts nothing is inflated: do not agree on permessage-deflate')
  }
  const net = stream as Duplex & { setNoDelay?(on: boolean): void; setTimeout?(ms: number): void }
  net.setTimeout?.(0)
  net.setNoDelay?.(true)
  // A copy: what the stream reads is given back when it was looked at (memory.ts), and the head is the caller's.
  if (head.length > 0) stream.unshift(Buffer.from(head))
  const socket = new EngineSocket(stream, shared.settings, { role, subprotocol, deflate, onGone: null })
  socket.begin(new Uint8Array(0))
  return socket
}
