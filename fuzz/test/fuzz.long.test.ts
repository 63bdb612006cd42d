// The long run: a minute for each target.

import { describe, it } from 'node:test'
import { fuzz } from '../driver.ts'
import { TARGETS } from '../targets/mod.ts'

const chance = Math.floor(Math.random() * 2 ** 32)

describe('fuzzing for a minute each', () => {
  for (const target of TARGETS) {
    it(`finds nothing in ${target.name}`, (context) => {
      context.diagnostic(`seed ${chance}: ${fuzz(target, chance, 60_000)} inputs`)
    })
  }
})
