// The opening handshake (RFC 6455 §4) without I/O. This file only re-exports.

export { type AcceptedUpgrade, checkAccept, type SentRequest } from './accept-check.ts'
export { type ExtensionOffer, parseExtensions } from './extensions.ts'
export {
  HANDSHAKE_FAILURES,
  type HandshakeFailure,
  type HandshakeFailureId,
  isHandshakeFailure,
} from './failures.ts'
export { HeaderFields } from './fields.ts'
export type { HeadFault, HeadLimits } from './head-lines.ts'
export { isHost, targetPath } from './host.ts'
export { isRefusal, REFUSALS, type Refusal, type RefusalId } from './refusals.ts'
export { type RequestHead, RequestParser } from './request-parser.ts'
export { type ResponseHead, ResponseParser } from './response-parser.ts'
export { isToken, parseTokenList } from './tokens.ts'
export { checkUpgrade, isUpgradeRequest, type UpgradeOffer } from './upgrade-check.ts'
export {
  type Acceptance,
  acceptResponse,
  acceptValue,
  refusalResponse,
  type UpgradeRequestParts,
  upgradeRequest,
} from './write.ts'
