// The WebSocket of browsers. This file only re-exports.

export {
  CloseEvent,
  type CloseEventInit,
  ErrorEvent,
  type ErrorEventInit,
  MessageEvent,
  type MessageEventInit,
} from './events.ts'
export { WebSocket, type WebSocketInit } from './websocket.ts'
