// Hubs without a log: an ephemeral channel (typing, cursors), and a pattern that hears many channels live. Both are at
// most once and say so: every interruption of the feed is announced as `lost`.

import type { Detach, Entry, Sink } from '@tautline/broker'
import type { Lost, Position } from '@tautline/wire'
import { Hub } from './hub.ts'
import { CastUnit, EntryUnit } from './unit.ts'

/** An ephemeral channel on this node. */
export class CastHub extends Hub {
  protected override attach(): Promise<Detach> {
    const sink: Sink = {
      entry: () => {},
      cast: (channel, cast) => this.fanOut.push(new CastUnit(channel, cast)),
      interrupted: () => this.tellLost(lost('ephemeral'), null),
    }
    return this.context.broker.attach(this.channel, sink)
  }

  protected override prepare(): Promise<void> {
    return Promise.resolve()
  }
}

/** Channels of a pattern whose order is followed; the longest silent is forgotten first. */
const FOLLOWED = 10_000

/** All channels of a pattern on this node. */
export class PatternHub extends Hub {
  /** How far each channel was passed on. */
  private readonly seen: Map<string, Position> = new Map()

  protected override attach(): Promise<Detach> {
    const sink: Sink = {
      entry: (channel, entry) => this.receive(channel, entry),
      cast: (channel, cast) => this.fanOut.push(new CastUnit(channel, cast)),
      interrupted: () => this.interrupted(),
    }
    return this.context.broker.attachPattern(this.channel, sink)
  }

  protected override prepare(): Promise<void> {
    return Promise.resolve()
  }

  private receive(channel: string, entry: Entry): void {
    const before = this.seen.get(channel)
    if (before !== undefined) {
      const old = entry.off <= before.offset
      if (old && (entry.epoch === before.epoch || entry.fence === undefined)) return
      const next = entry.prev === before.offset && (entry.epoch === before.epoch || entry.fence !== undefined)
      if (!next) this.interrupted()
    }
    const unit = new EntryUnit(channel, entry)
    this.seen.delete(channel)
    this.seen.set(channel, unit.position)
    if (this.seen.size > FOLLOWED) this.seen.delete(this.seen.keys().next().value as string)
    this.fanOut.push(unit)
  }

  private interrupted(): void {
    this.seen.clear()
    this.tellLost(lost('pattern'), null)
  }
}

function lost(why: 'ephemeral' | 'pattern'): Lost {
  return { why, to: null, spread: 0 }
}
