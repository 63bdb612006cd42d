// What an implementation lends the contract suites, and how a suite's cases are run with node:test. The cases are plain
// functions that throw: whoever doubts the suite can run them on a broker that is broken on purpose.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Broker } from '../broker.ts'
import type { PresenceStore } from '../presence.ts'

/** What every harness has: a store with nothing in it that disturbs, used by two nodes, and a hand on its clock. */
export interface Harness {
  /** Lets store time pass: on a virtual clock at once, otherwise by waiting. */
  advance(ms: number): Promise<void>
  /**
   * The shortest time that this store keeps to, ms; default 1,000. The suite lets multiples of it pass, and puts its
   * questions a whole tick away from every edge. Real clocks: as short as the machine allows.
   */
  readonly tick?: number
  /** How long something that has to happen soon may take on this store, ms of real time; default 5,000. */
  readonly patience?: number
  /** Ends what is still open, both nodes included. Called once, also after a failure. */
  close(): Promise<void>
}

/** Hooks that are absent must be given as skips, with the reason. After a hook `nodes` may be new objects. */
export interface BrokerHarness extends Harness {
  /** Two nodes on one store; the same broker twice where one process shares it. */
  readonly nodes: readonly [Broker, Broker]
  /** Store time, ms since 1970: what `expires` is compared with. */
  time(): number
  /** Seeds per property; default 25. */
  readonly rounds?: number
  /** Stops the store cleanly and starts it again. */
  restart?(): Promise<void>
  /** Restarts the store without anything it held. */
  lose?(): Promise<void>
  /** Remembers what the store holds, for `rollback`. */
  mark?(): Promise<void>
  /** The store is again what it was at `mark` and goes on from there: a restored backup, a promoted replica that lagged. */
  rollback?(): Promise<void>
  /** Does the store notice a rollback (its lineage changes)? Then the epoch must change with the next append. */
  readonly lineage?: boolean
  /** Has the first node's next append fail in the store: wholly, or after a part of the batch. */
  fail?(): Promise<void>
  /** Breaks the first node's feed, lets `meanwhile` run, mends it. */
  cut?(meanwhile: () => Promise<void>): Promise<void>
}

export interface PresenceHarness extends Harness {
  readonly nodes: readonly [PresenceStore, PresenceStore]
}

/** One duty of the contract. `run` resolves, or throws an AssertionError that says what was wrong. */
export interface Case<H> {
  readonly title: string
  run(harness: H): Promise<void>
}

/** Titles of cases that an implementation cannot run, each with its reason. */
export type Skips = Readonly<Record<string, string>>

/** Runs cases as tests, each with a harness of its own. */
export function runCases<H extends Harness>(
  name: string,
  cases: readonly Case<H>[],
  open: () => Promise<H>,
  skips: Skips,
): void {
  for (const title of Object.keys(skips)) {
    // A skip that skips nothing would hide that a case was renamed.
    if (!cases.some((one) => one.title === title)) throw new Error(`${name}: there is no case '${title}' to skip`)
  }
  for (const { title, run } of cases) {
    const reason = skips[title]
    test(`${name}: ${title}`, { ...(reason !== undefined && { skip: reason }) }, async () => {
      const harness = await open()
      try {
        await run(harness)
      } finally {
        await harness.close()
      }
    })
  }
}

/** Waits until something is so, without letting store time pass. */
export async function until(harness: Harness, what: string, so: () => boolean): Promise<void> {
  const patience = harness.patience ?? 5_000
  const end = performance.now() + patience
  while (!so()) {
    assert.ok(performance.now() < end, `within ${patience} ms: ${what}`)
    await new Promise<void>((resolve) => setTimeout(resolve, 1))
  }
}
