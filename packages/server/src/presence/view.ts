// One channel as its subscribers on this node see it: the members they were told of, and what they will be told next.
// An event of the store is never taken as proof that somebody left: the store is asked, as the peer may be on another node.

import { type Detach, type Digest, memberHash, type PresenceSink } from '@tautline/broker'
import { type Member, type MembersPage, RealtimeError, type Timer } from '@tautline/wire'
import { listMembers, lookUp } from './listing.ts'
import {
  GATHER,
  LISTED,
  LISTED_AGAIN,
  type MembersChange,
  type PresenceSettings,
  pause,
  type Tell,
} from './settings.ts'

/** What is known of a peer that came or went since the subscribers were told. */
interface Change {
  readonly member: Member | null
  /** true: it left some node; only the store knows whether it is still on another one. */
  readonly doubt: boolean
}

/** Doubts up to which each is looked up; with more the whole list is read. */
const LOOKED_UP = 8
/** Members named in one push. */
const NAMED = 100

export class View implements PresenceSink {
  readonly channel: string
  /** When the last subscriber went, on the monotonic clock; null: there are some. */
  idleSince: number | null = null
  private readonly settings: PresenceSettings
  private readonly watchers: Set<Tell> = new Set()
  /** As told, so that a page with this `rev` and the pushes behind it fit together. Empty above LISTED. */
  private members: Map<string, Member> = new Map()
  private sorted: readonly Member[] | null = null
  private hash = 0
  private count = 0
  private rev = 0
  private mode: 'loading' | 'listed' | 'counted' | 'closed' = 'loading'
  private changes: Map<string, Change> = new Map()
  /** The list has to be read again. */
  private stale = true
  /** Comparisons in a row that found a difference while changes were under way. */
  private suspicion = 0
  private working = false
  private failures = 0
  private detach: Detach | null = null
  private timer: Timer | null = null
  private loaded: PromiseWithResolvers<void> | null = null

  constructor(channel: string, settings: PresenceSettings) {
    this.channel = channel
    this.settings = settings
    void this.work()
  }

  /** Is it listed and is nothing under way, so that a difference to the store means something? */
  get settled(): boolean {
    return this.mode === 'listed' && !this.stale && !this.working && this.changes.size === 0
  }

  get counted(): boolean {
    return this.mode === 'counted'
  }

  get watched(): boolean {
    return this.watchers.size > 0
  }

  watch(tell: Tell): void {
    this.watchers.add(tell)
    this.idleSince = null
  }

  unwatch(tell: Tell): void {
    this.watchers.delete(tell)
    if (this.watchers.size === 0) this.idleSince = this.settings.clock.now()
  }

  /** The members after a peer, as the subscribers were told. */
  async page(after: string | null, limit: number): Promise<MembersPage> {
    if (this.mode === 'loading') {
      this.loaded ??= Promise.withResolvers()
      await this.loaded.promise
    }
    const { rev, count } = this
    if (this.mode !== 'listed') {
      const page = await this.settings.store.list(this.channel, after, limit)
      return { ...page, rev }
    }
    this.sorted ??= [...this.members.values()].sort((a, b) => (a.peer < b.peer ? -1 : 1))
    const from = after === null ? 0 : this.sorted.findIndex(({ peer }) => peer > after)
    const members = from === -1 ? [] : this.sorted.slice(from, from + limit)
    const more = from !== -1 && from + limit < this.sorted.length
    return { members, count, rev, ...(more && { next: members.at(-1)!.peer }) }
  }

  joined(_channel: string, _node: string, member: Member): void {
    this.change(member.peer, { member, doubt: this.changes.get(member.peer)?.doubt ?? false })
  }

  left(_channel: string, _node: string, peer: string): void {
    const coming = this.changes.get(peer)
    if (coming === undefined && !this.members.has(peer) && this.mode === 'listed' && !this.working) return
    this.change(peer, { member: coming?.member ?? null, doubt: true })
  }

  /** What the store says of this channel, asked while `settled` was as given. */
  compare(digest: Digest, settled: boolean): void {
    if (this.mode === 'counted') return this.recount(digest.count)
    if (this.mode !== 'listed' || this.stale) return
    const same = digest.count === this.count && digest.hash >>> 0 === this.hash >>> 0
    if (same) this.suspicion = 0
    // A change under way explains a difference once. A channel that is never quiet is listed again all the same.
    else if ((settled && this.settled) || ++this.suspicion > 1) this.reload()
  }

  close(): void {
    this.mode = 'closed'
    if (this.timer !== null) this.settings.clock.clearTimer(this.timer)
    this.timer = null
    this.watchers.clear()
    this.changes.clear()
    this.members.clear()
    this.detach?.()
    this.detach = null
    this.failLoading(new RealtimeError('draining'))
  }

  private change(peer: string, change: Change): void {
    // A list that will be read says it all; a count needs no names.
    if (this.mode === 'closed' || this.mode === 'counted' || (this.stale && !this.working)) return
    this.changes.set(peer, change)
    if (this.changes.size > 2 * LISTED) {
      this.changes.clear()
      this.stale = true
    }
    this.later(GATHER)
  }

