// The second face of a connection: events as values, for tests and for integrators who would rather pull than be
// called. The handler is the fast one; both stand on the same machine.

import { Connection, type ConnectionHandler } from './connection.ts'
import type { DeflateCodec } from './deflate/codec.ts'
import type { Endpoint } from './endpoint.ts'
import { Opcode } from './opcode.ts'
import type { Platform } from './platform.ts'
import type { Violation } from './violation.ts'

/** What can happen on a connection. Bytes are copies: they stay as they are. */
export type ConnectionEvent =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'binary'; readonly bytes: Uint8Array }
  | { readonly type: 'part'; readonly binary: boolean; readonly bytes: Uint8Array; readonly last: boolean }
  | { readonly type: 'ping' | 'pong'; readonly bytes: Uint8Array }
  | { readonly type: 'close'; readonly code: number; readonly reason: string }
  | { readonly type: 'violation'; readonly violation: Violation }

/** Collects what a connection reports. Call `events()` after each `receive`: the list grows until it is taken. */
export class EventConnection implements ConnectionHandler {
  readonly connection: Connection
  private readonly platform: Platform
  private queue: ConnectionEvent[] = []

  /** @param codec as in `Connection` */
  constructor(endpoint: Endpoint, codec: DeflateCodec | null = null) {
    this.platform = endpoint.platform
    this.connection = new Connection(endpoint, this, codec)
  }

  /** Takes over a chunk and returns what it brought. */
  receive(chunk: Uint8Array): ConnectionEvent[] {
    this.connection.receive(chunk)
    return this.events()
  }

  /** Takes what has happened since the last call, in order. */
  events(): ConnectionEvent[] {
    const events = this.queue
    this.queue = []
    return events
  }

  onText(bytes: Uint8Array, start: number, end: number): void {
    this.queue.push({ type: 'text', text: this.platform.decodeUtf8(bytes, start, end) })
  }

  onBinary(bytes: Uint8Array, start: number, end: number): void {
    this.queue.push({ type: 'binary', bytes: copyOf(bytes.subarray(start, end)) })
  }

  onPart(opcode: number, bytes: Uint8Array, start: number, end: number, last: boolean): void {
    this.queue.push({ type: 'part', binary: opcode === Opcode.binary, bytes: copyOf(bytes.subarray(start, end)), last })
  }

  onPing(payload: Uint8Array): void {
    this.queue.push({ type: 'ping', bytes: copyOf(payload) })
  }

  onPong(payload: Uint8Array): void {
    this.queue.push({ type: 'pong', bytes: copyOf(payload) })
  }

  onClose(code: number, reason: string): void {
    this.queue.push({ type: 'close', code, reason })
  }

  onViolation(violation: Violation): void {
    this.queue.push({ type: 'violation', violation })
  }
}

/** Not `slice`: a Node Buffer's makes a view. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}
