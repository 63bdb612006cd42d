// Reads of the log, held to what a store can bear: so many at once per node, one at a time per channel, and who asks for
// the same thing gets the same answer. A thousand clients that come back to one channel cost one read.

import type { Broker, Entry, LogRule, Page } from '@tautline/broker'
import type { Position } from '@tautline/wire'
import type { Health } from '../health.ts'

/** Store reads in flight per node. */
const SLOTS = 64

interface Wanted {
  readonly key: string
  readonly run: () => Promise<Page>
  readonly answer: PromiseWithResolvers<Page>
}

/** One per node. Bounded by who may ask: every subscription waits for one read at a time. */
export class Reads {
  private readonly broker: Broker
  private readonly health: Health
  /** Everything that is not answered yet. */
  private readonly wanted: Map<string, Wanted> = new Map()
  /** Of each channel with a read under way, those that wait for it. */
  private readonly busy: Map<string, Wanted[]> = new Map()
  /** Channels that wait for a slot, each with what is wanted of it. */
  private readonly queue: Map<string, Wanted[]> = new Map()

  constructor(broker: Broker, health: Health) {
    this.broker = broker
    this.health = health
  }

  /** As `Broker.read`. The page is shared: nobody changes it. */
  read(channel: string, after: Position, limit: number, bytes: number, rule: LogRule): Promise<Page> {
    const key = `read ${channel} ${limit} ${bytes} ${after.offset} ${after.id} ${after.epoch}`
    return this.ask(key, channel, async () => {
      const page = await this.broker.read(channel, after, limit, bytes, rule)
      return page.proof === 'match' ? { ...page, entries: linked(page.entries, after.offset) } : page
    })
  }

  /** As `Broker.back`. */
  back(channel: string, before: Position | 'head', limit: number, bytes: number, rule: LogRule): Promise<Page> {
    const from = before === 'head' ? before : `${before.offset} ${before.id} ${before.epoch}`
    return this.ask(`back ${channel} ${limit} ${bytes} ${from}`, channel, async () => {
      const page = await this.broker.back(channel, before, limit, bytes, rule)
      if (page.proof !== 'match' || page.start === undefined) return page
      return { ...page, entries: linked(page.entries, page.start.offset) }
    })
  }

  private ask(key: string, channel: string, run: () => Promise<Page>): Promise<Page> {
    const same = this.wanted.get(key)
    if (same !== undefined) return same.answer.promise
    const wanted: Wanted = { key, run, answer: Promise.withResolvers<Page>() }
    this.wanted.set(key, wanted)
    const others = this.busy.get(channel) ?? this.queue.get(channel)
    if (others !== undefined) others.push(wanted)
    else this.queue.set(channel, [wanted])
    this.startNext()
    return wanted.answer.promise
  }

  /** Channels take turns: one that many ask for does not hold up the others. */
  private startNext(): void {
    for (const [channel, waiting] of this.queue) {
      if (this.busy.size >= SLOTS) return
      this.queue.delete(channel)
      this.busy.set(channel, waiting)
      this.start(channel, waiting.shift() as Wanted)
    }
  }

  private start(channel: string, wanted: Wanted): void {
    const done = (): void => {
      const waiting = this.busy.get(channel) ?? []
      this.busy.delete(channel)
      this.wanted.delete(wanted.key)
      if (waiting.length > 0) this.queue.set(channel, waiting)
      this.startNext()
    }
    const page = this.health.watch(wanted.run())
    page.then(done, done)
    wanted.answer.resolve(page)
  }
}

/** A page is whole by its proof, also where the store did not know an entry's predecessor: here it is known. */
function linked(entries: readonly Entry[], before: number): readonly Entry[] {
  let prev = before
  let complete = true
  for (const entry of entries) if (entry.prev === -1) complete = false
  if (complete) return entries
  return entries.map((entry) => {
    const whole = entry.prev === -1 ? { ...entry, prev } : entry
    prev = entry.off
    return whole
  })
}
