// The types of the listeners of a WebSocket's events, as in @types/ws. Types only.

import type { ClientRequest, IncomingMessage } from 'node:http'
import type { RawData } from './types.ts'
import type { WebSocket } from './websocket.ts'

/** Arguments of the events. */
export interface EventArguments {
  close: [code: number, reason: Buffer]
  error: [error: Error]
  upgrade: [response: IncomingMessage]
  message: [data: RawData, isBinary: boolean]
  open: []
  ping: [data: Buffer]
  pong: [data: Buffer]
  redirect: [url: string, request: ClientRequest]
  'unexpected-response': [request: ClientRequest, response: IncomingMessage]
}
/** A listener of one of them. */
export type Known<E extends keyof EventArguments> = (this: WebSocket, ...values: EventArguments[E]) => void
/** A listener of an event of the application's own. */
// biome-ignore lint/suspicious/noExplicitAny: it takes whatever the application emits
export type Unknown = (this: WebSocket, ...values: any[]) => void
