// Makes the store say what this node wants: its lease and its members there. What is wanted is kept until the store has
// it, whatever fails meanwhile. It counts no connections and tells no subscriber.

import { type Member, RealtimeError, type Timer } from '@tautline/wire'
import { within } from '../deadline.ts'
import { GATHER, LEASE, type PresenceSettings, PULSE, pause } from './settings.ts'

/** One member as it should be in the store, and as it is there. Dropped once it is neither wanted nor stored. */
interface Standing {
  readonly channel: string
  readonly peer: string
  wanted: Member | null
  stored: Member | null
  /** A write is under way; the next one waits for it. */
  busy: boolean
  /** When the last write began: a member is written once per GATHER, however often it changes. */
  written: number
}

/** Writes under way at once, while the store is well. */
const CONCURRENT = 64
/** ms that stopping waits for a store which does not answer. */
const PATIENCE = 5_000

export class Registrar {
  private readonly settings: PresenceSettings
  private readonly standings: Map<string, Standing> = new Map()
  /** To be written, in order. */
  private readonly due: Set<Standing> = new Set()
  /** Written a moment ago and changed since, with the time from which they are due. */
  private readonly cooling: Map<Standing, number> = new Map()
  /** Counts leases: what was written under an older one is gone. 0: the store was never reached. */
  private lease = 0
  private held = false
  private renewing = false
  private writing = 0
  /** Times in a row that the store failed. */
  private failures = 0
  private stopped = false
  private renewTimer: Timer | null = null
  private coolTimer: Timer | null = null
  private pauseTimer: Timer | null = null
  private idle: (() => void) | null = null

  constructor(settings: PresenceSettings) {
    this.settings = settings
  }

  /** Members that are wanted, or not yet gone from the store. */
  get size(): number {
    return this.standings.size
  }

  /** Wants a member to be there, as it is now. */
  set(channel: string, member: Member): void {
    const name = nameOf(channel, member.peer)
    let standing = this.standings.get(name)
    if (standing === undefined) {
      standing = { channel, peer: member.peer, wanted: null, stored: null, busy: false, written: -GATHER }
      this.standings.set(name, standing)
    }
    standing.wanted = member
    this.changed(standing)
  }

  /** Wants a member to be gone. */
  unset(channel: string, peer: string): void {
    const standing = this.standings.get(nameOf(channel, peer))
    if (standing === undefined) return
    standing.wanted = null
    this.changed(standing)
  }

  /** Ends the lease: all members of this node leave at once. Waits for writes under way, within reason. */
  async stop(): Promise<void> {
    const { clock, store, node, onFailure } = this.settings
    this.stopped = true
    for (const timer of [this.renewTimer, this.coolTimer, this.pauseTimer]) if (timer !== null) clock.clearTimer(timer)
    try {
      if (this.writing > 0 || this.renewing) {
        const { promise, resolve } = Promise.withResolvers<void>()
        this.idle = resolve
        await within(clock, promise, PATIENCE, 'writing presence')
      }
      if (this.lease > 0) await within(clock, store.release(node), PATIENCE, 'releasing presence')
    } catch (error) {
      onFailure(error, 'presence: this node was not released; its members leave when its lease ends')
    }
  }

  /** Puts a member where it belongs after a change. */
  private changed(standing: Standing): void {
    if (standing.busy || this.stopped) return
    if (standing.wanted === standing.stored) {
      this.due.delete(standing)
      this.cooling.delete(standing)
      if (standing.wanted === null) this.forget(standing)
      return
    }
    const from = standing.written + GATHER
    if (from <= this.settings.clock.now()) this.due.add(standing)
    else if (!this.cooling.has(standing)) {
      this.cooling.set(standing, from)
      if (this.coolTimer === null) this.cool(from)
    }
    this.pump()
  }

  private forget(standing: Standing): void {
    this.standings.delete(nameOf(standing.channel, standing.peer))
    if (this.standings.size > 0) return
    // Nobody here: the lease may end by itself, and whoever comes next asks for it first.
    this.held = false
    if (this.renewTimer === null) return
    this.settings.clock.clearTimer(this.renewTimer)
    this.renewTimer = null
  }

