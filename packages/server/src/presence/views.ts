// The channels that somebody watches on this node, compared with the store at every pulse: events may be lost, and a node
// that crashed says nothing at all.

import type { Timer } from '@tautline/wire'
import { COUNT, type PresenceSettings, PULSE, type Tell } from './settings.ts'
import { View } from './view.ts'

/** Channels compared in one call. */
const COMPARED = 256
/** Channels that are kept for a moment though nobody watches them any more. */
const IDLE = 1_000

export class Views {
  private readonly settings: PresenceSettings
  private readonly views: Map<string, View> = new Map()
  /** Those nobody watches, the longest first. */
  private readonly idle: Set<View> = new Set()
  private pulseTimer: Timer | null = null
  private countTimer: Timer | null = null
  private comparing = false

  constructor(settings: PresenceSettings) {
    this.settings = settings
  }

  get size(): number {
    return this.views.size
  }

  get(channel: string): View | undefined {
    return this.views.get(channel)
  }

  watch(channel: string, tell: Tell): () => void {
    let view = this.views.get(channel)
    if (view === undefined) {
      view = new View(channel, this.settings)
      this.views.set(channel, view)
    }
    const watched = view
    // A function of its own, so that one callback may watch twice.
    const told: Tell = (change) => tell(change)
    this.idle.delete(watched)
    watched.watch(told)
    this.pulseLater()
    return () => this.unwatch(watched, told)
  }

  stop(): void {
    const { clock } = this.settings
    for (const timer of [this.pulseTimer, this.countTimer]) if (timer !== null) clock.clearTimer(timer)
    this.pulseTimer = null
    this.countTimer = null
    for (const view of this.views.values()) view.close()
    this.views.clear()
    this.idle.clear()
  }

  private unwatch(view: View, told: Tell): void {
    view.unwatch(told)
    if (view.watched || this.views.get(view.channel) !== view) return
    // Kept until the pulse after the next: who comes back at once costs no list.
    this.idle.add(view)
    if (this.idle.size > IDLE) this.drop(this.idle.values().next().value as View)
  }

  private drop(view: View): void {
    view.close()
    this.idle.delete(view)
    this.views.delete(view.channel)
  }

  private pulseLater(): void {
    if (this.pulseTimer !== null) return
    const { clock, random } = this.settings
    const pulse = (): void => {
      this.pulseTimer = null
      this.sweep()
      if (this.views.size === 0) return
      this.pulseLater()
      void this.compare([...this.views.values()])
    }
    this.pulseTimer = clock.setTimer(pulse, PULSE * (0.9 + random.unit() / 10))
  }

  private sweep(): void {
    const now = this.settings.clock.now()
    for (const view of this.idle) {
      if ((view.idleSince ?? now) + PULSE > now) return
      this.drop(view)
    }
  }

  private async compare(views: readonly View[]): Promise<void> {
    // The store is behind: comparing once more would not help it.
    if (this.comparing) return
    this.comparing = true
    try {
      for (let i = 0; i < views.length; i += COMPARED) await this.compareSome(views.slice(i, i + COMPARED))
    } catch (error) {
      this.settings.onFailure(error, 'presence: channels were not compared with the store')
    }
    this.comparing = false
    this.countLater()
  }

  private async compareSome(views: readonly View[]): Promise<void> {
    const settled = views.map((view) => view.settled)
    const digests = await this.settings.store.digests(views.map(({ channel }) => channel))
    for (const [i, view] of views.entries()) {
      const digest = digests[i]
      if (digest !== undefined && this.views.get(view.channel) === view) view.compare(digest, settled[i] === true)
    }
  }

  /** Channels with too many members to name are counted more often than the others are compared. */
  private countLater(): void {
    if (this.countTimer !== null || ![...this.views.values()].some((view) => view.counted)) return
    this.countTimer = this.settings.clock.setTimer(() => {
      this.countTimer = null
      void this.compare([...this.views.values()].filter((view) => view.counted))
    }, COUNT)
  }
}
