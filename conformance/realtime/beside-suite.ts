// Tests of those who misbehave beside others, with the figures that were measured.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { beside, type Guest, type Latency } from './beside.ts'

export interface BesideSuite {
  readonly rounds: number
  readonly seconds: number
  /** How often the best calm p99 may be exceeded by the best of the others, and by how many ms in any case. */
  readonly factor: number
  readonly slack: number
  /** MB by which RSS may grow: mostly garbage that is not collected yet. */
  readonly rss: number
}

const MB = 1_000_000

export function besideTest(guest: Guest, { rounds, seconds, factor, slack, rss }: BesideSuite): void {
  test(`the p99 of 100 subscribers beside ${guest.name} is what it is without, and memory is bounded`, async (t) => {
    const seen = await beside(guest, rounds, seconds)
    const { calm, memoryBefore, mostRss, mostHeld, memoryAfter } = seen
    const ms = ({ p50, p99, best }: Latency): string =>
      `p50 ${p50.toFixed(2)}, p99 ${p99.toFixed(2)} ms, at best ${best.toFixed(2)}`
    t.diagnostic(`without: ${ms(calm)}; beside: ${ms(seen.beside)} (medians of ${rounds} rounds)`)
    t.diagnostic(
      `server: RSS ${(memoryBefore.rss / MB).toFixed(0)} MB before, at most ${(mostRss / MB).toFixed(0)}; held ${(
        (memoryBefore.heap + memoryBefore.buffers) / MB
      ).toFixed(
        1,
      )} MB before, at most ${(mostHeld / MB).toFixed(1)}, ${((memoryAfter.heap + memoryAfter.buffers) / MB).toFixed(1)} after; ${memoryAfter.channels} channels`,
    )
    assert.equal(seen.heard, seen.expected, 'the fast ones heard everything, once')
    assert.ok(seen.beside.best <= calm.best * factor + slack, `${ms(seen.beside)} instead of ${ms(calm)}`)
    // The log of the firehose (100 × 16 kB), a ring and an outbox: what the guest is not read is not kept for it.
    assert.ok(
      mostHeld - memoryBefore.heap - memoryBefore.buffers < 40 * MB,
      `${(mostHeld / MB).toFixed(1)} MB are held`,
    )
    assert.ok(mostRss - memoryBefore.rss < rss * MB, `RSS grew by ${((mostRss - memoryBefore.rss) / MB).toFixed(0)} MB`)
    assert.ok(memoryAfter.channels < 20_000 && memoryAfter.waitingBytes === 0)
  })
}
