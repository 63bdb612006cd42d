/**
 * Makes named tests of cases: one test per case, all ways of delivery within it.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type ClientCase, type ServerCase, titleOf } from '../cases/case.ts'
import { type ClientTarget, runClientCase } from './client.ts'
import { leastCpu, PROMPT, probe, Watch } from './general.ts'
import { type Result, runServerCase, type ServerTarget } from './server.ts'
import { type Variant, variantsOf, WHOLE } from './variants.ts'

/** A difference that is known: what is seen instead, and why that is so. */
export interface Deviation {
  /** Exactly this each time; or, where it depends on the delivery, one of these, and not what is required each time. */
  readonly seen: string | readonly string[]
  readonly reason: string
}

/** Known differences by case. A case that is listed and does not differ (any more) fails too. */
export type Deviations = Readonly<Record<string, Deviation>>

export interface SuiteOptions {
  readonly deviations?: Deviations
  /** Cases that run whole only, for their cost; the long suite runs them in all ways. */
  readonly wholeOnly?: ReadonlySet<string>
  /** Other ways of delivery than whole, byte by byte and three random splits. */
  readonly ways?: readonly Variant[]
  /** Cases run at the same time. Default 8. */
  readonly concurrency?: number
}

function variants(id: string, options: SuiteOptions): readonly Variant[] {
  if (options.ways !== undefined) return options.ways
  return options.wholeOnly?.has(id) === true ? [WHOLE] : variantsOf(id)
}

function check(results: readonly (readonly [Variant, Result])[], deviation: Deviation | undefined): void {
  if (deviation === undefined) {
    const problems = results.filter(([, result]) => result.problem !== null)
    assert.deepEqual(
      problems.map(([variant, result]) => `${variant.name}: ${result.problem}`),
      [],
    )
    return
  }
  const { seen, reason } = deviation
  const allowed = typeof seen === 'string' ? [seen] : seen
  const strange = results.filter(([, result]) => !allowed.includes(result.seen))
  assert.deepEqual(
    strange.map(([variant, result]) => `${variant.name}: ${result.seen}`),
    [],
    `known deviation: ${reason}`,
  )
  const differs = results.filter(([, result]) => result.problem !== null).length
  assert.ok(differs > 0, 'this deviation is gone: take it off the list')
  if (typeof seen === 'string') assert.equal(differs, results.length, 'only some deliveries differ')
}

async function all(ways: readonly Variant[], run: (variant: Variant) => Promise<Result>): Promise<[Variant, Result][]> {
  return await Promise.all(ways.map(async (variant): Promise<[Variant, Result]> => [variant, await run(variant)]))
}

/** Tests of one server: every case in every way, then the CPU bounds one after another. */
export function serverSuite(
  title: string,
  start: () => Promise<ServerTarget>,
  cases: readonly ServerCase[],
  options: SuiteOptions = {},
): void {
  describe(title, () => {
    let target: ServerTarget
    let watch: Watch
    before(async () => {
      watch = new Watch()
      target = await start()
    })
    after(async () => {
      await target.stop()
      await watch.done()
    })
    describe('outcomes', { concurrency: options.concurrency ?? 8 }, () => {
      for (const one of cases) {
        test(titleOf(one), async () => {
          check(
            await all(variants(one.id, options), (variant) => runServerCase(target, one, variant)),
            options.deviations?.[one.id],
          )
          await probe(target)
        })
      }
    })
    describe('cost', () => {
      for (const one of cases) {
        const { cpu } = one
        if (cpu === undefined) continue
        test(`${one.id} ${one.title}: less than ${cpu} ms of CPU`, async () => {
          const least = await leastCpu(cpu < 100 ? 5 : 1, () => runServerCase(target, one, WHOLE))
          assert.ok(least < cpu, `${least.toFixed(1)} ms`)
        })
      }
      test(`a new connection is served within ${PROMPT} ms after all of this`, async () => {
        const times: number[] = []
        for (let i = 0; i < 5; i++) times.push(await probe(target))
        assert.ok(Math.min(...times) < PROMPT, times.map((ms) => ms.toFixed(0)).join(', '))
      })
    })
  })
}

/** Tests of one client. */
export function clientSuite(
  title: string,
  target: ClientTarget,
  cases: readonly ClientCase[],
  options: SuiteOptions = {},
): void {
  describe(title, () => {
    let watch: Watch
    before(() => {
      watch = new Watch()
    })
    after(() => watch.done())
    describe('outcomes', { concurrency: options.concurrency ?? 8 }, () => {
      for (const one of cases) {
        test(titleOf(one), async () => {
          check(
            await all(variants(one.id, options), (variant) => runClientCase(target, one, variant)),
            options.deviations?.[one.id],
          )
        })
      }
    })
  })
}
