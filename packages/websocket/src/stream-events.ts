// The listeners on a connection's stream: shared functions, one set for all connections, that find their socket by a
// symbol. Closures per connection would cost more memory than everything else the engine keeps for one.

import type { Buffer } from 'node:buffer'
import type { Duplex } from 'node:stream'

/** What the listeners call. */
export interface StreamListener {
  read(chunk: Buffer): void
  onStreamDrain(): void
  onStreamEnd(): void
  onStreamError(error: Error): void
  onStreamClose(): void
}

export const SOCKET: unique symbol = Symbol('tautline socket')

/** A stream that carries a WebSocket: a net.Socket, a tls.TLSSocket or any other Duplex. */
export interface Carrier extends Duplex {
  [SOCKET]?: StreamListener | undefined
  readonly remoteAddress?: string
  readonly remotePort?: number
}

/** Ties a listener to its stream and starts the flow. */
export function start(stream: Carrier, listener: StreamListener): void {
  stream[SOCKET] = listener
  stream.on('error', onError)
  stream.on('close', onClose)
  stream.on('end', onEnd)
  stream.on('drain', onDrain)
  stream.on('data', onData)
}

/** The stream is closed: nothing more is heard of it. Its error listener stays, for a late error must not throw. */
export function stop(stream: Carrier): void {
  stream.off('close', onClose)
  stream.off('end', onEnd)
  stream.off('drain', onDrain)
  stream.off('data', onData)
  stream[SOCKET] = undefined
}

function onData(this: Carrier, chunk: Buffer): void {
  this[SOCKET]?.read(chunk)
}

function onDrain(this: Carrier): void {
  this[SOCKET]?.onStreamDrain()
}

function onEnd(this: Carrier): void {
  this[SOCKET]?.onStreamEnd()
}

function onError(this: Carrier, error: Error): void {
  this[SOCKET]?.onStreamError(error)
}

function onClose(this: Carrier): void {
  this[SOCKET]?.onStreamClose()
}
