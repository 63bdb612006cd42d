// Reads members from a presence store: all of a channel, or one. It keeps nothing.

import type { PresenceStore } from '@tautline/broker'
import type { Member } from '@tautline/wire'

const PAGE = 500
/** Members asked for when one is looked up: peers are digests, hardly two share all but their last character. */
const NEAR = 8

/** All members by peer, or null where there are more than `most`. */
export async function listMembers(
  store: PresenceStore,
  channel: string,
  most: number,
): Promise<{ members: Map<string, Member> | null; count: number }> {
  const members = new Map<string, Member>()
  let after: string | null = null
  for (;;) {
    const page = await store.list(channel, after, PAGE)
    for (const member of page.members) members.set(member.peer, member)
    if (page.count > most || members.size > most) return { members: null, count: Math.max(page.count, members.size) }
    if (page.next === undefined) return { members, count: members.size }
    after = page.next
  }
}

/** One member, from whichever node; null if it is on none. */
export async function lookUp(store: PresenceStore, channel: string, peer: string): Promise<Member | null> {
  // Lists are ordered by peer, and a text comes right behind its own beginning.
  let after: string | null = peer.length > 1 ? peer.slice(0, -1) : null
  for (;;) {
    const page = await store.list(channel, after, NEAR)
    const found = page.members.find((member) => member.peer === peer)
    if (found !== undefined) return found
    if (page.next === undefined || page.next >= peer) return null
    after = page.next
  }
}
