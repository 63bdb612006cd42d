// Brokers that are wrong in one thing each, and one that is odd and right. All are MemoryBroker but for that thing.

import {
  type Append,
  type Appended,
  type Cast,
  type Detach,
  type Entry,
  type Facts,
  type LogRule,
  MemoryBroker,
  type MemoryBrokerOptions,
  type Page,
  type Sink,
} from '@tautline/broker'
import type { Position } from '@tautline/wire'

type Batch = readonly Append[]

export type BrokerClass = new (options: MemoryBrokerOptions) => MemoryBroker

/** A broker that changes what it is asked to store. */
export function altering(alter: (append: Append) => Append): BrokerClass {
  return class extends MemoryBroker {
    override append(channel: string, batch: Batch, rule: LogRule): Promise<readonly Appended[]> {
      return super.append(channel, batch.map(alter), rule)
    }
  }
}

/** A broker that keeps to another rule than it is told. */
export function ruledBy(alter: (rule: LogRule) => LogRule): BrokerClass {
  return class extends MemoryBroker {
    override append(channel: string, batch: Batch, rule: LogRule): Promise<readonly Appended[]> {
      return super.append(channel, batch, alter(rule))
    }
    override read(ch: string, after: Position | 'start', limit: number, bytes: number, rule: LogRule): Promise<Page> {
      return super.read(ch, after, limit, bytes, alter(rule))
    }
    override back(ch: string, before: Position | 'head', limit: number, bytes: number, rule: LogRule): Promise<Page> {
      return super.back(ch, before, limit, bytes, alter(rule))
    }
  }
}

/** A broker whose answers to `read` are changed. */
export function answering(
  alter: (
    page: Page,
    after: Position | 'start',
    again: (after: Position | 'start') => Promise<Page>,
  ) => Page | Promise<Page>,
): new (
  options: MemoryBrokerOptions,
) => MemoryBroker {
  return class extends MemoryBroker {
    override async read(
      ch: string,
      after: Position | 'start',
      limit: number,
      bytes: number,
      rule: LogRule,
    ): Promise<Page> {
      const again = (other: Position | 'start'): Promise<Page> => super.read(ch, other, limit, bytes, rule)
      return alter(await again(after), after, again)
    }
  }
}

/** A broker with something between the feed and the sinks. */
export function feeding(wrap: (sink: Sink) => Sink): BrokerClass {
  return class extends MemoryBroker {
    override attach(channel: string, sink: Sink): Promise<Detach> {
      return super.attach(channel, wrap(sink))
    }
  }
}

/** Believes (epoch, offset), as brokers without ids do. */
export class WithoutIds extends MemoryBroker {
  override async read(
    ch: string,
    after: Position | 'start',
    limit: number,
    bytes: number,
    rule: LogRule,
  ): Promise<Page> {
    if (after !== 'start' && after.offset > 0) {
      const all = await super.read(ch, 'start', 10_000, 1 << 30, rule)
      const there = all.proof === 'match' ? all.entries.find((entry) => entry.off === after.offset) : undefined
      if (there?.epoch === after.epoch) return super.read(ch, { ...after, id: there.id }, limit, bytes, rule)
    }
    return super.read(ch, after, limit, bytes, rule)
  }
}

