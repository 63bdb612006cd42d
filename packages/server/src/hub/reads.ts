// Reads of the log, held to what a store can bear: so many at once per node, one at a time per channel, and who asks for
// the same thing gets the same answer. A thousand clients that come back to one channel cost one read.

import type { Broker, Entry, LogRule, Page } from '@tautline/broker'
import type { Position } from '@tautline/wire'
import type { Health } from '../health.ts'

/** Store reads in flight per node. */
const SLOTS = 64

interface Wanted {
  readonly key: string
  readonly channel: string
  readonly run: () => Promise<Page>
  readonly answer: Promise<Page>
  readonly settle: (page: Promise<Page>) => void
}

/** One per node. Bounded by who may ask: every subscription waits for one read at a time. */
export class Reads {
  private readonly broker: Broker
  private readonly health: Health
  private readonly wanted: Map<string, Wanted> = new Map()
  private readonly queue: Set<Wanted> = new Set()
  private readonly busy: Set<string> = new Set()

  constructor(broker: Broker, health: Health) {
    this.broker = broker
    this.health = health
  }

  /** As `Broker.read`. The page is shared: nobody changes it. */
  read(channel: string, after: Position, limit: number, bytes: number, rule: LogRule): Promise<Page> {
    const key = `read ${channel} ${limit} ${after.offset} ${after.id} ${after.epoch}`
    return this.ask(key, channel, async () => {
      const page = await this.broker.read(channel, after, limit, bytes, rule)
      return page.proof === 'match' ? { ...page, entries: linked(page.entries, after.offset) } : page
    })
  }

  /** As `Broker.back`. */
  back(channel: string, before: Position | 'head', limit: number, rule: LogRule): Promise<Page> {
    const from = before === 'head' ? before : `${before.offset} ${before.id} ${before.epoch}`
    return this.ask(`back ${channel} ${limit} ${from}`, channel, async () => {
      const page = await this.broker.back(channel, before, limit, rule)
      if (page.proof !== 'match' || page.start === undefined) return page
      return { ...page, entries: linked(page.entries, page.start.offset) }
    })
  }

  private ask(key: string, channel: string, run: () => Promise<Page>): Promise<Page> {
    const same = this.wanted.get(key)
    if (same !== undefined) return same.answer
    const { promise, resolve } = Promise.withResolvers<Page>()
    const wanted: Wanted = { key, channel, run, answer: promise, settle: resolve }
    this.wanted.set(key, wanted)
    this.queue.add(wanted)
    this.next()
    return promise
  }

  private next(): void {
    for (const wanted of this.queue) {
      if (this.busy.size >= SLOTS) return
      if (!this.busy.has(wanted.channel)) this.start(wanted)
    }
  }

  private start(wanted: Wanted): void {
    this.queue.delete(wanted)
    this.busy.add(wanted.channel)
    const done = (): void => {
      this.busy.delete(wanted.channel)
      this.wanted.delete(wanted.key)
      this.next()
    }
    const page = this.health.watch(wanted.run())
    page.then(done, done)
    wanted.settle(page)
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
