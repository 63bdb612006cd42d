// What the protocol's tests share: connections with sensible limits, and events in a form that compares.

import { nodePlatform } from '@tautline/websocket'
import { DeflateCodec } from '../src/deflate/codec.ts'
import type { DeflateParameters } from '../src/deflate/parameters.ts'
import { Endpoint } from '../src/endpoint.ts'
import { type ConnectionEvent, EventConnection } from '../src/events.ts'
import { Slab } from '../src/frame-writer.ts'
import { ByteBudget } from '../src/message-assembler.ts'
import type { MessageLimits } from '../src/message-reader.ts'
import type { Platform } from '../src/platform.ts'

export const platform: Platform = nodePlatform
export const slab: Slab = new Slab(nodePlatform)

export const FULL: DeflateParameters = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
}

export function limits(over: Partial<MessageLimits> = {}): MessageLimits {
  return {
    maxPayload: 1 << 20,
    maxFragments: 1024,
    validateUtf8: true,
    parts: false,
    budget: new ByteBudget(1 << 26),
    ...over,
  }
}

export interface Wanted {
  readonly limits?: Partial<MessageLimits>
  readonly deflate?: DeflateParameters | null
  readonly autoPong?: boolean
  readonly slab?: Slab
}

export function endpointOf(role: 'server' | 'client', wanted: Wanted = {}): Endpoint {
  const { autoPong = true } = wanted
  return new Endpoint({ role, limits: limits(wanted.limits), autoPong, platform, slab: wanted.slab ?? slab })
}

export function connectionOf(role: 'server' | 'client', wanted: Wanted = {}): EventConnection {
  const { deflate = null } = wanted
  const codec = deflate === null ? null : new DeflateCodec(platform, deflate, role)
  return new EventConnection(endpointOf(role, wanted), codec)
}

/** Everything the connection wants written, joined. */
export function taken(from: EventConnection): Buffer {
  const output = from.connection.take()
  if (output === null) return Buffer.alloc(0)
  return output instanceof Uint8Array ? Buffer.from(output) : Buffer.concat(output as Uint8Array[])
}

/** An event as one comparable text. */
export function told(event: ConnectionEvent): string {
  switch (event.type) {
    case 'text':
      return `text ${JSON.stringify(event.text)}`
    case 'part':
      return `part ${event.binary ? 'binary' : 'text'} ${hex(event.bytes)}${event.last ? ' last' : ''}`
    case 'close':
      return `close ${event.code} ${JSON.stringify(event.reason)}`
    case 'violation':
      return `violation ${event.violation.id}`
    default:
      return `${event.type} ${hex(event.bytes)}`
  }
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** The events of all chunks. Each chunk is copied: the connection takes over what it is given. */
export function hear(connection: EventConnection, chunks: Iterable<Uint8Array>): string[] {
  const out: string[] = []
  for (const chunk of chunks) for (const event of connection.receive(Buffer.from(chunk))) out.push(told(event))
  return out
}
