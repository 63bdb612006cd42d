// A memory broker whose feed and store fail as told: notices are lost, doubled and reordered, calls fail, or are answered
// and the answer travels until it is let go.

import type { Sink } from '@tautline/broker'
import {
  type Append,
  type Appended,
  type Detach,
  type Entry,
  type LogRule,
  MemoryBroker,
  type Page,
} from '@tautline/broker'
import { type Position, RealtimeError } from '@tautline/wire'
import type { RealtimeOptions } from '../src/mod.ts'
import { chance, Time } from './presence/clock.ts'
import { World } from './world.ts'

export type Call = 'attach' | 'append' | 'read' | 'back' | 'heads'

export class Faulty extends MemoryBroker {
  /** What becomes of a notice: the entries that are heard, in this order. */
  notices: (entry: Entry) => readonly Entry[] = (entry) => [entry]
  /** Every call fails at once. */
  down = false
  /** Calls that were made. */
  readonly calls: Record<Call, number> = { attach: 0, append: 0, read: 0, back: 0, heads: 0 }
  readonly sinks: Set<Sink> = new Set()
  private readonly held: Map<Call, (() => void)[]> = new Map()

  get reads(): number {
    return this.calls.read
  }

  set reads(count: number) {
    this.calls.read = count
  }

  /** From now on the answers to such calls are made, and then wait for `release`. */
  hold(call: Call): void {
    if (!this.held.has(call)) this.held.set(call, [])
  }

  /** Lets the answers go that wait, and holds no more of them. */
  release(call: Call): void {
    const waiting = this.held.get(call) ?? []
    this.held.delete(call)
    for (const go of waiting) go()
  }

  /** Answers that wait. */
  waiting(call: Call): number {
    return this.held.get(call)?.length ?? 0
  }

  override async attach(channel: string, sink: Sink): Promise<Detach> {
    return this.attached(sink, (wrapped) => super.attach(channel, wrapped))
  }

  override async attachPattern(pattern: string, sink: Sink): Promise<Detach> {
    return this.attached(sink, (wrapped) => super.attachPattern(pattern, wrapped))
  }

  override async append(channel: string, batch: readonly Append[], rule: LogRule): Promise<readonly Appended[]> {
    this.calls.append++
    if (this.down) return batch.map(() => ({ fail: 'unavailable', applied: 'no' }))
    const outcomes = await super.append(channel, batch, rule)
    await this.travelled('append')
    return outcomes
  }

  override async read(
    channel: string,
    after: Position | 'start',
    limit: number,
    bytes: number,
    rule: LogRule,
  ): Promise<Page> {
    this.calls.read++
    if (this.down) throw new RealtimeError('unavailable')
    const page = await super.read(channel, after, limit, bytes, rule)
    await this.travelled('read')
    return page
  }

  override async back(
    channel: string,
    before: Position | 'head',
    limit: number,
    bytes: number,
    rule: LogRule,
  ): Promise<Page> {
    this.calls.back++
    if (this.down) throw new RealtimeError('unavailable')
    const page = await super.back(channel, before, limit, bytes, rule)
    await this.travelled('back')
    return page
  }

  override async heads(channels: readonly string[]): Promise<readonly Position[]> {
    this.calls.heads++
    if (this.down) throw new RealtimeError('unavailable')
    const heads = await super.heads(channels)
    await this.travelled('heads')
    return heads
  }

  interrupt(): void {
    for (const sink of [...this.sinks]) sink.interrupted()
  }

  private async attached(sink: Sink, attach: (wrapped: Sink) => Promise<Detach>): Promise<Detach> {
    this.calls.attach++
    if (this.down) throw new RealtimeError('unavailable')
    const wrapped: Sink = {
      entry: (name, entry) => {
        for (const one of this.notices(entry)) sink.entry(name, one)
      },
      cast: (name, cast) => sink.cast(name, cast),
      interrupted: () => sink.interrupted(),
    }
    this.sinks.add(wrapped)
    const detach = await attach(wrapped)
    await this.travelled('attach')
    return () => {
      this.sinks.delete(wrapped)
      detach()
    }
  }

  private async travelled(call: Call): Promise<void> {
    const held = this.held.get(call)
    if (held !== undefined) await new Promise<void>((resolve) => held.push(resolve))
  }
}

/** A server on such a broker. */
export function faulty(options: RealtimeOptions = {}): { world: World; broker: Faulty } {
  const clock = new Time()
  const broker = new Faulty({ clock, random: chance(3) })
  const channels = { '**': { history: { size: 5_000 } } }
  return { world: new World({ clock, broker, channels, ...options }), broker }
}
