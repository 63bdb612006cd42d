// Streams with backpressure. This file only re-exports.

export { type CloseInfo, WebSocketStreamError, type WebSocketStreamErrorInit } from './error.ts'
export type { MessageStream } from './incoming.ts'
export type { MessageSource, Sendable } from './outgoing.ts'
export { type SocketStreams, type StreamOptions, streamOf } from './streams.ts'
export { type OpenedStream, WebSocketStream, type WebSocketStreamOptions } from './websocket-stream.ts'
