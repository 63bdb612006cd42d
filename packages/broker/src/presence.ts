// The contract of a presence store: who is in which channel, on which node. A node holds one lease; its members count
// while the lease lives, so that a dead node costs one expiry and not one per member (realtime-contract.md §7).

import type { Member } from '@tautline/wire'
import type { Detach } from './broker.ts'

/** A page of members, ordered by peer. A peer on several nodes is one member. */
export interface Members {
  readonly members: readonly Member[]
  /** Of the whole channel. */
  readonly count: number
  /** The peer to go on after; absent on the last page. */
  readonly next?: string
}

/** What nodes compare to notice that they differ: the count and the xor of the members' hashes. */
export interface Digest {
  readonly count: number
  readonly hash: number
}

/** Hears of members of all nodes, own ones included, in any order and perhaps not at all: digests repair. */
export interface PresenceSink {
  joined(channel: string, node: string, member: Member): void
  left(channel: string, node: string, peer: string): void
}

export interface PresenceStore {
  /**
   * Starts or renews the lease of a node for `ms`. false: it had expired (or never was), whatever the node had
   * registered is gone, and it registers everything anew.
   */
  renew(node: string, ms: number): Promise<boolean>
  /** Registers a member of this node, or replaces its info. */
  join(channel: string, node: string, member: Member): Promise<void>
  leave(channel: string, node: string, peer: string): Promise<void>
  /** Members whose node's lease lives, after the peer `after`, at most `limit`. */
  list(channel: string, after: string | null, limit: number): Promise<Members>
  digests(channels: readonly string[]): Promise<readonly Digest[]>
  attach(channel: string, sink: PresenceSink): Promise<Detach>
  /** A clean stop: the node's members leave at once. */
  release(node: string): Promise<void>
  close(): Promise<void>
}

/** The hash of one member for a digest: FNV-1a of its peer, its user and its info's JSON, 32 bits. */
export function memberHash(member: Member): number {
  let hash = 0x811c9dc5
  const text = `${member.peer}\n${member.user ?? ''}\n${member.info === undefined ? '' : JSON.stringify(member.info)}`
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
