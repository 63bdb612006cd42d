// @tautline/ws: the API of the ws package. This file only re-exports.

export type {
  CloseEvent,
  ErrorEvent,
  Event,
  MessageEvent,
  WebSocketEventMap,
} from './events.ts'
export * as extension from './extension.ts'
export { Receiver, Sender } from './not-provided.ts'
export { PerMessageDeflate } from './per-message-deflate.ts'
export { WebSocket, WebSocket as default } from './statics.ts'
export { createWebSocketStream } from './stream.ts'
export * as subprotocol from './subprotocol.ts'
export type {
  AddressInfo,
  BufferLike,
  CertMeta,
  ClientOptions,
  Data,
  EventListenerOptions,
  FinishRequestCallback,
  PerMessageDeflateOptions,
  RawData,
  SendOptions,
  ServerOptions,
  VerifyClientCallbackAsync,
  VerifyClientCallbackSync,
} from './types.ts'
export { WebSocketServer, WebSocketServer as Server } from './websocket-server.ts'
