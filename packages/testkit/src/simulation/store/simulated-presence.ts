// The shared presence store of a simulated cluster: leases and members behind the same slow and faulty way as the logs.
// Its notices may be lost without a word, as the contract allows: digests repair.

import { type Members, memberHash, type PresenceSink, type PresenceStore } from '@tautline/broker'
import { type Member, RealtimeError } from '@tautline/wire'
import type { Machine } from '../machine.ts'
import type { SimulatedStore } from './simulated-store.ts'

interface Listening {
  readonly node: Machine
  readonly channel: string
  readonly sink: PresenceSink
  on: boolean
}

/** One store for all nodes. */
export class SimulatedPresence {
  readonly #store: SimulatedStore
  /** node → when its lease ends, scheduler time */
  readonly #leases = new Map<string, number>()
  /** channel → node → peer → member */
  readonly #members = new Map<string, Map<string, Map<string, Member>>>()
  readonly #sinks: Listening[] = []

  constructor(store: SimulatedStore) {
    this.#store = store
  }

  /** What a restart leaves. */
  wipe(): void {
    this.#leases.clear()
    this.#members.clear()
  }

  /** Members by channel whose node's lease lives. */
  members(channel: string): Member[] {
    const now = this.#store.machine.now()
    const found = new Map<string, Member>()
    for (const [node, members] of this.#members.get(channel) ?? []) {
      if ((this.#leases.get(node) ?? 0) <= now) continue
      for (const member of members.values()) found.set(member.peer, member)
    }
    return [...found.values()].sort((a, b) => (a.peer < b.peer ? -1 : 1))
  }

  /** The presence store as one node has it. */
  face(node: Machine): PresenceStore {
    let closed = false
    const ask = <T>(operation: () => T): Promise<T> =>
      closed ? Promise.reject(new RealtimeError('unavailable', 'closed')) : this.#store.ask(node, operation)
    return {
      renew: (name, ms) => ask(() => this.#renew(name, ms)),
      join: (channel, name, member) => ask(() => this.#join(channel, name, member)),
      leave: (channel, name, peer) => ask(() => this.#leave(channel, name, peer)),
      list: (channel, after, limit) => ask(() => this.#list(channel, after, limit)),
      digests: (channels) =>
        ask(() =>
          channels.map((channel) => {
            const members = this.members(channel)
            return { count: members.length, hash: members.reduce((hash, one) => (hash ^ memberHash(one)) >>> 0, 0) }
          }),
        ),
      attach: (channel, sink) =>
        ask(() => {
          const listening: Listening = { node, channel, sink, on: true }
          this.#sinks.push(listening)
          return () => {
            listening.on = false
            const at = this.#sinks.indexOf(listening)
            if (at !== -1) this.#sinks.splice(at, 1)
          }
        }),
      release: (name) => ask(() => this.#release(name)),
      close: () => {
        closed = true
        return Promise.resolve()
      },
    }
  }

  #renew(name: string, ms: number): boolean {
    const now = this.#store.machine.now()
    const held = (this.#leases.get(name) ?? 0) > now
    this.#leases.set(name, now + ms)
    if (!held) for (const nodes of this.#members.values()) nodes.delete(name)
    return held
  }

  #join(channel: string, name: string, member: Member): void {
    let nodes = this.#members.get(channel)
    if (nodes === undefined) {
      nodes = new Map()
      this.#members.set(channel, nodes)
    }
    let members = nodes.get(name)
    if (members === undefined) {
      members = new Map()
      nodes.set(name, members)
    }
    members.set(member.peer, member)
    this.#tell(channel, (sink) => sink.joined(channel, name, member))
  }

  #leave(channel: string, name: string, peer: string): void {
    if (this.#members.get(channel)?.get(name)?.delete(peer) !== true) return
    this.#tell(channel, (sink) => sink.left(channel, name, peer))
  }

  #release(name: string): void {
    this.#leases.delete(name)
    for (const [channel, nodes] of this.#members) {
      for (const peer of nodes.get(name)?.keys() ?? []) this.#tell(channel, (sink) => sink.left(channel, name, peer))
      nodes.delete(name)
    }
  }

  #list(channel: string, after: string | null, limit: number): Members {
    const all = this.members(channel)
    const rest = after === null ? all : all.filter((one) => one.peer > after)
    const members = rest.slice(0, limit)
    const last = members.at(-1)
    return rest.length > limit && last !== undefined
      ? { members, count: all.length, next: last.peer }
      : { members, count: all.length }
  }

  #tell(channel: string, tell: (sink: PresenceSink) => void): void {
    const { chance, feed } = this.#store
    for (const one of this.#sinks) {
      if (one.channel !== channel || chance.happens(feed.conditions.dropped)) continue
      one.node.post(() => {
        if (one.on) tell(one.sink)
      }, feed.conditions.latency + chance.within(0, feed.conditions.jitter))
    }
  }
}
