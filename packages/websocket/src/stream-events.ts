// The listeners on a stream: shared functions, one set for all streams, that find who listens by a symbol. From the
// first byte of a request to the last of a connection the listeners stay and only who listens changes. Closures for
// each connection would cost more memory than everything else the engine keeps for one.

import type { Duplex } from 'node:stream'

/** Whoever has the stream at the moment: a handshake, a connection, or what sees a refused peer off. */
export interface StreamListener {
  read(chunk: Buffer): void
  onStreamDrain(): void
  onStreamEnd(): void
  onStreamError(error: Error): void
  onStreamClose(): void
}

const LISTENER: unique symbol = Symbol('tautline stream listener')

/** A stream that carries a WebSocket: a net.Socket, a tls.TLSSocket or any other Duplex. */
export interface Carrier extends Duplex {
  [LISTENER]?: StreamListener | undefined
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
  readonly localAddress?: string | undefined
  readonly localPort?: number | undefined
  readonly encrypted?: boolean
}

/**
 * Says for whom a proxy opened the stream. Whoever looks at its address from now on sees that one: an HTTP server that the
 * stream is handed to as well.
 */
export function setSource(stream: Carrier, { address, port }: { address: string; port: number }): void {
  Object.defineProperties(stream, {
    remoteAddress: { value: address, configurable: true },
    remotePort: { value: port, configurable: true },
  })
}

/** Gives the stream to `listener`. The first time it also starts the flow, unless the stream is paused. */
export function listen(stream: Carrier, listener: StreamListener): void {
  const first = stream[LISTENER] === undefined
  stream[LISTENER] = listener
  if (!first) return
  stream.on('error', onError)
  stream.on('close', onClose)
  stream.on('end', onEnd)
  stream.on('drain', onDrain)
  stream.on('data', onData)
}

/** Does the stream belong to `listener` now? */
export function isListening(stream: Carrier, listener: StreamListener): boolean {
  return stream[LISTENER] === listener
}

/** Has the stream a listener of ours already? */
export function isTaken(stream: Carrier): boolean {
  return stream[LISTENER] !== undefined
}

/** Leaves the stream: nothing more is heard of it. */
export function unlisten(stream: Carrier): void {
  stream[LISTENER] = undefined
  stream.off('close', onClose)
  stream.off('end', onEnd)
  stream.off('drain', onDrain)
  stream.off('data', onData)
  // A late error without a listener would end the process. Whoever takes a living stream over has its own.
  if (!stream.destroyed) stream.off('error', onError)
}

function onData(this: Carrier, chunk: Buffer): void {
  this[LISTENER]?.read(chunk)
}

function onDrain(this: Carrier): void {
  this[LISTENER]?.onStreamDrain()
}

function onEnd(this: Carrier): void {
  this[LISTENER]?.onStreamEnd()
}

function onError(this: Carrier, error: Error): void {
  this[LISTENER]?.onStreamError(error)
}

function onClose(this: Carrier): void {
  this[LISTENER]?.onStreamClose()
}