  private reload(): void {
    this.stale = true
    this.suspicion = 0
    void this.work()
  }

  private recount(count: number): void {
    if (count < LISTED_AGAIN) return this.reload()
    if (count !== this.count) {
      this.count = count
      this.tell({ rev: ++this.rev, count })
    }
  }

  private later(ms: number): void {
    if (this.timer !== null || this.working || this.mode === 'closed') return
    this.timer = this.settings.clock.setTimer(() => {
      this.timer = null
      void this.work()
    }, ms)
  }

  /** One step at a time: reads the list, or tells what has changed. */
  private async work(): Promise<void> {
    if (this.working || this.mode === 'closed') return
    if (this.timer !== null) this.settings.clock.clearTimer(this.timer)
    this.timer = null
    this.working = true
    try {
      if (this.stale) await this.read()
      else await this.settle()
      this.failures = 0
    } catch (error) {
      this.failures++
      this.settings.onFailure(error, 'presence: a channel was not read')
      this.failLoading(error)
    }
    this.working = false
    if (this.failures > 0) this.later(pause(this.settings.random, this.failures))
    else if (this.stale || this.changes.size > 0) this.later(GATHER)
  }

  /** Attaches first, then lists: whatever comes meanwhile is told after the list. */
  private async read(): Promise<void> {
    const { store } = this.settings
    if (this.detach === null) {
      const detach = await store.attach(this.channel, this)
      if (this.closed()) return detach()
      this.detach = detach
    }
    this.stale = false
    this.changes.clear()
    try {
      const { members, count } = await listMembers(store, this.channel, LISTED)
      if (this.closed()) return
      if (members === null) this.toCounted(count)
      else if (this.mode === 'listed') this.apply(members)
      else this.toListed(members)
    } catch (error) {
      this.stale = true
      throw error
    }
    this.loaded?.resolve()
    this.loaded = null
  }

  /** Settles doubts, and tells. */
  private async settle(): Promise<void> {
    const { store } = this.settings
    const changes = this.changes
    this.changes = new Map()
    const doubts = [...changes].filter(([, { doubt }]) => doubt)
    if (doubts.length > LOOKED_UP) return this.read()
    try {
      for (const [peer] of doubts) {
        changes.set(peer, { member: await lookUp(store, this.channel, peer), doubt: false })
      }
    } catch (error) {
      for (const [peer, change] of changes) if (!this.changes.has(peer)) this.changes.set(peer, change)
      throw error
    }
    if (this.mode !== 'listed') return
    const next = new Map(this.members)
    for (const [peer, { member }] of changes) {
      if (member === null) next.delete(peer)
      else next.set(peer, member)
    }
    if (next.size > LISTED) this.toCounted(next.size)
    else this.apply(next)
  }

  private toCounted(count: number): void {
    const first = this.mode === 'loading'
    this.mode = 'counted'
    this.keep(new Map())
    this.count = count
    this.changes.clear()
    this.stale = false
    if (!first) this.tell({ rev: ++this.rev, count })
  }

  private toListed(members: Map<string, Member>): void {
    const first = this.mode === 'loading'
    this.mode = 'listed'
    this.keep(members)
    if (first) return
    // A jump: "fetch again", since nobody was told who came and went meanwhile.
    this.rev += 2
    this.tell({ rev: this.rev, count: this.count })
  }

  /** Tells the difference to what was told. */
  private apply(next: Map<string, Member>): void {
    const joined: Member[] = []
    const left: string[] = []
    for (const [peer, member] of next) {
      const known = this.members.get(peer)
      if (known === undefined || memberHash(known) !== memberHash(member)) joined.push(member)
    }
    for (const peer of this.members.keys()) if (!next.has(peer)) left.push(peer)
    if (joined.length + left.length === 0) return
    this.keep(next)
    for (let i = 0; i < Math.max(joined.length, left.length); i += NAMED) {
      const some = joined.slice(i, i + NAMED)
      const gone = left.slice(i, i + NAMED)
      this.tell({
        rev: ++this.rev,
        count: this.count,
        ...(some.length > 0 && { joined: some }),
        ...(gone.length > 0 && { left: gone }),
      })
    }
  }

  private keep(members: Map<string, Member>): void {
    this.members = members
    this.count = members.size
    this.sorted = null
    this.hash = 0
    for (const member of members.values()) this.hash ^= memberHash(member)
  }

  private tell(change: MembersChange): void {
    for (const watcher of [...this.watchers]) {
      try {
        watcher(change)
      } catch (error) {
        this.settings.onFailure(error, 'presence: a subscriber could not be told')
      }
    }
  }

  private closed(): boolean {
    return this.mode === 'closed'
  }

  private failLoading(error: unknown): void {
    if (this.loaded === null) return
    this.loaded.promise.catch(() => {})
    this.loaded.reject(error)
    this.loaded = null
  }
}
