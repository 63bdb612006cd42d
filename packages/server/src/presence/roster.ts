// Who of this node is in which channel: counts the connections of each peer, and lets a member whose connection was cut
// stay a little. It speaks to no store; it says what is wanted there.

import type { Clock, Json, Member, Timer } from '@tautline/wire'
import { LINGER } from './settings.ts'

/** Hears what should be registered. */
export interface Registry {
  set(channel: string, member: Member): void
  unset(channel: string, peer: string): void
}

interface Present {
  readonly channel: string
  member: Member
  /** Connections of this peer in this channel. */
  connections: number
}

export class Roster {
  private readonly clock: Clock
  private readonly registry: Registry
  private readonly present: Map<string, Present> = new Map()
  /** Peers of which a connection was cut, with the time until which they stay. Oldest first: all stay equally long. */
  private readonly lingering: Map<Present, number> = new Map()
  private timer: Timer | null = null

  constructor(clock: Clock, registry: Registry) {
    this.clock = clock
    this.registry = registry
  }

  enter(channel: string, member: Member): void {
    const name = `${channel} ${member.peer}`
    const known = this.present.get(name)
    if (known === undefined) {
      this.present.set(name, { channel, member, connections: 1 })
      this.registry.set(channel, member)
      return
    }
    known.connections++
    if (this.lingering.delete(known) && this.lingering.size === 0) this.stop()
    if (sameMember(known.member, member)) return
    known.member = member
    this.registry.set(channel, member)
  }

  leave(channel: string, peer: string, clean: boolean): void {
    const known = this.present.get(`${channel} ${peer}`)
    if (known === undefined || known.connections === 0) return
    known.connections--
    if (!clean) {
      this.lingering.delete(known)
      this.lingering.set(known, this.clock.now() + LINGER)
      if (this.timer === null) this.wait(LINGER)
    } else if (known.connections === 0 && !this.lingering.has(known)) this.remove(known)
  }

  /** Ends the timer. */
  stop(): void {
    if (this.timer !== null) this.clock.clearTimer(this.timer)
    this.timer = null
  }

  private remove(present: Present): void {
    this.present.delete(`${present.channel} ${present.member.peer}`)
    this.registry.unset(present.channel, present.member.peer)
  }

  private wait(ms: number): void {
    this.timer = this.clock.setTimer(() => {
      this.timer = null
      const now = this.clock.now()
      for (const [present, until] of this.lingering) {
        if (until > now) return this.wait(until - now)
        this.lingering.delete(present)
        if (present.connections === 0) this.remove(present)
      }
    }, ms)
  }
}

function sameMember(a: Member, b: Member): boolean {
  return a.user === b.user && (a.info === b.info || text(a.info) === text(b.info))
}

function text(info: Json | undefined): string | undefined {
  return info === undefined ? undefined : JSON.stringify(info)
}
