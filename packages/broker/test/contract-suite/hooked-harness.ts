// MemoryBroker with the faults that it cannot have, so that the cases for disks and links are themselves tested: a clean
// restart, an append that fails half-way, a feed that is cut. Each also in a wrong version.

import { type Append, type Appended, type Detach, type LogRule, MemoryBroker, type Sink } from '@tautline/broker'
import { MemoryHarness } from '../memory/harness.ts'

/** What the harness does wrong: nothing; forgets on restart; stores every other entry; is silent about a cut. */
export type Fault = 'none' | 'forgets' | 'gaps' | 'silent'

class HookedBroker extends MemoryBroker {
  failing: 'prefix' | 'gaps' | null = null
  cut = false
  readonly sinks: Set<Sink> = new Set()

  override async append(channel: string, batch: readonly Append[], rule: LogRule): Promise<readonly Appended[]> {
    const { failing } = this
    if (failing === null) return super.append(channel, batch, rule)
    this.failing = null
    const wanted = (i: number): boolean => (failing === 'prefix' ? i < batch.length / 2 : i % 2 === 0)
    await super.append(
      channel,
      batch.filter((_, i) => wanted(i)),
      rule,
    )
    return batch.map(() => ({ fail: 'unknown', applied: 'unknown' }))
  }

  override attach(channel: string, sink: Sink): Promise<Detach> {
    this.sinks.add(sink)
    return super.attach(channel, {
      entry: (name, entry) => (this.cut ? undefined : sink.entry(name, entry)),
      cast: (name, cast) => sink.cast(name, cast),
      interrupted: () => sink.interrupted(),
    })
  }
}

export class HookedHarness extends MemoryHarness {
  readonly patience: number = 50
  readonly #fault: Fault

  constructor(fault: Fault) {
    super((options) => new HookedBroker(options))
    this.#fault = fault
  }

  async restart(): Promise<void> {
    if (this.#fault === 'forgets') return this.lose()
    await this.mark()
    await this.rollback()
  }

  async fail(): Promise<void> {
    this.#broker.failing = this.#fault === 'gaps' ? 'gaps' : 'prefix'
  }

  async cut(meanwhile: () => Promise<void>): Promise<void> {
    const broker = this.#broker
    broker.cut = true
    await meanwhile()
    broker.cut = false
    if (this.#fault !== 'silent') for (const sink of broker.sinks) sink.interrupted()
  }

  get #broker(): HookedBroker {
    return this.nodes[0] as HookedBroker
  }
}
