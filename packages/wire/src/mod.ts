// @tautline/wire: tautline.v1 for every side. This file only re-exports.

export { covers, crosses, follow, type Link, type Step, samePosition } from './chain.ts'
export type { Codec, Decoded, Encoded, FrameLimits, StoredPublication } from './codec.ts'
export type { Clock, Random, Timer } from './environment.ts'
export type * from './types.ts'
