// A sparse log for the suite: MemoryBroker with offsets as a JetStream sequence would give them. They grow by leaps, an
// entry names its predecessor, unwritten channels stand at the store's last offset, and no entry brings a fence.

import type { Append, Appended, Cast, Detach } from '@tautline/broker'
import {
  type Entry,
  type Facts,
  type LogRule,
  MemoryBroker,
  type MemoryBrokerOptions,
  type Page,
  type Sink,
} from '@tautline/broker'
import type { Position } from '@tautline/wire'

/** What the store's last offset is said to be when a channel is looked at before its first entry. */
const S = 40

function sparseOffset(dense: number): number {
  return dense === 0 ? S : S + dense * dense + 7
}

function denseOffset(sparse: number): number {
  const root = Math.sqrt(sparse - S - 7)
  return sparse === S ? 0 : Number.isInteger(root) && root > 0 ? root : sparse < 0 ? -1 : 2 ** 52 + 1
}

export class SparseBroker extends MemoryBroker {
  /** The dense epochs, and those of unwritten channels, by channel: one epoch of the store stands for all. */
  readonly #inner = new Map<string, { written?: string; unwritten: string }>()
  readonly #epoch: string

  constructor(options: MemoryBrokerOptions) {
    super(options)
    // The same for the same chance, as the names of MemoryBroker are.
    this.#epoch = `E${options.random?.bytes(4).join('-')}`
  }

  override facts(): Facts {
    return { ...super.facts(), offsets: 'sparse' }
  }

  override async append(channel: string, batch: readonly Append[], rule: LogRule): Promise<readonly Appended[]> {
    const outcomes = await super.append(channel, batch, rule)
    return outcomes.map((outcome) =>
      outcome.fail === undefined ? { ...outcome, position: this.#out(channel, outcome.position) } : outcome,
    )
  }

  override async read(
    ch: string,
    after: Position | 'start',
    limit: number,
    bytes: number,
    rule: LogRule,
  ): Promise<Page> {
    await this.#look(ch)
    return this.#page(ch, await super.read(ch, after === 'start' ? after : this.#in(ch, after), limit, bytes, rule))
  }

  override async back(
    ch: string,
    before: Position | 'head',
    limit: number,
    bytes: number,
    rule: LogRule,
  ): Promise<Page> {
    await this.#look(ch)
    return this.#page(ch, await super.back(ch, before === 'head' ? before : this.#in(ch, before), limit, bytes, rule))
  }

  override async heads(channels: readonly string[]): Promise<readonly Position[]> {
    const heads = await super.heads(channels)
    return heads.map((head, i) => this.#out(channels[i] as string, head))
  }

  override attach(channel: string, sink: Sink): Promise<Detach> {
    return super.attach(channel, this.#sink(sink))
  }

  override attachPattern(pattern: string, sink: Sink): Promise<Detach> {
    return super.attachPattern(pattern, this.#sink(sink))
  }

  #sink(sink: Sink): Sink {
    return {
      entry: (channel, entry) => sink.entry(channel, this.#entry(entry)),
      cast: (channel, cast: Cast) => sink.cast(channel, cast),
      interrupted: () => sink.interrupted(),
    }
  }

  async #look(channel: string): Promise<void> {
    const [head] = (await super.heads([channel])) as [Position]
    this.#out(channel, head)
  }

  #out(channel: string, { epoch, offset, id }: Position): Position {
    const known = this.#inner.get(channel)
    if (offset > 0) this.#inner.set(channel, { unwritten: known?.unwritten ?? epoch, written: epoch })
    else if (known === undefined) this.#inner.set(channel, { unwritten: epoch })
    return { epoch: this.#epoch, offset: sparseOffset(offset), id }
  }

  #in(channel: string, { epoch, offset, id }: Position): Position {
    const known = this.#inner.get(channel)
    const dense = denseOffset(offset)
    const inner = dense === 0 ? (known?.written ?? known?.unwritten) : known?.written
    // What is not of this store's epoch stays what it is: unknown.
    return { epoch: epoch === this.#epoch ? (inner ?? epoch) : `${epoch} `, offset: dense, id }
  }

  #entry({ fence: _, ...entry }: Entry): Entry {
    // Of the first entry no predecessor is known (README.md, L5): the suite must not take 0 for a beginning.
    const prev = entry.prev === 0 ? -1 : sparseOffset(entry.prev)
    return { ...entry, epoch: this.#epoch, off: sparseOffset(entry.off), prev }
  }

  #page(channel: string, page: Page): Page {
    const head = this.#out(channel, page.head)
    if (page.proof === 'absent') return { ...page, head }
    const start = page.start && { start: this.#out(channel, page.start) }
    return { ...page, head, entries: page.entries.map((entry) => this.#entry(entry)), ...start }
  }
}
