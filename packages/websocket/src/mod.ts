// @tautline/websocket: the engine for Node. This file only re-exports.

export {
  ABNORMAL,
  CLOSE_CODES,
  type CloseCode,
  type DeflateOffer,
  type DeflateParameters,
  type DeflatePreference,
  HandshakeError,
  HeaderFields,
  InvalidPayloadError,
  isValidCloseCode,
  MessageTooBigError,
  NO_STATUS,
  PolicyError,
  ProtocolError,
  type Refusal,
  type SharedTally,
  VIOLATIONS,
  type Violation,
  ViolationError,
  WebSocketError,
} from '@tautline/protocol'
export { type Adoption, type AdoptionOptions, type Agreement, adopt, adoption } from './adopt.ts'
export * from './client/mod.ts'
export { type DeflateEffort, NodePlatform, nodePlatform } from './platform.ts'
export { PreparedMessage, type PrepareOptions, prepare } from './prepared.ts'
export * from './server/mod.ts'
export { SharedDeflate, type SharedDeflateOptions, SharedMessage, sharedTally } from './shared-deflate.ts'
export type { Bytes, Heartbeat, SendOptions, SendStatus, Socket, SocketOptions } from './socket.ts'
export * from './stream/mod.ts'
export * from './whatwg/mod.ts'
