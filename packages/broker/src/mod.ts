// @tautline/broker: the contracts and what needs no other server. This file only re-exports.

export type * from './broker.ts'
export { EntryIds } from './ids.ts'
export { MemoryBroker, type MemoryBrokerOptions } from './memory/memory-broker.ts'
export { MemoryPresence, type MemoryPresenceOptions } from './memory/memory-presence.ts'
export { type Digest, type Members, memberHash, type PresenceSink, type PresenceStore } from './presence.ts'
