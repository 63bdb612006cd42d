// MemoryBroker for the contract suite. It cannot lose its tail, so `rollback` builds the store that would have: the same
// names (the chance is seeded), the entries up to `mark`, and nothing that tells of what vanished: a lying store.

import type { Append, Appended, LogRule } from '@tautline/broker'
import { MemoryBroker, type MemoryBrokerOptions } from '@tautline/broker'
import type { BrokerHarness, Skips } from '@tautline/broker/contract-suite'
import { Random } from '@tautline/testkit'
import { TestClock } from '../clock.ts'

export type MakeBroker = (options: MemoryBrokerOptions) => MemoryBroker

export const memorySkips: Skips = {
  'after a clean restart positions are proved as before, and keys as the facts say':
    'memory: nothing outlives the process',
  'of a batch that failed in the store a prefix is there, and each outcome says the truth about its entry':
    'memory: an append is one synchronous step that cannot fail',
  'a feed that was cut says so, and goes on': 'memory: there is no link that could be cut',
}

interface Recorded {
  readonly channel: string
  readonly batch: readonly Append[]
  readonly rule: LogRule
}

export class MemoryHarness implements BrokerHarness {
  readonly clock: TestClock = new TestClock()
  readonly #make: MakeBroker
  #seed = 1
  #broker: MemoryBroker
  #journal: Recorded[] = []
  #marked: Recorded[] = []

  constructor(make: MakeBroker = (options) => new MemoryBroker(options)) {
    this.#make = make
    this.#broker = this.#start()
  }

  get nodes(): readonly [MemoryBroker, MemoryBroker] {
    return [this.#broker, this.#broker]
  }

  time(): number {
    return this.clock.wall()
  }

  async advance(ms: number): Promise<void> {
    this.clock.advance(ms)
  }

  async lose(): Promise<void> {
    await this.#broker.close()
    this.#seed++
    this.#journal = []
    this.#broker = this.#start()
  }

  async mark(): Promise<void> {
    this.#marked = [...this.#journal]
  }

  async rollback(): Promise<void> {
    await this.#broker.close()
    this.#broker = this.#start()
    this.#journal = []
    for (const { channel, batch, rule } of this.#marked) await this.#broker.append(channel, batch, rule)
  }

  async close(): Promise<void> {
    await this.#broker.close()
  }

  #start(): MemoryBroker {
    const random = new Random(this.#seed)
    const broker = this.#make({
      clock: this.clock,
      random: { bytes: (length) => random.bytes(length), unit: () => random.next() / 2 ** 32 },
    })
    const append = broker.append.bind(broker)
    broker.append = (channel: string, batch: readonly Append[], rule: LogRule): Promise<readonly Appended[]> => {
      this.#journal.push({ channel, batch, rule })
      return append(channel, batch, rule)
    }
    return broker
  }
}
