// @tautline/wire: tautline.v1 for every side. This file only re-exports.

export { base64url, unbase64url } from './base64url.ts'
export { type BodyLimits, loadBody, storeBody, storeJson } from './body.ts'
export { covers, crosses, follow, type Link, type Step, samePosition } from './chain.ts'
export { checkChannel, checkPattern, isPattern, MAX_NAME, matchesPattern } from './channel.ts'
export type { Codec, Decoded, Encoded, FrameLimits, StoredPublication } from './codec.ts'
export {
  DISCONNECTS,
  type Disconnect,
  type DisconnectAction,
  type DisconnectName,
  disconnectAction,
  FINAL_CLOSE_CODES,
} from './disconnect.ts'
export type { Clock, Random, Timer } from './environment.ts'
export { ERRORS, type ErrorRow } from './error-table.ts'
export { type ErrorCode, type ErrorDetails, isErrorCode, RealtimeError, WireError } from './errors.ts'
export { jsonCodec } from './json/codec.ts'
export { CLIENT_LIMITS, frameLimits, LIMITS, type Limits, SERVER_FRAME_LIMITS } from './limits.ts'
export { nearest } from './nearest.ts'
export { containsPattern, moreSpecific, overlapPatterns } from './patterns.ts'
export { type ReadCommand, readCommand } from './read-command.ts'
export { readOk } from './read-ok.ts'
export { readServerMessage } from './read-server-message.ts'
export { systemClock, systemRandom } from './system.ts'
export type * from './types.ts'
export { utf8Length } from './utf8.ts'
