// @tautline/broker: the contracts, what needs no other server, and the parts of which brokers are made. This file only
// re-exports.

export type * from './broker.ts'
export { EntryIds, randomName } from './ids.ts'
export { Feeds } from './memory/feeds.ts'
export { MemoryBroker, type MemoryBrokerOptions } from './memory/memory-broker.ts'
export { MemoryPresence, type MemoryPresenceOptions } from './memory/memory-presence.ts'
export { PageBudget, weightOf } from './page.ts'
export { type Digest, type Members, memberHash, type PresenceSink, type PresenceStore } from './presence.ts'
export { type Known, prove, type Verdict } from './proof.ts'
export {
  judgeUnwritten,
  readUnwritten,
  slotAt,
  type Unwritten,
  type UnwrittenVerdict,
  unwrittenPosition,
} from './unwritten.ts'
export { type KeyRecord, keyName, settle } from './window.ts'
