// A channel's log as the checks ask it: which entry follows which, since when one is not served any more, what a
// position stands for. Built once, in linear time, from everything that was ever stored.

import type { Position } from '@tautline/wire'
import type { ChannelLog, Fault, LogEntry } from './history.ts'

/** An entry with its place. */
export interface Placed {
  readonly entry: LogEntry
  /** How many entries lead to it, itself included, since the log began or memory was lost. */
  readonly rank: number
}

/** What is true of one channel. */
export class Truth {
  readonly log: ChannelLog
  readonly byId: Map<string, Placed> = new Map()
  /** The entry with which the log ends; null: empty. */
  readonly last: LogEntry | null
  readonly #byOffset = new Map<string, Placed>()
  /** id of the predecessor (or the generation, at the beginning) → what has followed it: more than one after a failover */
  readonly #next = new Map<string, Placed[]>()
  /** generation, rank → when the first entry of that rank was stored */
  readonly #reached = new Map<string, number>()
  /** The same, of the log that remained. */
  readonly #remained = new Map<string, number>()
  readonly #generations = new Map<string, number>()
  readonly #bases: ReadonlyMap<string, number>
  readonly #wipes: readonly number[]
  readonly #failovers: readonly number[]

  constructor(log: ChannelLog, faults: readonly Fault[], bases: ReadonlyMap<string, number>) {
    this.log = log
    this.#bases = bases
    this.#wipes = faults.filter((fault) => fault.kind === 'wipe').map((fault) => fault.at)
    this.#failovers = faults.filter((fault) => fault.kind === 'failover').map((fault) => fault.at)
    let last: LogEntry | null = null
    for (const entry of log.entries) {
      this.#place(entry)
      if (entry.vanished === null) last = entry
    }
    this.last = last !== null && last.generation === this.#wipes.length ? last : null
  }

  /** Found by its id, else by its place. */
  find(position: Position): Placed | undefined {
    return this.byId.get(position.id) ?? this.#byOffset.get(`${position.epoch} ${position.offset}`)
  }

  /** What followed a position in the log as it was at a time. */
  after(position: Position, generation: number, time: number): Placed | undefined {
    const found = this.#next.get(position.id === '' ? `start ${generation}` : position.id)
    return found?.find(({ entry }) => entry.stored <= time && (entry.vanished === null || entry.vanished > time))
  }

  /** The same for whoever has not heard yet what a failover lost. */
  everAfter(position: Position, generation: number, time: number): Placed | undefined {
    const found = this.#next.get(position.id === '' ? `start ${generation}` : position.id)
    return found?.find(({ entry }) => entry.stored <= time)
  }

  /** Since when the rule may not have served an entry: entries that vanished later had pushed it out too. */
  gone(placed: Placed): number {
    return this.#pushed(placed, this.#reached)
  }

  /** Since when the rule has certainly not served it. */
  certainlyGone(placed: Placed): number {
    return this.#pushed(placed, this.#remained)
  }

  #pushed({ entry, rank }: Placed, reached: ReadonlyMap<string, number>): number {
    const at = reached.get(`${entry.generation} ${rank + this.log.rule.size}`) ?? Number.POSITIVE_INFINITY
    return Math.min(at, entry.stored + this.log.rule.ttl)
  }

  /** How often memory had been lost when the position was of the log; `since`: when somebody held it at the latest. */
  generation(position: Position, since: number): number {
    const entry = position.id === '' ? undefined : this.byId.get(position.id)?.entry
    const known = entry?.generation ?? this.#generations.get(position.epoch)
    return known ?? this.#bases.get(/^[^.~]*/.exec(position.epoch)?.[0] ?? '') ?? this.generationAt(since)
  }

  /** When the memory of a generation was lost. */
  wipedAfter(generation: number): number {
    return this.#wipes[generation] ?? Number.POSITIVE_INFINITY
  }

  generationAt(time: number): number {
    return this.#wipes.filter((at) => at <= time).length
  }

  /** Is it the same beginning, or was nothing ever written behind the first of them? */
  sameBeginning(first: Position, second: Position): boolean {
    const generation = this.generation(first, 0)
    return generation === this.generation(second, 0) || !this.#next.has(`start ${generation}`)
  }

  /** Has a failover lost entries of this channel between two times? */
  lostEntries(from: number, to: number): boolean {
    const between = this.#failovers.some((at) => at > from && at <= to)
    return between && this.log.entries.some((one) => one.vanished !== null && one.vanished > from && one.vanished <= to)
  }

  /** How many entries lead to a cut; 0: it is the beginning, or nothing is known of it. */
  rankOf({ id }: Position): number {
    return this.byId.get(id)?.rank ?? 0
  }

  /** Entries behind a rank that were there at a time. */
  countAfter(rank: number, generation: number, time: number): number {
    let high = rank
    while ((this.#reached.get(`${generation} ${high + 1}`) ?? Number.POSITIVE_INFINITY) <= time) high++
    return high - rank
  }

  #place(entry: LogEntry): void {
    const before = entry.predecessor.id === '' ? undefined : this.byId.get(entry.predecessor.id)
    const placed: Placed = { entry, rank: (before?.rank ?? 0) + 1 }
    this.byId.set(entry.position.id, placed)
    this.#byOffset.set(`${entry.position.epoch} ${entry.position.offset}`, placed)
    this.#generations.set(entry.position.epoch, entry.generation)
    this.#generations.set(entry.predecessor.epoch, entry.generation)
    const from = before === undefined ? `start ${entry.generation}` : entry.predecessor.id
    const followers = this.#next.get(from)
    if (followers === undefined) this.#next.set(from, [placed])
    else followers.push(placed)
    const name = `${entry.generation} ${placed.rank}`
    if (!this.#reached.has(name)) this.#reached.set(name, entry.stored)
    if (entry.vanished === null) this.#remained.set(name, entry.stored)
  }
}
