// What presence takes from outside, and its times and bounds.

import type { PresenceStore } from '@tautline/broker'
import type { Clock, MembersPush, Random } from '@tautline/wire'

export interface PresenceSettings {
  readonly store: PresenceStore
  /** This node's name, unique among the nodes of the store. */
  readonly node: string
  readonly clock: Clock
  readonly random: Random
  readonly limits?: {
    /** Members of a page (500). */
    readonly members?: number
    /** Bytes of a member's info as JSON (4,096). */
    readonly info?: number
  }
  /** What went wrong and is tried again, or is given up where the store says that it never can be. */
  readonly onFailure: (error: unknown, what: string) => void
}

/** What a subscriber is told; one object for all of a channel. */
export type MembersChange = Omit<MembersPush, 'ev' | 'ch'>
export type Tell = (change: MembersChange) => void

/** ms a node's members count without a sign of it. */
export const LEASE = 22_000
/**
 * The most ms between two renewals, and between two comparisons with the store. A crashed node's lease may end right
 * after a comparison: LEASE + PULSE is what the others need to notice, and stays under 30 s.
 */
export const PULSE = 7_000
/** ms for which a member whose connection was cut stays. */
export const LINGER = 8_000
/** ms in which changes are gathered: what subscribers are told, and what is written of one member. */
export const GATHER = 250
/** Members up to which a channel's subscribers are told who; above, only how many. */
export const LISTED = 1_000
/** A channel is listed again once it is below this. */
export const LISTED_AGAIN = 900
/** ms between two counts of a channel with more. */
export const COUNT = 2_000

/** ms to wait after the nth failure in a row, with jitter. */
export function pause(random: Random, failures: number): number {
  return Math.min(5_000, GATHER * 2 ** Math.min(failures - 1, 10)) * (0.5 + random.unit() / 2)
}
