// Presence on one node (tautline.v1 §9): registers who is here, and tells this node's subscribers who is in a channel on
// all nodes. Nothing of it is in a log: it keeps no order with publications and is no lock.

import { type Member, type MembersPage, RealtimeError, storeJson } from '@tautline/wire'
import { Registrar } from './registrar.ts'
import { Roster } from './roster.ts'
import type { PresenceSettings, Tell } from './settings.ts'
import { Views } from './views.ts'

export type { MembersChange, PresenceSettings, Tell } from './settings.ts'

/** Bounds of a member's info. */
const INFO = { body: 4_096, depth: 64, keys: 4_096 }

/** The presence of one node. It sets timers only while it has members or subscribers. */
export class Presences {
  private readonly settings: PresenceSettings
  private readonly registrar: Registrar
  private readonly roster: Roster
  private readonly views: Views
  private stopped: Promise<void> | null = null

  constructor(settings: PresenceSettings) {
    this.settings = settings
    this.registrar = new Registrar(settings)
    this.roster = new Roster(settings.clock, this.registrar)
    this.views = new Views(settings)
  }

  /**
   * A connection of this node enters a channel. All connections of a peer are one member, with the user and the info of
   * the latest. Registering is tried until the store has it.
   *
   * @throws RealtimeError `too-large` or `bad-data`: the member's info cannot be kept; nothing has happened
   */
  enter(channel: string, member: Member): void {
    if (member.info !== undefined)
      storeJson(member.info, { ...INFO, body: this.settings.limits?.info ?? INFO.body }, 'info')
    if (this.stopped === null) this.roster.enter(channel, member)
  }

  /**
   * A connection that had entered leaves again.
   *
   * @param clean true: it said so, or the server ended it; the member leaves with its last connection. false: it was cut,
   *   and may come back within 8 s without anybody noticing
   */
  leave(channel: string, peer: string, clean: boolean): void {
    if (this.stopped === null) this.roster.leave(channel, peer, clean)
  }

  /**
   * Tells a subscriber of this node who comes and goes from now on, gathered over 250 ms. The first list is the caller's
   * to fetch (`page`). One object goes to all subscribers of the channel: it must not be written to.
   *
   * @returns ends it
   */
  watch(channel: string, tell: Tell): () => void {
    if (this.stopped !== null) return () => {}
    return this.views.watch(channel, tell)
  }

  /**
   * Members of a channel, ordered by peer. In a watched channel it is what was told up to its `rev`: changes with a larger
   * one come on top.
   *
   * @param after the `next` of the page before
   * @param limit at most so many, cut to the limit of the server
   * @throws RealtimeError `unavailable`, `draining`
   */
  async page(channel: string, after: string | undefined, limit: number): Promise<MembersPage> {
    if (this.stopped !== null) throw new RealtimeError('draining')
    const most = this.settings.limits?.members ?? 500
    const wanted = Math.max(1, Math.min(Math.trunc(limit) || 1, most))
    const view = this.views.get(channel)
    if (view !== undefined) return view.page(after ?? null, wanted)
    const page = await this.settings.store.list(channel, after ?? null, wanted)
    return { ...page, rev: 0 }
  }

  /** All members of this node leave at once, and nothing is told any more. */
  stop(): Promise<void> {
    if (this.stopped === null) {
      this.roster.stop()
      this.views.stop()
      this.stopped = this.registrar.stop()
    }
    return this.stopped
  }
}
