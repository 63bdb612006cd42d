// @tautline/websocket/face: for the `ws` face and for integrators who do the opening handshake themselves. What the
// protocol checks of a handshake, and the seams of an adopted connection. It only re-exports, but for one function.

import type { EngineSocket } from './engine-socket.ts'
import type { Socket } from './socket.ts'

export {
  type AcceptedUpgrade,
  acceptResponse,
  acceptValue,
  COPY_UP_TO,
  checkAccept,
  checkUpgrade,
  type DeflateOffer,
  type DeflateParameters,
  type ExtensionOffer,
  HANDSHAKE_FAILURES,
  type HandshakeFailure,
  HeaderFields,
  isHandshakeFailure,
  isRefusal,
  isToken,
  isValidCloseCode,
  MAX_REASON_BYTES,
  negotiateDeflate,
  offerDeflate,
  parseExtensions,
  parseTokenList,
  REFUSALS,
  type Refusal,
  type RequestHead,
  type ResponseHead,
  type UpgradeOffer,
  type Violation,
  ViolationError,
  type ViolationId,
} from '@tautline/protocol'
export { type Adoption, type Agreement, adopt, adoption } from './adopt.ts'
export { type DeflateEffort, NodePlatform, nodePlatform } from './platform.ts'
export type { Settings } from './settings.ts'
export type { Bytes, SendOptions, SendStatus, Socket, SocketOptions } from './socket.ts'
export { isTaken } from './stream-events.ts'

/**
 * Writes now what a socket has to say, instead of at the end of this turn of the loop: for whoever must hand bytes to
 * the kernel before the next statement.
 *
 * @param socket one made by this engine
 */
export function flush(socket: Socket): void {
  const engine = socket as EngineSocket
  engine.flush()
}
