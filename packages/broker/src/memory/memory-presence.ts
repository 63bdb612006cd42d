// Presence in this process's memory, for the nodes that share it. A node's members count while its lease lives; a lease
// that has ended is noticed by whatever is asked next, so no timer runs. It keeps no history of who was there.

import { type Clock, type Member, RealtimeError, systemClock } from '@tautline/wire'
import type { Detach } from '../broker.ts'
import { type Digest, type Members, memberHash, type PresenceSink, type PresenceStore } from '../presence.ts'
import { Feeds } from './feeds.ts'

interface Lease {
  until: number
  /** Peers of this node by channel. */
  readonly joined: Map<string, Set<string>>
}

/** A peer in a channel: its registrations by node, the newest last. That one is shown. */
type Registrations = Map<string, Member>

interface Roster {
  readonly peers: Map<string, Registrations>
  /** Peers in order; made when a page is asked for. */
  order: readonly string[] | null
  hash: number
}

export interface MemoryPresenceOptions {
  readonly clock?: Clock
}

export class MemoryPresence implements PresenceStore {
  readonly #clock: Clock
  readonly #leases = new Map<string, Lease>()
  readonly #rosters = new Map<string, Roster>()
  readonly #feeds = new Feeds<PresenceSink>()
  #closed = false

  constructor(options: MemoryPresenceOptions = {}) {
    this.#clock = options.clock ?? systemClock
  }

  async renew(node: string, ms: number): Promise<boolean> {
    this.#settle()
    const until = this.#clock.now() + ms
    const lease = this.#leases.get(node)
    if (lease !== undefined) {
      lease.until = until
      return true
    }
    this.#leases.set(node, { until, joined: new Map() })
    return false
  }

  /** Without a lease it does nothing: the node learns that from its next `renew`, and registers everything anew. */
  async join(channel: string, node: string, member: Member): Promise<void> {
    this.#settle()
    const lease = this.#leases.get(node)
    if (lease === undefined) return
    const joined = lease.joined.get(channel)
    if (joined === undefined) lease.joined.set(channel, new Set([member.peer]))
    else joined.add(member.peer)
    let roster = this.#rosters.get(channel)
    if (roster === undefined) {
      roster = { peers: new Map(), order: null, hash: 0 }
      this.#rosters.set(channel, roster)
    }
    const present = roster.peers.get(member.peer)
    const registrations: Registrations = present ?? new Map()
    roster.hash ^= shownHash(registrations)
    registrations.delete(node)
    registrations.set(node, member)
    roster.hash ^= shownHash(registrations)
    if (present === undefined) {
      roster.peers.set(member.peer, registrations)
      roster.order = null
    }
    this.#feeds.tell(channel, (sink) => sink.joined(channel, node, member))
  }

  async leave(channel: string, node: string, peer: string): Promise<void> {
    this.#settle()
    const lease = this.#leases.get(node)
    const joined = lease?.joined.get(channel)
    if (lease === undefined || joined === undefined || !joined.delete(peer)) return
    if (joined.size === 0) lease.joined.delete(channel)
    this.#remove(channel, node, peer)
  }

  async list(channel: string, after: string | null, limit: number): Promise<Members> {
    this.#settle()
    const roster = this.#rosters.get(channel)
    if (roster === undefined) return { members: [], count: 0 }
    roster.order ??= [...roster.peers.keys()].sort(byCodeUnits)
    const from = after === null ? 0 : firstAfter(roster.order, after)
    const peers = roster.order.slice(from, from + Math.max(1, limit))
    const members = peers.map((peer) => shown(roster.peers.get(peer) as Registrations) as Member)
    const last = peers.at(-1)
    const more = last !== undefined && from + peers.length < roster.order.length
    return { members, count: roster.peers.size, ...(more && { next: last }) }
  }

  async digests(channels: readonly string[]): Promise<readonly Digest[]> {
    this.#settle()
    return channels.map((channel) => {
      const roster = this.#rosters.get(channel)
      return roster === undefined ? { count: 0, hash: 0 } : { count: roster.peers.size, hash: roster.hash >>> 0 }
    })
  }

  async attach(channel: string, sink: PresenceSink): Promise<Detach> {
    this.#settle()
    return this.#feeds.attach(channel, sink)
  }

  async release(node: string): Promise<void> {
    this.#settle()
    const lease = this.#leases.get(node)
    if (lease !== undefined) this.#end(node, lease)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#feeds.flush()
    this.#feeds.clear()
    this.#leases.clear()
    this.#rosters.clear()
  }

  /** Ends the leases that have run out. */
  #settle(): void {
    if (this.#closed) throw new RealtimeError('unavailable', 'this presence store is closed')
    const now = this.#clock.now()
    for (const [node, lease] of this.#leases) if (lease.until <= now) this.#end(node, lease)
  }

  #end(node: string, lease: Lease): void {
    this.#leases.delete(node)
    for (const [channel, peers] of lease.joined) for (const peer of peers) this.#remove(channel, node, peer)
  }

  #remove(channel: string, node: string, peer: string): void {
    const roster = this.#rosters.get(channel)
    const registrations = roster?.peers.get(peer)
    if (roster === undefined || registrations === undefined) return
    roster.hash ^= shownHash(registrations)
    registrations.delete(node)
    roster.hash ^= shownHash(registrations)
    if (registrations.size === 0) {
      roster.peers.delete(peer)
      roster.order = null
      if (roster.peers.size === 0) this.#rosters.delete(channel)
    }
    this.#feeds.tell(channel, (sink) => sink.left(channel, node, peer))
  }
}

function shown(registrations: Registrations): Member | undefined {
  let newest: Member | undefined
  for (const member of registrations.values()) newest = member
  return newest
}

/** 0 where nobody is shown: it changes no digest. */
function shownHash(registrations: Registrations): number {
  const member = shown(registrations)
  return member === undefined ? 0 : memberHash(member)
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Index of the first peer behind `after`. */
function firstAfter(order: readonly string[], after: string): number {
  let low = 0
  let high = order.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((order[middle] as string) <= after) low = middle + 1
    else high = middle
  }
  return low
}
