// Nodes with presence on one store, on virtual time: subscribers that behave as clients do, and a store that fails.

import { MemoryPresence, type PresenceStore } from '@tautline/broker'
import { type Member, RealtimeError } from '@tautline/wire'
import { type MembersChange, Presences } from '../../src/presence/presences.ts'
import { chance, Time } from './clock.ts'

export const CHANNEL = 'chat:1'
export const member = (peer: string, info?: Member['info']): Member => ({
  peer,
  user: `user of ${peer}`,
  ...(info !== undefined && { info }),
})

/** What a client makes of a page and the pushes behind it. */
export class Subscriber {
  readonly changes: MembersChange[] = []
  readonly known: Map<string, Member> = new Map()
  rev = -1
  count = 0
  jumps = 0
  readonly end: () => void
  readonly presences: Presences

  constructor(presences: Presences, channel: string = CHANNEL) {
    this.presences = presences
    this.end = presences.watch(channel, (change) => this.hear(change))
    void this.fetch(channel)
  }

  get peers(): string {
    return [...this.known.keys()].sort().join(' ')
  }

  private async fetch(channel: string): Promise<void> {
    const page = await this.presences.page(channel, undefined, 500)
    for (const one of page.members) this.known.set(one.peer, one)
    this.rev = page.rev
    this.count = page.count
  }

  private hear(change: MembersChange): void {
    this.changes.push(change)
    if (this.rev === -1 || change.rev <= this.rev) return
    if (change.rev !== this.rev + 1) this.jumps++
    this.rev = change.rev
    this.count = change.count
    for (const peer of change.left ?? []) this.known.delete(peer)
    for (const one of change.joined ?? []) this.known.set(one.peer, one)
  }
}

/** Nodes on one store. */
export class Cluster {
  readonly time: Time = new Time()
  readonly store: MemoryPresence = new MemoryPresence({ clock: this.time })
  readonly failures: unknown[] = []
  private made = 0

  node(store: PresenceStore = this.store, name: string = `node${++this.made}`): Presences {
    return new Presences({
      store,
      node: name,
      clock: this.time,
      random: chance(++this.made),
      onFailure: (error) => this.failures.push(error),
    })
  }

  async inStore(channel: string = CHANNEL): Promise<string> {
    return (await this.store.list(channel, null, 500)).members.map(({ peer }) => peer).join(' ')
  }
}

/** A store between a node and the real one: counts calls, fails, hangs, loses events. */
export class Faulty implements PresenceStore {
  readonly store: PresenceStore
  readonly calls: Record<string, number> = {}
  /** Fails what this says. */
  fails: (call: string) => Error | null = () => null
  deaf = false
  /** ms until a call reaches the store, and until its answer is back. */
  lag: readonly [number, number] = [0, 0]
  private readonly time: Time | null

  /** @param time where it has a lag */
  constructor(store: PresenceStore, time: Time | null = null) {
    this.store = store
    this.time = time
  }

  private async call<T>(name: string, call: () => Promise<T>): Promise<T> {
    this.calls[name] = (this.calls[name] ?? 0) + 1
    const failure = this.fails(name)
    if (failure !== null) throw failure
    const [there, back] = this.lag
    await this.wait(there)
    const answer = await call()
    await this.wait(back)
    return answer
  }
  private wait(ms: number): Promise<void> | null {
    return this.time === null || ms === 0 ? null : new Promise((resolve) => void this.time?.setTimer(resolve, ms))
  }
  renew = (node: string, ms: number) => this.call('renew', () => this.store.renew(node, ms))
  join = (channel: string, node: string, one: Member) => this.call('join', () => this.store.join(channel, node, one))
  leave = (channel: string, node: string, peer: string) =>
    this.call('leave', () => this.store.leave(channel, node, peer))
  list = (channel: string, after: string | null, limit: number) =>
    this.call('list', () => this.store.list(channel, after, limit))
  digests = (channels: readonly string[]) => this.call('digests', () => this.store.digests(channels))
  release = (node: string) => this.call('release', () => this.store.release(node))
  close = () => this.store.close()
  attach: PresenceStore['attach'] = (channel, sink) =>
    this.call('attach', () =>
      this.store.attach(channel, {
        joined: (...event) => this.deaf || sink.joined(...event),
        left: (...event) => this.deaf || sink.left(...event),
      }),
    )
}
export const unreachable = (): Error => new RealtimeError('unavailable', 'the store is away')
