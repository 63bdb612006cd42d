// The types of the listeners of a WebSocket's events and a server's, as in @types/ws. Types only.

import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { RawData } from './types.ts'
import type { WebSocket } from './websocket.ts'
import type { WebSocketServer } from './websocket-server.ts'

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

/** Arguments of a server's events. */
export interface ServerEventArguments<T extends typeof WebSocket, U extends typeof IncomingMessage> {
  connection: [websocket: InstanceType<T>, request: InstanceType<U>]
  error: [error: Error]
  headers: [headers: string[], request: InstanceType<U>]
  close: []
  listening: []
  wsClientError: [error: Error, socket: Duplex, request: InstanceType<U>]
}
/** A listener of one of them. */
export type ServerKnown<
  T extends typeof WebSocket,
  U extends typeof IncomingMessage,
  E extends keyof ServerEventArguments<T, U>,
> = (this: WebSocketServer<T, U>, ...values: ServerEventArguments<T, U>[E]) => void
/** A listener of an event of the application's own. */
export type ServerUnknown<T extends typeof WebSocket, U extends typeof IncomingMessage> = (
  this: WebSocketServer<T, U>,
  // biome-ignore lint/suspicious/noExplicitAny: listeners of an application's own events take what it emits
  ...values: any[]
) => void