  private cool(until: number): void {
    const { clock } = this.settings
    const ripe = (): void => {
      this.coolTimer = null
      const now = clock.now()
      for (const [standing, time] of this.cooling) {
        if (time > now) {
          this.cool(time)
          break
        }
        this.cooling.delete(standing)
        this.due.add(standing)
      }
      this.pump()
    }
    this.coolTimer = clock.setTimer(ripe, Math.max(0, until - clock.now()))
  }

  /** Begins what can be begun. */
  private pump(): void {
    if (this.stopped || this.pauseTimer !== null || this.due.size === 0) return
    if (!this.held) return this.renew()
    // After a failure one write at a time feels the way.
    const most = this.failures > 0 ? 1 : CONCURRENT
    for (const standing of this.due) {
      if (this.writing >= most) return
      this.due.delete(standing)
      void this.write(standing)
    }
  }

  private async write(standing: Standing): Promise<void> {
    const { store, node, clock, onFailure } = this.settings
    const { channel, peer, wanted } = standing
    const lease = this.lease
    standing.busy = true
    standing.written = clock.now()
    this.writing++
    let failed = false
    try {
      if (wanted === null) await store.leave(channel, node, peer)
      else await store.join(channel, node, wanted)
    } catch (error) {
      onFailure(error, `presence: a member ${wanted === null ? 'that left' : 'that came'} was not written`)
      // What the store will never take would only hold up the others.
      failed = !(error instanceof RealtimeError && !error.temporary)
    }
    this.writing--
    standing.busy = false
    // "A node that missed its own expiry registers everything anew": also what was on its way meanwhile.
    if (lease !== this.lease) standing.stored = null
    else if (!failed) standing.stored = wanted
    this.changed(standing)
    this.settled(failed)
  }

  /** Takes or renews the lease. If the store had lost it, everything is registered anew. */
  private renew(): void {
    if (this.renewing || this.stopped) return
    const { clock } = this.settings
    if (this.renewTimer !== null) clock.clearTimer(this.renewTimer)
    this.renewTimer = null
    this.renewing = true
    const began = clock.now()
    void this.renewed().then((held) => {
      this.renewing = false
      if (held && this.standings.size > 0) this.renewLater(began)
      this.settled(!held)
    })
  }

  private async renewed(): Promise<boolean> {
    const { store, node, onFailure } = this.settings
    try {
      // Members of an earlier process with this node's name are none of ours.
      if (this.lease === 0) await store.release(node)
      const kept = await store.renew(node, LEASE)
      if (!kept || this.lease === 0) this.anew()
      this.held = this.standings.size > 0
      return true
    } catch (error) {
      onFailure(error, 'presence: the lease was not renewed')
      return false
    }
  }

  private renewLater(began: number): void {
    const { clock, random } = this.settings
    if (this.stopped) return
    const due = began + PULSE * (0.9 + random.unit() / 10)
    this.renewTimer = clock.setTimer(() => this.renew(), Math.max(0, due - clock.now()))
  }

  private anew(): void {
    this.lease++
    for (const standing of [...this.standings.values()]) {
      if (standing.busy) continue
      standing.stored = null
      this.changed(standing)
    }
  }

  /** After a call to the store: goes on, or waits a little. */
  private settled(failed: boolean): void {
    const { clock, random } = this.settings
    if (this.stopped) {
      if (this.writing === 0 && !this.renewing) this.idle?.()
      return
    }
    if (!failed) {
      this.failures = 0
      return this.pump()
    }
    if (this.pauseTimer !== null) return
    this.failures++
    const again = (): void => {
      this.pauseTimer = null
      if (this.renewTimer === null && this.standings.size > 0) this.renew()
      else this.pump()
    }
    this.pauseTimer = clock.setTimer(again, pause(random, this.failures))
  }
}

function nameOf(channel: string, peer: string): string {
  return `${channel} ${peer}`
}
