// What the broker cases share: channels nobody used before, appends that are fine, whole reads with every link of the
// chain checked, a seeded die. It asserts by throwing and keeps nothing between cases.

import assert from 'node:assert/strict'
import { crosses, follow, type Position, systemRandom } from '@tautline/wire'
import type { Append, Appended, Broker, Entry, LogRule, Matched, Page, Sink } from '../broker.ts'
import { EntryIds, randomName } from '../ids.ts'
import { type BrokerHarness, until } from './harness.ts'

export class Stage {
  readonly harness: BrokerHarness
  readonly #ids = new EntryIds(systemRandom)

  constructor(harness: BrokerHarness) {
    this.harness = harness
  }

  get a(): Broker {
    return this.harness.nodes[0]
  }

  get b(): Broker {
    return this.harness.nodes[1]
  }

  get tick(): number {
    return this.harness.tick ?? 1_000
  }

  get dense(): boolean {
    return this.a.facts().offsets === 'dense'
  }

  /** A hook of the harness, or a failure that says what to do. */
  hook<K extends 'restart' | 'lose' | 'mark' | 'rollback' | 'fail' | 'cut'>(name: K): NonNullable<BrokerHarness[K]> {
    const hook = this.harness[name]
    assert.ok(hook, `this harness has no ${name}(): write it, or give this case as a skip with the reason`)
    return hook.bind(this.harness) as NonNullable<BrokerHarness[K]>
  }

  /** A channel that nobody has used. */
  channel(): string {
    return `suite:${randomName(systemRandom)}`
  }

  rule(changes: Partial<LogRule> = {}): LogRule {
    return { size: 1_000, ttl: 1_000 * this.tick, window: Math.min(100 * this.tick, this.a.facts().window), ...changes }
  }

  /** A publication that nothing is wrong with. */
  entry(changes: Partial<Append> = {}): Append {
    const id = this.#ids.next()
    return {
      id,
      scope: 'server',
      hash: changes.key ?? id,
      expires: this.harness.time() + 1_000 * this.tick,
      body: { json: JSON.stringify(id) },
      ...changes,
    }
  }

  /** Appends `count` publications one batch at a time and gives their positions. */
  async put(channel: string, count: number, rule: LogRule = this.rule(), node: Broker = this.a): Promise<Position[]> {
    const positions: Position[] = []
    while (positions.length < count) {
      const batch = Array.from({ length: Math.min(8, count - positions.length) }, () => this.entry())
      positions.push(...stored(await node.append(channel, batch, rule), batch.length))
    }
    return positions
  }

  /** Appends one publication. */
  async putOne(channel: string, append: Append, rule: LogRule = this.rule(), node: Broker = this.a): Promise<Appended> {
    const outcomes = await node.append(channel, [append], rule)
    assert.equal(outcomes.length, 1, 'one outcome per entry')
    return outcomes[0] as Appended
  }

  /** Everything after a position, page by page, each proved and chained to the one before. */
  async readAll(
    channel: string,
    after: Position | 'start',
    rule: LogRule = this.rule(),
    limit: number = 1_000,
    node: Broker = this.a,
  ): Promise<Entry[]> {
    const entries: Entry[] = []
    let from = after
    for (;;) {
      const page = matched(await node.read(channel, from, limit, 1 << 20, rule))
      this.chained(from, page.entries)
      entries.push(...page.entries)
      const last = page.entries.at(-1)
      if (last !== undefined) from = positionOf(last)
      if (!page.more) {
        if (last !== undefined) assert.deepEqual(positionOf(last), page.head, 'the last page ends at the head')
        return entries
      }
      assert.ok(last, 'a page that promises more has an entry')
    }
  }

  /** The entries lead on from the position link by link (tautline.v1 §4.3): chained by `prev`, so sparse logs do too. */
  chained(after: Position | 'start', entries: readonly Entry[]): void {
    let position = after === 'start' ? null : after
    for (const entry of entries) {
      if (position !== null) {
        if (entry.fence !== undefined && entry.epoch !== position.epoch) {
          assert.ok(crosses(position, entry.fence), `the fence ${show(entry.fence)} leads on from ${show(position)}`)
          position = { ...position, epoch: entry.fence.epoch }
        }
        const link = { epoch: entry.epoch, offset: entry.off, prev: entry.prev, id: entry.id }
        // A sparse log proves the beginning by what it kept, not by a predecessor (README.md, L5).
        const beginning = position.id === '' && !this.dense && entry.off > position.offset
        if (!beginning) assert.equal(follow(position, link), 'next', `${show(link)} follows ${show(position)}`)
      }
      if (this.dense) assert.equal(entry.prev, entry.off - 1, 'in a dense log each entry follows the offset before it')
      assert.ok(entry.off < 2 ** 53 && entry.prev < entry.off, 'offsets increase and stay below 2^53')
      position = positionOf(entry)
    }
  }

  /** Waits until something is so, without letting store time pass. */
  until(what: string, so: () => boolean): Promise<void> {
    return until(this.harness, what, so)
  }
}

/** What a sink heard. */
export class Ear implements Sink {
  readonly entries: Entry[] = []
  readonly casts: string[] = []
  readonly channels: Set<string> = new Set()
  interruptions = 0

  entry(channel: string, entry: Entry): void {
    this.channels.add(channel)
    this.entries.push(entry)
  }

  cast(channel: string, cast: { readonly id: string }): void {
    this.channels.add(channel)
    this.casts.push(cast.id)
  }

  interrupted(): void {
    this.interruptions++
  }

  heard(id: string): boolean {
    return this.entries.some((entry) => entry.id === id)
  }
}

/** The positions of a batch that must have been stored as it is. */
export function stored(outcomes: readonly Appended[], count: number): Position[] {
  assert.equal(outcomes.length, count, 'one outcome per entry')
  return outcomes.map((outcome) => {
    assert.ok(outcome.fail === undefined, `stored, not refused: ${show(outcome)}`)
    assert.equal(outcome.duplicate, undefined, 'a new entry is no duplicate')
    return outcome.position
  })
}

export function positionOf(entry: Entry): Position {
  return { epoch: entry.epoch, offset: entry.off, id: entry.id }
}

/** The page, which must be proved. */
export function matched(page: Page, what: string = 'the position is proved'): Matched {
  assert.ok(page.proof === 'match', `${what}: ${show(page)}`)
  return page
}

/** The reason of a page that must not be proved. */
export function absent(page: Page, what: string): 'trimmed' | 'epoch' | 'diverged' {
  assert.ok(page.proof === 'absent', `${what}: never 'match', but ${show(page)}`)
  assert.ok(['trimmed', 'epoch', 'diverged'].includes(page.why), `why: ${page.why}`)
  assert.equal(typeof page.head.offset, 'number', 'an absent page names the head to go on from')
  return page.why
}

export function offsetsOf(entries: readonly Entry[]): number[] {
  return entries.map((entry) => entry.off)
}

export function idsOf(entries: readonly Entry[]): string[] {
  return entries.map((entry) => entry.id)
}

/** For messages: short, on one line. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}

/** A seeded die: 0 ≤ n < sides (mulberry32). The same seed gives the same throws. */
export function dice(seed: number): (sides: number) => number {
  let state = seed >>> 0
  return (sides) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * sides)
  }
}

/** Lets others go first: a random number of microtasks, now and then a turn of the loop. */
export async function yieldSome(throwDie: (sides: number) => number): Promise<void> {
  if (throwDie(8) === 0) await new Promise<void>((resolve) => setImmediate(resolve))
  for (let i = throwDie(6); i > 0; i--) await null
}
