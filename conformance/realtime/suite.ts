// Makes named tests of the cases of section J: one per case and codec, all ways of delivery within it.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { byteByByte, chops } from '@tautline/testkit'
import { type Codec, jsonCodec } from '@tautline/wire'
import { msgpackCodec } from '@tautline/wire/msgpack'
import { PROMPT, Watch } from '../run/general.ts'
import { type Variant, variantsOf, WHOLE } from '../run/variants.ts'
import { type AppCase, titleOf } from './case.ts'
import { probe, runCase } from './run.ts'
import { startWorld, type World } from './world.ts'

export const CODECS: readonly Codec[] = [jsonCodec, msgpackCodec]

/** ms of CPU of this whole process, the peer included, where a case does not say otherwise. */
const CPU = 20

/** Above so many bytes, chops replace single bytes: the cuts still fall everywhere. */
const SMALL = 2_048
const CHOP = 61

function ways(one: AppCase): readonly Variant[] {
  const [, , ...random] = variantsOf(one.id + one.title)
  if (one.large === true) return [WHOLE, ...random.slice(0, 1)]
  const split = (bytes: Uint8Array): Uint8Array[] => (bytes.length > SMALL ? chops(bytes, CHOP) : byteByByte(bytes))
  return [WHOLE, { name: 'byte by byte', split }, ...random]
}

/** @param cost false: the CPU bounds are left to another suite */
export function appSuite(title: string, cases: readonly AppCase[], cost: boolean): void {
  describe(title, () => {
    let world: World
    let watch: Watch
    before(async () => {
      watch = new Watch()
      world = await startWorld()
    })
    after(async () => {
      await world.close()
      await watch.done()
    })
    const each = (run: (one: AppCase, codec: Codec) => void): void => {
      for (const one of cases) {
        for (const codec of CODECS) if (one.codecs?.includes(codec.name) !== false) run(one, codec)
      }
    }
    describe('outcomes', { concurrency: 4 }, () => {
      each((one, codec) => {
        test(`${titleOf(one)} (${codec.name})`, { todo: one.todo ?? false }, async () => {
          const problems: string[] = []
          for (const variant of ways(one)) {
            const { problem } = await runCase(world, one, codec, variant)
            if (problem !== null) problems.push(`${variant.name}: ${problem}`)
          }
          assert.deepEqual(problems, [])
          await probe(world, codec)
        })
      })
    })
    if (cost) costs(() => world, each)
  })
}

function costs(world: () => World, each: (run: (one: AppCase, codec: Codec) => void) => void): void {
  describe('cost', () => {
    each((one, codec) => {
      const bound = one.cpu ?? CPU
      test(`${one.id} ${one.title} (${codec.name}): less than ${bound} ms of CPU`, async () => {
        let least = Number.POSITIVE_INFINITY
        for (let i = 0; i < 5 && least >= bound; i++) {
          least = Math.min(least, (await runCase(world(), one, codec, WHOLE)).cpu)
        }
        assert.ok(least < bound, `${least.toFixed(1)} ms`)
      })
    })
    test(`a new connection is served within ${PROMPT} ms after all of this`, async () => {
      const times: number[] = []
      for (let i = 0; i < 5; i++) times.push(await probe(world(), jsonCodec))
      assert.ok(Math.min(...times) < PROMPT, times.map((ms) => ms.toFixed(0)).join(', '))
    })
  })
}
