// The parts of `ws` that do what ours do. It exports them, but has no types for them.

import type { Buffer } from 'node:buffer'
import * as ws from 'ws'

export interface WsReceiver {
  write(chunk: Buffer): boolean
  on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): void
}

export interface WsSender {
  send(data: Buffer | string, options: { binary: boolean; fin: boolean; mask: boolean; compress: boolean }): void
}

export interface WsDeflate {
  accept(configurations: readonly object[]): void
  compress(data: Buffer, fin: boolean, done: (error: Error | null, result: Buffer) => void): void
  decompress(data: Buffer, fin: boolean, done: (error: Error | null, result: Buffer) => void): void
}

/** What a Sender writes to. This one takes everything and keeps the last of it. */
export interface Carrier {
  cork(): void
  uncork(): void
  write(bytes: Buffer | string): void
}

const parts = ws as unknown as {
  readonly Receiver: new (options: object) => WsReceiver
  readonly Sender: new (socket: Carrier, extensions: object) => WsSender
  readonly PerMessageDeflate: new (options: object) => WsDeflate
}

export const WsReceiver: (typeof parts)['Receiver'] = parts.Receiver
export const WsSender: (typeof parts)['Sender'] = parts.Sender
export const WsDeflate: (typeof parts)['PerMessageDeflate'] = parts.PerMessageDeflate
