// A hub in small (realtime-contract §3): attaches, takes the head, applies what it hears by the chain rule and fills
// holes by reading. It keeps what it applied, for the cases to compare with the log.

import assert from 'node:assert/strict'
import { crosses, follow, type Position } from '@tautline/wire'
import type { Broker, Detach, Entry, LogRule, Sink } from '../broker.ts'
import { matched, positionOf, show } from './stage.ts'

export class Follower implements Sink {
  readonly #broker: Broker
  readonly #channel: string
  readonly #rule: LogRule
  readonly applied: Entry[] = []
  readonly heard: Set<string> = new Set<string>()
  interruptions = 0
  /** Where it stood when it was attached. */
  start: Position | null = null
  position: Position | null = null
  #buffer: Entry[] = []
  #detach: Detach | null = null

  constructor(broker: Broker, channel: string, rule: LogRule) {
    this.#broker = broker
    this.#channel = channel
    this.#rule = rule
  }

  entry(channel: string, entry: Entry): void {
    assert.equal(channel, this.#channel)
    this.heard.add(entry.id)
    this.#buffer.push(entry)
  }

  cast(): void {
    assert.fail('nobody casts here')
  }

  interrupted(): void {
    this.interruptions++
  }

  async attach(): Promise<void> {
    this.#detach = await this.#broker.attach(this.#channel, this)
    this.start = (await this.#broker.heads([this.#channel]))[0] ?? null
    this.position = this.start
  }

  /** Applies what was heard; reads where the chain is broken. true: it read. */
  async apply(): Promise<boolean> {
    let read = false
    while (this.#buffer.length > 0) {
      const entry = this.#buffer.shift() as Entry
      if (this.#step(entry)) continue
      read = true
      await this.fill()
    }
    return read
  }

  /** Reads what follows. What was heard meanwhile is duplicate then. */
  async fill(): Promise<void> {
    for (;;) {
      const position = this.position as Position
      const page = matched(await this.#broker.read(this.#channel, position, 100, 1 << 20, this.#rule), 'fill')
      for (const [i, entry] of page.entries.entries()) {
        // Where the predecessor is unknown (a sparse log's first entry) the page itself is the proof.
        if (i === 0 && entry.prev === -1 && entry.off > position.offset) this.#apply(entry)
        else assert.ok(this.#step(entry), `${show(entry)} follows ${show(this.position)}`)
      }
      if (!page.more) return
      assert.ok(page.entries.length > 0, 'a page that promises more has an entry')
    }
  }

  detach(): void {
    this.#detach?.()
  }

  /** Applies one entry, or drops it as known. false: the chain is broken. */
  #step(entry: Entry): boolean {
    const position = this.position as Position
    const fenced =
      entry.fence !== undefined && entry.epoch !== position.epoch && crosses(position, entry.fence)
        ? { ...position, epoch: entry.fence.epoch }
        : position
    const link = { epoch: entry.epoch, offset: entry.off, prev: entry.prev, id: entry.id }
    const known = (offset: number): string | undefined => this.applied.find((one) => one.off === offset)?.id
    const step = follow(fenced, link, known)
    if (step === 'next') this.#apply(entry)
    return step !== 'broken'
  }

  #apply(entry: Entry): void {
    this.position = positionOf(entry)
    this.applied.push(entry)
  }
}
