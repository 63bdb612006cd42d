// @tautline/protocol: RFC 6455 and RFC 7692 without I/O. This file only re-exports.

export { ABNORMAL, CLOSE_CODES, type CloseCode, isValidCloseCode, MAX_REASON_BYTES, NO_STATUS } from './close-code.ts'
export { Connection, type ConnectionHandler } from './connection.ts'
export { DeflateCodec } from './deflate/codec.ts'
export * from './deflate/parameters.ts'
export { SharedBudget } from './deflate/shared-budget.ts'
export { SharedStream, type SharedStreamOptions, type SharedTally, SharedUnit } from './deflate/shared-stream.ts'
export { Endpoint, type EndpointOptions } from './endpoint.ts'
export {
  HandshakeError,
  InvalidPayloadError,
  MessageTooBigError,
  PolicyError,
  ProtocolError,
  ViolationError,
  violationError,
  WebSocketError,
} from './errors.ts'
export { type ConnectionEvent, EventConnection } from './events.ts'
export { FrameParser, type FrameSink } from './frame-parser.ts'
export { COPY_UP_TO, FrameWriter, headerBytes, Slab, writeHeader } from './frame-writer.ts'
export * from './handshake/mod.ts'
export { LIFECYCLE, type LifecycleEvent, State, type StateName } from './lifecycle.ts'
export { xorMask } from './mask.ts'
export { ByteBudget } from './message-assembler.ts'
export type { MessageLimits } from './message-reader.ts'
export { FIN, MAX_CONTROL_PAYLOAD, Opcode, RSV1, RSV2, RSV3 } from './opcode.ts'
export type { Inflated, Platform } from './platform.ts'
export { Utf8Validator } from './utf8.ts'
export { VIOLATIONS, type Violation, type ViolationId } from './violation.ts'
