// The bounded run of `npm test`: each target with a fixed seed, then with one that differs from run to run.

import { describe, it } from 'node:test'
import { fuzz } from '../driver.ts'
import { TARGETS } from '../targets/mod.ts'

const chance = Math.floor(Math.random() * 2 ** 32)

describe('fuzzing', () => {
  for (const target of TARGETS) {
    it(`finds nothing in ${target.name} from the fixed seed`, () => {
      fuzz(target, 20_260, 500)
    })

    it(`finds nothing in ${target.name} from a random seed`, (context) => {
      context.diagnostic(`seed ${chance}: ${fuzz(target, chance, 400)} inputs`)
    })
  }
})