export class LosesSome extends MemoryBroker {
  #count = 0
  override async append(channel: string, batch: Batch, rule: LogRule): Promise<readonly Appended[]> {
    if (++this.#count % 17 !== 0) return super.append(channel, batch, rule)
    const [head] = await this.heads([channel])
    return batch.map((append, i) => ({
      position: { epoch: head?.epoch ?? '', offset: (head?.offset ?? 0) + i + 1, id: append.id },
    }))
  }
}

export class StoresTwice extends MemoryBroker {
  override async append(channel: string, batch: Batch, rule: LogRule): Promise<readonly Appended[]> {
    const outcomes = await super.append(channel, batch, rule)
    if (batch.length === 3) await super.append(channel, batch.slice(2), rule)
    return outcomes
  }
}

export class Reverses extends MemoryBroker {
  override async append(channel: string, batch: Batch, rule: LogRule): Promise<readonly Appended[]> {
    return [...(await super.append(channel, [...batch].reverse(), rule))].reverse()
  }
}

export class StopsAtRefusal extends MemoryBroker {
  override async append(channel: string, batch: Batch, rule: LogRule): Promise<readonly Appended[]> {
    const outcomes: Appended[] = []
    for (const append of batch) {
      const refused = outcomes.some((outcome) => outcome.fail !== undefined)
      const [outcome] = refused ? [] : await super.append(channel, [append], rule)
      outcomes.push(outcome ?? { fail: 'aborted', applied: 'no' })
    }
    return outcomes
  }
}

export class DuplicateAtHead extends MemoryBroker {
  override async append(channel: string, batch: Batch, rule: LogRule): Promise<readonly Appended[]> {
    const outcomes = await super.append(channel, batch, rule)
    const [head] = (await this.heads([channel])) as [Position]
    return outcomes.map((outcome) => (outcome.duplicate ? { position: head, duplicate: true } : outcome))
  }
}

export class StaleHeads extends MemoryBroker {
  readonly #last = new Map<string, Position>()
  override async append(channel: string, batch: Batch, rule: LogRule): Promise<readonly Appended[]> {
    for (const head of await super.heads([channel])) this.#last.set(channel, head)
    return super.append(channel, batch, rule)
  }
  override async heads(channels: readonly string[]): Promise<readonly Position[]> {
    const heads = await super.heads(channels)
    return channels.map((channel, i) => this.#last.get(channel) ?? (heads[i] as Position))
  }
}

export class AttachesLate extends MemoryBroker {
  override async attach(channel: string, sink: Sink): Promise<Detach> {
    let detached = false
    let detach: Detach | undefined
    setImmediate(async () => {
      if (!detached) detach = await super.attach(channel, sink)
    })
    return () => {
      detached = true
      detach?.()
    }
  }
}

export class NeverDetaches extends MemoryBroker {
  override async attach(channel: string, sink: Sink): Promise<Detach> {
    await super.attach(channel, sink)
    return () => {}
  }
}

export class StoresCasts extends MemoryBroker {
  override async cast(channel: string, cast: Cast): Promise<void> {
    const append = { ...cast, scope: 'server', hash: '', expires: Number.MAX_VALUE }
    await this.append(channel, [append], { size: 10, ttl: 10_000, window: 10_000 })
    await super.cast(channel, cast)
  }
}

export class WidePatterns extends MemoryBroker {
  override attachPattern(pattern: string, sink: Sink): Promise<Detach> {
    return super.attachPattern(pattern.replace(/\*+:.*$|\*$/, '**'), sink)
  }
}

export class LoudControl extends MemoryBroker {
  constructor(options: MemoryBrokerOptions) {
    super(options)
    const { send } = this.control
    this.control.send = (_node, bytes) => send.call(this.control, '*', bytes)
  }
}

export class StubbornControl extends MemoryBroker {
  constructor(options: MemoryBrokerOptions) {
    super(options)
    const { listen } = this.control
    this.control.listen = (node, heard) => {
      listen.call(this.control, node, heard)
      return () => {}
    }
  }
}

export class SkewedBack extends MemoryBroker {
  override async back(
    ch: string,
    before: Position | 'head',
    limit: number,
    bytes: number,
    rule: LogRule,
  ): Promise<Page> {
    const page = await super.back(ch, before, limit, bytes, rule)
    if (page.proof === 'absent' || page.entries.length === 0) return page
    const first = page.entries[0] as Entry
    return { ...page, start: { epoch: first.epoch, offset: first.off, id: first.id } }
  }
}

export class ThrowsWhenClosed extends MemoryBroker {
  #closed = false
  override async append(channel: string, batch: Batch, rule: LogRule): Promise<readonly Appended[]> {
    if (this.#closed) throw new Error('closed')
    return super.append(channel, batch, rule)
  }
  override async close(): Promise<void> {
    this.#closed = true
    await super.close()
  }
}

/** The same names after every restart, as if the epoch were stored, or derived from the host. */
export class SameEpoch extends MemoryBroker {
  constructor(options: MemoryBrokerOptions) {
    super({ ...options, random: { bytes: (length) => new Uint8Array(length), unit: () => 0 } })
  }
}

export class BoastfulFacts extends MemoryBroker {
  override facts(): Facts {
    return { ...super.facts(), durability: 'eventual' as 'memory' }
  }
}

/** Takes names apart, and part of them away. */
export class CutsNames extends MemoryBroker {
  override append(channel: string, batch: Batch, rule: LogRule): Promise<readonly Appended[]> {
    return super.append(channel.replace(/:1$/, ''), batch, rule)
  }
}

export class IgnoresBytes extends MemoryBroker {
  override read(ch: string, after: Position | 'start', limit: number, _bytes: number, rule: LogRule): Promise<Page> {
    return super.read(ch, after, limit, 1 << 30, rule)
  }
}

/** Drops every seventh entry. */
export const dropping: BrokerClass = feeding((sink) => {
  let heard = 0
  return {
    ...calls(sink),
    entry: (channel, entry) => (++heard % 7 === 0 ? undefined : sink.entry(channel, entry)),
  }
})

/** Tells another time than it stores. */
export const misquoting: BrokerClass = feeding((sink) => ({
  ...calls(sink),
  entry: (channel, entry) => sink.entry(channel, { ...entry, at: entry.at + 1 }),
}))

function calls(sink: Sink): Sink {
  return {
    entry: (channel, entry) => sink.entry(channel, entry),
    cast: (channel, cast) => sink.cast(channel, cast),
    interrupted: () => sink.interrupted(),
  }
}

/** Odd and still right: entries come late, some twice, and in any order. */
export const OddFeed: BrokerClass = feeding((sink) => {
  let waiting: (readonly [string, Entry])[] = []
  const release = (): void => {
    for (const [channel, entry] of waiting.reverse()) sink.entry(channel, entry)
    waiting = []
  }
  return {
    ...calls(sink),
    entry(channel, entry) {
      if (waiting.length === 0) setImmediate(release)
      waiting.push([channel, entry])
      if (entry.off % 3 === 0) waiting.push([channel, entry])
    },
  }
})
