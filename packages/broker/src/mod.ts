// @tautline/broker: the contracts and what needs no other server. This file only re-exports.

export type * from './broker.ts'
export { type Digest, type Members, memberHash, type PresenceSink, type PresenceStore } from './presence.ts'
